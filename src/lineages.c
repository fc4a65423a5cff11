/*-------------------------------------------------------------------------
 *
 * lineages.c
 *	  All lineages of the database: schemas, and where each of them is.
 *
 * What the catalog and the tables of the extension know of schemas is read by
 * one query, as one list, sorted by schema: joins would depend on statistics
 * that new tables do not have.  Schemas with the same version rows share a
 * set of them, so what costs something is done once for each set.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lineages.h"
#include "miscadmin.h"
#include "plan.h"
#include "spiutil.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

/* What a row of the query tells of its schema; the order is that of the rows. */
enum
{
	IT_EXISTS,
	HAS_VERSION,
	IS_UNFINISHED
};

/* The versions of a schema, while they are not yet a set. */
typedef struct Versions
{
	MigNameList list;
	int			item;
} Versions;

/* Compare two lists of versions, for qsort(). */
static int
compare_versions(const void *a, const void *b)
{
	const MigNameList *x = &((const Versions *) a)->list;
	const MigNameList *y = &((const Versions *) b)->list;
	int			i;

	for (i = 0; i < x->count && i < y->count; i++)
	{
		int			order = strcmp(x->names[i], y->names[i]);

		if (order != 0)
			return order;
	}
	return x->count - y->count;
}

/* Let schemas with the same versions share a set. */
static void
make_sets(MigLineages *lineages, Versions *versions)
{
	int			i;

	qsort(versions, lineages->count, sizeof(Versions), compare_versions);
	lineages->sets = palloc0(sizeof(MigVersionSet) * Max(lineages->count, 1));
	lineages->nsets = 0;
	for (i = 0; i < lineages->count; i++)
	{
		if (i == 0 || compare_versions(&versions[i - 1], &versions[i]) != 0)
			lineages->sets[lineages->nsets++].versions = versions[i].list;
		lineages->items[versions[i].item].set = lineages->nsets - 1;
	}
}

/*
 * Run the query: a row for each fact about a schema.  "_" is a wildcard of
 * LIKE, thus the backslash.
 */
static uint64
select_facts(const MigExtension *extension, const char *pattern)
{
	MigSpiArgument argument = mig_spi_text(pattern);

	return mig_spi_select(psprintf("SELECT schema_name::pg_catalog.text, fact, version_num FROM ("
								   "SELECT nspname, %1$d, NULL FROM pg_catalog.pg_namespace"
								   " WHERE nspname NOT LIKE 'pg\\_%%' AND nspname <> 'information_schema'"
								   " UNION ALL SELECT schema_name, %2$d, version_num FROM %4$s.migrate_version"
								   " UNION ALL SELECT schema_name, %3$d, NULL FROM %4$s.migrate_unfinished)"
								   " AS facts (schema_name, fact, version_num)"
								   " WHERE schema_name::pg_catalog.text LIKE $1"
								   " ORDER BY facts.schema_name, fact, version_num COLLATE \"C\"",
								   IT_EXISTS, HAS_VERSION, IS_UNFINISHED, extension->schema_name),
						  1, &argument);
}

/* Note what a row tells of its schema. */
static void
add_fact(MigLineage *item, MigNameList *versions, uint64 row)
{
	bool		isnull;
	int			fact = DatumGetInt32(SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, 2, &isnull));

	if (fact == IT_EXISTS)
		item->exists = true;
	else if (fact == HAS_VERSION)
		mig_name_list_add(versions, mig_spi_get_text(row, 3));
	else
		item->unfinished = true;
}

/* Is the row about the schema? */
static bool
is_about(uint64 row, const char *schema_name)
{
	char	   *name = mig_spi_get_text(row, 1);
	bool		same = strcmp(name, schema_name) == 0;

	pfree(name);
	return same;
}

/* Does the schema belong to the result? */
static bool
is_wanted(const MigLineage *item, const MigNameList *versions, const char *own_schema, bool existing_only)
{
	if (existing_only && (!item->exists || item->schema_name[0] == '\0'))
		return false;
	return versions->count > 0 || item->unfinished || strcmp(item->schema_name, own_schema) != 0;
}

/*
 * Read the schemas that match a pattern of LIKE: those that exist or, without
 * existing_only, have rows in the tables of the extension; '' is one of the
 * latter.  Schemas of the server do not count, nor does that of the extension
 * unless it has rows.
 *
 * Called in an owner scope; sees what the active snapshot does.
 */
void
mig_lineages_read(MigLineages *lineages, const MigExtension *extension, const char *pattern, bool existing_only)
{
	uint64		nrows = select_facts(extension, pattern);
	const char *own_schema = get_namespace_name(extension->schema);
	Versions   *versions = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(Versions) * Max(nrows, 1));
	uint64		row = 0;

	MemSet(lineages, 0, sizeof(MigLineages));
	lineages->items = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(MigLineage) * Max(nrows, 1));
	while (row < nrows)
	{
		MigLineage	item = {.schema_name = mig_spi_get_text(row, 1)};
		Versions	rows = {{NULL, 0}, lineages->count};

		CHECK_FOR_INTERRUPTS();
		item.exists = item.schema_name[0] == '\0';
		do
			add_fact(&item, &rows.list, row++);
		while (row < nrows && is_about(row, item.schema_name));
		if (!is_wanted(&item, &rows.list, own_schema, existing_only))
			continue;
		versions[lineages->count] = rows;
		lineages->items[lineages->count++] = item;
	}
	SPI_freetuptable(SPI_tuptable);
	make_sets(lineages, versions);
	pfree(versions);
}

/* How many steps from a set of versions to the target? */
static void
plan_set(MigVersionSet *set, const MigStore *store, MigDirection direction, const char *target)
{
	MigReport	report = {0};
	MigRows		rows;
	MigPlan		plan;
	bool		ok;

	set->pending = -1;
	set->unknown = !mig_resolve_rows(store->graph, &set->versions, &rows, &set->report);
	if (set->unknown)
		return;
	set->at_heads = mig_rows_are_heads(store->graph, &rows);
	if (direction == MIG_UPGRADE)
		ok = mig_plan_upgrade(store->graph, &rows, target, &plan, &report);
	else
		ok = mig_plan_downgrade(store->graph, &rows, target, &plan, &report);
	if (ok)
		set->pending = plan.nsteps;
	else
		set->report = report;
}

/*
 * Find out how many steps each set of versions is away from a target.  What
 * cannot be planned is not raised: it is a matter of the schemas that have
 * that set.
 */
void
mig_lineages_plan(MigLineages *lineages, const MigStore *store, MigDirection direction, const char *target)
{
	int			i;

	for (i = 0; i < lineages->nsets; i++)
	{
		CHECK_FOR_INTERRUPTS();
		plan_set(&lineages->sets[i], store, direction, target);
	}
}
