/*-------------------------------------------------------------------------
 *
 * version.c
 *	  The version table, the summary of heads, and the ledger.
 *
 * All functions here are called in an owner scope (security.c).
 *
 * Who changes the versions of a schema holds a lock of our own on them, to
 * the end of the transaction; it is taken inside, so nobody can forget it,
 * and it ends with the backend.  Two callers that meet: the second one waits,
 * then reads the versions that the first one left.  Where its snapshot is too
 * old to show them, it must not go on (mig_versions_check_snapshot).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "errcodes.h"
#include "miscadmin.h"
#include "spiutil.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "version.h"

/*
 * The lock is on a name of our own: the version table's with a part, 1 to
 * 65535, that stands for a schema; part 0 stands for all runs.
 */
#define ALL_RUNS_PART		0
#define VERSION_LOCK_PART(schema_name) \
	((uint16) (1 + string_hash((schema_name), NAMEDATALEN) % 65535))

/*
 * Lock the versions of a schema against other runs.  Readers of the table
 * are not blocked.  lock_timeout applies.
 */
void
mig_lock_versions(const MigExtension *extension, const char *schema_name)
{
	Oid			relid = mig_extension_table(extension, "migrate_version");

	LockDatabaseObject(RelationRelationId, relid, ALL_RUNS_PART, RowExclusiveLock);
	LockDatabaseObject(RelationRelationId, relid, VERSION_LOCK_PART(schema_name), ShareUpdateExclusiveLock);
}

/*
 * Wait for all runs, and keep new ones from beginning: whoever changes or
 * removes a script must not do so between its being checked and its being
 * run, nor find that it is not applied while it is running.
 */
void
mig_lock_out_runs(const MigExtension *extension)
{
	LockDatabaseObject(RelationRelationId, mig_extension_table(extension, "migrate_version"),
					   ALL_RUNS_PART, ShareRowExclusiveLock);
}

/* The current versions of a schema, sorted, as the active snapshot has them. */
void
mig_versions_read(const MigExtension *extension, const char *schema_name, MigNameList *versions)
{
	MigSpiArgument argument = mig_spi_text(schema_name);
	uint64		n = mig_spi_select(psprintf("SELECT version_num FROM %s.migrate_version"
											" WHERE schema_name = $1::pg_catalog.name ORDER BY version_num COLLATE \"C\"",
											extension->schema_name),
								   1, &argument);
	uint64		row;

	versions->names = NULL;
	versions->count = 0;
	for (row = 0; row < n; row++)
	{
		char	   *version = mig_spi_get_text(row, 1);

		mig_name_list_append(versions, version, strlen(version));
	}
	SPI_freetuptable(SPI_tuptable);
}

/*
 * Called with the versions locked: are those that the transaction sees the
 * true ones?  In REPEATABLE READ and SERIALIZABLE its snapshot may be older
 * than the last run, and then so is all else that it sees.
 */
void
mig_versions_check_snapshot(const MigExtension *extension, const char *schema_name, const MigNameList *versions)
{
	MigNameList latest;

	if (!IsolationUsesXactSnapshot())
		return;
	PushActiveSnapshot(GetLatestSnapshot());
	mig_versions_read(extension, schema_name, &latest);
	PopActiveSnapshot();
	if (!mig_name_list_equal(versions, &latest))
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("could not serialize access: the database was migrated concurrently"),
				 errdetail("This transaction began when the current revisions were %s; now they are %s.",
						   versions->count > 0 ? mig_name_list_join(versions) : "none",
						   latest.count > 0 ? mig_name_list_join(&latest) : "none"),
				 errhint("Roll back and call again in a new transaction.")));
}

/* Run a statement that must hit one row, or somebody else changed the table. */
static void
change_version(int expected, const char *sql, const char *schema_name, const char *old_version,
			   const char *new_version)
{
	MigSpiArgument arguments[3] = {
		mig_spi_text(schema_name), mig_spi_text(old_version), mig_spi_text(new_version)
	};

	if (mig_spi_execute(expected, sql, lengthof(arguments), arguments) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_MIG_BROKEN_GRAPH),
				 errmsg("the version table has no row \"%s\" any more", old_version),
				 errdetail("It had one before the last script ran."),
				 errhint("A revision script must not change migrate_version.")));
}

/*
 * Change the rows of a schema: those of "removed" go, those of "added" come.
 * One for one is an UPDATE.
 */
