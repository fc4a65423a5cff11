/*-------------------------------------------------------------------------
 *
 * kind_composite.c
 *	  Composite types and their attributes.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "kind_type.h"
#include "kinds.h"
#include "objectname.h"
#include "revision.h"
#include "utils/builtins.h"

static const MigAttribute composite_attributes[] = {
	{"attributes", MIG_COMPARE_ALWAYS}, /* their names */
	{"definitions", MIG_COMPARE_ALWAYS},	/* their types and collations */
	{NULL, MIG_COMPARE_NEVER}
};

/* The type of an attribute and its collation, in two columns. */
#define ATTRIBUTE_TYPE \
	"pg_catalog.format_type(a.atttypid, a.atttypmod)"
#define ATTRIBUTE_COLLATION \
	"CASE WHEN a.attcollation <> at.typcollation THEN a.attcollation::pg_catalog.regcollation::pg_catalog.text END"

static const char *const composite_query =
MIG_TYPE_COLUMNS
" m.names::pg_catalog.text, m.definitions::pg_catalog.text"
" FROM pg_catalog.pg_class c"
" JOIN pg_catalog.pg_type t ON t.oid = c.reltype"
" JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace"
" LEFT JOIN (SELECT a.attrelid, pg_catalog.array_agg(a.attname::pg_catalog.text ORDER BY a.attnum) AS names,"
" pg_catalog.array_agg(pg_catalog.concat(" ATTRIBUTE_TYPE ", ' COLLATE ' || " ATTRIBUTE_COLLATION ")"
" ORDER BY a.attnum) AS definitions"
" FROM pg_catalog.pg_class ac"
" JOIN pg_catalog.pg_attribute a ON a.attrelid = ac.oid"
" JOIN pg_catalog.pg_type at ON at.oid = a.atttypid"
" WHERE ac.relkind = 'c' AND ac.relnamespace = ANY ($1) AND a.attnum > 0 AND NOT a.attisdropped"
" GROUP BY a.attrelid) m ON m.attrelid = c.oid"
" WHERE c.relkind = 'c' AND c.relnamespace = ANY ($1)"
" ORDER BY n.nspname, t.typname";

static void
composite_create(MigSqlList *sql, const MigFact *fact)
{
	StringInfoData buf;
	MigNameList names;
	MigNameList definitions;
	int			i;

	mig_array_pairs(fact, "attributes", "definitions", &names, &definitions);
	initStringInfo(&buf);
	for (i = 0; i < names.count; i++)
		appendStringInfo(&buf, "%s%s %s", i > 0 ? ", " : "", quote_identifier(names.names[i]),
						 definitions.names[i]);
	mig_sql_statement(sql, "CREATE TYPE %s AS (%s)", mig_sql_name(fact), buf.data);
}

/* Would a value that goes through text have attributes of one name in another? */
static bool
mixes_up_attributes(const MigNameList *from, const MigNameList *to)
{
	/* a text with more or fewer attributes is not taken at all */
	return from->count == to->count && !mig_name_list_equal(from, to);
}

/* The composite type that the column is of, and not an array of, or NULL. */
static const MigFact *
composite_of_column(const MigFact *column)
{
	int			i;

	for (i = 0; i < column->nneeds; i++)
	{
		if (column->needs[i]->kind == &mig_kind_composite &&
			strcmp(mig_sql_name(column->needs[i]), mig_value(column, "type")) == 0)
			return column->needs[i];
	}
	return NULL;
}

/*
 * The expression that makes new values of a column of a composite type that is
 * replaced, each attribute by itself; NULL: the text of the value will do.
 */
const char *
mig_composite_conversion(const MigFact *from, const MigFact *to)
{
	const MigFact *old_type = composite_of_column(from);
	const MigFact *new_type = composite_of_column(to);
	const char *column = mig_sql_local_name(to);
	MigNameList old_names;
	MigNameList new_names;
	StringInfoData buf;
	int			i;

	if (old_type == NULL || new_type == NULL || mig_same_value(old_type, new_type, "attributes"))
		return NULL;
	mig_array_items(mig_value(old_type, "attributes"), &old_names);
	mig_array_items(mig_value(new_type, "attributes"), &new_names);
	initStringInfo(&buf);
	for (i = 0; i < new_names.count; i++)
	{
		const char *name = quote_identifier(new_names.names[i]);
		const MigFact *attribute = mig_fact_find(to->data, &mig_kind_composite_attribute,
												 psprintf("%s.%s", new_type->identity, name));

		appendStringInfoString(&buf, i > 0 ? ", " : "");
		if (!mig_name_list_contains(&old_names, new_names.names[i]))
			appendStringInfoString(&buf, "NULL");
		else if (attribute == NULL)
			appendStringInfo(&buf, "(%s).%s", column, name);
		else
			appendStringInfo(&buf, "(%s).%s::text%s%s", column, name,
							 mig_value_is(attribute, "type", "text") ? "" : "::",
							 mig_value_is(attribute, "type", "text") ? "" : mig_value(attribute, "type"));
	}
	return psprintf("CASE WHEN %s IS DISTINCT FROM NULL THEN ROW(%s)::%s END", column, buf.data,
					mig_value(to, "type"));
}

/*
 * The attributes change by themselves if the new ones come last, which is
 * where ADD ATTRIBUTE puts them, and if no table holds values whose attributes
 * change their types, which ALTER ATTRIBUTE refuses.
 */
