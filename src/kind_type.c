/*-------------------------------------------------------------------------
 *
 * kind_type.c
 *	  Types that users make: enums, domains and ranges.
 *
 * What ALTER TYPE cannot do is done by replacing the type under the columns
 * that use it, which are converted through text.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_constraint.h"
#include "catalog/pg_type.h"
#include "common/string.h"
#include "kind_type.h"
#include "kinds.h"
#include "miscadmin.h"
#include "objectname.h"
#include "revision.h"
#include "pg_compat.h"
#include "utils/builtins.h"

/* Is it the printed name of an array type? */
static bool
is_array_type(const char *type)
{
	size_t		len = strlen(type);

	return len > 2 && strcmp(type + len - 2, "[]") == 0;
}

/*
 * Do rows of tables hold values of the type?  With inside: as a part of other
 * values, such as arrays, where the server does not get at them.
 */
bool
mig_type_is_stored(const MigFact *type, bool inside)
{
	const MigSchemaData *data = type->data;
	int			i;

	check_stack_depth();
	for (i = 0; i < data->nfacts; i++)
	{
		const MigFact *user = data->facts[i];
		const MigKind *kind = user->kind;

		if (user == type || !mig_fact_needs(user, type))
			continue;
		if (kind == &mig_kind_column)
		{
			if (!inside || is_array_type(mig_value(user, "type")))
				return true;
		}
		else if (kind == &mig_kind_domain)
		{
			if (mig_type_is_stored(user, inside && !is_array_type(mig_value(user, "type"))))
				return true;
		}
		else if (kind == &mig_kind_range || (kind == &mig_kind_composite_attribute && user->parent != type))
		{
			if (mig_type_is_stored(kind == &mig_kind_range ? user : user->parent, false))
				return true;
		}
	}
	return false;
}

/* ----------
 * Enums
 * ----------
 */

static const MigAttribute enum_attributes[] = {
	{"labels", MIG_COMPARE_ALWAYS},
	{NULL, MIG_COMPARE_NEVER}
};

static const char *const enum_query =
MIG_TYPE_COLUMNS
" e.labels::pg_catalog.text"
" FROM pg_catalog.pg_type t"
" JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace"
" LEFT JOIN (SELECT enumtypid, pg_catalog.array_agg(enumlabel::pg_catalog.text ORDER BY enumsortorder) AS labels"
" FROM pg_catalog.pg_enum GROUP BY enumtypid) e ON e.enumtypid = t.oid"
" WHERE t.typtype = 'e' AND t.typnamespace = ANY ($1)"
" ORDER BY n.nspname, t.typname";

static void
enum_create(MigSqlList *sql, const MigFact *fact)
{
	StringInfoData buf;
	MigNameList labels;
	int			i;

	mig_array_items(mig_value(fact, "labels"), &labels);
	initStringInfo(&buf);
	for (i = 0; i < labels.count; i++)
		appendStringInfo(&buf, "%s%s", i > 0 ? ", " : "", quote_literal_cstr(labels.names[i]));
	mig_sql_statement(sql, "CREATE TYPE %s AS ENUM (%s)", mig_sql_name(fact), buf.data);
}

/* Are all of the names, in their order, among the others? */
static bool
is_subsequence(const MigNameList *names, const MigNameList *others)
{
	int			n = 0;
	int			i;

	for (i = 0; i < others->count && n < names->count; i++)
	{
		if (strcmp(names->names[n], others->names[i]) == 0)
			n++;
	}
	return n == names->count;
}

/* Has an enum that label? */
bool
mig_enum_has_label(const MigFact *fact, const char *label)
{
	MigNameList labels;

	mig_array_items(mig_value(fact, "labels"), &labels);
	return mig_name_list_contains(&labels, label);
}

/* The labels of both sides. */
static void
both_labels(const MigFact *from, const MigFact *to, MigNameList *old_labels, MigNameList *new_labels)
{
	mig_array_items(mig_value(from, "labels"), old_labels);
	mig_array_items(mig_value(to, "labels"), new_labels);
}

/* The labels that only the new side has, as literals. */
void
mig_enum_added_labels(const MigFact *from, const MigFact *to, MigNameList *literals)
{
	MigNameList old_labels;
	MigNameList new_labels;
	int			i;

	both_labels(from, to, &old_labels, &new_labels);
	literals->names = NULL;
	literals->count = 0;
	for (i = 0; i < new_labels.count; i++)
	{
		if (!mig_name_list_contains(&old_labels, new_labels.names[i]))
			mig_name_list_add(literals, quote_literal_cstr(new_labels.names[i]));
	}
}

