/*-------------------------------------------------------------------------
 *
 * scripttable.c
 *	  Rows of the table migrate_script.
 *
 * All functions here are called in an owner scope (security.c): SPI is
 * connected, the current user is the owner of the extension.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "graph.h"
#include "miscadmin.h"
#include "purecore.h"
#include "scripttable.h"
#include "spiutil.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#define SCRIPT_COLUMNS \
	"revision, path, down_revision, depends_on, branch_labels, message, create_date, checksum, file_stamp, registered_by::pg_catalog.text, registered_at"

PG_FUNCTION_INFO_V1(migrate_script_changed);

/*
 * Lock the store against other writers, to the end of the transaction.
 * Readers take no lock.
 *
 * The lock is on a name of our own (the table's, part 1), since a lock on
 * the table itself would wait for a VACUUM.
 */
void
mig_lock_store(const MigExtension *extension)
{
	LockDatabaseObject(RelationRelationId, mig_extension_table(extension, "migrate_script"), 1,
					   ShareUpdateExclusiveLock);
}

/* The same without waiting; false if another transaction has the lock. */
bool
mig_try_lock_store(const MigExtension *extension)
{
	return ConditionalLockDatabaseObject(RelationRelationId, mig_extension_table(extension, "migrate_script"), 1,
										 ShareUpdateExclusiveLock);
}

/*
 * migrate_script_changed() RETURNS trigger
 *
 * Whatever adds, removes or moves a revision makes the heads unknown.
 *
 * Where the snapshot is fixed the row is always written: if somebody has
 * changed it since, that is a serialization failure.
 */
Datum
migrate_script_changed(PG_FUNCTION_ARGS)
{
	MigOwnerScope scope;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" was not called by trigger manager", "migrate_script_changed")));
	mig_enter_owner(&scope);
	mig_lock_store(&scope.extension);
	mig_spi_execute(SPI_OK_UPDATE,
					psprintf("UPDATE %s.migrate_summary SET heads = NULL, real_heads = NULL%s",
							 scope.extension.schema_name,
							 IsolationUsesXactSnapshot() ? "" : " WHERE heads IS NOT NULL"),
					0, NULL);
	mig_leave_owner(&scope);
	/* a trigger returns a null pointer, not a null value */
	return PointerGetDatum(NULL);
}

/* One row of a query for SCRIPT_COLUMNS. */
static void
get_script(uint64 row, MigStoredScript *script)
{
	bool		isnull;

	MemSet(script, 0, sizeof(MigStoredScript));
	script->revision.id = mig_spi_get_text(row, 1);
	script->revision.path = mig_spi_get_text(row, 2);
	mig_spi_get_name_list(row, 3, &script->revision.down_revision);
	mig_spi_get_name_list(row, 4, &script->revision.depends_on);
	mig_spi_get_name_list(row, 5, &script->revision.branch_labels);
	script->revision.message = mig_spi_get_text(row, 6);
	script->revision.create_date = mig_spi_get_text(row, 7);
	script->checksum = mig_spi_get_text(row, 8);
	script->file_stamp = mig_spi_get_text(row, 9);
	script->registered_by = mig_spi_get_text(row, 10);
	script->registered_at = DatumGetTimestampTz(SPI_getbinval(SPI_tuptable->vals[row],
															  SPI_tuptable->tupdesc, 11, &isnull));
}

/*
 * All rows, in no particular order, as the active snapshot has them; with
 * whole false only id, path and file stamp, which is much less work.
 */
void
mig_scripts_read(const MigExtension *extension, bool whole, MigStoredScript **scripts, int *nscripts)
{
	uint64		n = mig_spi_select(psprintf("SELECT %s FROM %s.migrate_script",
											whole ? SCRIPT_COLUMNS : "revision, path, file_stamp",
											extension->schema_name),
								   0, NULL);
	uint64		row;

	*scripts = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(MigStoredScript) * Max(n, 1));
	*nscripts = (int) n;
	for (row = 0; row < n; row++)
	{
		MigStoredScript *script = &(*scripts)[row];

		CHECK_FOR_INTERRUPTS();
		if (whole)
			get_script(row, script);
		else
		{
			MemSet(script, 0, sizeof(MigStoredScript));
			script->revision.id = mig_spi_get_text(row, 1);
			script->revision.path = mig_spi_get_text(row, 2);
			script->file_stamp = mig_spi_get_text(row, 3);
		}
	}
	SPI_freetuptable(SPI_tuptable);
}

/* At most max rows that have this id or this path; returns their number. */
int
mig_scripts_find(const MigExtension *extension, const char *revision, const char *path,
				 MigStoredScript *scripts, int max)
{
	MigSpiArgument arguments[2] = {mig_spi_text(revision), mig_spi_text(path)};
	uint64		n = mig_spi_execute(SPI_OK_SELECT,
									psprintf("SELECT " SCRIPT_COLUMNS " FROM %s.migrate_script WHERE revision = $1"
											 " UNION ALL SELECT " SCRIPT_COLUMNS " FROM %s.migrate_script"
											 " WHERE path = $2 AND revision <> $1",
											 extension->schema_name, extension->schema_name),
									lengthof(arguments), arguments);
	int			row;

	for (row = 0; row < Min(n, max); row++)
		get_script(row, &scripts[row]);
	SPI_freetuptable(SPI_tuptable);
	return row;
}