static MigChange
composite_change(const MigFact *from, const MigFact *to, const char **reason)
{
	MigNameList old_names;
	MigNameList old_definitions;
	MigNameList new_names;
	MigNameList new_definitions;
	bool		retyped = false;
	bool		moved = false;
	int			kept = 0;
	int			i;

	mig_array_pairs(from, "attributes", "definitions", &old_names, &old_definitions);
	mig_array_pairs(to, "attributes", "definitions", &new_names, &new_definitions);
	for (i = 0; i < old_names.count; i++)
	{
		if (!mig_name_list_contains(&new_names, old_names.names[i]))
			continue;
		if (strcmp(old_names.names[i], new_names.names[kept]) != 0)
		{
			moved = true;
			break;
		}
		if (strcmp(old_definitions.names[i], new_definitions.names[kept]) != 0)
			retyped = true;
		kept++;
	}
	if (!moved)
		return retyped && mig_type_is_stored(from, false) ? MIG_CHANGE_RETYPE : MIG_CHANGE_NONE;
	if (mixes_up_attributes(&old_names, &new_names) && mig_type_is_stored(from, true))
	{
		*reason = "its attributes change places, and tables hold values of it inside of others";
		return MIG_CHANGE_REFUSE;
	}
	return MIG_CHANGE_RETYPE;
}

const MigKind mig_kind_composite = {
	.name = "composite type",
	.class_id = TypeRelationId,
	.identity = MIG_IDENTITY_QUALIFIED,
	.names = MIG_NAMES_TYPE | MIG_NAMES_RELATION,
	.create_order = MIG_CREATE_TYPE,
	.drop_order = MIG_DROP_TYPE,
	.attributes = composite_attributes,
	.query = composite_query,
	.create = composite_create,
	.drop = mig_drop_object,
	.change = composite_change,
	.rename = mig_rename_object
};

/* ----------
 * Attributes of composite types
 * ----------
 */

static const MigAttribute composite_attribute_attributes[] = {
	{"type", MIG_COMPARE_ALWAYS},
	{"collation", MIG_COMPARE_ALWAYS},
	{"position", MIG_COMPARE_NEVER},
	{NULL, MIG_COMPARE_NEVER}
};

static const char *const composite_attribute_query =
"SELECT a.attrelid, a.attnum::pg_catalog.int4, 'pg_catalog.pg_type'::pg_catalog.regclass::pg_catalog.oid, c.reltype, 0,"
" NULL::pg_catalog.text, a.attname::pg_catalog.text, NULL::pg_catalog.text,"
" " ATTRIBUTE_TYPE ", " ATTRIBUTE_COLLATION ", a.attnum::pg_catalog.text"
" FROM pg_catalog.pg_class c"
" JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid"
" JOIN pg_catalog.pg_type at ON at.oid = a.atttypid"
" WHERE c.relkind = 'c' AND c.relnamespace = ANY ($1) AND a.attnum > 0 AND NOT a.attisdropped"
" ORDER BY a.attrelid, a.attnum";

/* The type of an attribute, and its collation. */
static const char *
attribute_type(const MigFact *fact)
{
	if (mig_value(fact, "collation") == NULL)
		return mig_value(fact, "type");
	return psprintf("%s COLLATE %s", mig_value(fact, "type"), mig_value(fact, "collation"));
}

static void
composite_attribute_create(MigSqlList *sql, const MigFact *fact)
{
	mig_sql_statement(sql, "ALTER TYPE %s ADD ATTRIBUTE %s %s", mig_sql_name(fact->parent), mig_sql_local_name(fact),
					  attribute_type(fact));
}

static void
composite_attribute_drop(MigSqlList *sql, const MigFact *fact)
{
	mig_sql_statement(sql, "ALTER TYPE %s DROP ATTRIBUTE %s", mig_sql_name(fact->parent), mig_sql_local_name(fact));
	if (mig_type_is_stored(fact->parent, false))
		mig_sql_loses(sql, "attribute %s", fact->identity);
}

static MigChange
composite_attribute_change(const MigFact *from, const MigFact *to, const char **reason)
{
	return MIG_CHANGE_ALTER;
}

static void
composite_attribute_alter(MigSqlList *sql, const MigFact *from, const MigFact *to)
{
	mig_sql_statement(sql, "ALTER TYPE %s ALTER ATTRIBUTE %s TYPE %s", mig_sql_name(to->parent),
					  mig_sql_local_name(to), attribute_type(to));
}

static void
composite_attribute_rename(MigSqlList *sql, const MigFact *from, const MigFact *to)
{
	mig_sql_statement(sql, "ALTER TYPE %s RENAME ATTRIBUTE %s TO %s", mig_sql_name(to->parent),
					  mig_sql_local_name(from), mig_sql_local_name(to));
}

/* Code over an attribute must go while its type changes. */
static bool
composite_attribute_breaks(const MigFact *from, const MigFact *to, const MigFact *dependent)
{
	return dependent->kind->rebuildable && !dependent->kind->goes_with_parent;
}

const MigKind mig_kind_composite_attribute = {
	.name = "type attribute",
	.class_id = RelationRelationId,
	.identity = MIG_IDENTITY_MEMBER,
	.parent_kind = &mig_kind_composite,
	.create_order = MIG_CREATE_TYPE,
	.drop_order = MIG_DROP_TYPE,
	.inside_parent = true,
	.goes_with_parent = true,
	.attributes = composite_attribute_attributes,
	.required = "type position",
	.query = composite_attribute_query,
	.create = composite_attribute_create,
	.drop = composite_attribute_drop,
	.change = composite_attribute_change,
	.alter = composite_attribute_alter,
	.rename = composite_attribute_rename,
	.breaks = composite_attribute_breaks
};