static MigChange
enum_change(const MigFact *from, const MigFact *to, const char **reason)
{
	MigNameList old_labels;
	MigNameList new_labels;

	both_labels(from, to, &old_labels, &new_labels);
	return is_subsequence(&old_labels, &new_labels) ? MIG_CHANGE_ALTER : MIG_CHANGE_RETYPE;
}

/*
 * Write ADD VALUE for each new label, in their order: its predecessor then
 * exists, and only what comes before all old labels needs its successor.
 */
static void
enum_alter(MigSqlList *sql, const MigFact *from, const MigFact *to)
{
	const char *name = mig_sql_name(to);
	MigNameList old_labels;
	MigNameList new_labels;
	int			passed = 0;		/* old labels before this one */
	int			i;

	mig_array_items(mig_value(from, "labels"), &old_labels);
	mig_array_items(mig_value(to, "labels"), &new_labels);
	for (i = 0; i < new_labels.count; i++)
	{
		const char *label = quote_literal_cstr(new_labels.names[i]);

		if (passed < old_labels.count && strcmp(old_labels.names[passed], new_labels.names[i]) == 0)
			passed++;
		else if (passed == old_labels.count)
			mig_sql_statement(sql, "ALTER TYPE %s ADD VALUE %s", name, label);
		else if (i == 0)
			mig_sql_statement(sql, "ALTER TYPE %s ADD VALUE %s BEFORE %s", name, label,
							  quote_literal_cstr(old_labels.names[0]));
		else
			mig_sql_statement(sql, "ALTER TYPE %s ADD VALUE %s AFTER %s", name, label,
							  quote_literal_cstr(new_labels.names[i - 1]));
	}
}

const MigKind mig_kind_enum = {
	.name = "enum type",
	.class_id = TypeRelationId,
	.identity = MIG_IDENTITY_QUALIFIED,
	.names = MIG_NAMES_TYPE,
	.create_order = MIG_CREATE_TYPE,
	.drop_order = MIG_DROP_TYPE,
	.attributes = enum_attributes,
	.query = enum_query,
	.create = enum_create,
	.drop = mig_drop_object,
	.change = enum_change,
	.alter = enum_alter,
	.rename = mig_rename_object
};

/* ----------
 * Domains
 * ----------
 */

static const MigAttribute domain_attributes[] = {
	{"type", MIG_COMPARE_ALWAYS},
	{"collation", MIG_COMPARE_ALWAYS},
	{"default", MIG_COMPARE_DEFAULT, true},
	{"not_null", MIG_COMPARE_ALWAYS},	/* with its name if not the usual one */
	{"constraints", MIG_COMPARE_ALWAYS},	/* which are facts, too */
	{NULL, MIG_COMPARE_NEVER}
};

static const char *const domain_query =
MIG_TYPE_COLUMNS
" pg_catalog.format_type(t.typbasetype, t.typtypmod),"
" CASE WHEN t.typcollation <> b.typcollation THEN t.typcollation::pg_catalog.regcollation::pg_catalog.text END,"
" pg_catalog.pg_get_expr(t.typdefaultbin, 0, true),"
" CASE WHEN t.typnotnull THEN " MIG_SQL_DOMAIN_NOT_NULL " END,"
" k.constraints::pg_catalog.text"
" FROM pg_catalog.pg_type t"
" JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace"
" JOIN pg_catalog.pg_type b ON b.oid = t.typbasetype"
" LEFT JOIN (SELECT contypid, pg_catalog.array_agg(pg_catalog.quote_ident(conname) || ' '"
" || pg_catalog.pg_get_constraintdef(oid, true) ORDER BY conname) AS constraints"
" FROM pg_catalog.pg_constraint WHERE contypid <> 0 AND contype = 'c' AND connamespace = ANY ($1)"
" GROUP BY contypid) k ON k.contypid = t.oid"
" " MIG_SQL_DOMAIN_NOT_NULL_JOIN
" WHERE t.typtype = 'd' AND t.typnamespace = ANY ($1)"
" ORDER BY n.nspname, t.typname";

