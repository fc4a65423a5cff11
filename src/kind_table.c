/*-------------------------------------------------------------------------
 *
 * kind_table.c
 *	  Schemas, tables and sequences.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "kind_column.h"
#include "kind_table.h"
#include "kinds.h"
#include "options.h"
#include "utils/builtins.h"

/* ----------
 * Schemas
 * ----------
 */

static const MigAttribute no_attributes[] = {
	{NULL, MIG_COMPARE_NEVER}
};

static const char *const schema_query =
"SELECT oid, 0, 0::pg_catalog.oid, 0::pg_catalog.oid, 0, NULL::pg_catalog.text, nspname::pg_catalog.text, NULL::pg_catalog.text"
" FROM pg_catalog.pg_namespace WHERE oid = ANY ($1) ORDER BY nspname";

static void
schema_create(MigSqlList *sql, const MigFact *fact)
{
	mig_sql_statement(sql, "CREATE SCHEMA %s", mig_sql_name(fact));
}

static void
schema_drop(MigSqlList *sql, const MigFact *fact)
{
	mig_sql_statement(sql, "DROP SCHEMA %s", mig_sql_name(fact));
}

static void
schema_rename(MigSqlList *sql, const MigFact *from, const MigFact *to)
{
	mig_sql_statement(sql, "ALTER SCHEMA %s RENAME TO %s", mig_sql_name(from), mig_sql_name(to));
}

const MigKind mig_kind_schema = {
	.name = "schema",
	.class_id = NamespaceRelationId,
	.identity = MIG_IDENTITY_NAME,
	.create_order = MIG_CREATE_SCHEMA,
	.drop_order = MIG_DROP_SCHEMA,
	.attributes = no_attributes,
	.query = schema_query,
	.create = schema_create,
	.drop = schema_drop,
	.rename = schema_rename
};

/* ----------
 * Tables
 * ----------
 */

static const MigAttribute table_attributes[] = {
	{"relkind", MIG_COMPARE_ALWAYS},
	{"persistence", MIG_COMPARE_ALWAYS},
	{"partition_key", MIG_COMPARE_ALWAYS},
	{"partition_of", MIG_COMPARE_NEVER},	/* see mig_kind_partition */
	{"bound", MIG_COMPARE_NEVER},
	{"inherits", MIG_COMPARE_ALWAYS},
	{"of_type", MIG_COMPARE_ALWAYS},
	{"access_method", MIG_COMPARE_ALWAYS},
	{"tablespace", MIG_COMPARE_ALWAYS},
	{"options", MIG_COMPARE_ALWAYS},
	{"row_security", MIG_COMPARE_ALWAYS},
	{"force_row_security", MIG_COMPARE_ALWAYS},
	{"replica_identity", MIG_COMPARE_ALWAYS},
	{"server", MIG_COMPARE_ALWAYS},
	{"foreign_options", MIG_COMPARE_ALWAYS},
	{NULL, MIG_COMPARE_NEVER}
};

