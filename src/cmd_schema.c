/*-------------------------------------------------------------------------
 *
 * cmd_schema.c
 *	  SQL functions that compare schemas.
 *
 *		migrate_diff(from_side text, to_side text, schema text)
 *		migrate_check(schema text)
 *		migrate_snapshot(schema text)
 *		migrate_prove(range text, schema text)
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "autogen.h"
#include "errcodes.h"
#include "fmgr.h"
#include "funcapi.h"
#include "kinds.h"
#include "miscadmin.h"
#include "proposals.h"
#include "prove.h"
#include "replay.h"
#include "result.h"
#include "snapshotjson.h"
#include "utils/builtins.h"
#include "utils/guc.h"

PG_FUNCTION_INFO_V1(migrate_diff);
PG_FUNCTION_INFO_V1(migrate_check);
PG_FUNCTION_INFO_V1(migrate_snapshot);
PG_FUNCTION_INFO_V1(migrate_prove);

/* how many differences the error of migrate_check() lists */
#define MAX_LISTED_DIFFERENCES	100

/*
 * Begin with a schema that is an argument: it is the one of unqualified names
 * then.  Returns the level of settings to be ended.
 */
static int
begin_schema(FunctionCallInfo fcinfo, int argument, const char **schema_name)
{
	*schema_name = mig_schema_argument(fcinfo, argument);
	mig_require_schema(*schema_name, false);
	return mig_enter_schema(*schema_name);
}

/* ----------
 * Sides
 * ----------
 */

/* A side of a comparison. */
typedef struct Side
{
	const char *text;
	MigSchemaData *data;
	bool		is_document;
	bool		is_database;
} Side;

/* Which side does the text name? */
static void
parse_side(Side *side, text *value)
{
	side->text = text_to_cstring(value);
	side->data = NULL;
	side->is_database = strcmp(side->text, "database") == 0;
	side->is_document = side->text[strspn(side->text, " \t\r\n")] == '{';
	if (side->is_document)
		side->data = mig_schema_data_from_json(side->text);
}

/* A document says itself which schemas it is about. */
static void
use_schemas_of(MigScope *scope, const MigSchemaData *document)
{
	int			i;

	scope->schemas.count = 0;
	scope->schemas.names = NULL;
	for (i = 0; i < document->nfacts; i++)
	{
		if (document->facts[i]->kind == &mig_kind_schema)
			mig_name_list_add(&scope->schemas, document->facts[i]->name);
	}
	scope->shadow.schemas = scope->schemas;
}

/* Read a side. */
static void
read_side(MigScope *scope, Side *side)
{
	if (side->data)
		return;
	if (side->is_database)
		side->data = mig_read_database(scope);
	else if (strcmp(side->text, "model") == 0)
		side->data = mig_read_model(scope);
	else
		side->data = mig_read_revision(scope, side->text);
}

/* Read both sides; what a history creates is looked for on the other side, too. */
static void
read_sides(MigScope *scope, Side *from, Side *to)
{
	if (from->is_document || to->is_document)
		use_schemas_of(scope, from->is_document ? from->data : to->data);
	if (from->is_database)
	{
		read_side(scope, to);
		read_side(scope, from);
	}
	else
	{
		read_side(scope, from);
		read_side(scope, to);
	}
	if (from->is_database && !to->is_document && !to->is_database)
		mig_ignore_undeclared(from->data, to->data);
	if (to->is_database && !from->is_document && !from->is_database)
		mig_ignore_undeclared(to->data, from->data);
}

/* ----------
 * Rows
 * ----------
 */

/* A row of migrate_diff(). */
static void
put_difference(ReturnSetInfo *rsinfo, const char *operation, const MigFact *fact, const char *sql,
			   const char *reverse_sql, bool loses_data, const char *note)
{
	const char *type = fact->kind == &mig_kind_uncovered ? mig_value(fact, "type") : fact->kind->name;
	MigResultRow row;

	mig_row_begin(&row);
	mig_row_text(&row, operation);
	mig_row_text(&row, type);
	/* the name of one that no rule covers is its description, type first */
	mig_row_text(&row, fact->kind == &mig_kind_uncovered && strncmp(fact->name, type, strlen(type)) == 0 &&
				 fact->name[strlen(type)] == ' ' ? fact->name + strlen(type) + 1 : fact->identity);
	mig_row_text(&row, sql);
	mig_row_text(&row, reverse_sql);
	mig_row_bool(&row, loses_data);
	mig_row_text(&row, note);
	mig_row_put(&row, rsinfo);
}

/* Rows for what no rule covers. */
static void
put_uncovered(ReturnSetInfo *rsinfo, const MigSchemaData *data, const char *where)
{
	int			i;

	for (i = 0; i < data->nfacts; i++)
	{
		const MigFact *fact = data->facts[i];

		if (fact->kind->create == NULL && !fact->kind->implicit && !fact->ignored)
			put_difference(rsinfo, "not compared", fact, NULL, NULL, false, where);
	}
}

