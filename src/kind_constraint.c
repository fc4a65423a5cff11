/*-------------------------------------------------------------------------
 *
 * kind_constraint.c
 *	  Constraints of tables, indexes, extended statistics.
 *
 * The index behind a constraint is part of it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_statistic_ext.h"
#include "guc.h"
#include "kind_column.h"
#include "kind_table.h"
#include "kinds.h"
#include "options.h"
#include "utils/builtins.h"

/* The storage parameters of the index "ic", as the deparser prints them. */
#define DEPARSED_OPTIONS \
	" CASE WHEN ic.reloptions IS NOT NULL THEN (SELECT pg_catalog.string_agg(o, ', ') FROM" \
	" (SELECT pg_catalog.quote_ident(pg_catalog.split_part(o, '=', 1)) || '='" \
	" || CASE WHEN pg_catalog.substr(o, pg_catalog.strpos(o, '=') + 1) = pg_catalog.quote_ident(pg_catalog.substr(o, pg_catalog.strpos(o, '=') + 1))" \
	" THEN pg_catalog.substr(o, pg_catalog.strpos(o, '=') + 1)" \
	" ELSE pg_catalog.quote_literal(pg_catalog.substr(o, pg_catalog.strpos(o, '=') + 1)) END" \
	" FROM pg_catalog.unnest(ic.reloptions) AS o) AS q(o)) END"

/* ----------
 * Constraints
 * ----------
 */

static const MigAttribute constraint_attributes[] = {
	{"type", MIG_COMPARE_ALWAYS},
	{"definition", MIG_COMPARE_ALWAYS, true},
	{"not_valid", MIG_COMPARE_ALWAYS},
	{"inherited", MIG_COMPARE_NEVER},
	{"options", MIG_COMPARE_ALWAYS},
	{"tablespace", MIG_COMPARE_ALWAYS},
	{"clustered", MIG_COMPARE_ALWAYS},
	{"replica_identity", MIG_COMPARE_ALWAYS},
	{"index_comment", MIG_COMPARE_COMMENT},
	{NULL, MIG_COMPARE_NEVER}
};

/* of those that come from a parent table, CHECK constraints alone have to be there before */
static const char *const constraint_query =
"SELECT r.oid, 0, 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid, r.conrelid, 0, n.nspname::pg_catalog.text, r.conname::pg_catalog.text, NULL::pg_catalog.text,"
" r.contype::pg_catalog.text,"
" CASE WHEN r.convalidated THEN d.def ELSE pg_catalog.regexp_replace(d.def, ' NOT VALID$', '') END,"
" CASE WHEN NOT r.convalidated AND d.def LIKE '% NOT VALID' THEN 'NOT VALID' END,"
" CASE WHEN r.coninhcount > 0 THEN CASE WHEN r.conislocal THEN 'merged' ELSE 'true' END END,"
" CASE WHEN ic.reloptions IS NOT NULL THEN (SELECT pg_catalog.string_agg(" MIG_SQL_OPTION ", ', ' ORDER BY o COLLATE pg_catalog.\"C\") FROM pg_catalog.unnest(ic.reloptions) AS o) END,"
" ts.spcname::pg_catalog.text,"
" CASE WHEN i.indisclustered THEN 'CLUSTER' END,"
" CASE WHEN i.indisreplident AND c.relreplident = 'i' THEN 'REPLICA IDENTITY' END,"
" xd.description"
" FROM pg_catalog.pg_class c"
" JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
" JOIN pg_catalog.pg_constraint r ON r.conrelid = c.oid AND r.contype IN ('p', 'u', 'c', 'x', 'f')"
" LEFT JOIN pg_catalog.pg_index i ON r.contype IN ('p', 'u', 'x') AND i.indexrelid = r.conindid"
" LEFT JOIN pg_catalog.pg_class ic ON ic.oid = i.indexrelid"
/* that of an exclusion constraint has the parameters of its index */
" CROSS JOIN LATERAL (SELECT CASE WHEN r.contype = 'x' AND ic.reloptions IS NOT NULL"
" THEN pg_catalog.replace(pg_catalog.pg_get_constraintdef(r.oid, true), ' WITH (' || " DEPARSED_OPTIONS " || ')', '')"
" ELSE pg_catalog.pg_get_constraintdef(r.oid, true) END) AS d(def)"
" LEFT JOIN pg_catalog.pg_tablespace ts ON ts.oid = ic.reltablespace"
" LEFT JOIN pg_catalog.pg_description xd ON xd.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND xd.objoid = i.indexrelid AND xd.objsubid = 0"
" WHERE c.relnamespace = ANY ($1) AND c.relkind IN ('r', 'p', 'f')"
" AND r.conparentid = 0 AND (r.coninhcount = 0 OR r.contype = 'c' OR r.conislocal AND r.contype <> 'f')"
" ORDER BY n.nspname, c.relname, r.contype = 'f', r.conname";