static const char *const table_query =
"SELECT c.oid, 0, 0::pg_catalog.oid, 0::pg_catalog.oid, 0, n.nspname::pg_catalog.text, c.relname::pg_catalog.text, NULL::pg_catalog.text,"
" CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' ELSE 'foreign table' END,"
" CASE c.relpersistence WHEN 'u' THEN 'UNLOGGED' END,"
" CASE WHEN c.relkind = 'p' THEN pg_catalog.pg_get_partkeydef(c.oid) END,"
" CASE WHEN c.relispartition THEN i.parents END,"
" CASE WHEN c.relispartition THEN pg_catalog.pg_get_expr(c.relpartbound, c.oid, true) END,"
" CASE WHEN NOT c.relispartition THEN i.parents END,"
" CASE WHEN c.reloftype <> 0 THEN c.reloftype::pg_catalog.regtype::pg_catalog.text END,"
" NULLIF(am.amname, 'heap')::pg_catalog.text,"
" ts.spcname::pg_catalog.text,"
" CASE WHEN c.reloptions IS NOT NULL OR tc.reloptions IS NOT NULL THEN"
" (SELECT pg_catalog.string_agg(o.o, ', ' ORDER BY o.o) FROM"
" (SELECT " MIG_SQL_OPTION " FROM pg_catalog.unnest(c.reloptions) AS o"
" UNION ALL SELECT 'toast.' || " MIG_SQL_OPTION " FROM pg_catalog.unnest(tc.reloptions) AS o) AS o(o)) END,"
" CASE WHEN c.relrowsecurity THEN 'ENABLE' END,"
" CASE WHEN c.relforcerowsecurity THEN 'FORCE' END,"
" CASE WHEN c.relkind <> 'f' THEN CASE c.relreplident WHEN 'f' THEN 'FULL' WHEN 'n' THEN 'NOTHING' WHEN 'i' THEN 'INDEX' END END,"
" fs.srvname::pg_catalog.text,"
" CASE WHEN ft.ftoptions IS NOT NULL THEN (SELECT pg_catalog.string_agg(" MIG_SQL_GENERIC_OPTION ", ', ' ORDER BY o COLLATE pg_catalog.\"C\") FROM pg_catalog.unnest(ft.ftoptions) AS o) END"
" FROM pg_catalog.pg_class c"
" JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
" LEFT JOIN (SELECT inhrelid, pg_catalog.string_agg(inhparent::pg_catalog.regclass::pg_catalog.text, ', ' ORDER BY inhseqno) AS parents"
" FROM pg_catalog.pg_inherits GROUP BY inhrelid) i ON i.inhrelid = c.oid"
" LEFT JOIN pg_catalog.pg_am am ON am.oid = c.relam"
" LEFT JOIN pg_catalog.pg_tablespace ts ON ts.oid = c.reltablespace"
" LEFT JOIN pg_catalog.pg_class tc ON tc.oid = c.reltoastrelid"
" LEFT JOIN pg_catalog.pg_foreign_table ft ON ft.ftrelid = c.oid"
" LEFT JOIN pg_catalog.pg_foreign_server fs ON fs.oid = ft.ftserver"
" WHERE c.relnamespace = ANY ($1) AND c.relkind IN ('r', 'p', 'f')"
" ORDER BY n.nspname, c.relname";

/* Is it a foreign table? */
static bool
is_foreign(const MigFact *table)
{
	return mig_value_is(table, "relkind", "foreign table");
}

/* Append what comes after the closing parenthesis. */
static void
append_table_tail(StringInfo buf, const MigFact *table)
{
	if (mig_value(table, "inherits"))
		appendStringInfo(buf, " INHERITS (%s)", mig_value(table, "inherits"));
	if (mig_value(table, "bound"))
		appendStringInfo(buf, " %s", mig_value(table, "bound"));
	if (mig_value(table, "partition_key"))
		appendStringInfo(buf, " PARTITION BY %s", mig_value(table, "partition_key"));
	if (mig_value(table, "access_method"))
		appendStringInfo(buf, " USING %s", quote_identifier(mig_value(table, "access_method")));
	if (mig_value(table, "options"))
		appendStringInfo(buf, " WITH (%s)", mig_value(table, "options"));
	if (mig_value(table, "tablespace"))
		appendStringInfo(buf, " TABLESPACE %s", quote_identifier(mig_value(table, "tablespace")));
	if (mig_value(table, "server"))
		appendStringInfo(buf, " SERVER %s", quote_identifier(mig_value(table, "server")));
	if (mig_value(table, "foreign_options"))
		appendStringInfo(buf, " OPTIONS (%s)", mig_value(table, "foreign_options"));
}

/*
 * The statement that creates a table, with the elements that are to be
 * written in it.
 */
char *
mig_create_table_text(const MigFact *table, const MigTableElement *elements, int nelements)
{
	const char *unlogged = mig_value(table, "persistence") ? "UNLOGGED " : "";
	bool		typed = mig_value(table, "of_type") || mig_value(table, "partition_of");
	StringInfoData buf;
	int			written = 0;
	int			i;

	initStringInfo(&buf);
	appendStringInfo(&buf, "CREATE %s%sTABLE %s", unlogged, is_foreign(table) ? "FOREIGN " : "", mig_sql_name(table));
	if (mig_value(table, "of_type"))
		appendStringInfo(&buf, " OF %s", mig_value(table, "of_type"));
	if (mig_value(table, "partition_of"))
		appendStringInfo(&buf, " PARTITION OF %s", mig_value(table, "partition_of"));
	for (i = 0; i < nelements; i++)
	{
		if (elements[i].column && mig_column_is_inherited(elements[i].column))
			continue;
		appendStringInfoString(&buf, written++ == 0 ? " (\n    " : ",\n    ");
		if (elements[i].column)
			mig_append_column(&buf, elements[i].column, elements[i].column_default);
		else
			appendStringInfoString(&buf, elements[i].constraint);
	}
	if (written > 0)
		appendStringInfoString(&buf, "\n)");
	else if (!typed)
		appendStringInfoString(&buf, " ()");
	append_table_tail(&buf, table);
	return buf.data;
}

