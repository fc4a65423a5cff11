/*-------------------------------------------------------------------------
 *
 * batchcursor.c
 *	  How far a backfill has come, in the tables of the extension.
 *
 * The rows are written in the transactions of the batches themselves: so no
 * batch is missed, and none is done twice, however it is interrupted.
 *
 * Called in an owner scope (security.c), connected to SPI.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "batchcursor.h"
#include "catalog/pg_type.h"
#include "errcodes.h"
#include "spiutil.h"
#include "utils/timestamp.h"

static const char *const phase_names[] = {
	[MIG_BATCH_RANGES] = "ranges",
	[MIG_BATCH_NULLS] = "nulls",
	[MIG_BATCH_SKIPPED] = "skipped",
};

#define IS_CURSOR \
	"schema_name = $1::pg_catalog.name AND revision = $2 AND checksum = $3"

/* The phase of a name. */
static MigBatchPhase
find_phase(const char *name)
{
	int			i;

	for (i = 0; i < lengthof(phase_names); i++)
	{
		if (strcmp(phase_names[i], name) == 0)
			return (MigBatchPhase) i;
	}
	elog(ERROR, "unknown phase \"%s\" of a backfill", name);
}

/* A number of the row that the query found. */
static int64
get_number(int column)
{
	bool		isnull;

	return DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, column, &isnull));
}

/*
 * Read the cursor whose key is set.  False: there is none, the backfill is
 * at its beginning.
 */
bool
mig_batch_cursor_read(const MigExtension *extension, MigBatchCursor *cursor)
{
	MigSpiArgument arguments[] = {
		mig_spi_text(cursor->schema_name), mig_spi_text(cursor->revision), mig_spi_text(cursor->checksum)
	};
	bool		isnull;

	if (mig_spi_execute(SPI_OK_SELECT,
						psprintf("SELECT phase, position, pass::pg_catalog.int8, pass_rows, size::pg_catalog.int8,"
								 " rows_seen, rows_changed, batches, started_at"
								 " FROM %s.migrate_backfill WHERE " IS_CURSOR, extension->schema_name),
						lengthof(arguments), arguments) == 0)
		return false;
	cursor->phase = find_phase(mig_spi_get_text(0, 1));
	mig_spi_get_name_list(0, 2, &cursor->position);
	cursor->pass = (int) get_number(3);
	cursor->pass_rows = get_number(4);
	cursor->size = (int) get_number(5);
	cursor->rows_seen = get_number(6);
	cursor->rows_changed = get_number(7);
	cursor->batches = get_number(8);
	cursor->started_at = DatumGetTimestampTz(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 9, &isnull));
	SPI_freetuptable(SPI_tuptable);
	return true;
}

/*
 * Write it, as it is after one more batch.  Nobody else may have done that
 * batch meanwhile.
 */
void
mig_batch_cursor_write(const MigExtension *extension, const MigBatchCursor *cursor, int64 run, const char *statement)
{
	MigSpiArgument arguments[] = {
		mig_spi_text(cursor->schema_name),
		mig_spi_text(cursor->revision),
		mig_spi_text(cursor->checksum),
		{INT8OID, Int64GetDatum(run), false},
		mig_spi_text(statement),
		mig_spi_text(phase_names[cursor->phase]),
		mig_spi_name_list(&cursor->position),
		{INT4OID, Int32GetDatum(cursor->pass), false},
		{INT8OID, Int64GetDatum(cursor->pass_rows), false},
		{INT4OID, Int32GetDatum(cursor->size), false},
		{INT8OID, Int64GetDatum(cursor->rows_seen), false},
		{INT8OID, Int64GetDatum(cursor->rows_changed), false},
		{INT8OID, Int64GetDatum(cursor->batches), false},
		{TIMESTAMPTZOID, TimestampTzGetDatum(cursor->started_at), false},
		{TIMESTAMPTZOID, TimestampTzGetDatum(GetCurrentTimestamp()), false}
	};

	if (mig_spi_execute(SPI_OK_INSERT,
					psprintf("INSERT INTO %s.migrate_backfill (schema_name, revision, checksum, run, statement, phase,"
							 " position, pass, pass_rows, size, rows_seen, rows_changed, batches, started_at, changed_at)"
							 " VALUES ($1::pg_catalog.name, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)"
							 " ON CONFLICT (schema_name, revision, checksum) DO UPDATE SET run = excluded.run,"
							 " phase = excluded.phase, position = excluded.position, pass = excluded.pass,"
							 " pass_rows = excluded.pass_rows, size = excluded.size, rows_seen = excluded.rows_seen,"
							 " rows_changed = excluded.rows_changed, batches = excluded.batches,"
							 " changed_at = excluded.changed_at"
							 " WHERE migrate_backfill.batches = excluded.batches - 1", extension->schema_name),
					lengthof(arguments), arguments) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_MIG_RUN_ACTIVE),
				 errmsg("somebody else works on the same backfill"),
				 errdetail("The cursor in table \"migrate_backfill\" has moved. Nothing of this batch was done."),
				 errhint("SELECT * FROM migrate_progress shows who; call again for what is left.")));
}

