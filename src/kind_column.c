/*-------------------------------------------------------------------------
 *
 * kind_column.c
 *	  Columns of tables, and their defaults.
 *
 * A default is a fact of its own, for it needs things that the column does
 * not, and can be made later.  The expression of a generated column cannot,
 * and belongs to the column.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_attrdef.h"
#include "catalog/pg_class.h"
#include "kind_column.h"
#include "kinds.h"
#include "options.h"
#include "pg_compat.h"
#include "utils/builtins.h"

static const MigAttribute column_attributes[] = {
	{"type", MIG_COMPARE_TYPE},
	{"collation", MIG_COMPARE_TYPE},
	{"not_null", MIG_COMPARE_ALWAYS},
	{"not_null_name", MIG_COMPARE_ALWAYS},
	{"identity", MIG_COMPARE_DEFAULT},
	{"generated", MIG_COMPARE_DEFAULT, true},
	{"generated_kind", MIG_COMPARE_DEFAULT},
	{"start", MIG_COMPARE_DEFAULT},
	{"increment", MIG_COMPARE_DEFAULT},
	{"minimum", MIG_COMPARE_DEFAULT},
	{"maximum", MIG_COMPARE_DEFAULT},
	{"cache", MIG_COMPARE_DEFAULT},
	{"cycle", MIG_COMPARE_DEFAULT},
	{"sequence", MIG_COMPARE_DEFAULT},
	{"storage", MIG_COMPARE_ALWAYS},
	{"compression", MIG_COMPARE_ALWAYS},
	{"statistics", MIG_COMPARE_ALWAYS},
	{"options", MIG_COMPARE_ALWAYS},
	{"foreign_options", MIG_COMPARE_ALWAYS},
	{"inherited", MIG_COMPARE_NEVER},
	{"position", MIG_COMPARE_NEVER},
	{NULL, MIG_COMPARE_NEVER}
};

static const char *const column_query =
"SELECT a.attrelid, a.attnum::pg_catalog.int4, 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid, a.attrelid, 0, n.nspname::pg_catalog.text,"
" a.attname::pg_catalog.text, NULL::pg_catalog.text,"
" pg_catalog.format_type(a.atttypid, a.atttypmod),"
" CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::pg_catalog.regcollation::pg_catalog.text END,"
" CASE WHEN a.attnotnull THEN " MIG_SQL_NOT_NULL " END,"
" " MIG_SQL_NOT_NULL_NAME ","
/* that of a partition, since 17, is its parent's */
" CASE WHEN s.seqrelid IS NOT NULL THEN CASE a.attidentity WHEN 'a' THEN 'ALWAYS' WHEN 'd' THEN 'BY DEFAULT' END END,"
" CASE WHEN a.attgenerated <> '' THEN pg_catalog.pg_get_expr(ad.adbin, ad.adrelid, true) END,"
" CASE a.attgenerated WHEN 's' THEN 'STORED' WHEN 'v' THEN 'VIRTUAL' END,"
" s.seqstart::pg_catalog.text, s.seqincrement::pg_catalog.text, s.seqmin::pg_catalog.text, s.seqmax::pg_catalog.text,"
" s.seqcache::pg_catalog.text, CASE WHEN s.seqcycle THEN 'CYCLE' END,"
" NULLIF(sc.relname, c.relname || '_' || a.attname || '_seq')::pg_catalog.text,"
" CASE WHEN a.attstorage <> t.typstorage THEN CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL'"
" WHEN 'm' THEN 'MAIN' WHEN 'x' THEN 'EXTENDED' END END,"
" CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END,"
" NULLIF(a.attstattarget, -1)::pg_catalog.text,"
/* some minor versions keep a number of their own there, which nobody can set */
" CASE WHEN a.attoptions IS NOT NULL THEN (SELECT pg_catalog.string_agg(" MIG_SQL_OPTION ", ', ' ORDER BY o COLLATE pg_catalog.\"C\") FROM pg_catalog.unnest(a.attoptions) AS o"
" WHERE o NOT LIKE 'pg\\_attver=%') END,"
" CASE WHEN a.attfdwoptions IS NOT NULL THEN (SELECT pg_catalog.string_agg(" MIG_SQL_GENERIC_OPTION ", ', ' ORDER BY o COLLATE pg_catalog.\"C\") FROM pg_catalog.unnest(a.attfdwoptions) AS o) END,"
" CASE WHEN (a.attinhcount > 0 AND NOT a.attislocal) OR c.reloftype <> 0 THEN 'true' WHEN a.attinhcount > 0 THEN 'merged' END,"
" a.attnum::pg_catalog.text"
" FROM pg_catalog.pg_class c"
" JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
" JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
" JOIN pg_catalog.pg_type t ON t.oid = a.atttypid"
" LEFT JOIN pg_catalog.pg_attrdef ad ON a.attgenerated <> '' AND ad.adrelid = a.attrelid AND ad.adnum = a.attnum"
" LEFT JOIN (pg_catalog.pg_depend d JOIN pg_catalog.pg_sequence s ON s.seqrelid = d.objid"
" JOIN pg_catalog.pg_class sc ON sc.oid = d.objid)"
" ON a.attidentity <> '' AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass"
" AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = a.attrelid"
" AND d.refobjsubid = a.attnum AND d.deptype = 'i'"
" " MIG_SQL_NOT_NULL_JOIN
" WHERE c.relnamespace = ANY ($1) AND c.relkind IN ('r', 'p', 'f')"
" ORDER BY a.attrelid, a.attnum";

