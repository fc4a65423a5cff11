/*-------------------------------------------------------------------------
 *
 * cmd_current.c
 *	  SQL functions that tell where the database is, or each of its schemas.
 *
 *		migrate_current(check_heads boolean DEFAULT false, schema text DEFAULT '')
 *		migrate_status(schemas text DEFAULT NULL)
 *
 * They change nothing, take no lock, and work on a standby.  There may be ten
 * thousand schemas, so nothing is asked of the server schema by schema, and
 * what depends on version rows is found out once for schemas that share them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "errcodes.h"
#include "fmgr.h"
#include "funcapi.h"
#include "guc.h"
#include "lineages.h"
#include "miscadmin.h"
#include "purecore.h"
#include "result.h"
#include "spiutil.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(migrate_current);
PG_FUNCTION_INFO_V1(migrate_status);

/* how many schemas the detail of a message names */
#define MAX_LISTED_SCHEMAS	10

/*
 * Have rows of the ledger looked for in the index by schema: that is right
 * for each of ten thousand schemas, whatever the estimates are.  Ends with the
 * owner scope.
 */
static void
prefer_index(void)
{
	mig_set_for_now("enable_seqscan", "off");
	mig_set_for_now("enable_bitmapscan", "off");
}

/* ----------
 * migrate_current
 * ----------
 */

/* What is shown: schemas, and the current revisions of each of their sets. */
typedef struct Position
{
	MigStore	store;
	MigLineages lineages;
	MigRevisionSet *current;	/* by set */
} Position;

/* Has the schema version rows that are not known, or not the heads? */
static bool
is_unknown(const MigVersionSet *set)
{
	return set->unknown;
}

static bool
is_not_at_heads(const MigVersionSet *set)
{
	return set->versions.count > 0 && !set->at_heads;
}

/* Names of the schemas whose versions are such, for a message; *count is their number. */
static char *
list_schemas(const MigLineages *lineages, bool (*is_such) (const MigVersionSet *set), int *count)
{
	StringInfoData buf;
	int			i;

	*count = 0;
	initStringInfo(&buf);
	for (i = 0; i < lineages->count; i++)
	{
		if (!is_such(&lineages->sets[lineages->items[i].set]))
			continue;
		if (*count < MAX_LISTED_SCHEMAS)
			appendStringInfo(&buf, "%s\"%s\"", *count > 0 ? ", " : "", lineages->items[i].schema_name);
		else if (*count == MAX_LISTED_SCHEMAS)
			appendStringInfoString(&buf, ", ...");
		(*count)++;
	}
	return buf.data;
}

/* Warn of schemas whose version rows are not known, all at once. */
static void
warn_of_unknown(const MigLineages *lineages, const char *pattern)
{
	int			n;
	char	   *names = list_schemas(lineages, is_unknown, &n);

	if (n > 0)
		ereport(WARNING,
				(errcode(ERRCODE_MIG_UNKNOWN_REVISION),
				 errmsg_plural("%d schema is at a revision whose script is not known",
							   "%d schemas are at revisions whose scripts are not known", n, n),
				 errdetail("Left out: %s.", names),
				 errhint("SELECT * FROM migrate_status(%s); shows the rows.", quote_literal_cstr(pattern))));
}

/* MG009 unless all schemas that have version rows are at the heads. */
static void
check_all_at_heads(const MigLineages *lineages, const char *pattern)
{
	int			n;
	char	   *names = list_schemas(lineages, is_not_at_heads, &n);

	if (n > 0)
		ereport(ERROR,
				(errcode(ERRCODE_MIG_NOT_AT_HEAD),
				 errmsg_plural("%d schema is not at the heads", "%d schemas are not at the heads", n, n),
				 errdetail("Behind: %s.", names),
				 errhint("SELECT * FROM migrate_status(%s); shows where they are.", quote_literal_cstr(pattern))));
}

