/*-------------------------------------------------------------------------
 *
 * modelnames.c
 *	  The names that a statement of the model creates, and those it needs.
 *
 * They are taken from the parse tree without their schemas, and not from
 * strings, so not from bodies of functions; only 'name'::regclass is looked
 * into, which is how a dump writes the default of a serial column.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "modelnames.h"
#include "nodes/nodeFuncs.h"

/* A table or type, which share their names. */
static void
need(MigModelStatement *statement, const char *name)
{
	if (name != NULL && !mig_name_list_contains(&statement->needs, name))
		mig_name_list_add(&statement->needs, name);
}

/* A relation; NULL is none. */
static void
need_relation(MigModelStatement *statement, const RangeVar *relation)
{
	if (relation != NULL)
		need(statement, relation->relname);
}

/* A name that is a list of strings. */
static void
need_list(MigModelStatement *statement, List *names, int from_end)
{
	if (list_length(names) > from_end && IsA(list_nth(names, list_length(names) - 1 - from_end), String))
		need(statement, strVal(list_nth(names, list_length(names) - 1 - from_end)));
}

/* The names of functions are told from others by what no identifier ends with. */
static char *
function_key(List *names)
{
	return psprintf("%s()", strVal(llast(names)));
}

/* As are unique keys, which foreign keys need. */
static char *
key_of(const char *table)
{
	return psprintf("%s#", table);
}

/* What the statement creates. */
static void
creates(MigModelStatement *statement, const char *name)
{
	if (name != NULL)
		mig_name_list_add(&statement->creates, name);
}

/* The relation that 'name'::regclass is; the name is not in the parse tree. */
static void
need_regclass(MigModelStatement *statement, TypeCast *cast)
{
	A_Const    *constant = (A_Const *) cast->arg;
	const char *name;
	const char *dot;
	char	   *bare;

	if (!IsA(constant, A_Const) || constant->isnull || !IsA(&constant->val, String) ||
		strcmp(strVal(llast(cast->typeName->names)), "regclass") != 0)
		return;
	name = strVal(&constant->val);
	dot = strrchr(name, '.');
	bare = pstrdup(dot ? dot + 1 : name);
	if (bare[0] == '"' && bare[strlen(bare) - 1] == '"' && strlen(bare) > 2)
	{
		bare[strlen(bare) - 1] = '\0';
		bare++;
	}
	need(statement, bare);
}

/* Walk through an expression or query. */
static bool
walk(Node *node, void *context)
{
	MigModelStatement *statement = (MigModelStatement *) context;

	if (node == NULL)
		return false;
	switch (nodeTag(node))
	{
		case T_RangeVar:
			need_relation(statement, (RangeVar *) node);
			return false;
		case T_TypeName:
			need_list(statement, ((TypeName *) node)->names, 0);
			return false;
		case T_FuncCall:
			need(statement, function_key(((FuncCall *) node)->funcname));
			break;
		case T_TypeCast:
			need_regclass(statement, (TypeCast *) node);
			break;
		default:
			break;
	}
	return raw_expression_tree_walker(node, walk, context);
}

/* The table that a foreign key leads to, and a key of it. */
static void
need_referenced(MigModelStatement *statement, const RangeVar *table)
{
	if (table == NULL)
		return;
	need(statement, table->relname);
	need(statement, key_of(table->relname));
}

/* A constraint of a table, a column or a domain. */
static void
note_constraint(MigModelStatement *statement, Constraint *constraint, const RangeVar *table)
{
	need_referenced(statement, constraint->pktable);
	need(statement, constraint->indexname);
	(void) walk(constraint->raw_expr, statement);
	if (table != NULL && (constraint->contype == CONSTR_PRIMARY || constraint->contype == CONSTR_UNIQUE))
		creates(statement, key_of(table->relname));
}

/* A column of a table or a composite type. */
static void
note_column(MigModelStatement *statement, ColumnDef *column, const RangeVar *table)
{
	ListCell   *lc;

	(void) walk((Node *) column->typeName, statement);
	foreach(lc, column->constraints)
	{
		if (IsA(lfirst(lc), Constraint))
			note_constraint(statement, lfirst(lc), table);
	}
}