/*
 * The text of a constraint as in CREATE TABLE.
 *
 * The deparser prints the storage parameters of the index only with the
 * whole statement; they stand where it would have them.
 */
static char *
constraint_text(const MigFact *fact)
{
	const char *definition = mig_value(fact, "definition");
	StringInfoData buf;
	StringInfoData index;
	const char *tail = NULL;

	initStringInfo(&index);
	if (mig_value(fact, "options"))
		appendStringInfo(&index, " WITH (%s)", mig_value(fact, "options"));
	if (mig_value(fact, "tablespace"))
		appendStringInfo(&index, " USING INDEX TABLESPACE %s", quote_identifier(mig_value(fact, "tablespace")));
	if (index.len > 0)
	{
		tail = strstr(definition, " WHERE (");
		if (tail == NULL)
			tail = strstr(definition, " DEFERRABLE");
	}
	initStringInfo(&buf);
	appendStringInfo(&buf, "CONSTRAINT %s ", mig_sql_local_name(fact));
	appendBinaryStringInfo(&buf, definition, tail ? (int) (tail - definition) : (int) strlen(definition));
	appendStringInfoString(&buf, index.data);
	if (tail)
		appendStringInfoString(&buf, tail);
	if (mig_value(fact, "not_valid"))
		appendStringInfoString(&buf, " NOT VALID");
	return buf.data;
}

/* Write what an index has that its definition cannot say. */
static void
index_extras(MigSqlList *sql, const MigFact *fact)
{
	if (mig_value(fact, "clustered"))
		mig_sql_action(sql, fact->parent, "CLUSTER ON %s", mig_sql_local_name(fact));
	if (mig_value(fact, "replica_identity"))
		mig_sql_action(sql, fact->parent, "REPLICA IDENTITY USING INDEX %s", mig_sql_local_name(fact));
}

/*
 * A table that becomes a partition keeps its indexes, which may serve those of
 * the parent, and gets others; one that is no more a partition keeps what it
 * got.  What is there then, and should not be, or the other way round, is seen
 * then.
 */
static bool
was_partition(const MigFact *table)
{
	return table->kind == &mig_kind_table && table->twin && mig_value(table->twin, "partition_of") &&
		!mig_same_value(table, table->twin, "partition_of");
}

/* Write the comment on the index of a constraint, which is not that on the constraint. */
static void
comment_on_index(MigSqlList *sql, const MigFact *fact)
{
	const char *comment = mig_value(fact, "index_comment");

	mig_sql_statement(sql, "COMMENT ON INDEX %s IS %s", mig_sql_name(fact),
					  comment ? quote_literal_cstr(comment) : "NULL");
}

static void
constraint_create(MigSqlList *sql, const MigFact *fact)
{
	if (mig_value_is(fact, "inherited", "true") && mig_follows_parent(fact))
		return;
	if (was_partition(fact->parent) && !mig_value_is(fact, "type", "c"))
		return;
	mig_sql_action(sql, fact->parent, "ADD %s", constraint_text(fact));
	index_extras(sql, fact);
	if (mig_compare_comment && mig_value(fact, "index_comment"))
		comment_on_index(sql, fact);
}