/* Run a query about a cursor, or about its skipped keys up to an id. */
static uint64
execute_for_cursor(int expected, const char *sql, const MigBatchCursor *cursor, int64 number)
{
	MigSpiArgument arguments[] = {
		mig_spi_text(cursor->schema_name),
		mig_spi_text(cursor->revision),
		mig_spi_text(cursor->checksum),
		{INT8OID, Int64GetDatum(number), false}
	};

	return mig_spi_execute(expected, sql, number >= 0 ? 4 : 3, arguments);
}

/* The end of the backfill. */
void
mig_batch_cursor_end(const MigExtension *extension, const MigBatchCursor *cursor)
{
	execute_for_cursor(SPI_OK_DELETE,
					   psprintf("DELETE FROM %s.migrate_backfill WHERE " IS_CURSOR, extension->schema_name), cursor, -1);
	execute_for_cursor(SPI_OK_DELETE,
					   psprintf("DELETE FROM %s.migrate_backfill_skipped WHERE " IS_CURSOR, extension->schema_name),
					   cursor, -1);
}

/* Note the key of a row that is to be done in the end. */
void
mig_batch_skip(const MigExtension *extension, const MigBatchCursor *cursor, const MigNameList *key)
{
	MigSpiArgument arguments[] = {
		mig_spi_text(cursor->schema_name), mig_spi_text(cursor->revision), mig_spi_text(cursor->checksum),
		mig_spi_name_list(key)
	};

	mig_spi_execute(SPI_OK_INSERT,
					psprintf("INSERT INTO %s.migrate_backfill_skipped (schema_name, revision, checksum, key)"
							 " VALUES ($1::pg_catalog.name, $2, $3, $4)", extension->schema_name),
					lengthof(arguments), arguments);
}

/* Read the first of them, as many as a batch has. */
void
mig_batch_read_skipped(const MigExtension *extension, const MigBatchCursor *cursor, int ncolumns,
					   MigSkippedKeys *keys)
{
	int			i;
	int			j;

	keys->count = (int) execute_for_cursor(SPI_OK_SELECT,
										   psprintf("SELECT id, key FROM %s.migrate_backfill_skipped WHERE " IS_CURSOR
													" ORDER BY id LIMIT $4", extension->schema_name),
										   cursor, cursor->size);
	keys->columns = palloc0(sizeof(MigNameList) * ncolumns);
	for (i = 0; i < keys->count; i++)
	{
		MigNameList key;
		bool		isnull;

		mig_spi_get_name_list(i, 2, &key);
		if (key.count != ncolumns)
			elog(ERROR, "skipped key has %d columns instead of %d", key.count, ncolumns);
		for (j = 0; j < ncolumns; j++)
			mig_name_list_add(&keys->columns[j], key.names[j]);
		keys->last_id = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &isnull));
	}
	SPI_freetuptable(SPI_tuptable);
}

/* These have been done. */
void
mig_batch_forget_skipped(const MigExtension *extension, const MigBatchCursor *cursor, int64 last_id)
{
	execute_for_cursor(SPI_OK_DELETE,
					   psprintf("DELETE FROM %s.migrate_backfill_skipped WHERE " IS_CURSOR " AND id <= $4",
								extension->schema_name),
					   cursor, last_id);
}

/*
 * Whatever was begun of a revision, or, with NULL, of all of a schema, is
 * given up.  False: nothing was.
 */
bool
mig_batch_forget_revision(const MigExtension *extension, const char *schema_name, const char *revision)
{
	static const char *const tables[] = {"migrate_backfill_skipped", "migrate_backfill"};
	uint64		n = 0;
	MigSpiArgument arguments[] = {mig_spi_text(schema_name), mig_spi_text(revision)};
	int			i;

	for (i = 0; i < lengthof(tables); i++)
		n = mig_spi_execute(SPI_OK_DELETE,
							psprintf("DELETE FROM %s.%s WHERE schema_name = $1::pg_catalog.name AND revision <> ''"
									 " AND ($2 IS NULL OR revision = $2)", extension->schema_name, tables[i]),
							lengthof(arguments), arguments);
	return n > 0;
}
