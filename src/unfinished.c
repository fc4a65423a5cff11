/*-------------------------------------------------------------------------
 *
 * unfinished.c
 *	  Revisions that were run statement by statement, and not to their end.
 *
 * A revision that cannot run in one transaction has a row in
 * migrate_unfinished from before its first statement to the moment when the
 * version rows change.  The row says which statements have run, by checksum,
 * and is written in the transactions of the statements themselves.
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
#include "unfinished.h"
#include "utils/array.h"
#include "utils/timestamp.h"

/* One row of the query of mig_unfinished_read(). */
static void
get_unfinished(uint64 row, MigUnfinished *unfinished)
{
	HeapTuple	tuple = SPI_tuptable->vals[row];
	TupleDesc	tupdesc = SPI_tuptable->tupdesc;
	char	   *direction = mig_spi_get_text(row, 2);
	bool		isnull;

	unfinished->revision = mig_spi_get_text(row, 1);
	unfinished->direction = strcmp(direction, mig_direction_name(MIG_UPGRADE)) == 0 ? MIG_UPGRADE : MIG_DOWNGRADE;
	unfinished->run = DatumGetInt64(SPI_getbinval(tuple, tupdesc, 3, &isnull));
	mig_spi_get_name_list(row, 4, &unfinished->done);
	unfinished->started_at = DatumGetTimestampTz(SPI_getbinval(tuple, tupdesc, 5, &isnull));
}

/* All rows of a schema, the oldest first.  Returns their number. */
int
mig_unfinished_read(const MigExtension *extension, const char *schema_name, MigUnfinished **list)
{
	MigSpiArgument argument = mig_spi_text(schema_name);
	int			n;
	int			i;

	n = (int) mig_spi_execute(SPI_OK_SELECT,
							  psprintf("SELECT revision, direction, run, statements_done, started_at"
									   " FROM %s.migrate_unfinished WHERE schema_name = $1::pg_catalog.name"
									   " ORDER BY started_at, revision COLLATE \"C\"",
									   extension->schema_name),
							  1, &argument);
	*list = palloc0(sizeof(MigUnfinished) * Max(n, 1));
	for (i = 0; i < n; i++)
		get_unfinished(i, &(*list)[i]);
	SPI_freetuptable(SPI_tuptable);
	return n;
}

/* The row of a revision; NULL if there is none. */
const MigUnfinished *
mig_unfinished_find(const MigUnfinished *list, int n, const char *revision)
{
	int			i;

	for (i = 0; i < n; i++)
	{
		if (strcmp(list[i].revision, revision) == 0)
			return &list[i];
	}
	return NULL;
}

/* Begin a revision, or go on with it: what has run stays. */
void
mig_unfinished_begin(const MigExtension *extension, const char *schema_name, int64 run, const char *revision,
					 MigDirection direction)
{
	MigSpiArgument arguments[] = {
		mig_spi_text(schema_name),
		mig_spi_text(revision),
		mig_spi_text(mig_direction_name(direction)),
		{INT8OID, Int64GetDatum(run), false},
		{TIMESTAMPTZOID, TimestampTzGetDatum(GetCurrentTimestamp()), false}
	};

	mig_spi_execute(SPI_OK_INSERT,
					psprintf("INSERT INTO %s.migrate_unfinished (schema_name, revision, direction, run,"
							 " statements_done, started_at, changed_at)"
							 " VALUES ($1::pg_catalog.name, $2, $3, $4, '{}', $5, $5)"
							 " ON CONFLICT (schema_name, revision) DO UPDATE"
							 " SET run = excluded.run, changed_at = excluded.changed_at", extension->schema_name),
					lengthof(arguments), arguments);
}

/* Change the row of a revision; there must be one. */
static void
update_row(const char *sql, int nargs, const MigSpiArgument *arguments, const char *revision)
{
	if (mig_spi_execute(SPI_OK_UPDATE, sql, nargs, arguments) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_MIG_RUN_ACTIVE),
				 errmsg("revision %s is no longer in table \"migrate_unfinished\"", revision),
				 errdetail("Somebody removed its row while its statements ran."),
				 errhint("Only migrate_stamp() should do that, and not during a run.")));
}

/* Note that the next statement has run, in the transaction that ran it. */
void
mig_unfinished_advance(const MigExtension *extension, const char *schema_name, const char *revision,
					   const char *checksum)
{
	MigSpiArgument arguments[] = {
		mig_spi_text(schema_name),
		mig_spi_text(revision),
		mig_spi_text(checksum),
		{TIMESTAMPTZOID, TimestampTzGetDatum(GetCurrentTimestamp()), false}
	};

	update_row(psprintf("UPDATE %s.migrate_unfinished SET statements_done = statements_done || $3, indexes = NULL,"
						" changed_at = $4 WHERE schema_name = $1::pg_catalog.name AND revision = $2",
						extension->schema_name),
			   lengthof(arguments), arguments, revision);
}

/*
 * Note the OIDs of the indexes that are there before the next statement, so
 * that one that it leaves behind can be told from them.
 */
void
mig_unfinished_note_indexes(const MigExtension *extension, const char *schema_name, const char *revision,
							List *indexes)
{
	Datum	   *elements = palloc(sizeof(Datum) * Max(list_length(indexes), 1));
	int			n = 0;
	ListCell   *lc;
	MigSpiArgument arguments[] = {
		mig_spi_text(schema_name), mig_spi_text(revision), {OIDARRAYOID, (Datum) 0, false}
	};

	foreach(lc, indexes)
		elements[n++] = ObjectIdGetDatum(lfirst_oid(lc));
	arguments[2].value = PointerGetDatum(construct_array(elements, n, OIDOID, sizeof(Oid), true, TYPALIGN_INT));
	update_row(psprintf("UPDATE %s.migrate_unfinished SET indexes = $3"
						" WHERE schema_name = $1::pg_catalog.name AND revision = $2", extension->schema_name),
			   lengthof(arguments), arguments, revision);
}

/* What mig_unfinished_note_indexes() noted; NIL if nothing. */
List *
mig_unfinished_indexes(const MigExtension *extension, const char *schema_name, const char *revision)
{
	MigSpiArgument arguments[] = {mig_spi_text(schema_name), mig_spi_text(revision)};

	mig_spi_execute(SPI_OK_SELECT,
					psprintf("SELECT pg_catalog.unnest(indexes) FROM %s.migrate_unfinished"
							 " WHERE schema_name = $1::pg_catalog.name AND revision = $2", extension->schema_name),
					lengthof(arguments), arguments);
	return mig_spi_get_oids();
}

/*
 * The end of a revision, or, with NULL, of all of a schema, and of what was
 * done of their statements in batches.
 */
void
mig_unfinished_end(const MigExtension *extension, const char *schema_name, const char *revision)
{
	MigSpiArgument arguments[] = {mig_spi_text(schema_name), mig_spi_text(revision)};

	mig_spi_execute(SPI_OK_DELETE,
					psprintf("DELETE FROM %s.migrate_unfinished"
							 " WHERE schema_name = $1::pg_catalog.name AND ($2 IS NULL OR revision = $2)",
							 extension->schema_name),
					lengthof(arguments), arguments);
	(void) mig_batch_forget_revision(extension, schema_name, revision);
}