/* Write CREATE DOMAIN with constraints, and ADD CONSTRAINT for those that it cannot have. */
void
mig_create_domain(MigSqlList *sql, const MigFact *fact, List *constraints)
{
	StringInfoData buf;
	ListCell   *lc;

	initStringInfo(&buf);
	appendStringInfo(&buf, "CREATE DOMAIN %s AS %s", mig_sql_name(fact), mig_value(fact, "type"));
	if (mig_value(fact, "collation"))
		appendStringInfo(&buf, " COLLATE %s", mig_value(fact, "collation"));
	if (mig_value(fact, "default"))
		appendStringInfo(&buf, " DEFAULT %s", mig_value(fact, "default"));
	if (mig_value(fact, "not_null"))
		appendStringInfo(&buf, " %s", mig_value(fact, "not_null"));
	foreach(lc, constraints)
	{
		const MigFact *constraint = lfirst(lc);

		if (mig_value(constraint, "not_valid") == NULL)
			appendStringInfo(&buf, " CONSTRAINT %s %s", mig_sql_local_name(constraint),
							 mig_value(constraint, "definition"));
	}
	mig_sql_statement(sql, "%s", buf.data);
	foreach(lc, constraints)
	{
		const MigFact *constraint = lfirst(lc);

		if (mig_value(constraint, "not_valid"))
			constraint->kind->create(sql, constraint);
	}
}

static void
domain_create(MigSqlList *sql, const MigFact *fact)
{
	mig_create_domain(sql, fact, NIL);
}

/* Will there be something for values to be checked against? */
static bool
gains_constraint(const MigFact *from, const MigFact *to)
{
	MigNameList old_constraints;
	MigNameList new_constraints;
	int			i;

	if (mig_value(from, "not_null") == NULL && mig_value(to, "not_null"))
		return true;
	mig_array_items(mig_value(from, "constraints"), &old_constraints);
	mig_array_items(mig_value(to, "constraints"), &new_constraints);
	for (i = 0; i < new_constraints.count; i++)
	{
		if (!mig_name_list_contains(&old_constraints, new_constraints.names[i]) &&
			!pg_str_endswith(new_constraints.names[i], " NOT VALID"))
			return true;
	}
	return false;
}

/* Constraints change by themselves, unless the server cannot check all values. */
static MigChange
domain_change(const MigFact *from, const MigFact *to, const char **reason)
{
	if (!mig_same_value(from, to, "type") || !mig_same_value(from, to, "collation") ||
		(gains_constraint(from, to) && mig_type_is_stored(from, true)))
		return MIG_CHANGE_RETYPE;
	if (mig_same_value(from, to, "default") && mig_same_value(from, to, "not_null"))
		return MIG_CHANGE_NONE;
	return MIG_CHANGE_ALTER;
}

/* Write the change of NOT NULL. */
static void
domain_alter_not_null(MigSqlList *sql, const MigFact *from, const MigFact *to)
{
	const char *name = mig_sql_name(to);
	const char *not_null = mig_value(to, "not_null");

	if (mig_value(from, "not_null"))
		mig_sql_statement(sql, "ALTER DOMAIN %s DROP NOT NULL", name);
	if (not_null == NULL)
		return;
	mig_sql_statement(sql, "ALTER DOMAIN %s %s %s", name, strcmp(not_null, "NOT NULL") == 0 ? "SET" : "ADD", not_null);
}

static void
domain_alter(MigSqlList *sql, const MigFact *from, const MigFact *to)
{
	const char *name = mig_sql_name(to);

	if (!mig_same_value(from, to, "default"))
	{
		if (mig_value(to, "default"))
			mig_sql_statement(sql, "ALTER DOMAIN %s SET DEFAULT %s", name, mig_value(to, "default"));
		else
			mig_sql_statement(sql, "ALTER DOMAIN %s DROP DEFAULT", name);
	}
	if (!mig_same_value(from, to, "not_null"))
		domain_alter_not_null(sql, from, to);
}

const MigKind mig_kind_domain = {
	.name = "domain",
	.class_id = TypeRelationId,
	.identity = MIG_IDENTITY_QUALIFIED,
	.names = MIG_NAMES_TYPE,
	.create_order = MIG_CREATE_DOMAIN,
	.drop_order = MIG_DROP_DOMAIN,
	.attributes = domain_attributes,
	.required = "type",
	.query = domain_query,
	.create = domain_create,
	.drop = mig_drop_object,
	.change = domain_change,
	.alter = domain_alter,
	.rename = mig_rename_object
};

/* ----------
 * Constraints of domains
 * ----------
 */

static const MigAttribute domain_constraint_attributes[] = {
	{"definition", MIG_COMPARE_ALWAYS, true},
	{"not_valid", MIG_COMPARE_ALWAYS},
	{NULL, MIG_COMPARE_NEVER}
};