/* Is the column that of a parent, made and dropped with it? */
bool
mig_column_is_inherited(const MigFact *column)
{
	return mig_value_is(column, "inherited", "true");
}

/* Append GENERATED ... AS IDENTITY, with options that are not the default. */
static void
append_identity(StringInfo buf, const MigFact *column)
{
	StringInfoData options;

	appendStringInfo(buf, " GENERATED %s AS IDENTITY", mig_value(column, "identity"));
	initStringInfo(&options);
	if (mig_value(column, "sequence"))
		appendStringInfo(&options, " SEQUENCE NAME %s", quote_identifier(mig_value(column, "sequence")));
	mig_append_sequence_options(&options, column, mig_value(column, "type"));
	if (options.len > 0)
		appendStringInfo(buf, " (%s)", options.data + 1);
}

/* Append NOT NULL, with the name of its constraint if it is not the usual one. */
static void
append_not_null(StringInfo buf, const MigFact *column)
{
	const char *name = mig_value(column, "not_null_name");

	if (name)
		appendStringInfo(buf, " CONSTRAINT %s", quote_identifier(name));
	appendStringInfo(buf, " %s", mig_value(column, "not_null"));
}

/*
 * Append the definition of a column as in CREATE TABLE.  default_fact is
 * written with it; NULL: it has none, or one that comes later.
 */
void
mig_append_column(StringInfo buf, const MigFact *column, const MigFact *default_fact)
{
	appendStringInfo(buf, "%s %s", mig_sql_local_name(column), mig_value(column, "type"));
	if (mig_value(column, "compression"))
		appendStringInfo(buf, " COMPRESSION %s", mig_value(column, "compression"));
	if (mig_value(column, "foreign_options"))
		appendStringInfo(buf, " OPTIONS (%s)", mig_value(column, "foreign_options"));
	if (mig_value(column, "collation"))
		appendStringInfo(buf, " COLLATE %s", mig_value(column, "collation"));
	if (mig_value(column, "generated"))
		appendStringInfo(buf, " GENERATED ALWAYS AS (%s) %s", mig_value(column, "generated"),
						 mig_value(column, "generated_kind"));
	if (mig_value(column, "identity"))
		append_identity(buf, column);
	if (default_fact)
		appendStringInfo(buf, " DEFAULT %s", mig_value(default_fact, "expression"));
	/* an identity column is NOT NULL by itself */
	if (mig_value(column, "not_null") &&
		(mig_value(column, "identity") == NULL || mig_value(column, "not_null_name")))
		append_not_null(buf, column);
}