/* Find out where the schemas are that match a pattern. */
static void
find_all(Position *position, const char *pattern, bool check_heads)
{
	MigStore   *store = &position->store;
	MigLineages *lineages = &position->lineages;
	MigOwnerScope scope;
	MigReport	report;
	MigRows		rows;
	int			i;

	mig_enter_owner(&scope);
	PushActiveSnapshot(GetTransactionSnapshot());
	mig_store_read(store, &scope.extension, MIG_STORE_LOOK, MIG_ORDINARY_SCHEMA);
	mig_lineages_read(lineages, &scope.extension, pattern, false);
	PopActiveSnapshot();
	mig_leave_owner(&scope);
	mig_lineages_plan(lineages, store, MIG_UPGRADE, "heads");
	if (check_heads)
		check_all_at_heads(lineages, pattern);
	warn_of_unknown(lineages, pattern);
	position->current = mig_alloc0_array(MigRevisionSet, lineages->nsets);
	for (i = 0; i < lineages->nsets; i++)
	{
		if (mig_resolve_rows(store->graph, &lineages->sets[i].versions, &rows, &report))
			position->current[i] = mig_current_revisions(store->graph, &rows);
	}
}

/* Find out where one schema is. */
static void
find_one(Position *position, char *schema_name, bool check_heads)
{
	MigStore   *store = &position->store;

	mig_store_look(store, schema_name);
	mig_store_resolve_rows(store);
	if (check_heads)
		mig_store_check_at_heads(store);
	position->lineages.items = palloc0(sizeof(MigLineage));
	position->lineages.items[0].schema_name = schema_name;
	position->lineages.count = position->lineages.nsets = 1;
	position->current = mig_alloc_array(MigRevisionSet, 1);
	position->current[0] = mig_current_revisions(store->graph, &store->rows);
}

/*
 * When was each of the current revisions applied, by the ledger?  One query,
 * whose rows are in the order of the result.
 */
static void
select_times(const Position *position, const MigExtension *extension)
{
	const MigLineages *lineages = &position->lineages;
	MigNameList schemas = {NULL, 0};
	MigNameList revisions = {NULL, 0};
	MigSpiArgument arguments[2];
	int			i;
	int			j;

	for (i = 0; i < lineages->count; i++)
	{
		const MigRevisionSet *current = &position->current[lineages->items[i].set];

		for (j = 0; j < current->count; j++)
		{
			mig_name_list_add(&schemas, lineages->items[i].schema_name);
			mig_name_list_add(&revisions, position->store.graph->revisions[current->items[j]].id);
		}
	}
	arguments[0] = mig_spi_name_list(&schemas);
	arguments[1] = mig_spi_name_list(&revisions);
	prefer_index();
	mig_spi_execute(SPI_OK_SELECT,
					psprintf("SELECT (SELECT l.started_at FROM %s.migrate_log l"
							 " WHERE l.schema_name = c.schema_name::pg_catalog.name AND l.revision = c.revision"
							 " AND l.direction <> 'downgrade' AND l.sqlstate IS NULL ORDER BY l.id DESC LIMIT 1)"
							 " FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2))"
							 " WITH ORDINALITY AS c (schema_name, revision, n) ORDER BY c.n",
							 extension->schema_name),
					lengthof(arguments), arguments);
}

/* A row of migrate_current(). */
static void
put_current(ReturnSetInfo *rsinfo, const MigGraph *graph, const MigNameList *labels, int index, uint64 time_row,
			const char *schema_name)
{
	const MigRevision *revision = &graph->revisions[index];
	MigResultRow row;
	Datum		time;
	bool		isnull;

	mig_row_begin(&row);
	mig_row_text(&row, revision->id);
	mig_row_text(&row, mig_join_or_null(&revision->down_revision));
	mig_row_text(&row, mig_join_or_null(labels));
	mig_row_text(&row, revision->message);
	mig_row_bool(&row, mig_graph_is_real_head(graph, index));
	mig_row_text(&row, revision->path);
	time = SPI_getbinval(SPI_tuptable->vals[time_row], SPI_tuptable->tupdesc, 1, &isnull);
	mig_row_datum(&row, time, isnull);
	mig_row_text(&row, schema_name);
	mig_row_put(&row, rsinfo);
}

/*
 * migrate_current(check_heads boolean, schema text, OUT ...)
 *		RETURNS SETOF record
 *
 * The newest applied revision of each line, in load order; of several schemas
 * if the name has a % in it, which makes it a pattern of LIKE.
 */