/* NOT NULL, a constraint since 18, belongs to the domain itself */
static const char *const domain_constraint_query =
"SELECT c.oid, 0, 'pg_catalog.pg_type'::pg_catalog.regclass::pg_catalog.oid, c.contypid, 0, NULL::pg_catalog.text,"
" c.conname::pg_catalog.text, NULL::pg_catalog.text,"
" pg_catalog.regexp_replace(pg_catalog.pg_get_constraintdef(c.oid, true), ' NOT VALID$', ''),"
" CASE WHEN NOT c.convalidated THEN 'NOT VALID' END"
" FROM pg_catalog.pg_constraint c"
" WHERE c.contypid <> 0 AND c.contype = 'c' AND c.connamespace = ANY ($1)"
" ORDER BY c.contypid, c.conname";

static void
domain_constraint_create(MigSqlList *sql, const MigFact *fact)
{
	mig_sql_statement(sql, "ALTER DOMAIN %s ADD CONSTRAINT %s %s%s", mig_sql_name(fact->parent),
					  mig_sql_local_name(fact), mig_value(fact, "definition"),
					  mig_value(fact, "not_valid") ? " NOT VALID" : "");
}

static void
domain_constraint_drop(MigSqlList *sql, const MigFact *fact)
{
	mig_sql_statement(sql, "ALTER DOMAIN %s DROP CONSTRAINT %s", mig_sql_name(fact->parent),
					  mig_sql_local_name(fact));
}

static MigChange
domain_constraint_change(const MigFact *from, const MigFact *to, const char **reason)
{
	if (mig_same_value(from, to, "definition") && mig_value(to, "not_valid") == NULL)
		return MIG_CHANGE_ALTER;
	return MIG_CHANGE_REPLACE;
}

static void
domain_constraint_alter(MigSqlList *sql, const MigFact *from, const MigFact *to)
{
	mig_sql_statement(sql, "ALTER DOMAIN %s VALIDATE CONSTRAINT %s", mig_sql_name(to->parent),
					  mig_sql_local_name(to));
}

static void
domain_constraint_rename(MigSqlList *sql, const MigFact *from, const MigFact *to)
{
	mig_sql_statement(sql, "ALTER DOMAIN %s RENAME CONSTRAINT %s TO %s", mig_sql_name(to->parent),
					  mig_sql_local_name(from), mig_sql_local_name(to));
}

const MigKind mig_kind_domain_constraint = {
	.name = "domain constraint",
	.class_id = ConstraintRelationId,
	.identity = MIG_IDENTITY_ON_PARENT,
	.parent_kind = &mig_kind_domain,
	.create_order = MIG_CREATE_DOMAIN,
	.drop_order = MIG_DROP_CONSTRAINT,
	.rebuildable = true,
	.inside_parent = true,
	.goes_with_parent = true,
	.attributes = domain_constraint_attributes,
	.required = "definition",
	.query = domain_constraint_query,
	.create = domain_constraint_create,
	.drop = domain_constraint_drop,
	.change = domain_constraint_change,
	.alter = domain_constraint_alter,
	.rename = domain_constraint_rename
};

/* ----------
 * Ranges
 * ----------
 */

static const MigAttribute range_attributes[] = {
	{"subtype", MIG_COMPARE_ALWAYS},
	{"operator_class", MIG_COMPARE_ALWAYS}, /* NULL: the default one */
	{"collation", MIG_COMPARE_ALWAYS},
	{"subtype_diff", MIG_COMPARE_ALWAYS},
	{"multirange", MIG_COMPARE_ALWAYS}, /* NULL: named as usual */
	{"multirange_name", MIG_COMPARE_NEVER},
	{NULL, MIG_COMPARE_NEVER}
};

