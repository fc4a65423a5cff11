/*-------------------------------------------------------------------------
 *
 * snapshotjson.c
 *	  Schema data as a document, and their fingerprint.
 *
 * A document is an object with "format", "server_version", "path_schema"
 * (unless there is none), "fingerprint" and "facts".  A fact is an object
 * with "kind", "parent", "schema", "name", "arguments", "values" and "needs";
 * what is not set is left out.  Other facts are referred to by kind and
 * identity: {"table":"public.account"} as a parent, and in "needs", which the
 * parent is not repeated in, {"table":["public.account"]}.
 *
 * Equal schemas make equal documents: facts are in the order of their kinds'
 * names and of their identities, as bytes of UTF-8, and nothing is written
 * that differs from one database to the next.  What is not compared (the
 * position of a column) does differ, and is there because SQL cannot be
 * written without it; the fingerprint is taken of what is compared alone.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "digest.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "pg_compat.h"
#include "snapshotjson.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/json.h"
#include "utils/memutils.h"

/* A place in the order of documents. */
typedef struct SortedFact
{
	const MigFact *fact;
	const char *identity;		/* in UTF-8 */
} SortedFact;

/* A name or value in UTF-8, which is where two databases can be compared. */
static const char *
to_utf8(const char *text)
{
	if (GetDatabaseEncoding() == PG_SQL_ASCII)
		return text;
	return pg_server_to_any(text, (int) strlen(text), PG_UTF8);
}

static int
compare_facts(const void *a, const void *b)
{
	const SortedFact *left = (const SortedFact *) a;
	const SortedFact *right = (const SortedFact *) b;

	if (left->fact->kind != right->fact->kind)
		return strcmp(left->fact->kind->name, right->fact->kind->name);
	return strcmp(left->identity, right->identity);
}

/* The facts in the order of documents. */
static SortedFact *
sort_facts(const MigSchemaData *data)
{
	SortedFact *sorted = MemoryContextAllocHuge(CurrentMemoryContext,
												sizeof(SortedFact) * Max(data->nfacts, 1));
	int			i;

	for (i = 0; i < data->nfacts; i++)
	{
		sorted[i].fact = data->facts[i];
		sorted[i].identity = to_utf8(data->facts[i]->identity);
	}
	qsort(sorted, data->nfacts, sizeof(SortedFact), compare_facts);
	return sorted;
}

/* ----------
 * Fingerprint
 * ----------
 */

/* What is compared of a fact; an empty name ends it. */
static void
append_compared(StringInfo buf, const SortedFact *sorted)
{
	const MigFact *fact = sorted->fact;
	const MigAttribute *attribute = fact->kind->attributes;
	int			i;

	mig_digest_add(buf, fact->kind->name);
	mig_digest_add(buf, sorted->identity);
	for (i = 0; attribute && attribute[i].name; i++)
	{
		if (attribute[i].compare == MIG_COMPARE_NEVER || fact->values[i] == NULL)
			continue;
		mig_digest_add(buf, attribute[i].name);
		mig_digest_add(buf, to_utf8(fact->values[i]));
	}
	mig_digest_add(buf, "");
}

/* The fingerprint of sorted facts. */
static char *
hash_facts(const MigSchemaData *data, const SortedFact *sorted)
{
	StringInfoData buf;
	char	   *fingerprint;
	int			i;

	initStringInfo(&buf);
	mig_digest_add(&buf, data->path_schema ? to_utf8(data->path_schema) : "");
	for (i = 0; i < data->nfacts; i++)
	{
		CHECK_FOR_INTERRUPTS();
		append_compared(&buf, &sorted[i]);
	}
	fingerprint = mig_digest(&buf);
	pfree(buf.data);
	return fingerprint;
}

/*
 * A name for what is compared: equal for equal schemas, whatever the database,
 * its encoding, and the order in which their objects were made.
 *
 * It does not depend on which comparisons are switched off.
 */
char *
mig_schema_data_fingerprint(const MigSchemaData *data)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "migrate fingerprint",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	char	   *fingerprint = hash_facts(data, sort_facts(data));

	MemoryContextSwitchTo(oldcontext);
	fingerprint = pstrdup(fingerprint);
	MemoryContextDelete(context);
	return fingerprint;
}

/* ----------
 * Writing
 * ----------
 */