static void
constraint_drop(MigSqlList *sql, const MigFact *fact)
{
	/* the other way round */
	if (mig_value(fact, "inherited") || (was_partition(fact->parent) && !mig_value_is(fact, "type", "c")))
		return;
	mig_sql_action(sql, fact->parent, "DROP CONSTRAINT %s", mig_sql_local_name(fact));
}

/* Do the options of an index differ, and the server would not set them? */
static bool
has_fixed_options(const MigFact *from, const MigFact *to)
{
	return !mig_same_value(from, to, "options") && to->parent->kind == &mig_kind_table &&
		mig_value_is(to->parent, "relkind", "partitioned table");
}

static MigChange
constraint_change(const MigFact *from, const MigFact *to, const char **reason)
{
	if (!mig_same_value(from, to, "type") || !mig_same_value(from, to, "definition") ||
		mig_value(to, "not_valid") || has_fixed_options(from, to))
		return MIG_CHANGE_REPLACE;
	return MIG_CHANGE_ALTER;
}

/* Is a table to be clustered by an index at all?  There is only one such index. */
static bool
is_clustered(const MigFact *table)
{
	int			i;

	for (i = 0; i < table->data->nfacts; i++)
	{
		const MigFact *fact = table->data->facts[i];

		if (fact->parent == table && (fact->kind == &mig_kind_index || fact->kind == &mig_kind_constraint) &&
			mig_value(fact, "clustered"))
			return true;
	}
	return false;
}

/* Write the changes of an index that do not need a new one. */
static void
index_alter(MigSqlList *sql, const MigFact *from, const MigFact *to)
{
	if (!mig_same_value(from, to, "options"))
	{
		const char *reset = mig_option_names(mig_value(from, "options"), mig_value(to, "options"));

		if (reset)
			mig_sql_statement(sql, "ALTER INDEX %s RESET (%s)", mig_sql_name(to), reset);
		if (mig_value(to, "options"))
			mig_sql_statement(sql, "ALTER INDEX %s SET (%s)", mig_sql_name(to), mig_value(to, "options"));
	}
	if (!mig_same_value(from, to, "tablespace"))
		mig_sql_statement(sql, "ALTER INDEX %s SET TABLESPACE %s", mig_sql_name(to),
						  mig_value(to, "tablespace") ? quote_identifier(mig_value(to, "tablespace")) : "pg_default");
	if (!mig_same_value(from, to, "clustered"))
	{
		if (mig_value(to, "clustered"))
			mig_sql_action(sql, to->parent, "CLUSTER ON %s", mig_sql_local_name(to));
		else if (!is_clustered(to->parent))
			mig_sql_action(sql, to->parent, "SET WITHOUT CLUSTER");
	}
	if (!mig_same_value(from, to, "replica_identity") && mig_value(to, "replica_identity"))
		mig_sql_action(sql, to->parent, "REPLICA IDENTITY USING INDEX %s", mig_sql_local_name(to));
}

static void
constraint_alter(MigSqlList *sql, const MigFact *from, const MigFact *to)
{
	if (mig_value(from, "not_valid") && !mig_value(to, "not_valid"))
		mig_sql_action(sql, to->parent, "VALIDATE CONSTRAINT %s", mig_sql_local_name(to));
	index_alter(sql, from, to);
	if (mig_compare_comment && !mig_same_value(from, to, "index_comment"))
		comment_on_index(sql, to);
}

static void
constraint_rename(MigSqlList *sql, const MigFact *from, const MigFact *to)
{
	mig_sql_action(sql, to->parent, "RENAME CONSTRAINT %s TO %s", mig_sql_local_name(from), mig_sql_local_name(to));
}

