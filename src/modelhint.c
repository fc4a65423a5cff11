/*-------------------------------------------------------------------------
 *
 * modelhint.c
 *	  Hints in the model: what had which name before.
 *
 * Nothing in a model tells a renamed column from one that was dropped and
 * another that was added; so whoever renames one says so:
 *
 *		CREATE TABLE account (
 *			id bigint PRIMARY KEY,
 *			-- migrate:renamed_from name
 *			full_name text
 *		);
 *
 * A hint is a comment on a line of its own, and it is about what begins with
 * the next token: a statement, and so what that creates, or a column, a
 * constraint, an attribute of a composite type, a label of an enum in it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "errcodes.h"
#include "modelhint.h"
#include "pg_compat.h"
#include "sqlscan.h"
#include "utils/guc.h"
#include "utils/varlena.h"

/* What a hint is about. */
typedef struct Subject
{
	const char *object_type;
	const char *schema;
	const char *parent;
	const char *name;			/* NULL: it has none in the model */
} Subject;

/* MG005: a hint that nothing can be made of. */
static void
hint_error(const MigModelPart *part, const MigHintComment *hint, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_MIG_MALFORMED_SCRIPT),
			 errmsg("model part \"%s\": hint \"renamed_from %s\" cannot be used", part->name, hint->old_name),
			 errdetail("Line %d: %s", hint->line, detail),
			 errhint("Write it on the line before the statement, the column, the constraint with a name, or the label that has a new name: \"-- migrate:renamed_from old_name\".")));
}

/* ----------
 * What a statement creates
 * ----------
 */

/* A relation. */
static bool
relation_subject(Subject *subject, const char *object_type, const RangeVar *relation)
{
	subject->object_type = object_type;
	subject->schema = relation->schemaname;
	subject->name = relation->relname;
	return true;
}

/* Something whose name is a list of strings. */
static bool
list_subject(Subject *subject, const char *object_type, List *name)
{
	subject->object_type = object_type;
	subject->name = strVal(llast(name));
	if (list_length(name) > 1)
		subject->schema = strVal(list_nth(name, list_length(name) - 2));
	return true;
}

/* Something that belongs to a table. */
static bool
member_subject(Subject *subject, const char *object_type, const RangeVar *table, const char *name)
{
	subject->object_type = object_type;
	subject->schema = table->schemaname;
	subject->parent = table->relname;
	subject->name = name;
	return true;
}

/* What ALTER TABLE ... ADD adds. */
static bool
added_subject(Subject *subject, AlterTableStmt *stmt)
{
	AlterTableCmd *cmd = linitial_node(AlterTableCmd, stmt->cmds);

	if (list_length(stmt->cmds) != 1 || stmt->objtype != OBJECT_TABLE)
		return false;
	if (cmd->subtype == AT_AddConstraint)
		return member_subject(subject, "table constraint", stmt->relation, ((Constraint *) cmd->def)->conname);
	if (cmd->subtype == AT_AddColumn)
		return member_subject(subject, "table column", stmt->relation, ((ColumnDef *) cmd->def)->colname);
	return false;
}

