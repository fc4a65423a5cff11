/*-------------------------------------------------------------------------
 *
 * modelread.c
 *	  The statements of a part of the model.
 *
 * All parts are parsed before the first statement is run.  The parser's trees
 * are kept only while a piece of the text is looked at; what is needed later
 * goes into the MigModel.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "errcodes.h"
#include "miscadmin.h"
#include "model.h"
#include "modelclass.h"
#include "modelhint.h"
#include "modelnames.h"
#include "modelscan.h"
#include "pg_compat.h"
#include "stmt.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/guc.h"
#include "utils/memutils.h"

/* Where the statements of a part are collected. */
typedef struct Reader
{
	MigModel   *model;
	int			part_index;
	MigModelPart *part;
	MigModelText text;
	size_t		piece_start;
	int			settings;		/* the latest statement that sets something */
	const char *schema;			/* first in search_path, if the part sets it */
	int			number;
	size_t		counted;		/* "line" is that of this offset */
	int			line;
} Reader;

/* The line of an offset; offsets must not decrease from call to call. */
static int
advance_line(Reader *reader, size_t offset)
{
	for (; reader->counted < offset; reader->counted++)
	{
		if (reader->text.text[reader->counted] == '\n')
			reader->line++;
	}
	return reader->line;
}

/* Add a name to a list, once. */
static void
add_once(MigNameList *list, const char *name)
{
	if (!mig_name_list_contains(list, name))
		mig_name_list_add(list, name);
}

/* ----------
 * What the model creates
 * ----------
 */

/* How many indexes do the constraints make? */
static int
count_indexes(List *constraints)
{
	ListCell   *lc;
	int			n = 0;

	foreach(lc, constraints)
	{
		Node	   *node = lfirst(lc);

		if (IsA(node, Constraint) &&
			(((Constraint *) node)->contype == CONSTR_PRIMARY || ((Constraint *) node)->contype == CONSTR_UNIQUE ||
			 ((Constraint *) node)->contype == CONSTR_EXCLUSION))
			n++;
		else if (IsA(node, ColumnDef))
			n += count_indexes(((ColumnDef *) node)->constraints);
	}
	return n;
}

/* May a value of the type be stored out of line, whatever its length? */
static bool
is_toastable(const TypeName *type)
{
	static const char *const names[] = {"text", "varchar", "bytea", "json", "jsonb", "xml"};
	int			i;

	if (type == NULL || type->typmods != NIL)
		return false;
	for (i = 0; i < lengthof(names); i++)
	{
		if (type->names != NIL && strcmp(strVal(llast(type->names)), names[i]) == 0)
			return true;
	}
	return type->arrayBounds != NIL;
}

/* What a table and its storage consist of: relations that will be locked. */
static int
count_table_relations(CreateStmt *stmt)
{
	ListCell   *lc;

	foreach(lc, stmt->tableElts)
	{
		if (IsA(lfirst(lc), ColumnDef) && is_toastable(((ColumnDef *) lfirst(lc))->typeName))
			return 3;			/* with a TOAST table and its index */
	}
	return 1;
}

/* The constraints that an ALTER TABLE adds. */
static int
count_added_indexes(AlterTableStmt *stmt)
{
	ListCell   *lc;
	int			n = 0;

	foreach(lc, stmt->cmds)
	{
		AlterTableCmd *cmd = lfirst_node(AlterTableCmd, lc);

		if (cmd->subtype == AT_AddConstraint)
			n += count_indexes(list_make1(cmd->def));
	}
	return n;
}

/* The name of the schema that is created; it may be that of its owner. */
static const char *
schema_name(CreateSchemaStmt *stmt)
{
	return stmt->schemaname ? stmt->schemaname : get_rolespec_name(stmt->authrole);
}

/* The type of the object that is created, if it is in no schema; else NULL. */
static const char *
global_type(Node *stmt)
{
	switch (nodeTag(stmt))
	{
		case T_CreateExtensionStmt:
			return "extension";
		case T_CreatePublicationStmt:
			return "publication";
		case T_CreateEventTrigStmt:
			return "event trigger";
		case T_CreateForeignServerStmt:
			return "server";
		case T_CreateFdwStmt:
			return "foreign-data wrapper";
		case T_CreateCastStmt:
			return "cast";
		case T_CreateTransformStmt:
			return "transform";
		case T_CreatePLangStmt:
			return "language";
		case T_CreateAmStmt:
			return "access method";
		default:
			return NULL;
	}
}