/* The same of a parent table that an inherited column or constraint comes from, or NULL. */
static const MigFact *
origin_of(const MigFact *fact)
{
	int			i;

	if (mig_value(fact, "inherited") == NULL)
		return NULL;
	for (i = 0; i < fact->nneeds; i++)
	{
		const MigFact *needed = fact->needs[i];

		if (needed->kind == fact->kind && strcmp(needed->name, fact->name) == 0)
			return needed;
	}
	return NULL;
}

/* Does a column or a constraint come from that other? */
bool
mig_is_inherited_from(const MigFact *fact, const MigFact *origin)
{
	return fact->kind == origin->kind && mig_value(fact, "inherited") && mig_fact_needs(fact, origin) &&
		strcmp(fact->name, origin->name) == 0;
}

/* Was, or will, a table be the child of another all the time? */
static bool
stays_child_of(const MigFact *table, const MigFact *parent)
{
	return table->twin == NULL || (parent->twin && mig_fact_needs(table->twin, parent->twin));
}

/*
 * Does what happens to the same of the parent happen to an inherited column
 * or constraint as well?
 */
bool
mig_follows_parent(const MigFact *fact)
{
	const MigFact *origin = origin_of(fact);

	if (origin)
		return stays_child_of(fact->parent, origin->parent);
	/* that of a type */
	return mig_value(fact, "inherited") &&
		(fact->parent->twin == NULL || mig_same_value(fact->parent, fact->parent->twin, "of_type"));
}

/* Is a new column that of the parent, and no statement needed for it? */
static bool
comes_with_parent(const MigFact *column)
{
	return mig_column_is_inherited(column) && mig_follows_parent(column);
}

/* Write that a column is NOT NULL. */
static void
set_not_null(MigSqlList *sql, const MigFact *column)
{
	const char *name = mig_sql_local_name(column);
	const char *constraint = mig_value(column, "not_null_name");
	const char *rest = mig_value(column, "not_null") + strlen("NOT NULL");

	if (constraint || *rest)
		mig_sql_action(sql, column->parent, "ADD %s%s%sNOT NULL %s%s", constraint ? "CONSTRAINT " : "",
					   constraint ? quote_identifier(constraint) : "", constraint ? " " : "", name, rest);
	else
		mig_sql_action(sql, column->parent, "ALTER COLUMN %s SET NOT NULL", name);
}

/* Is an inherited column NOT NULL by itself? */
static bool
has_own_not_null(const MigFact *column)
{
	const MigFact *origin = origin_of(column);

	return mig_value(column, "not_null") && (origin == NULL || mig_value(origin, "not_null") == NULL);
}

/* Do children have the column from there? */
static bool
has_heirs(const MigFact *column)
{
	const MigSchemaData *data = column->data;
	int			i;

	for (i = 0; i < data->nfacts; i++)
	{
		const MigFact *fact = data->facts[i];

		if (fact->kind == column->kind && strcmp(fact->name, column->name) == 0 &&
			mig_column_is_inherited(fact) && mig_fact_needs(fact, column))
			return true;
	}
	return false;
}

/*
 * Write an action that would reach the columns of children, which have facts
 * of their own.
 */
static void
own_action(MigSqlList *sql, const MigFact *column, const char *action, const char *value)
{
	const char *name = mig_sql_local_name(column);

	if (has_heirs(column) || (column->twin && has_heirs(column->twin)))
		mig_sql_statement(sql, "ALTER TABLE ONLY %s ALTER COLUMN %s %s %s", mig_sql_name(column->parent), name,
						  action, value);
	else
		mig_sql_action(sql, column->parent, "ALTER COLUMN %s %s %s", name, action, value);
}

