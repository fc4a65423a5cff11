/*-------------------------------------------------------------------------
 *
 * record.c
 *	  What a step leaves: rows of the version table and of the ledger.
 *
 * Called as the owner of the extension (security.c), connected to SPI.
 *
 * A run of a thousand steps would parse and plan the same statements a
 * thousand times, whether its steps share a transaction or not; so they are
 * kept for the session.  The plan cache notices when the tables change.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "commands/sequence.h"
#include "commands/trigger.h"
#include "errcodes.h"
#include "miscadmin.h"
#include "record.h"
#include "spiutil.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#define VERSION_ARGUMENTS	2

PG_FUNCTION_INFO_V1(migrate_log_is_append_only);

/* Plans of this session, and the schema whose tables their texts name. */
static MigRecorder kept;
static char *kept_schema = NULL;

/* The number of a run. */
int64
mig_next_run(const MigExtension *extension)
{
	return nextval_internal(mig_extension_table(extension, "migrate_run_seq"), false);
}

/* Plan the statements that change the version table. */
static void
prepare_version_plans(MigRecorder *recorder, const char *schema)
{
	static const Oid types[] = {TEXTOID, TEXTOID, TEXTOID};

	recorder->update_version =
		mig_spi_prepare(psprintf("UPDATE %s.migrate_version SET version_num = $3"
								 " WHERE schema_name = $1::pg_catalog.name AND version_num = $2", schema),
						lengthof(types), types);
	recorder->delete_version =
		mig_spi_prepare(psprintf("DELETE FROM %s.migrate_version"
								 " WHERE schema_name = $1::pg_catalog.name AND version_num = $2", schema),
						VERSION_ARGUMENTS, types);
	recorder->insert_version =
		mig_spi_prepare(psprintf("INSERT INTO %s.migrate_version (schema_name, version_num)"
								 " VALUES ($1::pg_catalog.name, $2)", schema),
						VERSION_ARGUMENTS, types);
}

/* Plan the insertion of a row of the ledger. */
static SPIPlanPtr
prepare_log_plan(const char *schema)
{
	static const Oid types[] = {
		TEXTOID, TEXTOID, TEXTOID, TEXTARRAYOID, TEXTARRAYOID, TEXTOID, TEXTOID, TEXTOID,
		INT4OID, TIMESTAMPTZOID, INTERVALOID, INT4OID, TEXTOID, INT8OID, INT4OID, INTERVALOID, INT8OID, INT8OID,
		TEXTOID, TEXTOID
	};

	return mig_spi_prepare(psprintf("INSERT INTO %s.migrate_log (schema_name, direction, revision, removed_versions,"
									" added_versions, message, path, checksum, statements, started_at, duration,"
									" backend_pid, script_role, run, attempts, lock_wait, rows, wal_bytes, sqlstate,"
									" error, session_role, application_name, client_addr, transaction_id)"
									" VALUES ($1::pg_catalog.name, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,"
									" $13::pg_catalog.name, $14, $15, $16, $17, $18, $19, $20, session_user,"
									" pg_catalog.current_setting('application_name'),"
									" pg_catalog.inet_client_addr(), pg_catalog.pg_current_xact_id())", schema),
						   lengthof(types), types);
}

/* Plan the insertion of a row that tells of statements. */
static SPIPlanPtr
prepare_statements_plan(const char *schema)
{
	static const Oid types[] = {
		TEXTOID, TEXTOID, TEXTOID, INT8OID, INT4OID, INT4OID, INT4ARRAYOID, INT4ARRAYOID, TIMESTAMPTZARRAYOID,
		INTERVALARRAYOID, INTERVALARRAYOID, INT8ARRAYOID, INT8ARRAYOID, TEXTARRAYOID, TEXTARRAYOID
	};

	return mig_spi_prepare(psprintf("INSERT INTO %s.migrate_log_detail (schema_name, direction, revision, run,"
									" attempt, backend_pid, statement, line, started_at, duration, lock_wait, rows,"
									" wal_bytes, sqlstate, error) VALUES ($1::pg_catalog.name, $2, $3, $4, $5, $6,"
									" $7, $8, $9, $10, $11, $12, $13, $14, $15)", schema),
						   lengthof(types), types);
}

/*
 * Make the plans, or find those that the session has.
 *
 * If the extension moves to another schema they are made anew; the old ones
 * are left alone, since a run that goes on may hold them.
 */
