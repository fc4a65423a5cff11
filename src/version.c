/*-------------------------------------------------------------------------
 *
 * version.c
 *	  The version table, and the summary of heads.
 *
 * All functions here are called in an owner scope (security.c).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "errcodes.h"
#include "spiutil.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "version.h"

/* The current versions of a schema, sorted, as the active snapshot has them. */
void
mig_versions_read(const MigExtension *extension, const char *schema_name, MigNameList *versions)
{
	MigSpiArgument argument = mig_spi_text(schema_name);

	mig_spi_select(psprintf("SELECT version_num FROM %s.migrate_version"
							" WHERE schema_name = $1::pg_catalog.name ORDER BY version_num COLLATE \"C\"",
							extension->schema_name),
				   1, &argument);
	mig_spi_get_column(versions);
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
 * Is the schema at the heads, as far as the summary tells, and nothing half
 * done?  Takes no lock and does not read the store.  false also means that
 * the summary is empty, or that the target is not one of head and heads.
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
							 " WHERE v.schema_name = $1::pg_catalog.name ORDER BY v.version_num COLLATE \"C\")"
							 " AND NOT EXISTS (SELECT FROM %1$s.migrate_unfinished u WHERE u.schema_name = $1::pg_catalog.name)",
							 extension->schema_name),
					lengthof(arguments), arguments);
	return SPI_processed == 1;
}

/* The ids of revisions, sorted as the query of mig_is_at_heads() sorts them. */
static MigSpiArgument
sorted_ids(const MigGraph *graph, const int *revisions, int n)
{
	MigNameList ids = mig_graph_ids(graph, revisions, n);

	mig_name_list_sort(&ids);
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