/* Write what a column has that its definition, if it has one, cannot say. */
void
mig_column_extras(MigSqlList *sql, const MigFact *column)
{
	const char *name = mig_sql_local_name(column);

	if (comes_with_parent(column) && has_own_not_null(column))
		set_not_null(sql, column);
	if (mig_value(column, "storage"))
		own_action(sql, column, "SET STORAGE", mig_value(column, "storage"));
	if (mig_value(column, "statistics"))
		own_action(sql, column, "SET STATISTICS", mig_value(column, "statistics"));
	if (mig_value(column, "options"))
		mig_sql_action(sql, column->parent, "ALTER COLUMN %s SET (%s)", name, mig_value(column, "options"));
}

/* The default of a column of the same side, or NULL. */
const MigFact *
mig_column_default(const MigFact *column)
{
	return mig_fact_find(column->data, &mig_kind_default, column->identity);
}

static void
column_create(MigSqlList *sql, const MigFact *fact)
{
	StringInfoData buf;

	if (!comes_with_parent(fact))
	{
		initStringInfo(&buf);
		mig_append_column(&buf, fact, NULL);
		mig_sql_action(sql, fact->parent, "ADD COLUMN %s", buf.data);
	}
	mig_column_extras(sql, fact);
}

/* Does a child table keep the column that it has from this one? */
static bool
is_kept_by_child(const MigFact *column)
{
	int			i;

	for (i = 0; i < column->data->nfacts && column->twin == NULL; i++)
	{
		const MigFact *other = column->data->facts[i];

		if (other->twin && mig_is_inherited_from(other, column) && stays_child_of(other->parent, column->parent))
			return true;
	}
	return false;
}

static void
column_drop(MigSqlList *sql, const MigFact *fact)
{
	/* that of a child goes with that of the parent */
	if (mig_value(fact, "inherited") && mig_follows_parent(fact))
		return;
	if (is_kept_by_child(fact))
		mig_sql_statement(sql, "ALTER TABLE ONLY %s DROP COLUMN %s", mig_sql_name(fact->parent),
						  mig_sql_local_name(fact));
	else
		mig_sql_action(sql, fact->parent, "DROP COLUMN %s", mig_sql_local_name(fact));
	mig_sql_loses(sql, "column %s", fact->identity);
}

/* Does the column of the parent change in the same way, and take it along? */
static bool
parent_does_it(const MigFact *from, const MigFact *to, const char *attribute)
{
	const MigFact *origin = origin_of(to);

	return origin && origin->twin && mig_follows_parent(to) && mig_same_value(from, origin->twin, attribute) &&
		mig_same_value(to, origin, attribute);
}

static MigChange
column_change(const MigFact *from, const MigFact *to, const char **reason)
{
	bool		was_generated = mig_value(from, "generated") != NULL;
	bool		is_generated = mig_value(to, "generated") != NULL;

	if (was_generated && !is_generated && mig_value_is(from, "generated_kind", "STORED"))
		return MIG_CHANGE_ALTER;	/* DROP EXPRESSION */
	/* what is computed can be computed again */
	if ((is_generated || was_generated) &&
		(!mig_same_value(from, to, "generated") || !mig_same_value(from, to, "generated_kind")))
		return MIG_CHANGE_REPLACE;
	return MIG_CHANGE_ALTER;
}

/* The name of the sequence of an identity column; NULL: it is none. */
const char *
mig_column_sequence(const MigFact *column)
{
	const char *name = mig_value(column, "sequence");

	/* partitions share that of their parent */
	if (mig_value(column, "identity") == NULL || mig_value(column, "start") == NULL)
		return NULL;
	return name ? name : psprintf("%s_%s_seq", column->parent->name, column->name);
}