/* The text of a script, or NULL if there is no such row. */
char *
mig_script_read_text(const MigExtension *extension, const char *revision)
{
	MigSpiArgument argument = mig_spi_text(revision);
	char	   *text = NULL;

	mig_spi_execute(SPI_OK_SELECT,
					psprintf("SELECT script FROM %s.migrate_script WHERE revision = $1", extension->schema_name),
					1, &argument);
	if (SPI_processed > 0)
		text = mig_spi_get_text(0, 1);
	SPI_freetuptable(SPI_tuptable);
	return text;
}

/*
 * Add a row, or replace that of the same revision.  In a transaction whose
 * snapshot is too old to see that row this is a serialization failure.
 *
 * What is cosmetic leaves alone what the heads depend on.
 */
void
mig_script_write(const MigExtension *extension, const MigStoredScript *script)
{
	const MigRevision *revision = &script->revision;
	MigSpiArgument arguments[] = {
		mig_spi_text(revision->id),
		mig_spi_text(revision->path),
		mig_spi_name_list(&revision->branch_labels),
		mig_spi_text(revision->message),
		mig_spi_text(revision->create_date),
		mig_spi_text(script->text),
		mig_spi_text(script->checksum),
		mig_spi_text(script->file_stamp),
		mig_spi_text(script->registered_by),
		mig_spi_name_list(&revision->down_revision),
		mig_spi_name_list(&revision->depends_on)
	};

	if (script->action == MIG_SCRIPT_COSMETIC || script->action == MIG_SCRIPT_UNCHANGED)
		mig_spi_execute(SPI_OK_UPDATE,
						psprintf("UPDATE %s.migrate_script SET path = $2, branch_labels = $3, message = $4,"
								 " create_date = $5, script = $6, checksum = $7, file_stamp = $8, registered_by = $9,"
								 " registered_at = pg_catalog.clock_timestamp() WHERE revision = $1",
								 extension->schema_name),
						9, arguments);
	else
		mig_spi_execute(SPI_OK_INSERT,
						psprintf("INSERT INTO %s.migrate_script (revision, path, branch_labels, message, create_date,"
								 " script, checksum, file_stamp, registered_by, down_revision, depends_on, registered_at)"
								 " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, pg_catalog.clock_timestamp())"
								 " ON CONFLICT (revision) DO UPDATE SET path = $2, branch_labels = $3, message = $4,"
								 " create_date = $5, script = $6, checksum = $7, file_stamp = $8, registered_by = $9,"
								 " down_revision = $10, depends_on = $11, registered_at = pg_catalog.clock_timestamp()",
								 extension->schema_name),
						lengthof(arguments), arguments);
}

/* Remove a row. */
void
mig_script_delete(const MigExtension *extension, const char *revision)
{
	MigSpiArgument argument = mig_spi_text(revision);

	mig_spi_execute(SPI_OK_DELETE,
					psprintf("DELETE FROM %s.migrate_script WHERE revision = $1", extension->schema_name),
					1, &argument);
}

/* Make a script the word of a role. */
void
mig_script_set_owner(const MigExtension *extension, const char *revision, const char *role)
{
	MigSpiArgument arguments[2] = {mig_spi_text(revision), mig_spi_text(role)};

	mig_spi_execute(SPI_OK_UPDATE,
					psprintf("UPDATE %s.migrate_script SET registered_by = $2, registered_at = pg_catalog.clock_timestamp() WHERE revision = $1",
							 extension->schema_name),
					lengthof(arguments), arguments);
}

/*
 * The graph of scripts, sound or not; *report tells, as for
 * mig_graph_build().
 */
MigGraph *
mig_scripts_graph(const MigStoredScript *scripts, int nscripts, MigReport *report)
{
	MigRevision *revisions = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(MigRevision) * Max(nscripts, 1));
	int			i;

	for (i = 0; i < nscripts; i++)
		revisions[i] = scripts[i].revision;
	return mig_graph_build(revisions, nscripts, report);
}

/*
 * All revisions that are applied in some schema: the rows of the version
 * table and what they come after.  It does not need a sound graph, since it
 * is asked while scripts come and go.
 */
void
mig_applied_revisions(const MigExtension *extension, MigNameList *applied)
{
	MigStoredScript *scripts;
	MigGraph   *graph;
	MigReport	report;
	int		   *rows;
	bool	   *marked;
	int			nscripts;
	int			nrows = 0;
	int			i;

	mig_spi_execute(SPI_OK_SELECT,
					psprintf("SELECT DISTINCT version_num FROM %s.migrate_version", extension->schema_name),
					0, NULL);
	mig_spi_get_column(applied);
	if (applied->count == 0)
		return;
	PushActiveSnapshot(GetTransactionSnapshot());
	mig_scripts_read(extension, true, &scripts, &nscripts);
	PopActiveSnapshot();
	graph = mig_scripts_graph(scripts, nscripts, &report);

	rows = mig_alloc_array(int, applied->count);
	for (i = 0; i < applied->count; i++)
	{
		int			revision = mig_graph_lookup(graph, applied->names[i]);

		if (revision >= 0)
			rows[nrows++] = revision;
	}
	marked = mig_graph_ancestors(graph, rows, nrows, MIG_ALL_PARENTS);
	for (i = 0; i < nscripts; i++)
	{
		if (marked[i])
			mig_name_list_add(applied, scripts[i].revision.id);
	}
}
