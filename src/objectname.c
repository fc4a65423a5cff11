/*-------------------------------------------------------------------------
 *
 * objectname.c
 *	  How statements name objects.
 *
 * COMMENT ON, ALTER ... OWNER TO, ALTER ... RENAME TO and DROP name an object
 * by the words for its type and its name, GRANT by somewhat other words.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "kinds.h"
#include "objectname.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"

/* What GRANT and REVOKE say instead of the words of the other statements. */
typedef struct ObjectWords
{
	const MigKind *kind;
	const char *words;
	const char *grant;			/* NULL: there are no privileges on it */
} ObjectWords;

/* Kinds whose objects are named by their name alone. */
static const ObjectWords object_words[] = {
	{&mig_kind_schema, "SCHEMA", "SCHEMA"},
	{&mig_kind_table, "TABLE", "TABLE"},
	{&mig_kind_sequence, "SEQUENCE", "SEQUENCE"},
	{&mig_kind_index, "INDEX", NULL},
	{&mig_kind_statistics, "STATISTICS", NULL},
	{&mig_kind_enum, "TYPE", "TYPE"},
	{&mig_kind_domain, "DOMAIN", "DOMAIN"},
	{&mig_kind_composite, "TYPE", "TYPE"},
	{&mig_kind_range, "TYPE", "TYPE"},
	{&mig_kind_view, "VIEW", "TABLE"},
	{&mig_kind_matview, "MATERIALIZED VIEW", "TABLE"},
	{&mig_kind_event_trigger, "EVENT TRIGGER", NULL},
	{&mig_kind_extension, "EXTENSION", NULL},
	{&mig_kind_publication, "PUBLICATION", NULL},
	{&mig_kind_fdw, "FOREIGN DATA WRAPPER", "FOREIGN DATA WRAPPER"},
	{&mig_kind_server, "SERVER", "FOREIGN SERVER"},
	{&mig_kind_collation, "COLLATION", NULL},
	{&mig_kind_conversion, "CONVERSION", NULL},
	{&mig_kind_ts_parser, "TEXT SEARCH PARSER", NULL},
	{&mig_kind_ts_template, "TEXT SEARCH TEMPLATE", NULL},
	{&mig_kind_ts_dictionary, "TEXT SEARCH DICTIONARY", NULL},
	{&mig_kind_ts_configuration, "TEXT SEARCH CONFIGURATION", NULL}
};

/* Kinds whose objects are named by their name and that of their parent. */
static const ObjectWords member_words[] = {
	{&mig_kind_constraint, "CONSTRAINT", NULL},
	{&mig_kind_trigger, "TRIGGER", NULL},
	{&mig_kind_policy, "POLICY", NULL},
	{&mig_kind_rule, "RULE", NULL}
};

/* The words for a kind in one of the tables, or NULL. */
static const ObjectWords *
find_words(const ObjectWords *words, int nwords, const MigKind *kind)
{
	int			i;

	for (i = 0; i < nwords; i++)
	{
		if (words[i].kind == kind)
			return &words[i];
	}
	return NULL;
}

/* The name of an operator, which is never quoted. */
const char *
mig_operator_name(const MigFact *fact)
{
	if (fact->data->path_schema && strcmp(fact->schema, fact->data->path_schema) == 0)
		return fact->name;
	return psprintf("%s.%s", quote_identifier(fact->schema), fact->name);
}