/* What the parts of a document are written with. */
typedef struct Writer
{
	StringInfoData buf;
	const SortedFact *sorted;
	int		   *places;			/* of facts in "sorted", by their index */
	int		   *needs;			/* places of the facts that one needs */
	int			capacity;
} Writer;

/* One more member of an object whose first one is written already. */
static void
write_member(Writer *writer, const char *key, const char *value)
{
	if (value == NULL)
		return;
	appendStringInfo(&writer->buf, ",\"%s\":", key);
	escape_json(&writer->buf, value);
}

/* The values that are set. */
static void
write_values(Writer *writer, const MigFact *fact)
{
	const MigAttribute *attribute = fact->kind->attributes;
	int			n = 0;
	int			i;

	for (i = 0; attribute && attribute[i].name; i++)
	{
		if (fact->values[i] == NULL)
			continue;
		appendStringInfo(&writer->buf, "%s\"%s\":", n++ == 0 ? ",\"values\":{" : ",", attribute[i].name);
		escape_json(&writer->buf, fact->values[i]);
	}
	if (n > 0)
		appendStringInfoChar(&writer->buf, '}');
}

static int
compare_places(const void *a, const void *b)
{
	int			left = *(const int *) a;
	int			right = *(const int *) b;

	return left < right ? -1 : left > right;
}

/* The places of the facts that a fact needs, its parent excepted. */
static int
sort_needs(Writer *writer, const MigFact *fact)
{
	int			n = 0;
	int			i;

	if (writer->capacity < fact->nneeds)
	{
		writer->capacity = fact->nneeds * 2;
		writer->needs = palloc(sizeof(int) * writer->capacity);
	}
	for (i = 0; i < fact->nneeds; i++)
	{
		if (fact->needs[i] != fact->parent)
			writer->needs[n++] = writer->places[fact->needs[i]->index];
	}
	if (n > 1)
		qsort(writer->needs, n, sizeof(int), compare_places);
	return n;
}

/* What a fact needs, kind by kind. */
static void
write_needs(Writer *writer, const MigFact *fact)
{
	const MigKind *kind = NULL;
	int			n = sort_needs(writer, fact);
	int			i;

	if (n == 0)
		return;
	appendStringInfoString(&writer->buf, ",\"needs\":{");
	for (i = 0; i < n; i++)
	{
		const MigFact *needed = writer->sorted[writer->needs[i]].fact;

		if (needed->kind == kind)
			appendStringInfoChar(&writer->buf, ',');
		else
			appendStringInfo(&writer->buf, "%s\"%s\":[", kind ? "]," : "", needed->kind->name);
		escape_json(&writer->buf, needed->identity);
		kind = needed->kind;
	}
	appendStringInfoString(&writer->buf, "]}");
}

/* One fact, on a line of its own. */
static void
write_fact(Writer *writer, const MigFact *fact)
{
	appendStringInfo(&writer->buf, "\n{\"kind\":\"%s\"", fact->kind->name);
	if (fact->parent)
	{
		appendStringInfo(&writer->buf, ",\"parent\":{\"%s\":", fact->parent->kind->name);
		escape_json(&writer->buf, fact->parent->identity);
		appendStringInfoChar(&writer->buf, '}');
	}
	write_member(writer, "schema", fact->schema);
	write_member(writer, "name", fact->name);
	write_member(writer, "arguments", fact->arguments);
	write_values(writer, fact);
	write_needs(writer, fact);
	appendStringInfoChar(&writer->buf, '}');
}

/* The document of schema data. */
char *
mig_schema_data_to_json(const MigSchemaData *data)
{
	Writer		writer = {0};
	int			i;

	writer.sorted = sort_facts(data);
	writer.places = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(int) * Max(data->nfacts, 1));
	for (i = 0; i < data->nfacts; i++)
		writer.places[writer.sorted[i].fact->index] = i;
	initStringInfo(&writer.buf);
	appendStringInfo(&writer.buf, "{\"format\":%d,\"server_version\":%s", MIG_SNAPSHOT_FORMAT,
					 GetConfigOption("server_version_num", false, false));
	write_member(&writer, "path_schema", data->path_schema);
	write_member(&writer, "fingerprint", hash_facts(data, writer.sorted));
	appendStringInfoString(&writer.buf, ",\"facts\":[");
	for (i = 0; i < data->nfacts; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (i > 0)
			appendStringInfoChar(&writer.buf, ',');
		write_fact(&writer, writer.sorted[i].fact);
	}
	appendStringInfoString(&writer.buf, "\n]}");
	return writer.buf.data;
}