/* Write the change of the name of the sequence. */
static void
alter_sequence_name(MigSqlList *sql, const MigFact *from, const MigFact *to)
{
	const char *old_name = quote_identifier(mig_column_sequence(from));

	/* as the table is named */
	if (strcmp(mig_sql_name(to->parent), mig_sql_local_name(to->parent)) != 0)
		old_name = psprintf("%s.%s", quote_identifier(to->parent->schema), old_name);
	mig_sql_statement(sql, "ALTER SEQUENCE %s RENAME TO %s", old_name, quote_identifier(mig_column_sequence(to)));
}

/* Write the change of identity; its default, if any, is out of the way. */
static void
alter_identity(MigSqlList *sql, const MigFact *from, const MigFact *to)
{
	const char *name = mig_sql_local_name(to);
	bool		was = mig_value(from, "identity") != NULL;
	bool		is = mig_value(to, "identity") != NULL;
	StringInfoData buf;

	initStringInfo(&buf);
	if (was && !is)
		mig_sql_action(sql, to->parent, "ALTER COLUMN %s DROP IDENTITY", name);
	else if (!was && is)
	{
		if (mig_value(from, "not_null") == NULL)
			mig_sql_action(sql, to->parent, "ALTER COLUMN %s SET NOT NULL", name);
		append_identity(&buf, to);
		mig_sql_action(sql, to->parent, "ALTER COLUMN %s ADD%s", name, buf.data);
		mig_sequence_goes_on(sql, to, to, psprintf("pg_catalog.pg_get_serial_sequence(%s, %s)",
												   quote_literal_cstr(mig_sql_name(to->parent)),
												   quote_literal_cstr(to->name)));
	}
	else if (is)
	{
		if (!mig_same_value(from, to, "identity"))
			appendStringInfo(&buf, " SET GENERATED %s", mig_value(to, "identity"));
		mig_append_sequence_changes(&buf, from, to, " SET");
		if (buf.len > 0)
			mig_sql_action(sql, to->parent, "ALTER COLUMN %s%s", name, buf.data);
		if (!mig_same_value(from, to, "sequence"))
			alter_sequence_name(sql, from, to);
	}
}

/* The name of the constraint that is NOT NULL; NULL: it cannot be told, or is the parent's matter. */
static const char *
not_null_constraint(const MigFact *column)
{
	const char *name = mig_value(column, "not_null_name");

	if (name || mig_value(column, "inherited"))
		return name;
	name = psprintf("%s_%s_not_null", column->parent->name, column->name);
	return strlen(name) < NAMEDATALEN ? name : NULL;
}

/* Write the change of NOT NULL. */
static void
alter_not_null(MigSqlList *sql, const MigFact *from, const MigFact *to)
{
	const char *name = mig_sql_local_name(to);
	const char *old_name = not_null_constraint(from);
	const char *new_name = not_null_constraint(to);
	bool		was = mig_value(from, "not_null") != NULL;
	bool		is = mig_value(to, "not_null") != NULL;

	if (was && is && mig_same_value(from, to, "not_null") && old_name && new_name)
	{
		mig_sql_action(sql, to->parent, "RENAME CONSTRAINT %s TO %s", quote_identifier(old_name),
					   quote_identifier(new_name));
		return;
	}
	/* an identity column had to be NOT NULL first */
	if (was && (!is || !mig_same_value(from, to, "not_null") || !mig_same_value(from, to, "not_null_name")))
		mig_sql_action(sql, to->parent, "ALTER COLUMN %s DROP NOT NULL", name);
	if (!is || (!was && mig_value(to, "identity") && !mig_value(from, "identity")))
		return;
	set_not_null(sql, to);
}

/* Write the change of a list of options, one set and one reset. */
static void
alter_options(MigSqlList *sql, const MigFact *from, const MigFact *to)
{
	const char *name = mig_sql_local_name(to);
	const char *reset = mig_option_names(mig_value(from, "options"), mig_value(to, "options"));

	if (reset)
		mig_sql_action(sql, to->parent, "ALTER COLUMN %s RESET (%s)", name, reset);
	if (mig_value(to, "options"))
		mig_sql_action(sql, to->parent, "ALTER COLUMN %s SET (%s)", name, mig_value(to, "options"));
}