/* What the statement creates; false if nothing that can have had a name. */
static bool
created_subject(Subject *subject, Node *stmt)
{
	switch (nodeTag(stmt))
	{
		case T_CreateStmt:
		case T_CreateForeignTableStmt:
			return relation_subject(subject, "table", ((CreateStmt *) stmt)->relation);
		case T_CreateTableAsStmt:
			return relation_subject(subject, ((CreateTableAsStmt *) stmt)->objtype == OBJECT_MATVIEW ?
									"materialized view" : "table", ((CreateTableAsStmt *) stmt)->into->rel);
		case T_ViewStmt:
			return relation_subject(subject, "view", ((ViewStmt *) stmt)->view);
		case T_CreateSeqStmt:
			return relation_subject(subject, "sequence", ((CreateSeqStmt *) stmt)->sequence);
		case T_IndexStmt:
			relation_subject(subject, "index", ((IndexStmt *) stmt)->relation);
			subject->name = ((IndexStmt *) stmt)->idxname;
			return true;
		case T_CompositeTypeStmt:
			return relation_subject(subject, "composite type", ((CompositeTypeStmt *) stmt)->typevar);
		case T_CreateEnumStmt:
			return list_subject(subject, "enum type", ((CreateEnumStmt *) stmt)->typeName);
		case T_CreateRangeStmt:
			return list_subject(subject, "range type", ((CreateRangeStmt *) stmt)->typeName);
		case T_CreateDomainStmt:
			return list_subject(subject, "domain", ((CreateDomainStmt *) stmt)->domainname);
		case T_CreateFunctionStmt:
			return list_subject(subject, "routine", ((CreateFunctionStmt *) stmt)->funcname);
		case T_CreateTrigStmt:
			return member_subject(subject, "trigger", ((CreateTrigStmt *) stmt)->relation,
								  ((CreateTrigStmt *) stmt)->trigname);
		case T_CreatePolicyStmt:
			return member_subject(subject, "policy", ((CreatePolicyStmt *) stmt)->table,
								  ((CreatePolicyStmt *) stmt)->policy_name);
		case T_CreateSchemaStmt:
			subject->object_type = "schema";
			subject->name = ((CreateSchemaStmt *) stmt)->schemaname;
			return true;
		case T_AlterTableStmt:
			return added_subject(subject, (AlterTableStmt *) stmt);
		default:
			return false;
	}
}

/* ----------
 * What is within a statement
 * ----------
 */

/* One of the constraints that begins at the location. */
static bool
constraint_subject(Subject *subject, List *constraints, const RangeVar *table, int location)
{
	ListCell   *lc;

	foreach(lc, constraints)
	{
		Constraint *constraint = (Constraint *) lfirst(lc);

		if (IsA(constraint, Constraint) && constraint->location == location)
			return member_subject(subject, "table constraint", table, constraint->conname);
	}
	return false;
}

/* The column or constraint that begins at the location. */
static bool
element_subject(Subject *subject, const char *object_type, List *elements, const RangeVar *table, int location)
{
	ListCell   *lc;

	foreach(lc, elements)
	{
		ColumnDef  *column = (ColumnDef *) lfirst(lc);

		if (!IsA(column, ColumnDef))
			continue;
		if (column->location == location)
			return member_subject(subject, object_type, table, column->colname);
		if (constraint_subject(subject, column->constraints, table, location))
			return true;
	}
	return constraint_subject(subject, elements, table, location);
}

/*
 * The label whose literal begins at an offset.  Labels have no locations in
 * the parse tree; but they are the only strings of the statement.
 */
static bool
label_subject(Subject *subject, CreateEnumStmt *stmt, const MigModelText *text, const MigHintTarget *target,
			  size_t offset)
{
	MigScanner	scanner;
	MigToken	token;
	MigReport	report;
	int			n = 0;

	mig_scan_init(&scanner, text->text, target->end, MIG_STANDARD_STRINGS);
	scanner.pos = target->start;
	while (mig_scan_token(&scanner, &token, &report) && token.kind != MIG_TOKEN_EOF)
	{
		if (token.kind != MIG_TOKEN_STRING)
			continue;
		if (token.start == offset && n < list_length(stmt->vals))
		{
			list_subject(subject, "enum label", stmt->typeName);
			subject->parent = subject->name;
			subject->name = strVal(list_nth(stmt->vals, n));
			return true;
		}
		n++;
	}
	return false;
}