/* What a table or type consists of, or an action of ALTER TABLE is about. */
static void
note_element(MigModelStatement *statement, Node *element, const RangeVar *table)
{
	if (element == NULL)
		return;
	switch (nodeTag(element))
	{
		case T_ColumnDef:
			note_column(statement, (ColumnDef *) element, table);
			break;
		case T_Constraint:
			note_constraint(statement, (Constraint *) element, table);
			break;
		case T_TableLikeClause:
			need_relation(statement, ((TableLikeClause *) element)->relation);
			break;
		case T_PartitionCmd:
			need_relation(statement, ((PartitionCmd *) element)->name);
			break;
		case T_RangeVar:
			need_relation(statement, (RangeVar *) element);
			break;
		default:
			break;
	}
}

/* Several of these. */
static void
note_elements(MigModelStatement *statement, List *elements, const RangeVar *table)
{
	ListCell   *lc;

	foreach(lc, elements)
		note_element(statement, lfirst(lc), table);
}

/* ----------
 * Statements
 * ----------
 */

static void
note_table(MigModelStatement *statement, CreateStmt *stmt)
{
	creates(statement, stmt->relation->relname);
	note_elements(statement, stmt->tableElts, stmt->relation);
	note_elements(statement, stmt->inhRelations, NULL);
	(void) walk((Node *) stmt->ofTypename, statement);
}

static void
note_alter_table(MigModelStatement *statement, AlterTableStmt *stmt)
{
	ListCell   *lc;

	need_relation(statement, stmt->relation);
	foreach(lc, stmt->cmds)
	{
		AlterTableCmd *cmd = lfirst_node(AlterTableCmd, lc);

		if (cmd->subtype == AT_ColumnDefault)
			(void) walk(cmd->def, statement);
		else if (cmd->subtype == AT_ClusterOn)
			need(statement, cmd->name);
		else
			note_element(statement, cmd->def, stmt->relation);
	}
}

static void
note_index(MigModelStatement *statement, IndexStmt *stmt)
{
	need_relation(statement, stmt->relation);
	(void) walk((Node *) stmt->indexParams, statement);
	(void) walk(stmt->whereClause, statement);
	creates(statement, stmt->idxname);
	if (stmt->unique)
		creates(statement, key_of(stmt->relation->relname));
}

/* OWNED BY table.column */
static void
note_sequence_options(MigModelStatement *statement, List *options)
{
	ListCell   *lc;

	foreach(lc, options)
	{
		DefElem    *option = lfirst_node(DefElem, lc);

		if (strcmp(option->defname, "owned_by") == 0)
			need_list(statement, (List *) option->arg, 1);
	}
}

static void
note_function(MigModelStatement *statement, CreateFunctionStmt *stmt)
{
	ListCell   *lc;

	creates(statement, function_key(stmt->funcname));
	(void) walk((Node *) stmt->returnType, statement);
	foreach(lc, stmt->parameters)
		(void) walk((Node *) lfirst_node(FunctionParameter, lc)->argType, statement);
}

/* The object of COMMENT, ALTER ... OWNER TO, DROP. */
static void
note_object(MigModelStatement *statement, ObjectType type, Node *object)
{
	if (object == NULL)
		return;
	if (IsA(object, TypeName))
		(void) walk(object, statement);
	else if (IsA(object, ObjectWithArgs))
		need(statement, function_key(((ObjectWithArgs *) object)->objname));
	else if (IsA(object, List))
		need_list(statement, (List *) object,
				  type == OBJECT_COLUMN || type == OBJECT_TABCONSTRAINT || type == OBJECT_TRIGGER ||
				  type == OBJECT_POLICY || type == OBJECT_RULE ? 1 : 0);
}

/* Several objects. */
static void
note_objects(MigModelStatement *statement, ObjectType type, List *objects)
{
	ListCell   *lc;

	foreach(lc, objects)
	{
		if (IsA(lfirst(lc), RangeVar))
			need_relation(statement, lfirst(lc));
		else
			note_object(statement, type, lfirst(lc));
	}
}