Datum
migrate_current(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	char	   *schema_name = mig_schema_argument(fcinfo, 1);
	Position	position = {0};
	const MigGraph *graph;
	MigNameList *labels;
	MigOwnerScope scope;
	uint64		row = 0;
	int			i;
	int			j;

	InitMaterializedSRF(fcinfo, 0);
	if (strchr(schema_name, '%') != NULL)
		find_all(&position, schema_name, PG_GETARG_BOOL(0));
	else
		find_one(&position, schema_name, PG_GETARG_BOOL(0));
	graph = position.store.graph;
	labels = mig_graph_shown_labels(graph);
	mig_enter_owner(&scope);
	select_times(&position, &scope.extension);
	for (i = 0; i < position.lineages.count; i++)
	{
		const MigLineage *item = &position.lineages.items[i];
		const MigRevisionSet *current = &position.current[item->set];

		CHECK_FOR_INTERRUPTS();
		for (j = 0; j < current->count; j++)
			put_current(rsinfo, graph, &labels[current->items[j]], current->items[j], row++, item->schema_name);
	}
	mig_leave_owner(&scope);
	PG_RETURN_NULL();
}

/* ----------
 * migrate_status
 * ----------
 */

/* What the ledger says last of a schema. */
typedef struct LastEntry
{
	char	   *schema_name;
	int64		run;
	bool		failed;
	char	   *error;
	TimestampTz applied_at;		/* of the latest that did not fail */
	bool		was_applied;
} LastEntry;

typedef struct Ledger
{
	LastEntry  *items;			/* sorted by schema */
	int			count;
} Ledger;

/*
 * The last row of each schema, by going down the index from schema to schema:
 * how long the ledger is does not matter.
 */
static const char latest_query[] =
"WITH RECURSIVE latest AS ("
" (SELECT l.schema_name, l.run, l.sqlstate, l.error, l.started_at FROM %1$s.migrate_log l"
" ORDER BY l.schema_name DESC, l.id DESC LIMIT 1)"
" UNION ALL"
" SELECT p.* FROM latest CROSS JOIN LATERAL"
" (SELECT l.schema_name, l.run, l.sqlstate, l.error, l.started_at FROM %1$s.migrate_log l"
" WHERE l.schema_name < latest.schema_name ORDER BY l.schema_name DESC, l.id DESC LIMIT 1) p)"
" SELECT l.schema_name::pg_catalog.text, l.run, l.sqlstate IS NOT NULL, CASE WHEN $2 THEN l.error END,"
" CASE WHEN l.sqlstate IS NULL THEN l.started_at ELSE"
" (SELECT s.started_at FROM %1$s.migrate_log s WHERE s.schema_name = l.schema_name AND s.sqlstate IS NULL"
" ORDER BY s.id DESC LIMIT 1) END"
" FROM latest l WHERE l.schema_name::pg_catalog.text LIKE $1 ORDER BY l.schema_name";

/* One row of that query. */
static void
get_last_entry(LastEntry *entry, uint64 row)
{
	HeapTuple	tuple = SPI_tuptable->vals[row];
	TupleDesc	tupdesc = SPI_tuptable->tupdesc;
	bool		isnull;

	entry->schema_name = mig_spi_get_text(row, 1);
	entry->run = DatumGetInt64(SPI_getbinval(tuple, tupdesc, 2, &isnull));
	entry->failed = DatumGetBool(SPI_getbinval(tuple, tupdesc, 3, &isnull));
	entry->error = mig_spi_get_text(row, 4);
	entry->applied_at = DatumGetTimestampTz(SPI_getbinval(tuple, tupdesc, 5, &isnull));
	entry->was_applied = !isnull;
}

/*
 * Read what the ledger says last of the schemas that match; errors only for
 * those who may read it.  Called in an owner scope.
 */
