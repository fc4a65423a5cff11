/*-------------------------------------------------------------------------
 *
 * kind_view.c
 *	  Views, materialized views and their columns.
 *
 * A view can get another query while others use it, if its columns stay and
 * new ones follow them; so it is dropped and created only where it must be.  A
 * materialized view cannot, but it is never more than a copy of its query's
 * result, so it is.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "kinds.h"
#include "objectname.h"
#include "options.h"
#include "utils/builtins.h"
#include "utils/formatting.h"

/* Write what turns the options of one into those of the other. */
static void
alter_options(MigSqlList *sql, const MigFact *from, const MigFact *to)
{
	const char *options = mig_value(to, "options");
	const char *reset = mig_option_names(mig_value(from, "options"), options);

	if (reset)
		mig_sql_statement(sql, "ALTER %s RESET (%s)", mig_object_text(to), reset);
	if (options && !mig_same_value(from, to, "options"))
		mig_sql_statement(sql, "ALTER %s SET (%s)", mig_object_text(to), options);
}

/* ----------
 * Views
 * ----------
 */

static const MigAttribute view_attributes[] = {
	{"definition", MIG_COMPARE_ALWAYS, true},
	{"options", MIG_COMPARE_ALWAYS},
	{"check_option", MIG_COMPARE_ALWAYS},	/* local or cascaded */
	{"columns", MIG_COMPARE_NEVER}, /* each with its type and collation, and
									 * ended by a newline */
	{NULL, MIG_COMPARE_NEVER}
};

static const char view_query[] =
"SELECT v.oid, 0, 0::pg_catalog.oid, 0::pg_catalog.oid, 0, n.nspname::pg_catalog.text,"
"  v.relname::pg_catalog.text, NULL::pg_catalog.text,"
"  pg_catalog.rtrim(pg_catalog.pg_get_viewdef(v.oid, true), ';'),"
"  o.options, o.check_option, a.columns"
"  FROM pg_catalog.pg_class v"
"  JOIN pg_catalog.pg_namespace n ON n.oid = v.relnamespace"
"  LEFT JOIN (SELECT a.attrelid, pg_catalog.string_agg(pg_catalog.concat_ws(' ',"
"      pg_catalog.quote_ident(a.attname), pg_catalog.format_type(a.atttypid, a.atttypmod),"
"      a.attcollation::pg_catalog.regcollation, E'\\n'), '' ORDER BY a.attnum) AS columns"
"    FROM pg_catalog.pg_attribute a"
"    JOIN pg_catalog.pg_class v ON v.oid = a.attrelid"
"    WHERE v.relkind = 'v' AND v.relnamespace = ANY ($1) AND a.attnum > 0"
"    GROUP BY a.attrelid) a ON a.attrelid = v.oid"
"  LEFT JOIN (SELECT v.oid,"
"      pg_catalog.string_agg(" MIG_SQL_OPTION ", ', ' ORDER BY o COLLATE pg_catalog.\"C\") FILTER (WHERE o !~ '^check_option=') AS options,"
"      pg_catalog.min(pg_catalog.substr(o, 14)) FILTER (WHERE o ~ '^check_option=') AS check_option"
"    FROM pg_catalog.pg_class v, pg_catalog.unnest(v.reloptions) o"
"    WHERE v.relkind = 'v' AND v.relnamespace = ANY ($1) AND v.reloptions IS NOT NULL"
"    GROUP BY v.oid) o ON o.oid = v.oid"
"  WHERE v.relkind = 'v' AND v.relnamespace = ANY ($1)";

/* Write CREATE VIEW, or what replaces the query and the options of one. */
static void
write_view(MigSqlList *sql, const char *create, const MigFact *fact)
{
	const char *options = mig_value(fact, "options");
	const char *check_option = mig_value(fact, "check_option");
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfo(&buf, "%s VIEW %s", create, mig_sql_name(fact));
	if (options)
		appendStringInfo(&buf, " WITH (%s)", options);
	appendStringInfo(&buf, " AS\n%s", mig_value(fact, "definition"));
	if (check_option)
		appendStringInfo(&buf, "\n  WITH %s CHECK OPTION", asc_toupper(check_option, strlen(check_option)));
	mig_sql_statement(sql, "%s", buf.data);
}