/* Note what the statement creates, and what it needs for that. */
void
mig_model_note_names(MigModelStatement *statement, Node *stmt)
{
	switch (nodeTag(stmt))
	{
		case T_CreateStmt:
		case T_CreateForeignTableStmt:
			note_table(statement, (CreateStmt *) stmt);
			break;
		case T_AlterTableStmt:
			note_alter_table(statement, (AlterTableStmt *) stmt);
			break;
		case T_IndexStmt:
			note_index(statement, (IndexStmt *) stmt);
			break;
		case T_ViewStmt:
			creates(statement, ((ViewStmt *) stmt)->view->relname);
			(void) walk(((ViewStmt *) stmt)->query, statement);
			break;
		case T_CreateTableAsStmt:
			creates(statement, ((CreateTableAsStmt *) stmt)->into->rel->relname);
			if (IsA(((CreateTableAsStmt *) stmt)->query, SelectStmt))
				(void) walk(((CreateTableAsStmt *) stmt)->query, statement);
			break;
		case T_CreateSeqStmt:
			creates(statement, ((CreateSeqStmt *) stmt)->sequence->relname);
			note_sequence_options(statement, ((CreateSeqStmt *) stmt)->options);
			break;
		case T_AlterSeqStmt:
			need_relation(statement, ((AlterSeqStmt *) stmt)->sequence);
			note_sequence_options(statement, ((AlterSeqStmt *) stmt)->options);
			break;
		case T_CreateEnumStmt:
			creates(statement, strVal(llast(((CreateEnumStmt *) stmt)->typeName)));
			break;
		case T_AlterEnumStmt:
			need_list(statement, ((AlterEnumStmt *) stmt)->typeName, 0);
			break;
		case T_CompositeTypeStmt:
			creates(statement, ((CompositeTypeStmt *) stmt)->typevar->relname);
			note_elements(statement, ((CompositeTypeStmt *) stmt)->coldeflist, NULL);
			break;
		case T_CreateDomainStmt:
			creates(statement, strVal(llast(((CreateDomainStmt *) stmt)->domainname)));
			(void) walk((Node *) ((CreateDomainStmt *) stmt)->typeName, statement);
			note_elements(statement, ((CreateDomainStmt *) stmt)->constraints, NULL);
			break;
		case T_CreateRangeStmt:
			creates(statement, strVal(llast(((CreateRangeStmt *) stmt)->typeName)));
			break;
		case T_CreateFunctionStmt:
			note_function(statement, (CreateFunctionStmt *) stmt);
			break;
		case T_CreateTrigStmt:
			need_relation(statement, ((CreateTrigStmt *) stmt)->relation);
			need(statement, function_key(((CreateTrigStmt *) stmt)->funcname));
			break;
		case T_RuleStmt:
			need_relation(statement, ((RuleStmt *) stmt)->relation);
			break;
		case T_CreatePolicyStmt:
			need_relation(statement, ((CreatePolicyStmt *) stmt)->table);
			(void) walk(((CreatePolicyStmt *) stmt)->qual, statement);
			(void) walk(((CreatePolicyStmt *) stmt)->with_check, statement);
			break;
		case T_CreateStatsStmt:
			(void) walk((Node *) ((CreateStatsStmt *) stmt)->relations, statement);
			break;
		case T_CommentStmt:
			note_object(statement, ((CommentStmt *) stmt)->objtype, ((CommentStmt *) stmt)->object);
			break;
		case T_AlterOwnerStmt:
			need_relation(statement, ((AlterOwnerStmt *) stmt)->relation);
			note_object(statement, ((AlterOwnerStmt *) stmt)->objectType, ((AlterOwnerStmt *) stmt)->object);
			break;
		case T_GrantStmt:
			note_objects(statement, ((GrantStmt *) stmt)->objtype, ((GrantStmt *) stmt)->objects);
			break;
		case T_DropStmt:
			note_objects(statement, ((DropStmt *) stmt)->removeType, ((DropStmt *) stmt)->objects);
			break;
		case T_RenameStmt:
			need_relation(statement, ((RenameStmt *) stmt)->relation);
			break;
		case T_AlterObjectSchemaStmt:
			need_relation(statement, ((AlterObjectSchemaStmt *) stmt)->relation);
			break;
		case T_DoStmt:
		case T_CallStmt:
		case T_SelectStmt:
			statement->is_barrier = true;
			break;
		default:
			break;
	}
}