void
mig_versions_apply(const MigExtension *extension, const char *schema_name, const MigNameList *removed,
				   const MigNameList *added)
{
	int			common = Min(removed->count, added->count);
	int			i;

	for (i = 0; i < common; i++)
		change_version(SPI_OK_UPDATE,
					   psprintf("UPDATE %s.migrate_version SET version_num = $3"
								" WHERE schema_name = $1::pg_catalog.name AND version_num = $2",
								extension->schema_name),
					   schema_name, removed->names[i], added->names[i]);
	for (i = common; i < removed->count; i++)
		change_version(SPI_OK_DELETE,
					   psprintf("DELETE FROM %s.migrate_version"
								" WHERE schema_name = $1::pg_catalog.name AND version_num = $2 AND $3 IS NULL",
								extension->schema_name),
					   schema_name, removed->names[i], NULL);
	for (i = common; i < added->count; i++)
		change_version(SPI_OK_INSERT,
					   psprintf("INSERT INTO %s.migrate_version (schema_name, version_num)"
								" SELECT $1::pg_catalog.name, $3 WHERE $2 IS NULL",
								extension->schema_name),
					   schema_name, NULL, added->names[i]);
}

/* Remove all rows of a schema, known or not. */
void
mig_versions_purge(const MigExtension *extension, const char *schema_name)
{
	MigSpiArgument argument = mig_spi_text(schema_name);

	mig_spi_execute(SPI_OK_DELETE,
					psprintf("DELETE FROM %s.migrate_version WHERE schema_name = $1::pg_catalog.name",
							 extension->schema_name),
					1, &argument);
}

/* ----------
 * Summary
 * ----------
 */

/*
 * Is the schema at the heads, as far as the summary tells?  Takes no lock
 * and does not read the store.  false also means that the summary is empty,
 * or that the target is not one of head and heads.
 */
bool
mig_is_at_heads(const MigExtension *extension, const char *schema_name, const char *target)
{
	MigSpiArgument arguments[2] = {mig_spi_text(schema_name), mig_spi_text(target)};

	if (strcmp(target, "head") != 0 && strcmp(target, "heads") != 0)
		return false;
	mig_spi_execute(SPI_OK_SELECT,
					psprintf("SELECT FROM %1$s.migrate_summary s"
							 " WHERE ($2 = 'heads' OR pg_catalog.cardinality(s.heads) = 1)"
							 " AND s.real_heads = ARRAY(SELECT v.version_num FROM %1$s.migrate_version v"
							 " WHERE v.schema_name = $1::pg_catalog.name ORDER BY v.version_num COLLATE \"C\")",
							 extension->schema_name),
					lengthof(arguments), arguments);
	return SPI_processed == 1;
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

static MigSpiArgument
sorted_ids(const MigGraph *graph, const int *revisions, int n)
{
	MigNameList ids = {NULL, 0};
	int			i;

	for (i = 0; i < n; i++)
		mig_name_list_append(&ids, graph->revisions[revisions[i]].id, strlen(graph->revisions[revisions[i]].id));
	if (n > 1)
		qsort(ids.names, n, sizeof(char *), compare_names);
	return mig_spi_name_list(&ids);
}

/*
 * Write down which revisions are heads.  The caller holds the lock of the
 * store, and has read it since.
 */
void
mig_summary_write(const MigExtension *extension, const MigGraph *graph)
{
	MigSpiArgument arguments[2];

	arguments[0] = sorted_ids(graph, graph->heads, graph->nheads);
	arguments[1] = sorted_ids(graph, graph->real_heads, graph->nreal_heads);
	mig_spi_execute(SPI_OK_UPDATE,
					psprintf("UPDATE %s.migrate_summary SET heads = $1, real_heads = $2 WHERE heads IS NULL",
							 extension->schema_name),
					lengthof(arguments), arguments);
}

/* ----------
 * Ledger
 * ----------
 */

/* Append a row to the ledger; who and from where is added here. */
void
mig_log_append(const MigExtension *extension, const char *schema_name, const MigLogEntry *entry)
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
		mig_spi_text(entry->role)
	};

	mig_spi_execute(SPI_OK_INSERT,
					psprintf("INSERT INTO %s.migrate_log (schema_name, direction, revision, removed_versions, added_versions,"
							 " message, path, checksum, statements, started_at, duration, session_role, script_role,"
							 " application_name, client_addr, backend_pid, transaction_id)"
							 " VALUES ($1::pg_catalog.name, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, session_user,"
							 " $13::pg_catalog.name, pg_catalog.current_setting('application_name'), pg_catalog.inet_client_addr(), $12,"
							 " pg_catalog.pg_current_xact_id())",
							 extension->schema_name),
					lengthof(arguments), arguments);
}