/* Write the change of how values are kept. */
static void
alter_storage(MigSqlList *sql, const MigFact *from, const MigFact *to, bool retyped)
{
	const char *name = mig_sql_local_name(to);
	const char *storage = mig_value(to, "storage");
	const char *compression = mig_value(to, "compression");

	/* ALTER COLUMN TYPE has made them what they are by default */
	if (retyped ? storage != NULL : !mig_same_value(from, to, "storage"))
		own_action(sql, to, "SET STORAGE", storage ? storage : mig_default_storage(mig_value(to, "type")));
	if (retyped ? compression != NULL : !mig_same_value(from, to, "compression"))
		mig_sql_action(sql, to->parent, "ALTER COLUMN %s SET COMPRESSION %s", name,
					   compression ? compression : "default");
}

static void
column_alter(MigSqlList *sql, const MigFact *from, const MigFact *to)
{
	const char *name = mig_sql_local_name(to);

	if (mig_value(from, "generated") && !mig_value(to, "generated") && !parent_does_it(from, to, "generated"))
		mig_sql_action(sql, to->parent, "ALTER COLUMN %s DROP EXPRESSION", name);
	if (mig_value(from, "identity") && !mig_value(to, "identity") && !parent_does_it(from, to, "identity"))
		alter_identity(sql, from, to);
	if (mig_column_changes_type(from, to) && !parent_does_it(from, to, "type"))
		mig_column_set_type(sql, from, to, false);
	if ((!mig_same_value(from, to, "not_null") || !mig_same_value(from, to, "not_null_name")) &&
		!parent_does_it(from, to, "not_null"))
		alter_not_null(sql, from, to);
	if (mig_value(to, "identity") && !parent_does_it(from, to, "identity"))
		alter_identity(sql, from, to);
	alter_storage(sql, from, to, mig_column_changes_type(from, to));
	/* ALTER COLUMN TYPE forgets it */
	if (!mig_same_value(from, to, "statistics") || (mig_column_changes_type(from, to) && mig_value(to, "statistics")))
		own_action(sql, to, "SET STATISTICS", mig_value(to, "statistics") ? mig_value(to, "statistics") : "-1");
	if (!mig_same_value(from, to, "options"))
		alter_options(sql, from, to);
	if (!mig_same_value(from, to, "foreign_options"))
		mig_sql_statement(sql, "ALTER FOREIGN TABLE %s ALTER COLUMN %s OPTIONS (%s)", mig_sql_name(to->parent), name,
						  mig_generic_option_changes(mig_value(from, "foreign_options"),
													 mig_value(to, "foreign_options")));
}

static void
column_rename(MigSqlList *sql, const MigFact *from, const MigFact *to)
{
	mig_sql_action(sql, to->parent, "RENAME COLUMN %s TO %s", mig_sql_local_name(from), mig_sql_local_name(to));
}

/*
 * Code over a column must go while its type changes, and so must a default
 * that may not be convertible.  Indexes and constraints are rebuilt by the
 * server.
 */
static bool
column_breaks(const MigFact *from, const MigFact *to, const MigFact *dependent)
{
	const MigKind *kind = dependent->kind;

	if (kind == &mig_kind_default)
		return (dependent->parent == from && mig_column_changes_type(from, to) &&
				!mig_same_base_type(mig_value(from, "type"), mig_value(to, "type"))) ||
			(dependent->parent == from && mig_value(to, "identity") && !mig_value(from, "identity"));
	if (!mig_column_changes_type(from, to))
		return false;
	/* its columns may have no operator in common for a while */
	if (kind == &mig_kind_constraint && mig_value_is(dependent, "type", "f"))
		return !mig_column_stays_comparable(from, to);
	if (kind == &mig_kind_column)
		return mig_value(dependent, "generated") != NULL;
	return kind == &mig_kind_view || kind == &mig_kind_matview || kind == &mig_kind_view_column ||
		kind == &mig_kind_rule || kind == &mig_kind_policy || kind == &mig_kind_trigger ||
		kind == &mig_kind_routine || kind == &mig_kind_statistics || kind == &mig_kind_publication_table;
}