const MigKind mig_kind_constraint = {
	.name = "table constraint",
	.class_id = ConstraintRelationId,
	.identity = MIG_IDENTITY_ON_PARENT,
	.parent_kind = &mig_kind_table,
	.create_order = MIG_CREATE_CONSTRAINT,
	.drop_order = MIG_DROP_CONSTRAINT,
	.rebuildable = true,
	.goes_with_parent = true,
	.attributes = constraint_attributes,
	.required = "type definition",
	.query = constraint_query,
	.create = constraint_create,
	.drop = constraint_drop,
	.change = constraint_change,
	.alter = constraint_alter,
	.rename = constraint_rename
};

/* ----------
 * Indexes
 * ----------
 */

static const MigAttribute index_attributes[] = {
	{"unique", MIG_COMPARE_ALWAYS},
	{"method", MIG_COMPARE_ALWAYS},
	{"definition", MIG_COMPARE_ALWAYS, true},
	{"options", MIG_COMPARE_ALWAYS},
	{"predicate", MIG_COMPARE_ALWAYS, true},
	{"tablespace", MIG_COMPARE_ALWAYS},
	{"invalid", MIG_COMPARE_ALWAYS},
	{"clustered", MIG_COMPARE_ALWAYS},
	{"replica_identity", MIG_COMPARE_ALWAYS},
	{"statistics", MIG_COMPARE_ALWAYS},
	{NULL, MIG_COMPARE_NEVER}
};

/*
 * The deparser prints the whole statement; what comes before the columns is
 * known and cut off, as are storage parameters and predicate, in this order
 * at the end.  Those of partitions that come with the parent's are left out.
 */
static const char *const index_query =
"SELECT i.indexrelid, 0, 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid, i.indrelid, 0, n.nspname::pg_catalog.text, ic.relname::pg_catalog.text, NULL::pg_catalog.text,"
" CASE WHEN i.indisunique THEN 'UNIQUE' END,"
" am.amname::pg_catalog.text,"
" CASE WHEN p.options IS NOT NULL THEN pg_catalog.left(p.body, pg_catalog.strpos(p.body, ' WITH (' || p.options || ')') - 1)"
" WHEN p.predicate IS NOT NULL THEN pg_catalog.left(p.body, - pg_catalog.length(' WHERE ' || p.predicate))"
" ELSE p.body END,"
" CASE WHEN ic.reloptions IS NOT NULL THEN (SELECT pg_catalog.string_agg(" MIG_SQL_OPTION ", ', ' ORDER BY o COLLATE pg_catalog.\"C\") FROM pg_catalog.unnest(ic.reloptions) AS o) END,"
" p.predicate,"
" ts.spcname::pg_catalog.text,"
" CASE WHEN NOT i.indisvalid AND ic.relkind = 'i' THEN 'INVALID' END,"
" CASE WHEN i.indisclustered THEN 'CLUSTER' END,"
" CASE WHEN i.indisreplident AND c.relreplident = 'i' THEN 'REPLICA IDENTITY' END,"
" CASE WHEN i.indexprs IS NOT NULL THEN (SELECT pg_catalog.string_agg('ALTER COLUMN ' || a.attnum || ' SET STATISTICS ' || a.attstattarget, ', ' ORDER BY a.attnum)"
" FROM pg_catalog.pg_attribute a WHERE a.attrelid = i.indexrelid AND a.attstattarget >= 0) END"
" FROM pg_catalog.pg_index i"
" JOIN pg_catalog.pg_class ic ON ic.oid = i.indexrelid"
" JOIN pg_catalog.pg_class c ON c.oid = i.indrelid"
" JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
" JOIN pg_catalog.pg_am am ON am.oid = ic.relam"
" LEFT JOIN pg_catalog.pg_tablespace ts ON ts.oid = ic.reltablespace"
" CROSS JOIN LATERAL (SELECT"
" pg_catalog.substr(pg_catalog.pg_get_indexdef(i.indexrelid, 0, true),"
" pg_catalog.length('CREATE ' || CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END || 'INDEX ' || pg_catalog.quote_ident(ic.relname)"
" || ' ON ' || CASE WHEN ic.relkind = 'I' THEN 'ONLY ' ELSE '' END || i.indrelid::pg_catalog.regclass::pg_catalog.text"
" || ' USING ' || pg_catalog.quote_ident(am.amname)) + 2),"
" CASE WHEN i.indpred IS NOT NULL THEN pg_catalog.pg_get_expr(i.indpred, i.indrelid, true) END,"
" " DEPARSED_OPTIONS ")"
" AS p(body, predicate, options)"
" WHERE c.relnamespace = ANY ($1) AND NOT ic.relispartition"
" AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint r WHERE r.conindid = i.indexrelid AND r.contype IN ('p', 'u', 'x') AND r.conrelid = i.indrelid)"
" ORDER BY n.nspname, ic.relname";