/* Write what CREATE TABLE cannot say; the statement itself has elements. */
static void
table_create(MigSqlList *sql, const MigFact *fact)
{
	const char *replica_identity = mig_value(fact, "replica_identity");

	if (mig_value(fact, "row_security"))
		mig_sql_action(sql, fact, "ENABLE ROW LEVEL SECURITY");
	if (mig_value(fact, "force_row_security"))
		mig_sql_action(sql, fact, "FORCE ROW LEVEL SECURITY");
	if (replica_identity && strcmp(replica_identity, "INDEX") != 0)
		mig_sql_action(sql, fact, "REPLICA IDENTITY %s", replica_identity);
}

static void
table_drop(MigSqlList *sql, const MigFact *fact)
{
	mig_sql_statement(sql, "DROP %sTABLE %s", is_foreign(fact) ? "FOREIGN " : "", mig_sql_name(fact));
	if (!is_foreign(fact) && !mig_value_is(fact, "relkind", "partitioned table"))
		mig_sql_loses(sql, "table %s", fact->identity);
}

static MigChange
table_change(const MigFact *from, const MigFact *to, const char **reason)
{
	if (!mig_same_value(from, to, "relkind"))
	{
		*reason = psprintf("a %s cannot become a %s", mig_value(from, "relkind"), mig_value(to, "relkind"));
		return MIG_CHANGE_REFUSE;
	}
	if (!mig_same_value(from, to, "partition_key"))
	{
		*reason = "the partition key of a table cannot be changed";
		return MIG_CHANGE_REFUSE;
	}
	if (mig_value_is(to, "relkind", "partitioned table") && !mig_same_value(from, to, "persistence"))
	{
		*reason = "whether a partitioned table is logged cannot be changed";
		return MIG_CHANGE_REFUSE;
	}
	if (!mig_same_value(from, to, "server"))
		return MIG_CHANGE_REPLACE;	/* the rows are elsewhere */
	return MIG_CHANGE_ALTER;
}

/* Write the change of parents of plain inheritance. */
static void
alter_inherits(MigSqlList *sql, const MigFact *from, const MigFact *to)
{
	const char *old_parents = mig_value(from, "inherits");
	const char *new_parents = mig_value(to, "inherits");
	List	   *removed = mig_list_missing(old_parents, new_parents);
	List	   *added = mig_list_missing(new_parents, old_parents);
	ListCell   *lc;

	foreach(lc, removed)
		mig_sql_action(sql, to, "NO INHERIT %s", (char *) lfirst(lc));
	foreach(lc, added)
		mig_sql_action(sql, to, "INHERIT %s", (char *) lfirst(lc));
}

/* Write the change of storage parameters. */
static void
alter_options(MigSqlList *sql, const MigFact *from, const MigFact *to)
{
	const char *reset = mig_option_names(mig_value(from, "options"), mig_value(to, "options"));

	if (reset)
		mig_sql_action(sql, to, "RESET (%s)", reset);
	if (mig_value(to, "options"))
		mig_sql_action(sql, to, "SET (%s)", mig_value(to, "options"));
}