/* Append the words for a fact's object and its name, as COMMENT ON has them. */
void
mig_object_phrase(StringInfo buf, const MigFact *fact)
{
	const MigKind *kind = fact->kind;
	const ObjectWords *words = find_words(object_words, lengthof(object_words), kind);

	if (kind == &mig_kind_table && mig_value_is(fact, "relkind", "foreign table"))
		appendStringInfo(buf, "FOREIGN TABLE %s", mig_sql_name(fact));
	else if (words)
		appendStringInfo(buf, "%s %s", words->words, mig_sql_name(fact));
	else if ((words = find_words(member_words, lengthof(member_words), kind)) != NULL)
		appendStringInfo(buf, "%s %s ON %s", words->words, mig_sql_local_name(fact), mig_sql_name(fact->parent));
	else if (kind == &mig_kind_domain_constraint)
		appendStringInfo(buf, "CONSTRAINT %s ON DOMAIN %s", mig_sql_local_name(fact), mig_sql_name(fact->parent));
	else if (kind == &mig_kind_column || kind == &mig_kind_view_column || kind == &mig_kind_composite_attribute)
		appendStringInfo(buf, "COLUMN %s.%s", mig_sql_name(fact->parent), mig_sql_local_name(fact));
	else if (kind == &mig_kind_routine)
		appendStringInfo(buf, "%s %s(%s)", mig_value(fact, "type"), mig_sql_name(fact), mig_value(fact, "arguments"));
	else if (kind == &mig_kind_aggregate)
		appendStringInfo(buf, "AGGREGATE %s(%s)", mig_sql_name(fact), mig_value(fact, "arguments"));
	else if (kind == &mig_kind_operator)
		appendStringInfo(buf, "OPERATOR %s (%s)", mig_operator_name(fact), fact->arguments);
	else if (kind == &mig_kind_cast)
		appendStringInfo(buf, "CAST %s", fact->name);
	else
		elog(ERROR, "facts of kind \"%s\" have no words in SQL", kind->name);
}

/* The same as a text. */
const char *
mig_object_text(const MigFact *fact)
{
	StringInfoData buf;

	initStringInfo(&buf);
	mig_object_phrase(&buf, fact);
	return buf.data;
}

/*
 * What follows ON in GRANT and REVOKE.  A column is named by its table; the
 * privileges themselves name the column.
 */
const char *
mig_grant_target(const MigFact *fact)
{
	const ObjectWords *words;

	if (fact->kind == &mig_kind_column || fact->kind == &mig_kind_view_column)
		fact = fact->parent;
	words = find_words(object_words, lengthof(object_words), fact->kind);
	if (words && words->grant)
		return psprintf("%s %s", words->grant, mig_sql_name(fact));
	if (fact->kind == &mig_kind_aggregate)
		return psprintf("FUNCTION %s(%s)", mig_sql_name(fact), fact->arguments);
	return mig_object_text(fact);
}

/* Write DROP for an object that goes by its words and its name. */
void
mig_drop_object(MigSqlList *sql, const MigFact *fact)
{
	mig_sql_statement(sql, "DROP %s", mig_object_text(fact));
}

/* Write ALTER ... SET SCHEMA and RENAME TO. */
void
mig_rename_object(MigSqlList *sql, const MigFact *from, const MigFact *to)
{
	MigFact		moved = *from;

	if (from->schema && strcmp(from->schema, to->schema) != 0)
	{
		mig_sql_statement(sql, "ALTER %s SET SCHEMA %s", mig_object_text(from), quote_identifier(to->schema));
		moved.schema = to->schema;
	}
	if (strcmp(from->name, to->name) != 0)
		mig_sql_statement(sql, "ALTER %s RENAME TO %s", mig_object_text(&moved), mig_sql_local_name(to));
}

/* Read the text of an array of texts; NULL is an empty one. */
void
mig_array_items(const char *array, MigNameList *items)
{
	Datum	   *elements;
	bool	   *nulls;
	int			n;
	int			i;

	items->names = NULL;
	items->count = 0;
	if (array == NULL)
		return;
	deconstruct_array(DatumGetArrayTypeP(OidFunctionCall3(F_ARRAY_IN, CStringGetDatum(array),
														  ObjectIdGetDatum(TEXTOID), Int32GetDatum(-1))),
					  TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &n);
	for (i = 0; i < n; i++)
	{
		if (!nulls[i])
			mig_name_list_add(items, TextDatumGetCString(elements[i]));
	}
}

/* Read two arrays whose items belong together. */
void
mig_array_pairs(const MigFact *fact, const char *first, const char *second,
				MigNameList *first_items, MigNameList *second_items)
{
	mig_array_items(mig_value(fact, first), first_items);
	mig_array_items(mig_value(fact, second), second_items);
	/* as they may come from a document */
	if (first_items->count != second_items->count)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the schema data of %s %s are not consistent", fact->kind->name, fact->identity),
				 errdetail("There are %d \"%s\", but %d \"%s\".", first_items->count, first,
						   second_items->count, second),
				 errhint("Pass a document unchanged, as SELECT migrate_snapshot(); returned it.")));
}