static void
index_create(MigSqlList *sql, const MigFact *fact)
{
	const char *method = mig_value(fact, "method");
	StringInfoData buf;

	if (was_partition(fact->parent))
		return;
	initStringInfo(&buf);
	appendStringInfo(&buf, "CREATE %sINDEX %s ON %s ", mig_value(fact, "unique") ? "UNIQUE " : "",
					 mig_sql_local_name(fact), mig_sql_name(fact->parent));
	if (strcmp(method, "btree") != 0)
		appendStringInfo(&buf, "USING %s ", quote_identifier(method));
	appendStringInfoString(&buf, mig_value(fact, "definition"));
	if (mig_value(fact, "options"))
		appendStringInfo(&buf, " WITH (%s)", mig_value(fact, "options"));
	if (mig_value(fact, "tablespace"))
		appendStringInfo(&buf, " TABLESPACE %s", quote_identifier(mig_value(fact, "tablespace")));
	if (mig_value(fact, "predicate"))
		appendStringInfo(&buf, " WHERE %s", mig_value(fact, "predicate"));
	mig_sql_statement(sql, "%s", buf.data);
	index_extras(sql, fact);
	if (mig_value(fact, "statistics"))
		mig_sql_statement(sql, "ALTER INDEX %s %s", mig_sql_name(fact), mig_value(fact, "statistics"));
}

static void
index_drop(MigSqlList *sql, const MigFact *fact)
{
	if (!was_partition(fact->parent))
		mig_sql_statement(sql, "DROP INDEX %s", mig_sql_name(fact));
}

static MigChange
index_change(const MigFact *from, const MigFact *to, const char **reason)
{
	static const char *const fixed[] = {"unique", "method", "definition", "predicate", "invalid", "statistics"};
	int			i;

	if (mig_fact_moves(from, to) || has_fixed_options(from, to))
		return MIG_CHANGE_REPLACE;
	for (i = 0; i < lengthof(fixed); i++)
	{
		if (!mig_same_value(from, to, fixed[i]))
			return MIG_CHANGE_REPLACE;
	}
	return MIG_CHANGE_ALTER;
}

static void
index_rename(MigSqlList *sql, const MigFact *from, const MigFact *to)
{
	mig_sql_statement(sql, "ALTER INDEX %s RENAME TO %s", mig_sql_name(from), mig_sql_local_name(to));
}

const MigKind mig_kind_index = {
	.name = "index",
	.class_id = RelationRelationId,
	.identity = MIG_IDENTITY_QUALIFIED,
	.names = MIG_NAMES_RELATION,
	.create_order = MIG_CREATE_INDEX,
	.drop_order = MIG_DROP_INDEX,
	.rebuildable = true,
	.goes_with_parent = true,
	.attributes = index_attributes,
	.required = "parent method definition",
	.query = index_query,
	.create = index_create,
	.drop = index_drop,
	.change = index_change,
	.alter = index_alter,
	.rename = index_rename
};

/* ----------
 * Extended statistics
 * ----------
 */

static const MigAttribute statistics_attributes[] = {
	{"kinds", MIG_COMPARE_ALWAYS},
	{"columns", MIG_COMPARE_ALWAYS},
	{"target", MIG_COMPARE_ALWAYS},
	{NULL, MIG_COMPARE_NEVER}
};