const MigKind mig_kind_column = {
	.name = "table column",
	.class_id = RelationRelationId,
	.identity = MIG_IDENTITY_MEMBER,
	.parent_kind = &mig_kind_table,
	.create_order = MIG_CREATE_COLUMN,
	.drop_order = MIG_DROP_COLUMN,
	.inside_parent = true,
	.goes_with_parent = true,
	.attributes = column_attributes,
	.required = "type position identity:minimum identity:maximum identity:start identity:increment identity:cache",
	.query = column_query,
	.create = column_create,
	.drop = column_drop,
	.change = column_change,
	.alter = column_alter,
	.rename = column_rename,
	.breaks = column_breaks
};

/* ----------
 * Defaults
 * ----------
 */

static const MigAttribute default_attributes[] = {
	{"expression", MIG_COMPARE_DEFAULT, true},
	{NULL, MIG_COMPARE_NEVER}
};

/* the columns of views can have defaults, too */
static const char *const default_query =
"SELECT ad.oid, 0, 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid, ad.adrelid, ad.adnum::pg_catalog.int4, NULL::pg_catalog.text,"
" '', NULL::pg_catalog.text,"
" pg_catalog.pg_get_expr(ad.adbin, ad.adrelid, true)"
" FROM pg_catalog.pg_attrdef ad"
" JOIN pg_catalog.pg_class c ON c.oid = ad.adrelid"
" JOIN pg_catalog.pg_attribute a ON a.attrelid = ad.adrelid AND a.attnum = ad.adnum AND a.attgenerated = ''"
" WHERE c.relnamespace = ANY ($1)";

/*
 * Does a default come or go with that of the parent's column?  It does with a
 * new table, and where the parent's comes, goes, or becomes another.
 */
static bool
parent_has_default(const MigFact *fact)
{
	const MigFact *column = fact->parent;
	const MigFact *origin = column->kind == &mig_kind_column ? origin_of(column) : NULL;
	const MigFact *parents_default = origin && mig_column_is_inherited(column) && mig_follows_parent(column) ?
		mig_column_default(origin) : NULL;

	return parents_default && mig_same_value(fact, parents_default, "expression") &&
		(column->twin == NULL || parents_default->twin == NULL ||
		 !mig_same_value(parents_default, parents_default->twin, "expression"));
}

static void
default_create(MigSqlList *sql, const MigFact *fact)
{
	if (parent_has_default(fact))
		return;
	mig_sql_action(sql, fact->parent->parent, "ALTER COLUMN %s SET DEFAULT %s", mig_sql_local_name(fact->parent),
				   mig_value(fact, "expression"));
}

static void
default_drop(MigSqlList *sql, const MigFact *fact)
{
	if (parent_has_default(fact))
		return;
	mig_sql_action(sql, fact->parent->parent, "ALTER COLUMN %s DROP DEFAULT", mig_sql_local_name(fact->parent));
}

static MigChange
default_change(const MigFact *from, const MigFact *to, const char **reason)
{
	return MIG_CHANGE_ALTER;
}

static void
default_alter(MigSqlList *sql, const MigFact *from, const MigFact *to)
{
	default_create(sql, to);
}

const MigKind mig_kind_default = {
	.name = "default value",
	.class_id = AttrDefaultRelationId,
	.identity = MIG_IDENTITY_PARENT,
	.parent_kind = &mig_kind_column,
	.create_order = MIG_CREATE_DEFAULT,
	.drop_order = MIG_DROP_DEFAULT,
	.rebuildable = true,
	.goes_with_parent = true,
	.attributes = default_attributes,
	.required = "expression",
	.query = default_query,
	.create = default_create,
	.drop = default_drop,
	.change = default_change,
	.alter = default_alter
};