/* What begins at the hint's target, within the statement. */
static bool
inner_subject(Subject *subject, const MigModelText *text, const MigHintTarget *target, const MigHintComment *hint)
{
	int			location = (int) (hint->target - target->piece_start);
	Node	   *stmt = target->stmt;

	switch (nodeTag(stmt))
	{
		case T_CreateStmt:
		case T_CreateForeignTableStmt:
			return element_subject(subject, "table column", ((CreateStmt *) stmt)->tableElts,
								   ((CreateStmt *) stmt)->relation, location);
		case T_CompositeTypeStmt:
			return element_subject(subject, "type attribute", ((CompositeTypeStmt *) stmt)->coldeflist,
								   ((CompositeTypeStmt *) stmt)->typevar, location);
		case T_CreateEnumStmt:
			return label_subject(subject, (CreateEnumStmt *) stmt, text, target, hint->target);
		default:
			return false;
	}
}

/* ----------
 * Old names
 * ----------
 */

/* A label is a string; it may be written with quotes. */
static const char *
old_label(const char *written)
{
	size_t		len = strlen(written);
	char	   *label = pstrdup(written);
	char	   *to = label;
	size_t		i;

	if (len < 2 || written[0] != '\'' || written[len - 1] != '\'')
		return label;
	for (i = 1; i < len - 1; i++)
	{
		*to++ = written[i];
		if (written[i] == '\'' && written[i + 1] == '\'')
			i++;
	}
	*to = '\0';
	return label;
}

/* Read the old name into the hint: an identifier, qualified only for what is in a schema. */
static void
set_old_name(MigRenameHint *result, const Subject *subject, const MigModelPart *part, const MigHintComment *hint)
{
	List	   *names;

	if (strcmp(subject->object_type, "enum label") == 0)
	{
		result->old_name = old_label(hint->old_name);
		return;
	}
	if (!SplitIdentifierString(pstrdup(hint->old_name), '.', &names) || names == NIL ||
		list_length(names) > (subject->parent || strcmp(subject->object_type, "schema") == 0 ? 1 : 2))
		hint_error(part, hint, "The old name is not well-formed.");
	result->old_name = llast(names);
	if (list_length(names) == 2)
		result->old_schema = linitial(names);
}

/* Add a hint to those of the model. */
static void
add_hint(MigModel *model, const MigModelPart *part, const MigHintComment *hint, const Subject *subject,
		 const char *schema)
{
	MigRenameHint *result;

	/* grows by powers of two */
	if (model->nhints == 0)
		model->hints = palloc(sizeof(MigRenameHint));
	else if ((model->nhints & (model->nhints - 1)) == 0)
		model->hints = repalloc(model->hints, sizeof(MigRenameHint) * model->nhints * 2);
	result = &model->hints[model->nhints++];
	MemSet(result, 0, sizeof(MigRenameHint));
	result->object_type = subject->object_type;
	if (subject->schema || schema)
		result->schema = pstrdup(subject->schema ? subject->schema : schema);
	if (subject->parent)
		result->parent = pstrdup(subject->parent);
	result->name = pstrdup(subject->name);
	result->part = part->name;
	result->line = hint->line;
	set_old_name(result, subject, part, hint);
}

/* Find the hints that are about the statement, or something in it. */
void
mig_model_apply_hints(MigModel *model, const MigModelPart *part, MigModelText *text, const MigHintTarget *target)
{
	int			i;

	for (i = 0; i < text->nhints; i++)
	{
		MigHintComment *hint = &text->hints[i];
		Subject		subject = {0};

		if (hint->target < target->start || hint->target >= target->end)
			continue;
		if (hint->target == target->start ?
			!created_subject(&subject, target->stmt) : !inner_subject(&subject, text, target, hint))
			hint_error(part, hint, "What follows it cannot have had another name.");
		if (subject.name == NULL)
			hint_error(part, hint, "What follows it has no name.");
		add_hint(model, part, hint, &subject, strcmp(subject.object_type, "schema") == 0 ? NULL : target->schema);
		hint->used = true;
	}
}

/* Raise an error for a hint that nothing followed. */
void
mig_model_check_hints(const MigModelPart *part, const MigModelText *text)
{
	int			i;

	for (i = 0; i < text->nhints; i++)
	{
		if (!text->hints[i].used)
			hint_error(part, &text->hints[i], "Nothing follows it that could have had another name.");
	}
}