/* Note in the model what it creates. */
static void
note_created(MigModel *model, Node *stmt)
{
	const char *type = global_type(stmt);

	if (type != NULL)
		add_once(&model->global_types, type);
	switch (nodeTag(stmt))
	{
		case T_CreateStmt:
		case T_CreateForeignTableStmt:
			model->ntables++;
			model->nrelations += count_table_relations((CreateStmt *) stmt) + count_indexes(((CreateStmt *) stmt)->tableElts);
			break;
		case T_CreateTableAsStmt:
		case T_ViewStmt:
		case T_IndexStmt:
		case T_CreateSeqStmt:
			model->nrelations++;
			break;
		case T_AlterTableStmt:
			model->nrelations += count_added_indexes((AlterTableStmt *) stmt);
			break;
		case T_CreateExtensionStmt:
			add_once(&model->extensions, ((CreateExtensionStmt *) stmt)->extname);
			break;
		case T_CreateSchemaStmt:
			add_once(&model->created_schemas, schema_name((CreateSchemaStmt *) stmt));
			break;
		default:
			break;
	}
}

/* ----------
 * Statements
 * ----------
 */

/* Add a statement that is to be run. */
static MigModelStatement *
add_statement(Reader *reader, size_t start, size_t end)
{
	MigModel   *model = reader->model;
	MigModelStatement *statement;

	/* grows by powers of two */
	if (model->nstatements == 0)
		model->statements = palloc(sizeof(MigModelStatement));
	else if ((model->nstatements & (model->nstatements - 1)) == 0)
		model->statements = repalloc_huge(model->statements, sizeof(MigModelStatement) * model->nstatements * 2);
	statement = &model->statements[model->nstatements++];
	MemSet(statement, 0, sizeof(MigModelStatement));
	statement->part = reader->part_index;
	statement->start = start;
	statement->len = end - start;
	statement->line = advance_line(reader, start);
	statement->number = ++reader->number;
	statement->settings = reader->settings;
	return statement;
}

/* MG005: a statement that makes no sense in a model. */
static void
refuse(Reader *reader, const char *what, size_t start, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_MIG_MALFORMED_SCRIPT),
			 errmsg("model part \"%s\": %s is not allowed", reader->part->name, what),
			 errdetail("It is on line %d.", advance_line(reader, start)),
			 errhint("%s", hint)));
}

/* Count an ignored statement, and remember the first one. */
static void
note_ignored(Reader *reader, Node *stmt, size_t start, int *count, const char **first)
{
	if (++(*count) == 1)
		*first = psprintf("%s on line %d", CreateCommandName(stmt), advance_line(reader, start));
}

/* Take CONCURRENTLY out: it needs no lock where nobody else is. */
static void
blank_concurrently(Reader *reader, size_t start, size_t end)
{
	size_t		found;

	if (mig_find_word(reader->text.text, start, end, "concurrently", &found))
		memset(reader->text.text + found, ' ', strlen("concurrently"));
}

/* Where the element of CREATE SCHEMA after an offset begins, or "end". */
static size_t
next_element(const Reader *reader, size_t offset, size_t end)
{
	MigScanner	scanner;
	MigToken	token;
	MigToken	previous = {0};
	MigReport	report;
	int			depth = 0;

	mig_scan_init(&scanner, reader->text.text, end, MIG_STANDARD_STRINGS);
	scanner.pos = offset;
	/* the word that the statement or the element before begins with */
	(void) mig_scan_token(&scanner, &previous, &report);
	while (mig_scan_token(&scanner, &token, &report) && token.kind != MIG_TOKEN_EOF)
	{
		bool		is_name = mig_token_is_char(&scanner, &previous, '.') ||
			mig_token_is_word(&scanner, &previous, "as") || mig_token_is_word(&scanner, &previous, "with");

		if (token.kind == MIG_TOKEN_LINE_COMMENT || token.kind == MIG_TOKEN_BLOCK_COMMENT)
			continue;
		if (mig_token_is_char(&scanner, &token, '('))
			depth++;
		else if (mig_token_is_char(&scanner, &token, ')'))
			depth--;
		else if (depth == 0 && !is_name &&
				 (mig_token_is_word(&scanner, &token, "create") || mig_token_is_word(&scanner, &token, "grant")))
			return token.start;
		previous = token;
	}
	return end;
}

/*
 * CREATE SCHEMA may have other statements in it.  They become statements of
 * their own, since the schema may exist.
 */
static void
add_create_schema(Reader *reader, CreateSchemaStmt *stmt, size_t start, size_t end)
{
	char	   *name = pstrdup(schema_name(stmt));
	size_t		head_end = next_element(reader, start, end);
	ListCell   *lc;

	add_statement(reader, start, head_end)->schema = name;
	start = head_end;
	foreach(lc, stmt->schemaElts)
	{
		Node	   *element = lfirst(lc);
		size_t		element_end = next_element(reader, start, end);

		if (start == end)
			refuse(reader, "this form of CREATE SCHEMA", start, "Write its elements as statements of their own.");
		note_created(reader->model, element);
		if (mig_model_classify(element) == MIG_MODEL_RUN)
		{
			MigModelStatement *statement = add_statement(reader, start, element_end);

			statement->inside = name;
			mig_model_note_names(statement, element);
		}
		start = element_end;
	}
}