static void
table_alter(MigSqlList *sql, const MigFact *from, const MigFact *to)
{
	const char *replica_identity = mig_value(to, "replica_identity");

	if (!mig_same_value(from, to, "persistence"))
		mig_sql_action(sql, to, "SET %s", mig_value(to, "persistence") ? "UNLOGGED" : "LOGGED");
	if (!mig_same_value(from, to, "of_type"))
	{
		if (mig_value(to, "of_type"))
			mig_sql_action(sql, to, "OF %s", mig_value(to, "of_type"));
		else
			mig_sql_action(sql, to, "NOT OF");
	}
	if (!mig_same_value(from, to, "inherits"))
		alter_inherits(sql, from, to);
	if (!mig_same_value(from, to, "access_method"))
		mig_sql_action(sql, to, "SET ACCESS METHOD %s",
					   mig_value(to, "access_method") ? quote_identifier(mig_value(to, "access_method")) : "heap");
	if (!mig_same_value(from, to, "tablespace"))
		mig_sql_action(sql, to, "SET TABLESPACE %s",
					   mig_value(to, "tablespace") ? quote_identifier(mig_value(to, "tablespace")) : "pg_default");
	if (!mig_same_value(from, to, "options"))
		alter_options(sql, from, to);
	if (!mig_same_value(from, to, "row_security"))
		mig_sql_action(sql, to, "%s ROW LEVEL SECURITY", mig_value(to, "row_security") ? "ENABLE" : "DISABLE");
	if (!mig_same_value(from, to, "force_row_security"))
		mig_sql_action(sql, to, "%s ROW LEVEL SECURITY", mig_value(to, "force_row_security") ? "FORCE" : "NO FORCE");
	/* an index says so itself */
	if (!mig_same_value(from, to, "replica_identity") &&
		(replica_identity == NULL || strcmp(replica_identity, "INDEX") != 0))
		mig_sql_action(sql, to, "REPLICA IDENTITY %s", replica_identity ? replica_identity : "DEFAULT");
	if (!mig_same_value(from, to, "foreign_options"))
		mig_sql_statement(sql, "ALTER FOREIGN TABLE %s OPTIONS (%s)", mig_sql_name(to),
						  mig_generic_option_changes(mig_value(from, "foreign_options"),
													 mig_value(to, "foreign_options")));
}

/* Write the statements that give something another schema, another name, or both. */
void
mig_rename_in_schema(MigSqlList *sql, const char *type, const MigFact *from, const MigFact *to)
{
	const char *name = mig_sql_name(from);

	if (strcmp(from->schema, to->schema) != 0)
	{
		mig_sql_statement(sql, "ALTER %s %s SET SCHEMA %s", type, name, quote_identifier(to->schema));
		name = psprintf("%s.%s", quote_identifier(to->schema), quote_identifier(from->name));
	}
	if (strcmp(from->name, to->name) != 0)
		mig_sql_statement(sql, "ALTER %s %s RENAME TO %s", type, name, mig_sql_local_name(to));
}

static void
table_rename(MigSqlList *sql, const MigFact *from, const MigFact *to)
{
	mig_rename_in_schema(sql, is_foreign(from) ? "FOREIGN TABLE" : "TABLE", from, to);
}

/* A logged table may not refer to an unlogged one, in between either. */
static bool
table_breaks(const MigFact *from, const MigFact *to, const MigFact *dependent)
{
	return !mig_same_value(from, to, "persistence") && dependent->kind == &mig_kind_constraint &&
		mig_value_is(dependent, "type", "f");
}

const MigKind mig_kind_table = {
	.name = "table",
	.class_id = RelationRelationId,
	.identity = MIG_IDENTITY_QUALIFIED,
	.names = MIG_NAMES_RELATION | MIG_NAMES_TYPE,
	.create_order = MIG_CREATE_TABLE,
	.drop_order = MIG_DROP_TABLE,
	.attributes = table_attributes,
	.required = "relkind",
	.query = table_query,
	.create = table_create,
	.drop = table_drop,
	.change = table_change,
	.alter = table_alter,
	.rename = table_rename,
	.breaks = table_breaks
};

/* ----------
 * What makes a table a partition
 *
 * A new table says so itself.
 * ----------
 */

static const MigAttribute partition_attributes[] = {
	{"partition_of", MIG_COMPARE_ALWAYS},
	{"bound", MIG_COMPARE_ALWAYS},
	{NULL, MIG_COMPARE_NEVER}
};