static void
read_ledger(Ledger *ledger, const MigExtension *extension, const char *pattern, Oid caller)
{
	Oid			table = mig_extension_table(extension, "migrate_log");
	MigSpiArgument arguments[2];
	int			i;

	arguments[0] = mig_spi_text(pattern);
	arguments[1].type = BOOLOID;
	arguments[1].value = BoolGetDatum(pg_class_aclcheck(table, caller, ACL_SELECT) == ACLCHECK_OK);
	arguments[1].isnull = false;
	prefer_index();
	ledger->count = (int) mig_spi_select(psprintf(latest_query, extension->schema_name),
										 lengthof(arguments), arguments);
	ledger->items = mig_alloc_array(LastEntry, ledger->count);
	for (i = 0; i < ledger->count; i++)
		get_last_entry(&ledger->items[i], i);
	SPI_freetuptable(SPI_tuptable);
}

/* The word for it. */
static const char *
status_of(const MigLineage *item, const MigVersionSet *set, const LastEntry *last)
{
	if (!item->exists)
		return "missing";
	if (set->unknown)
		return "unknown revision";
	if (item->unfinished)
		return "in part";
	if (last && last->failed)
		return "failed";
	return set->at_heads ? "at head" : "behind";
}

/* A row of migrate_status(). */
static void
put_status(ReturnSetInfo *rsinfo, const MigLineage *item, const MigVersionSet *set, const LastEntry *last)
{
	bool		can_run = item->exists && set->pending >= 0;
	MigResultRow row;

	mig_row_begin(&row);
	mig_row_text(&row, item->schema_name);
	mig_row_datum(&row, mig_name_list_datum(&set->versions), false);
	mig_row_bool(&row, item->exists && set->at_heads);
	mig_row_datum(&row, Int32GetDatum(set->pending), !can_run);
	mig_row_text(&row, status_of(item, set, last));
	mig_row_datum(&row, last ? Int64GetDatum(last->run) : (Datum) 0, last == NULL);
	mig_row_text(&row, last && last->failed ? last->error : NULL);
	mig_row_datum(&row, last ? TimestampTzGetDatum(last->applied_at) : (Datum) 0, last == NULL || !last->was_applied);
	mig_row_put(&row, rsinfo);
}

/* The entry of a schema; *next goes through them as the schemas are gone through. */
static const LastEntry *
find_entry(const Ledger *ledger, int *next, const char *schema_name)
{
	while (*next < ledger->count && strcmp(ledger->items[*next].schema_name, schema_name) < 0)
		(*next)++;
	if (*next < ledger->count && strcmp(ledger->items[*next].schema_name, schema_name) == 0)
		return &ledger->items[*next];
	return NULL;
}

/*
 * migrate_status(schemas text, OUT ...) RETURNS SETOF record
 *
 * How each schema is: those that have version rows or something that was not
 * done, or, given a pattern of LIKE, all that match.
 */
Datum
migrate_status(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const char *pattern = PG_ARGISNULL(0) ? "%" : text_to_cstring(PG_GETARG_TEXT_PP(0));
	MigOwnerScope scope;
	MigStore	store;
	MigLineages lineages;
	Ledger		ledger;
	int			next = 0;
	int			i;

	InitMaterializedSRF(fcinfo, 0);
	mig_enter_owner(&scope);
	PushActiveSnapshot(GetTransactionSnapshot());
	mig_store_read(&store, &scope.extension, MIG_STORE_LOOK, MIG_ORDINARY_SCHEMA);
	mig_lineages_read(&lineages, &scope.extension, pattern, false);
	read_ledger(&ledger, &scope.extension, pattern, scope.userid);
	PopActiveSnapshot();
	mig_leave_owner(&scope);
	mig_lineages_plan(&lineages, &store, MIG_UPGRADE, "heads");
	for (i = 0; i < lineages.count; i++)
	{
		const MigLineage *item = &lineages.items[i];
		const MigVersionSet *set = &lineages.sets[item->set];
		const LastEntry *last = find_entry(&ledger, &next, item->schema_name);

		CHECK_FOR_INTERRUPTS();
		if (PG_ARGISNULL(0) && set->versions.count == 0 && !item->unfinished && !(last && last->failed))
			continue;
		put_status(rsinfo, item, set, last);
	}
	PG_RETURN_NULL();
}