/* one with a canonical function needs that function before and after itself */
static const char *const range_query =
MIG_TYPE_COLUMNS
" pg_catalog.format_type(r.rngsubtype, NULL),"
" CASE WHEN NOT o.opcdefault THEN CASE WHEN pg_catalog.pg_opclass_is_visible(o.oid) THEN ''"
" ELSE pg_catalog.quote_ident(opn.nspname) || '.' END || pg_catalog.quote_ident(o.opcname) END,"
" CASE WHEN r.rngcollation <> s.typcollation THEN r.rngcollation::pg_catalog.regcollation::pg_catalog.text END,"
" CASE WHEN r.rngsubdiff <> 0 THEN r.rngsubdiff::pg_catalog.regproc::pg_catalog.text END,"
" CASE WHEN m.typnamespace <> t.typnamespace OR m.typname <> CASE WHEN pg_catalog.strpos(t.typname, 'range') > 0"
" THEN pg_catalog.regexp_replace(t.typname, 'range', 'multirange') ELSE t.typname || '_multirange' END"
" THEN pg_catalog.quote_ident(mn.nspname) || '.' || pg_catalog.quote_ident(m.typname) END,"
" m.typname::pg_catalog.text"
" FROM pg_catalog.pg_range r"
" JOIN pg_catalog.pg_type t ON t.oid = r.rngtypid"
" JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace"
" JOIN pg_catalog.pg_type s ON s.oid = r.rngsubtype"
" JOIN pg_catalog.pg_type m ON m.oid = r.rngmultitypid"
" JOIN pg_catalog.pg_namespace mn ON mn.oid = m.typnamespace"
" JOIN pg_catalog.pg_opclass o ON o.oid = r.rngsubopc"
" JOIN pg_catalog.pg_namespace opn ON opn.oid = o.opcnamespace"
" WHERE r.rngcanonical = 0 AND t.typnamespace = ANY ($1)"
" ORDER BY n.nspname, t.typname";

static void
range_create(MigSqlList *sql, const MigFact *fact)
{
	static const struct
	{
		const char *attribute;
		const char *option;
	}			options[] = {
		{"operator_class", "SUBTYPE_OPCLASS"},
		{"collation", "COLLATION"},
		{"subtype_diff", "SUBTYPE_DIFF"},
		{"multirange", "MULTIRANGE_TYPE_NAME"}
	};
	StringInfoData buf;
	int			i;

	initStringInfo(&buf);
	for (i = 0; i < lengthof(options); i++)
	{
		if (mig_value(fact, options[i].attribute))
			appendStringInfo(&buf, ", %s = %s", options[i].option, mig_value(fact, options[i].attribute));
	}
	mig_sql_statement(sql, "CREATE TYPE %s AS RANGE (SUBTYPE = %s%s)", mig_sql_name(fact),
					  mig_value(fact, "subtype"), buf.data);
}

static MigChange
range_change(const MigFact *from, const MigFact *to, const char **reason)
{
	return mig_type_is_stored(from, false) ? MIG_CHANGE_RETYPE : MIG_CHANGE_REPLACE;
}

/* Write the change of the name of a function that makes values of a type. */
static void
rename_constructor(MigSqlList *sql, const MigFact *from, const char *old_name, const char *arguments,
				   const char *new_name)
{
	mig_sql_statement(sql, "ALTER FUNCTION %s.%s(%s) RENAME TO %s", quote_identifier(from->schema), old_name,
					  arguments, new_name);
}

/*
 * Rename a range type, with the functions that are called like it, and its
 * multirange type where that follows it.  One that makes place for another,
 * with the same values, does so with all names.
 */
static void
range_rename(MigSqlList *sql, const MigFact *from, const MigFact *to)
{
	const char *old_multirange = mig_value(from, "multirange_name");
	const char *new_multirange = mig_value(to, "multirange_name");
	const char *subtype = mig_value(from, "subtype");

	mig_rename_object(sql, from, to);
	if (strcmp(from->name, to->name) == 0)
		return;
	rename_constructor(sql, from, mig_sql_local_name(from), psprintf("%s, %s", subtype, subtype),
					   mig_sql_local_name(to));
	rename_constructor(sql, from, mig_sql_local_name(from), psprintf("%s, %s, text", subtype, subtype),
					   mig_sql_local_name(to));
	if (from->values == to->values)
		new_multirange = psprintf("%s_multirange", to->name);
	if (strcmp(old_multirange, new_multirange) == 0)
		return;
	mig_sql_statement(sql, "ALTER TYPE %s.%s RENAME TO %s", quote_identifier(from->schema),
					  quote_identifier(old_multirange), quote_identifier(new_multirange));
	rename_constructor(sql, from, quote_identifier(old_multirange), "", quote_identifier(new_multirange));
}

const MigKind mig_kind_range = {
	.name = "range type",
	.class_id = TypeRelationId,
	.identity = MIG_IDENTITY_QUALIFIED,
	.names = MIG_NAMES_TYPE,
	.create_order = MIG_CREATE_TYPE,
	.drop_order = MIG_DROP_TYPE,
	.attributes = range_attributes,
	.required = "subtype",
	.query = range_query,
	.create = range_create,
	.drop = mig_drop_object,
	.change = range_change,
	.rename = range_rename
};
