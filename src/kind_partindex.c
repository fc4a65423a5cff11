/*-------------------------------------------------------------------------
 *
 * kind_partindex.c
 *	  Indexes of partitions that belong to an index of the parent.
 *
 * They come and go with that, or with the partition.  All that is their own
 * is a name, which the server chooses.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "kinds.h"
#include "utils/builtins.h"

static const MigAttribute partition_index_attributes[] = {
	{"index_schema", MIG_COMPARE_NEVER},
	{"index", MIG_COMPARE_ALWAYS},
	{NULL, MIG_COMPARE_NEVER}
};

/* those of sub-partitions after those of the partitions that they belong to */
static const char *const partition_index_query =
"SELECT h.inhrelid, 0,"
" CASE WHEN r.oid IS NULL THEN 'pg_catalog.pg_class'::pg_catalog.regclass ELSE 'pg_catalog.pg_constraint'::pg_catalog.regclass END::pg_catalog.oid,"
" COALESCE(r.oid, h.inhparent), 0, tn.nspname::pg_catalog.text, tn.nspname || '.' || t.relname, NULL::pg_catalog.text,"
" xn.nspname::pg_catalog.text, x.relname::pg_catalog.text"
" FROM pg_catalog.pg_class x"
" JOIN pg_catalog.pg_inherits h ON h.inhrelid = x.oid"
" JOIN pg_catalog.pg_namespace xn ON xn.oid = x.relnamespace"
" JOIN pg_catalog.pg_index i ON i.indexrelid = x.oid"
" JOIN pg_catalog.pg_class t ON t.oid = i.indrelid"
" JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace"
" LEFT JOIN pg_catalog.pg_constraint r ON r.conindid = h.inhparent AND r.contype IN ('p', 'u', 'x') AND r.conparentid = 0"
" WHERE x.relispartition AND x.relkind IN ('i', 'I') AND x.relnamespace = ANY ($1)"
" ORDER BY (SELECT pg_catalog.count(*) FROM pg_catalog.pg_partition_ancestors(x.oid)), 7";

/* What makes it is the statement on the parent, or on the partition. */
static void
partition_index_create(MigSqlList *sql, const MigFact *fact)
{
}

static MigChange
partition_index_change(const MigFact *from, const MigFact *to, const char **reason)
{
	return MIG_CHANGE_ALTER;
}

static void
partition_index_alter(MigSqlList *sql, const MigFact *from, const MigFact *to)
{
	const char *schema = mig_value(from, "index_schema");
	const char *index = quote_identifier(mig_value(from, "index"));

	if (from->data->path_schema == NULL || strcmp(from->data->path_schema, schema) != 0)
		index = psprintf("%s.%s", quote_identifier(schema), index);
	mig_sql_statement(sql, "ALTER INDEX %s RENAME TO %s", index, quote_identifier(mig_value(to, "index")));
}

const MigKind mig_kind_partition_index = {
	.name = "partition index",
	.class_id = RelationRelationId,
	.identity = MIG_IDENTITY_ON_PARENT,
	.create_order = MIG_CREATE_INDEX,
	.drop_order = MIG_DROP_INDEX,
	.rebuildable = true,
	.goes_with_parent = true,
	.attributes = partition_index_attributes,
	.required = "parent index_schema index",
	.query = partition_index_query,
	.create = partition_index_create,
	.drop = partition_index_create,
	.change = partition_index_change,
	.alter = partition_index_alter
};