/* Add a statement that sets something: it counts for all after it in the part. */
static void
add_setting(Reader *reader, const char *name, const char *value, size_t start, size_t end)
{
	MigModel   *model = reader->model;

	add_statement(reader, start, end)->setting = pstrdup(name);
	reader->settings = model->nstatements - 1;
	if (pg_strcasecmp(name, "search_path") == 0)
		reader->schema = value && value[0] != '\0' && strchr(value, ',') == NULL && value[0] != '$' ? pstrdup(value) : NULL;
}

/*
 * DROP SCHEMA, before the model has created it, is about what a database had
 * before it is restored.
 */
static bool
drops_unknown_schema(const Reader *reader, Node *stmt)
{
	ListCell   *lc;

	if (!IsA(stmt, DropStmt) || ((DropStmt *) stmt)->removeType != OBJECT_SCHEMA)
		return false;
	foreach(lc, ((DropStmt *) stmt)->objects)
	{
		if (mig_name_list_contains(&reader->model->created_schemas, strVal(lfirst(lc))))
			return false;
	}
	return true;
}

/* Add a statement that is to be run. */
static void
add_runnable(Reader *reader, Node *stmt, size_t start, size_t end)
{
	const char *value;
	const char *setting = mig_model_setting(stmt, &value);
	MigModelStatement *statement;

	if (setting != NULL)
	{
		add_setting(reader, setting, value, start, end);
		return;
	}
	if (drops_unknown_schema(reader, stmt))
		return;
	note_created(reader->model, stmt);
	if (IsA(stmt, CreateSchemaStmt))
	{
		add_create_schema(reader, (CreateSchemaStmt *) stmt, start, end);
		return;
	}
	if (mig_model_is_concurrent(stmt))
		blank_concurrently(reader, start, end);
	statement = add_statement(reader, start, end);
	statement->drops = mig_model_only_drops(stmt);
	mig_model_note_names(statement, stmt);
	if (IsA(stmt, CreateExtensionStmt))
		statement->extension = pstrdup(((CreateExtensionStmt *) stmt)->extname);
}

/* Decide what becomes of one statement. */
static void
read_statement(void *arg, Node *stmt, size_t location, size_t end)
{
	Reader	   *reader = (Reader *) arg;
	MigModelPart *part = reader->part;
	size_t		start = mig_skip_to_token(&part->source, location, end);
	MigHintTarget target = {stmt, reader->piece_start, start, end, reader->schema};

	if (reader->text.nhints > 0)
		mig_model_apply_hints(reader->model, part, &reader->text, &target);
	switch (mig_model_classify(stmt))
	{
		case MIG_MODEL_RUN:
			add_runnable(reader, stmt, start, end);
			break;
		case MIG_MODEL_ROWS:
			note_ignored(reader, stmt, start, &part->nrows, &part->first_rows);
			break;
		case MIG_MODEL_IGNORE:
			note_ignored(reader, stmt, start, &part->nothers, &part->first_other);
			break;
		case MIG_MODEL_SILENT:
			break;
		case MIG_MODEL_REFUSE:
			refuse(reader, CreateCommandName(stmt), start,
				   "A model says what the schema looks like; remove the statement.");
			break;
	}
}

/* Blank what only psql wants, and find the hints. */
static void
scan_part(Reader *reader)
{
	MigReport	report = {0};

	if (!mig_model_scan(reader->part->text, &reader->text, &report))
	{
		report.message = psprintf("model part \"%s\": %s", reader->part->name, report.message);
		mig_report_throw(&report);
	}
	reader->part->source.path = reader->part->name;
	reader->part->source.text = reader->text.text;
	reader->part->source.len = reader->text.len;
}

/*
 * Read the statements of a part into the model.
 *
 * Raises the parser's errors, with positions in the part, and MG005.
 */
void
mig_model_read_part(MigModel *model, int part)
{
	Reader		reader = {0};
	size_t		start = 0;
	int			i;

	reader.model = model;
	reader.part_index = part;
	reader.part = &model->parts[part];
	reader.settings = -1;
	reader.line = 1;
	scan_part(&reader);
	for (i = 0; i <= reader.text.ncuts; i++)
	{
		size_t		end = i < reader.text.ncuts ? reader.text.cuts[i] : reader.text.len;
		char	   *piece;

		CHECK_FOR_INTERRUPTS();
		piece = MemoryContextAllocHuge(CurrentMemoryContext, end - start + 1);
		memcpy(piece, reader.text.text + start, end - start);
		piece[end - start] = '\0';
		reader.piece_start = start;
		mig_parse_text(&reader.part->source, piece, start, end - start, read_statement, &reader);
		pfree(piece);
		start = end;
	}
	mig_model_check_hints(reader.part, &reader.text);
}
