/*-------------------------------------------------------------------------
 *
 * kind_columntype.c
 *	  Columns that change their type: what becomes of the values.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "kind_column.h"
#include "kind_type.h"
#include "kinds.h"
#include "parser/parse_coerce.h"
#include "pg_compat.h"
#include "utils/lsyscache.h"

/* "varchar(10)" is a "varchar". */
bool
mig_same_base_type(const char *a, const char *b)
{
	size_t		len_a = strcspn(a, "(");
	size_t		len_b = strcspn(b, "(");

	return len_a == len_b && strncmp(a, b, len_a) == 0;
}

/* What becomes of values that change their type. */
typedef enum Conversion
{
	CONVERSION_LOSSLESS,		/* as any value of the type could */
	CONVERSION_ASSIGNMENT,		/* as INSERT would do it */
	CONVERSION_EXPLICIT,		/* only if told to */
	CONVERSION_NONE				/* only through text */
} Conversion;

/*
 * How values of one type become values of another.  A type that is unknown
 * where this is asked is one that comes or goes with the change.
 */
static Conversion
conversion_of(const char *from, const char *to)
{
	Oid			from_type = mig_find_type(from);
	Oid			to_type = mig_find_type(to);

	if (!OidIsValid(from_type) || !OidIsValid(to_type))
		return CONVERSION_EXPLICIT;
	if (can_coerce_type(1, &from_type, &to_type, COERCION_IMPLICIT))
		return CONVERSION_LOSSLESS;
	if (can_coerce_type(1, &from_type, &to_type, COERCION_ASSIGNMENT))
		return CONVERSION_ASSIGNMENT;
	return can_coerce_type(1, &from_type, &to_type, COERCION_EXPLICIT) ? CONVERSION_EXPLICIT : CONVERSION_NONE;
}

/* Can the type hold any other as text? */
static bool
is_textual(const char *type)
{
	return strcmp(type, "text") == 0 || strncmp(type, "character", strlen("character")) == 0;
}

/* Is the type of the column an enum, or an array of one? */
static bool
has_enum_type(const MigFact *column)
{
	int			i;

	for (i = 0; i < column->nneeds; i++)
	{
		if (column->needs[i]->kind == &mig_kind_enum)
			return true;
	}
	return false;
}

/* How values of a column become what they are on the other side. */
static Conversion
conversion_between(const MigFact *from, const MigFact *to)
{
	const char *from_type = mig_value(from, "type");
	const char *to_type = mig_value(to, "type");
	Conversion	conversion = mig_same_base_type(from_type, to_type) ? CONVERSION_LOSSLESS :
		conversion_of(from_type, to_type);

	/* nothing is cast to an enum, nor an enum to anything, but text */
	if (conversion == CONVERSION_EXPLICIT &&
		((has_enum_type(from) && !is_textual(to_type)) || (has_enum_type(to) && !is_textual(from_type))))
		return CONVERSION_NONE;
	return conversion;
}

/* Can the values of both sides be compared with each other? */
bool
mig_column_stays_comparable(const MigFact *from, const MigFact *to)
{
	return conversion_between(from, to) == CONVERSION_LOSSLESS || conversion_between(to, from) == CONVERSION_LOSSLESS;
}

/* Does the change of a column go through ALTER COLUMN TYPE? */
bool
mig_column_changes_type(const MigFact *from, const MigFact *to)
{
	return !mig_same_value(from, to, "type") || !mig_same_value(from, to, "collation");
}

/* Is it one of arrays? */
static bool
is_array(const char *type)
{
	size_t		len = strlen(type);

	return len > 2 && strcmp(type + len - 2, "[]") == 0;
}

/* Write ALTER COLUMN TYPE. */
void
mig_column_set_type(MigSqlList *sql, const MigFact *from, const MigFact *to, bool through_text)
{
	const char *name = mig_sql_local_name(to);
	const char *type = mig_value(to, "type");
	bool		arrays = is_array(mig_value(from, "type")) && is_array(type);
	const char *collation = mig_value(to, "collation") ?
		psprintf(" COLLATE %s", mig_value(to, "collation")) : "";
	Conversion	conversion = conversion_between(from, to);
	const char *using = "";

	/* a generated column is computed, and a foreign table not ours to change */
	if (mig_value(to, "generated") == NULL && !mig_value_is(to->parent, "relkind", "foreign table"))
	{
		if (through_text || conversion == CONVERSION_NONE)
			using = psprintf(" USING %s::text%s::%s", name, arrays ? "[]" : "", type);
		else if (conversion == CONVERSION_EXPLICIT)
			using = psprintf(" USING %s::%s", name, type);
	}
	if (through_text && *using && mig_composite_conversion(from, to))
		using = psprintf(" USING %s", mig_composite_conversion(from, to));
	mig_sql_action(sql, to->parent, "ALTER COLUMN %s TYPE %s%s%s", name, type, collation, using);
	if (!through_text && conversion != CONVERSION_LOSSLESS && !is_textual(type))
		mig_sql_loses(sql, "what %s of column %s has and %s cannot keep", mig_value(from, "type"), to->identity, type);
}

/* How values of a type are stored if nothing is said. */
const char *
mig_default_storage(const char *type)
{
	Oid			oid = mig_find_type(type);

	switch (OidIsValid(oid) ? get_typstorage(oid) : TYPSTORAGE_EXTENDED)
	{
		case TYPSTORAGE_PLAIN:
			return "PLAIN";
		case TYPSTORAGE_EXTERNAL:
			return "EXTERNAL";
		case TYPSTORAGE_MAIN:
			return "MAIN";
		default:
			return "EXTENDED";
	}
}
