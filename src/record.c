/*-------------------------------------------------------------------------
 *
 * record.c
 *	  What a step leaves: rows of the version table and of the ledger.
 *
 * Called as the owner of the extension (security.c).  A run of a thousand
 * steps would parse and plan the same statements a thousand times; so they
 * are prepared in the SPI connection that is current when the recorder
 * begins, live as long as that connection, and are executed in it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "errcodes.h"
#include "miscadmin.h"
#include "record.h"
#include "spiutil.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#define VERSION_ARGUMENTS	2

/* Prepare the statements. */
void
mig_recorder_begin(MigRecorder *recorder, const MigExtension *extension)
{
	static const Oid version_types[] = {TEXTOID, TEXTOID, TEXTOID};
	static const Oid log_types[] = {
		TEXTOID, TEXTOID, TEXTOID, TEXTARRAYOID, TEXTARRAYOID, TEXTOID, TEXTOID, TEXTOID,
		INT4OID, TIMESTAMPTZOID, INTERVALOID, INT4OID, TEXTOID
	};

	recorder->update_version =
		mig_spi_prepare(psprintf("UPDATE %s.migrate_version SET version_num = $3"
								 " WHERE schema_name = $1::pg_catalog.name AND version_num = $2",
								 extension->schema_name),
						lengthof(version_types), version_types);
	recorder->delete_version =
		mig_spi_prepare(psprintf("DELETE FROM %s.migrate_version"
								 " WHERE schema_name = $1::pg_catalog.name AND version_num = $2",
								 extension->schema_name),
						VERSION_ARGUMENTS, version_types);
	recorder->insert_version =
		mig_spi_prepare(psprintf("INSERT INTO %s.migrate_version (schema_name, version_num)"
								 " VALUES ($1::pg_catalog.name, $2)",
								 extension->schema_name),
						VERSION_ARGUMENTS, version_types);
	recorder->insert_log =
		mig_spi_prepare(psprintf("INSERT INTO %s.migrate_log (schema_name, direction, revision, removed_versions, added_versions,"
								 " message, path, checksum, statements, started_at, duration, session_role, script_role,"
								 " application_name, client_addr, backend_pid, transaction_id)"
								 " VALUES ($1::pg_catalog.name, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, session_user,"
								 " $13::pg_catalog.name, pg_catalog.current_setting('application_name'),"
								 " pg_catalog.inet_client_addr(), $12, pg_catalog.pg_current_xact_id())",
								 extension->schema_name),
						lengthof(log_types), log_types);
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
		mig_spi_text(entry->role)
	};

	mig_spi_execute_plan(SPI_OK_INSERT, recorder->insert_log, lengthof(arguments), arguments);
}