static void
create_view(MigSqlList *sql, const MigFact *fact)
{
	write_view(sql, "CREATE", fact);
}

/* The columns there are can only be followed by more. */
static MigChange
change_view(const MigFact *from, const MigFact *to, const char **reason)
{
	const char *old_columns = mig_value(from, "columns");
	const char *new_columns = mig_value(to, "columns");

	if (old_columns == NULL || mig_same_value(from, to, "definition"))
		return MIG_CHANGE_ALTER;
	if (new_columns == NULL || strncmp(old_columns, new_columns, strlen(old_columns)) != 0)
		return MIG_CHANGE_REPLACE;
	return MIG_CHANGE_ALTER;
}

static void
alter_view(MigSqlList *sql, const MigFact *from, const MigFact *to)
{
	const char *check_option = mig_value(to, "check_option");

	/* the options are replaced, too */
	if (!mig_same_value(from, to, "definition"))
	{
		write_view(sql, "CREATE OR REPLACE", to);
		return;
	}
	alter_options(sql, from, to);
	if (mig_same_value(from, to, "check_option"))
		return;
	if (check_option)
		mig_sql_statement(sql, "ALTER VIEW %s SET (check_option=%s)", mig_sql_name(to), check_option);
	else
		mig_sql_statement(sql, "ALTER VIEW %s RESET (check_option)", mig_sql_name(to));
}

const MigKind mig_kind_view = {
	.name = "view",
	.class_id = RelationRelationId,
	.identity = MIG_IDENTITY_QUALIFIED,
	.names = MIG_NAMES_RELATION | MIG_NAMES_TYPE,
	.create_order = MIG_CREATE_VIEW,
	.drop_order = MIG_DROP_VIEW,
	.rebuildable = true,
	.attributes = view_attributes,
	.required = "definition",
	.query = view_query,
	.create = create_view,
	.drop = mig_drop_object,
	.change = change_view,
	.alter = alter_view,
	.rename = mig_rename_object
};

/* ----------
 * Materialized views
 * ----------
 */

static const MigAttribute matview_attributes[] = {
	{"definition", MIG_COMPARE_ALWAYS, true},
	{"access_method", MIG_COMPARE_ALWAYS},	/* null: heap */
	{"options", MIG_COMPARE_ALWAYS},
	{"tablespace", MIG_COMPARE_ALWAYS}, /* null: that of the database */
	{NULL, MIG_COMPARE_NEVER}
};

static const char matview_query[] =
"SELECT v.oid, 0, 0::pg_catalog.oid, 0::pg_catalog.oid, 0, n.nspname::pg_catalog.text,"
"  v.relname::pg_catalog.text, NULL::pg_catalog.text,"
"  pg_catalog.rtrim(pg_catalog.pg_get_viewdef(v.oid, true), ';'),"
"  NULLIF(m.amname, 'heap')::pg_catalog.text, o.options, s.spcname::pg_catalog.text"
"  FROM pg_catalog.pg_class v"
"  JOIN pg_catalog.pg_namespace n ON n.oid = v.relnamespace"
"  JOIN pg_catalog.pg_am m ON m.oid = v.relam"
"  LEFT JOIN pg_catalog.pg_tablespace s ON s.oid = v.reltablespace"
"  LEFT JOIN (SELECT q.oid, pg_catalog.string_agg(q.option, ', ' ORDER BY q.option) AS options"
"    FROM (SELECT v.oid, " MIG_SQL_OPTION " AS option"
"        FROM pg_catalog.pg_class v, pg_catalog.unnest(v.reloptions) o"
"        WHERE v.relkind = 'm' AND v.relnamespace = ANY ($1) AND v.reloptions IS NOT NULL"
"      UNION ALL SELECT v.oid, 'toast.' || " MIG_SQL_OPTION
"        FROM pg_catalog.pg_class v"
"        JOIN pg_catalog.pg_class t ON t.oid = v.reltoastrelid, pg_catalog.unnest(t.reloptions) o"
"        WHERE v.relkind = 'm' AND v.relnamespace = ANY ($1) AND t.reloptions IS NOT NULL) q"
"    GROUP BY q.oid) o ON o.oid = v.oid"
"  WHERE v.relkind = 'm' AND v.relnamespace = ANY ($1)";