void
mig_recorder_begin(MigRecorder *recorder, const MigExtension *extension)
{
	const char *schema = extension->schema_name;

	if (kept_schema == NULL || strcmp(kept_schema, schema) != 0)
	{
		MigRecorder made;
		char	   *made_schema;

		prepare_version_plans(&made, schema);
		made.insert_log = prepare_log_plan(schema);
		made.insert_statements = prepare_statements_plan(schema);
		made_schema = MemoryContextStrdup(TopMemoryContext, schema);
		SPI_keepplan(made.update_version);
		SPI_keepplan(made.delete_version);
		SPI_keepplan(made.insert_version);
		SPI_keepplan(made.insert_log);
		SPI_keepplan(made.insert_statements);
		if (kept_schema != NULL)
			pfree(kept_schema);
		kept_schema = made_schema;
		kept = made;
	}
	*recorder = kept;
}

/* Run a statement that must hit one row, or somebody else changed the table. */
static void
change_version(int expected, SPIPlanPtr plan, const char *schema_name, const char *version, const char *new_version)
{
	MigSpiArgument arguments[] = {
		mig_spi_text(schema_name), mig_spi_text(version), mig_spi_text(new_version)
	};
	int			nargs = new_version ? lengthof(arguments) : VERSION_ARGUMENTS;

	if (mig_spi_execute_plan(expected, plan, nargs, arguments) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_MIG_BROKEN_GRAPH),
				 errmsg("the version table has no row \"%s\" any more", version),
				 errdetail("It had one before the last script ran."),
				 errhint("A revision script must not change migrate_version.")));
}

/*
 * Change the version rows of a schema: those of "removed" go, those of
 * "added" come.  One for one is an UPDATE.
 */
void
mig_record_versions(const MigRecorder *recorder, const char *schema_name, const MigNameList *removed,
					const MigNameList *added)
{
	int			common = Min(removed->count, added->count);
	int			i;

	for (i = 0; i < common; i++)
		change_version(SPI_OK_UPDATE, recorder->update_version, schema_name, removed->names[i], added->names[i]);
	for (i = common; i < removed->count; i++)
		change_version(SPI_OK_DELETE, recorder->delete_version, schema_name, removed->names[i], NULL);
	for (i = common; i < added->count; i++)
		change_version(SPI_OK_INSERT, recorder->insert_version, schema_name, added->names[i], NULL);
}

/* Microseconds as an interval. */
static Interval *
microseconds_interval(int64 microseconds)
{
	Interval   *interval = palloc0(sizeof(Interval));

	interval->time = microseconds;
	return interval;
}

/* Append a row to the ledger; who and from where is added here. */
void
mig_record_log(const MigRecorder *recorder, const char *schema_name, const MigLogEntry *entry)
{
	MigSpiArgument arguments[] = {
		mig_spi_text(schema_name),
		mig_spi_text(entry->direction),
		mig_spi_text(entry->revision),
		mig_spi_name_list(&entry->removed),
		mig_spi_name_list(&entry->added),
		mig_spi_text(entry->message),
		mig_spi_text(entry->path),
		mig_spi_text(entry->checksum),
		{INT4OID, Int32GetDatum(entry->statements), false},
		{TIMESTAMPTZOID, TimestampTzGetDatum(entry->started_at), false},
		{INTERVALOID, IntervalPGetDatum(entry->duration), false},
		{INT4OID, Int32GetDatum(MyProcPid), false},
		mig_spi_text(entry->role),
		{INT8OID, Int64GetDatum(entry->run), false},
		{INT4OID, Int32GetDatum(entry->attempts), false},
		{INTERVALOID, IntervalPGetDatum(microseconds_interval(entry->lock_wait)), false},
		{INT8OID, Int64GetDatum(entry->rows), false},
		{INT8OID, Int64GetDatum(entry->wal_bytes), false},
		mig_spi_text(entry->sqlstate),
		mig_spi_text(entry->error)
	};

	mig_spi_execute_plan(SPI_OK_INSERT, recorder->insert_log, lengthof(arguments), arguments);
}

/* The columns that tell of statements, in the order of their arguments. */
enum
{
	COLUMN_STATEMENT,
	COLUMN_LINE,
	COLUMN_STARTED_AT,
	COLUMN_DURATION,
	COLUMN_LOCK_WAIT,
	COLUMN_ROWS,
	COLUMN_WAL_BYTES,
	COLUMN_SQLSTATE,
	COLUMN_ERROR,
	N_COLUMNS
};