static const char *const statistics_query =
"SELECT s.oid, 0, 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid, s.stxrelid, 0, n.nspname::pg_catalog.text, s.stxname::pg_catalog.text, NULL::pg_catalog.text,"
" CASE WHEN s.stxkind <> '{d,f,m}'::pg_catalog.\"char\"[] AND s.stxkind <> '{d,f,m,e}'::pg_catalog.\"char\"[] AND s.stxkind <> '{e}'::pg_catalog.\"char\"[] THEN"
" (SELECT pg_catalog.string_agg(CASE k WHEN 'd' THEN 'ndistinct' WHEN 'f' THEN 'dependencies' WHEN 'm' THEN 'mcv' END, ', ')"
" FROM pg_catalog.unnest(s.stxkind) AS k) END,"
/* in no order that depends on that of the table's columns */
" pg_catalog.concat_ws(', ',"
" (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY a.attname)"
" FROM pg_catalog.pg_attribute a WHERE a.attrelid = s.stxrelid AND a.attnum = ANY (s.stxkeys)),"
" (SELECT pg_catalog.string_agg('(' || e || ')', ', ' ORDER BY n)"
" FROM pg_catalog.unnest(pg_catalog.pg_get_statisticsobjdef_expressions(s.oid)) WITH ORDINALITY AS e(e, n))),"
" NULLIF(s.stxstattarget, -1)::pg_catalog.text"
" FROM pg_catalog.pg_statistic_ext s"
" JOIN pg_catalog.pg_namespace n ON n.oid = s.stxnamespace"
" JOIN pg_catalog.pg_class c ON c.oid = s.stxrelid"
" WHERE c.relnamespace = ANY ($1)"
" ORDER BY n.nspname, s.stxname";

static void
statistics_create(MigSqlList *sql, const MigFact *fact)
{
	const char *kinds = mig_value(fact, "kinds");

	mig_sql_statement(sql, "CREATE STATISTICS %s%s ON %s FROM %s", mig_sql_name(fact),
					  kinds ? psprintf(" (%s)", kinds) : "", mig_value(fact, "columns"), mig_sql_name(fact->parent));
	if (mig_value(fact, "target"))
		mig_sql_statement(sql, "ALTER STATISTICS %s SET STATISTICS %s", mig_sql_name(fact), mig_value(fact, "target"));
}

static void
statistics_drop(MigSqlList *sql, const MigFact *fact)
{
	mig_sql_statement(sql, "DROP STATISTICS %s", mig_sql_name(fact));
}

static MigChange
statistics_change(const MigFact *from, const MigFact *to, const char **reason)
{
	return mig_same_value(from, to, "kinds") && mig_same_value(from, to, "columns") && !mig_fact_moves(from, to) ?
		MIG_CHANGE_ALTER : MIG_CHANGE_REPLACE;
}

static void
statistics_alter(MigSqlList *sql, const MigFact *from, const MigFact *to)
{
	mig_sql_statement(sql, "ALTER STATISTICS %s SET STATISTICS %s", mig_sql_name(to),
					  mig_value(to, "target") ? mig_value(to, "target") : "-1");
}

static void
statistics_rename(MigSqlList *sql, const MigFact *from, const MigFact *to)
{
	mig_rename_in_schema(sql, "STATISTICS", from, to);
}

const MigKind mig_kind_statistics = {
	.name = "statistics object",
	.class_id = StatisticExtRelationId,
	.identity = MIG_IDENTITY_QUALIFIED,
	.create_order = MIG_CREATE_STATISTICS,
	.drop_order = MIG_DROP_STATISTICS,
	.rebuildable = true,
	.goes_with_parent = true,
	.attributes = statistics_attributes,
	.required = "parent columns",
	.query = statistics_query,
	.create = statistics_create,
	.drop = statistics_drop,
	.change = statistics_change,
	.alter = statistics_alter,
	.rename = statistics_rename
};