/* Rows for what is planned. */
static void
put_plan(ReturnSetInfo *rsinfo, const MigChangePlan *plan)
{
	int			i;

	for (i = 0; i < plan->noperations; i++)
	{
		const MigOperation *operation = plan->operations[i];
		const char *sql = mig_operation_sql(operation);
		const char *loses = mig_operation_loses(operation);

		CHECK_FOR_INTERRUPTS();
		/* a partition's part of what its parent's statement does */
		if (sql == NULL)
			continue;
		put_difference(rsinfo, mig_operation_name(operation->type),
					   operation->to ? operation->to : operation->from, sql,
					   mig_operation_reverse_sql(plan, operation), loses != NULL,
					   operation->note ? psprintf("loses %s; %s", loses, operation->note) :
					   loses ? psprintf("loses %s", loses) :
					   operation->rebuilt ? "rebuilt, because of what it needs" : NULL);
	}
	for (i = 0; i < plan->nrefusals; i++)
		put_difference(rsinfo, "refused", plan->refusals[i].fact, NULL, NULL, false, plan->refusals[i].reason);
}

/*
 * migrate_diff(from_side text, to_side text, schema text, OUT ...)
 *		RETURNS SETOF record
 *
 * What turns one side into the other, in an order in which it can be run.  A
 * side is "database", "model", a revision, or a document of
 * migrate_snapshot().
 */
Datum
migrate_diff(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const char *schema_name;
	int			guc_nestlevel = begin_schema(fcinfo, 2, &schema_name);
	MigScope	scope;
	Side		from;
	Side		to;
	MigChangePlan *plan;

	InitMaterializedSRF(fcinfo, 0);
	parse_side(&from, PG_GETARG_TEXT_PP(0));
	parse_side(&to, PG_GETARG_TEXT_PP(1));
	mig_scope_open(&scope, "migrate_diff()", schema_name, from.is_document || to.is_document);
	read_sides(&scope, &from, &to);
	plan = mig_change_plan(from.data, to.data);
	mig_propose_renames(plan);
	put_plan(rsinfo, plan);
	put_uncovered(rsinfo, from.data, from.is_document ? "document" : from.text);
	put_uncovered(rsinfo, to.data, to.is_document ? "document" : to.text);
	AtEOXact_GUC(false, guc_nestlevel);
	PG_RETURN_NULL();
}

/*
 * migrate_check(schema text) RETURNS text
 *
 * Pass if the database is at the heads and as the model says; else MG009.
 */
Datum
migrate_check(PG_FUNCTION_ARGS)
{
	const char *schema_name;
	int			guc_nestlevel = begin_schema(fcinfo, 0, &schema_name);
	MigStore	store;
	MigScope	scope;
	MigSchemaData *database;
	MigSchemaData *model;

	mig_store_look(&store, schema_name);
	mig_store_resolve_rows(&store);
	mig_store_check_at_heads(&store);
	mig_scope_open(&scope, "migrate_check()", schema_name, false);
	model = mig_read_model(&scope);
	database = mig_read_database(&scope);
	mig_ignore_undeclared(database, model);
	if (!mig_same_schema_data(database, model))
		ereport(ERROR,
				(errcode(ERRCODE_MIG_NOT_AT_HEAD),
				 errmsg("%s and the model differ", mig_schema_noun(schema_name)),
				 errdetail("%s", mig_describe_difference(database, model, MAX_LISTED_DIFFERENCES)),
				 errhint("SELECT * FROM migrate_revision('message', autogenerate => true%s); writes a revision that makes the database what the model says. SELECT * FROM migrate_diff('database', 'model'%s); shows the statements.",
						 mig_schema_clause(schema_name), mig_schema_clause(schema_name))));
	AtEOXact_GUC(false, guc_nestlevel);
	PG_RETURN_TEXT_P(cstring_to_text("no differences"));
}

/*
 * migrate_snapshot(schema text) RETURNS text
 *
 * The structure of the managed schemas as a document, with a fingerprint that
 * is equal for equal schemas wherever they are.
 */
Datum
migrate_snapshot(PG_FUNCTION_ARGS)
{
	const char *schema_name;
	int			guc_nestlevel = begin_schema(fcinfo, 0, &schema_name);
	MigScope	scope;
	text	   *document;

	mig_scope_open(&scope, "migrate_snapshot()", schema_name, true);
	document = cstring_to_text(mig_schema_data_to_json(mig_read_database(&scope)));
	AtEOXact_GUC(false, guc_nestlevel);
	PG_RETURN_TEXT_P(document);
}

/*
 * migrate_prove(range text, schema text, OUT ...) RETURNS SETOF record
 *
 * Run the history on a shadow, and see whether each downgrade undoes its
 * upgrade.
 */
Datum
migrate_prove(PG_FUNCTION_ARGS)
{
	const char *schema_name;
	int			guc_nestlevel = begin_schema(fcinfo, 1, &schema_name);

	InitMaterializedSRF(fcinfo, 0);
	mig_prove(schema_name, text_to_cstring(PG_GETARG_TEXT_PP(0)), (ReturnSetInfo *) fcinfo->resultinfo);
	AtEOXact_GUC(false, guc_nestlevel);
	PG_RETURN_NULL();
}