static const char *const partition_query =
"SELECT 0::pg_catalog.oid, 0, 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid, c.oid, 0, NULL::pg_catalog.text, '', NULL::pg_catalog.text,"
" i.inhparent::pg_catalog.regclass::pg_catalog.text,"
" pg_catalog.pg_get_expr(c.relpartbound, c.oid, true)"
" FROM pg_catalog.pg_class c"
" JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
" JOIN pg_catalog.pg_inherits i ON i.inhrelid = c.oid"
" WHERE c.relnamespace = ANY ($1) AND c.relkind IN ('r', 'p', 'f') AND c.relispartition"
" ORDER BY n.nspname, c.relname";

static void
partition_create(MigSqlList *sql, const MigFact *fact)
{
	mig_sql_statement(sql, "ALTER TABLE %s ATTACH PARTITION %s %s", mig_value(fact, "partition_of"),
					  mig_sql_name(fact->parent), mig_value(fact, "bound"));
}

static void
partition_drop(MigSqlList *sql, const MigFact *fact)
{
	mig_sql_statement(sql, "ALTER TABLE %s DETACH PARTITION %s", mig_value(fact, "partition_of"),
					  mig_sql_name(fact->parent));
}

const MigKind mig_kind_partition = {
	.name = "partition bound",
	.identity = MIG_IDENTITY_PARENT,
	.parent_kind = &mig_kind_table,
	.create_order = MIG_CREATE_CONSTRAINT,
	.drop_order = MIG_DROP_DEFAULT,
	.rebuildable = true,
	.inside_parent = true,
	.goes_with_parent = true,
	.attributes = partition_attributes,
	.required = "partition_of bound",
	.query = partition_query,
	.create = partition_create,
	.drop = partition_drop
};

/* ----------
 * Sequences
 * ----------
 */

static const MigAttribute sequence_attributes[] = {
	{"type", MIG_COMPARE_ALWAYS},
	{"persistence", MIG_COMPARE_ALWAYS},
	{"start", MIG_COMPARE_ALWAYS},
	{"increment", MIG_COMPARE_ALWAYS},
	{"minimum", MIG_COMPARE_ALWAYS},
	{"maximum", MIG_COMPARE_ALWAYS},
	{"cache", MIG_COMPARE_ALWAYS},
	{"cycle", MIG_COMPARE_ALWAYS},
	{NULL, MIG_COMPARE_NEVER}
};

/* those of identity columns belong to the column */
static const char *const sequence_query =
"SELECT c.oid, 0, 0::pg_catalog.oid, 0::pg_catalog.oid, 0, n.nspname::pg_catalog.text, c.relname::pg_catalog.text, NULL::pg_catalog.text,"
" pg_catalog.format_type(s.seqtypid, NULL),"
" CASE c.relpersistence WHEN 'u' THEN 'UNLOGGED' END,"
" s.seqstart::pg_catalog.text, s.seqincrement::pg_catalog.text, s.seqmin::pg_catalog.text, s.seqmax::pg_catalog.text,"
" s.seqcache::pg_catalog.text, CASE WHEN s.seqcycle THEN 'CYCLE' END"
" FROM pg_catalog.pg_sequence s"
" JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid"
" JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
" WHERE c.relnamespace = ANY ($1)"
" AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass"
" AND d.objid = c.oid AND d.deptype = 'i')"
" ORDER BY n.nspname, c.relname";

static void
sequence_create(MigSqlList *sql, const MigFact *fact)
{
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfo(&buf, "CREATE %sSEQUENCE %s", mig_value(fact, "persistence") ? "UNLOGGED " : "",
					 mig_sql_name(fact));
	if (!mig_value_is(fact, "type", "bigint"))
		appendStringInfo(&buf, " AS %s", mig_value(fact, "type"));
	mig_append_sequence_options(&buf, fact, mig_value(fact, "type"));
	mig_sql_statement(sql, "%s", buf.data);
}

static void
sequence_drop(MigSqlList *sql, const MigFact *fact)
{
	mig_sql_statement(sql, "DROP SEQUENCE %s", mig_sql_name(fact));
	mig_sql_loses(sql, "the value of sequence %s", fact->identity);
}

static MigChange
sequence_change(const MigFact *from, const MigFact *to, const char **reason)
{
	return MIG_CHANGE_ALTER;
}