static const struct
{
	Oid			type;
	Oid			array_type;
}			columns[N_COLUMNS] =
{
	{INT4OID, INT4ARRAYOID},
	{INT4OID, INT4ARRAYOID},
	{TIMESTAMPTZOID, TIMESTAMPTZARRAYOID},
	{INTERVALOID, INTERVALARRAYOID},
	{INTERVALOID, INTERVALARRAYOID},
	{INT8OID, INT8ARRAYOID},
	{INT8OID, INT8ARRAYOID},
	{TEXTOID, TEXTARRAYOID},
	{TEXTOID, TEXTARRAYOID},
};

/* Put what became of one statement into place i of the columns. */
static void
fill_columns(Datum *values[], const MigStatementResult *result, int i)
{
	values[COLUMN_STATEMENT][i] = Int32GetDatum(result->number);
	values[COLUMN_LINE][i] = Int32GetDatum(result->line);
	values[COLUMN_STARTED_AT][i] = TimestampTzGetDatum(result->started_at);
	values[COLUMN_DURATION][i] = IntervalPGetDatum(microseconds_interval(result->duration));
	values[COLUMN_LOCK_WAIT][i] = IntervalPGetDatum(microseconds_interval(result->lock_wait));
	values[COLUMN_ROWS][i] = Int64GetDatum(result->rows);
	values[COLUMN_WAL_BYTES][i] = Int64GetDatum(result->wal_bytes);
	values[COLUMN_SQLSTATE][i] = result->sqlstate ? CStringGetTextDatum(result->sqlstate) : (Datum) 0;
	values[COLUMN_ERROR][i] = result->error ? CStringGetTextDatum(result->error) : (Datum) 0;
}

/* A column as an argument: an array; of texts, with nulls, or null if it has only those. */
static MigSpiArgument
column_argument(int column, Datum *values, int n)
{
	MigSpiArgument argument = {columns[column].array_type, (Datum) 0, false};
	bool	   *nulls = palloc0(n * sizeof(bool));
	int			nnulls = 0;
	int			lower_bound = 1;
	int16		typlen;
	bool		typbyval;
	char		typalign;
	int			i;

	for (i = 0; i < n && columns[column].type == TEXTOID; i++)
	{
		nulls[i] = DatumGetPointer(values[i]) == NULL;
		nnulls += nulls[i];
	}
	get_typlenbyvalalign(columns[column].type, &typlen, &typbyval, &typalign);
	argument.isnull = nnulls == n;
	if (!argument.isnull)
		argument.value = PointerGetDatum(construct_md_array(values, nulls, 1, &n, &lower_bound, columns[column].type,
															typlen, typbyval, typalign));
	return argument;
}

/* How many of the statements of a section have run, the last one perhaps in vain? */
int
mig_count_results(const MigStatementResult *results, int nstatements)
{
	int			n = 0;

	while (n < nstatements && results[n].number != 0)
		n++;
	return n;
}

/*
 * Append to the ledger what became of statements.  Of the entry only the
 * run, the revision, its direction and the attempt matter.
 */
void
mig_record_statements(const MigRecorder *recorder, const char *schema_name, const MigLogEntry *entry,
					  const MigStatementResult *results, int nresults)
{
	MigSpiArgument arguments[] = {
		mig_spi_text(schema_name),
		mig_spi_text(entry->direction),
		mig_spi_text(entry->revision),
		{INT8OID, Int64GetDatum(entry->run), false},
		{INT4OID, Int32GetDatum(entry->attempts), false},
		{INT4OID, Int32GetDatum(MyProcPid), false},
		[6 + N_COLUMNS - 1] = {0}
	};
	Datum	   *values[N_COLUMNS];
	int			column;
	int			i;

	if (nresults == 0)
		return;
	for (column = 0; column < N_COLUMNS; column++)
		values[column] = palloc(nresults * sizeof(Datum));
	for (i = 0; i < nresults; i++)
		fill_columns(values, &results[i], i);
	for (column = 0; column < N_COLUMNS; column++)
		arguments[6 + column] = column_argument(column, values[column], nresults);
	mig_spi_execute_plan(SPI_OK_INSERT, recorder->insert_statements, lengthof(arguments), arguments);
}

/*
 * migrate_log_is_append_only() RETURNS trigger
 *
 * Whoever could change the ledger could deny what he did.
 */
Datum
migrate_log_is_append_only(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" was not called by trigger manager", "migrate_log_is_append_only")));
	if (!superuser())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("cannot change what is in \"%s\"", RelationGetRelationName(trigger->tg_relation)),
				 errdetail("The ledger is append-only."),
				 errhint("A superuser can remove old rows.")));
	/* a trigger returns a null pointer, not a null value */
	return PointerGetDatum(NULL);
}