/* The copy is made at once, as what needs it expects. */
static void
create_matview(MigSqlList *sql, const MigFact *fact)
{
	const char *access_method = mig_value(fact, "access_method");
	const char *options = mig_value(fact, "options");
	const char *tablespace = mig_value(fact, "tablespace");
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfo(&buf, "CREATE MATERIALIZED VIEW %s", mig_sql_name(fact));
	if (access_method)
		appendStringInfo(&buf, " USING %s", quote_identifier(access_method));
	if (options)
		appendStringInfo(&buf, " WITH (%s)", options);
	if (tablespace)
		appendStringInfo(&buf, " TABLESPACE %s", quote_identifier(tablespace));
	mig_sql_statement(sql, "%s AS\n%s", buf.data, mig_value(fact, "definition"));
}

static MigChange
change_matview(const MigFact *from, const MigFact *to, const char **reason)
{
	return mig_same_value(from, to, "definition") ? MIG_CHANGE_ALTER : MIG_CHANGE_REPLACE;
}

static void
alter_matview(MigSqlList *sql, const MigFact *from, const MigFact *to)
{
	const char *access_method = mig_value(to, "access_method");
	const char *tablespace = mig_value(to, "tablespace");

	if (!mig_same_value(from, to, "access_method"))
		mig_sql_statement(sql, "ALTER MATERIALIZED VIEW %s SET ACCESS METHOD %s", mig_sql_name(to),
						  access_method ? quote_identifier(access_method) : "heap");
	if (!mig_same_value(from, to, "tablespace"))
		mig_sql_statement(sql, "ALTER MATERIALIZED VIEW %s SET TABLESPACE %s", mig_sql_name(to),
						  tablespace ? quote_identifier(tablespace) : "pg_default");
	alter_options(sql, from, to);
}

const MigKind mig_kind_matview = {
	.name = "materialized view",
	.class_id = RelationRelationId,
	.identity = MIG_IDENTITY_QUALIFIED,
	.names = MIG_NAMES_RELATION | MIG_NAMES_TYPE,
	.create_order = MIG_CREATE_VIEW,
	.drop_order = MIG_DROP_VIEW,
	.rebuildable = true,
	.attributes = matview_attributes,
	.required = "definition",
	.query = matview_query,
	.create = create_matview,
	.drop = mig_drop_object,
	.change = change_matview,
	.alter = alter_matview,
	.rename = mig_rename_object
};

/* ----------
 * Columns of either
 * ----------
 */

/*
 * They are made by the query of the view, so a difference in one is a
 * difference in the view, or in what the view is made anew for.
 */
static const MigAttribute view_column_attributes[] = {
	{"type", MIG_COMPARE_NEVER},
	{"collation", MIG_COMPARE_NEVER},
	{NULL, MIG_COMPARE_NEVER}
};

static const char view_column_query[] =
"SELECT a.attrelid, a.attnum::pg_catalog.int4,"
"  'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid, a.attrelid, 0,"
"  NULL::pg_catalog.text, a.attname::pg_catalog.text, NULL::pg_catalog.text,"
"  pg_catalog.format_type(a.atttypid, a.atttypmod),"
"  NULLIF(a.attcollation, 0)::pg_catalog.regcollation::pg_catalog.text"
"  FROM pg_catalog.pg_attribute a"
"  JOIN pg_catalog.pg_class v ON v.oid = a.attrelid"
"  WHERE v.relkind IN ('v', 'm') AND v.relnamespace = ANY ($1) AND a.attnum > 0";

const MigKind mig_kind_view_column = {
	.name = "view column",
	.class_id = RelationRelationId,
	.identity = MIG_IDENTITY_MEMBER,
	.create_order = MIG_CREATE_VIEW,
	.drop_order = MIG_DROP_VIEW,
	.implicit = true,
	.goes_with_parent = true,
	.attributes = view_column_attributes,
	.required = "type",
	.query = view_column_query
};