static void
sequence_alter(MigSqlList *sql, const MigFact *from, const MigFact *to)
{
	StringInfoData buf;

	initStringInfo(&buf);
	if (!mig_same_value(from, to, "type"))
		appendStringInfo(&buf, " AS %s", mig_value(to, "type"));
	mig_append_sequence_changes(&buf, from, to, "");
	if (buf.len > 0)
		mig_sql_statement(sql, "ALTER SEQUENCE %s%s", mig_sql_name(to), buf.data);
	if (mig_sequence_restarts(from, to))
		mig_sql_loses(sql, "the value of sequence %s", to->identity);
	if (!mig_same_value(from, to, "persistence"))
		mig_sql_statement(sql, "ALTER SEQUENCE %s SET %s", mig_sql_name(to),
						  mig_value(to, "persistence") ? "UNLOGGED" : "LOGGED");
}

static void
sequence_rename(MigSqlList *sql, const MigFact *from, const MigFact *to)
{
	mig_rename_in_schema(sql, "SEQUENCE", from, to);
}

const MigKind mig_kind_sequence = {
	.name = "sequence",
	.class_id = RelationRelationId,
	.identity = MIG_IDENTITY_QUALIFIED,
	.names = MIG_NAMES_RELATION,
	.create_order = MIG_CREATE_SEQUENCE,
	.drop_order = MIG_DROP_SEQUENCE,
	.attributes = sequence_attributes,
	.required = "type start increment minimum maximum cache",
	.query = sequence_query,
	.create = sequence_create,
	.drop = sequence_drop,
	.change = sequence_change,
	.alter = sequence_alter,
	.rename = sequence_rename
};

/* ----------
 * Which column a sequence goes with
 * ----------
 */

static const MigAttribute sequence_owner_attributes[] = {
	{"column", MIG_COMPARE_ALWAYS},
	{NULL, MIG_COMPARE_NEVER}
};

static const char *const sequence_owner_query =
"SELECT 0::pg_catalog.oid, 0, 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid, d.objid, 0, NULL::pg_catalog.text, '', NULL::pg_catalog.text,"
" a.attrelid::pg_catalog.regclass::pg_catalog.text || '.' || pg_catalog.quote_ident(a.attname)"
" FROM pg_catalog.pg_sequence s"
" JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid"
" JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = s.seqrelid"
" AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype = 'a'"
" JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid"
" WHERE c.relnamespace = ANY ($1)";

/* Is it an old column that has its values from the sequence, which is new? */
static bool
is_newly_filled(const MigFact *column, const MigFact *sequence)
{
	const MigFact *column_default = mig_column_default(column);
	const char *type = mig_value(column, "type");

	return column->twin && sequence->twin == NULL && column_default &&
		mig_fact_needs(column_default, sequence) &&
		(strcmp(type, "integer") == 0 || strcmp(type, "bigint") == 0 || strcmp(type, "smallint") == 0);
}

static void
sequence_owner_create(MigSqlList *sql, const MigFact *fact)
{
	const MigFact *sequence = fact->parent;
	int			i;

	mig_sql_statement(sql, "ALTER SEQUENCE %s OWNED BY %s", mig_sql_name(sequence), mig_value(fact, "column"));
	for (i = 0; i < fact->nneeds; i++)
	{
		if (fact->needs[i]->kind == &mig_kind_column && is_newly_filled(fact->needs[i], sequence))
			mig_sequence_goes_on(sql, fact->needs[i], sequence, quote_literal_cstr(mig_sql_name(sequence)));
	}
}

static void
sequence_owner_drop(MigSqlList *sql, const MigFact *fact)
{
	mig_sql_statement(sql, "ALTER SEQUENCE %s OWNED BY NONE", mig_sql_name(fact->parent));
}

const MigKind mig_kind_sequence_owner = {
	.name = "sequence owner",
	.identity = MIG_IDENTITY_PARENT,
	.parent_kind = &mig_kind_sequence,
	.create_order = MIG_CREATE_SEQUENCE_OWNER,
	.drop_order = MIG_DROP_DEFAULT,
	.rebuildable = true,
	.goes_with_parent = true,
	.attributes = sequence_owner_attributes,
	.required = "column",
	.query = sequence_owner_query,
	.create = sequence_owner_create,
	.drop = sequence_owner_drop
};
