/*-------------------------------------------------------------------------
 *
 * snapshotparse.c
 *	  Reading a document of schema data; snapshotjson.c says what is in one.
 *
 * PostgreSQL's own parser of JSON calls the actions below.  Keys may come in
 * any order, as those of a jsonb do, so a fact is kept raw until all of them
 * are read.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/jsonapi.h"
#include "kinds.h"
#include "miscadmin.h"
#include "pg_compat.h"
#include "snapshotjson.h"
#include "snapshotraw.h"
#include "utils/memutils.h"

/* Where in a document the parser is. */
typedef enum Place
{
	BEFORE_DOCUMENT,
	IN_DOCUMENT,
	IN_FACTS,
	IN_FACT,
	IN_PARENT,
	IN_VALUES,
	IN_NEEDS,
	IN_NEEDS_OF_KIND,
	AFTER_DOCUMENT
} Place;

/* Keys of a document and of a fact. */
typedef enum Key
{
	KEY_FORMAT,
	KEY_SERVER_VERSION,
	KEY_PATH_SCHEMA,
	KEY_FINGERPRINT,
	KEY_FACTS,
	KEY_KIND,
	KEY_PARENT,
	KEY_SCHEMA,
	KEY_NAME,
	KEY_ARGUMENTS,
	KEY_VALUES,
	KEY_NEEDS
} Key;

static const char *const key_names[] = {
	[KEY_FORMAT] = "format",
	[KEY_SERVER_VERSION] = "server_version",
	[KEY_PATH_SCHEMA] = "path_schema",
	[KEY_FINGERPRINT] = "fingerprint",
	[KEY_FACTS] = "facts",
	[KEY_KIND] = "kind",
	[KEY_PARENT] = "parent",
	[KEY_SCHEMA] = "schema",
	[KEY_NAME] = "name",
	[KEY_ARGUMENTS] = "arguments",
	[KEY_VALUES] = "values",
	[KEY_NEEDS] = "needs",
};

#define LAST_DOCUMENT_KEY	KEY_FACTS

/* A value whose attribute is not looked up yet. */
typedef struct RawValue
{
	char	   *name;
	char	   *value;
} RawValue;

typedef struct Reader
{
	MigRawDocument *document;	/* its last fact is the one being read */
	Place		place;
	Key			key;			/* the last of the document or the fact */
	int			document_keys;	/* those that were there, as bits */
	int			fact_keys;
	const MigKind *needs_kind;
	RawValue   *values;			/* of the fact being read */
	int			nvalues;
	int			values_capacity;
	const MigKind *last_kind;	/* the next is most often the same */
} Reader;

/* ----------
 * Errors
 * ----------
 */

/* Which fact it is, in words. */
const char *
mig_describe_raw(const MigRawDocument *document, const MigRawFact *raw)
{
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfo(&buf, "Fact %d", (int) (raw - document->facts) + 1);
	if (raw->kind && raw->name)
		appendStringInfo(&buf, " (%s \"%s\")", raw->kind->name, raw->name);
	return buf.data;
}

/* The fact that is being read. */
static MigRawFact *
current_fact(const Reader *reader)
{
	return &reader->document->facts[reader->document->nfacts - 1];
}

static const char *
describe_fact(const Reader *reader)
{
	return mig_describe_raw(reader->document, current_fact(reader));
}

/* What the keys that are being read belong to, in words. */
static const char *
describe_place(const Reader *reader)
{
	return reader->place == IN_DOCUMENT ? "The document" : describe_fact(reader);
}

/* ----------
 * Actions of the parser
 * ----------
 */

/* Room for one more element of an array; returns the array. */
static void *
grow(const Reader *reader, void *array, int count, int *capacity, Size size)
{
	if (count < *capacity)
		return array;
	*capacity = Max(*capacity * 2, 1024);
	if (array == NULL)
		return MemoryContextAllocHuge(reader->document->scratch, *capacity * size);
	return repalloc_huge(array, *capacity * size);
}

/* The kind of that name. */
static const MigKind *
need_kind(Reader *reader, const char *name)
{
	if (reader->last_kind == NULL || strcmp(reader->last_kind->name, name) != 0)
	{
		reader->last_kind = mig_kind_by_name(name);
		if (reader->last_kind == NULL)
			MIG_REFUSE_DOCUMENT("%s: there is no kind \"%s\".", describe_fact(reader), name);
	}
	return reader->last_kind;
}

/* Begin a fact. */
static void
begin_fact(Reader *reader)
{
	MigRawDocument *document = reader->document;
	MigRawFact *raw;

	document->facts = grow(reader, document->facts, document->nfacts, &document->facts_capacity,
						   sizeof(MigRawFact));
	raw = &document->facts[document->nfacts++];
	MemSet(raw, 0, sizeof(MigRawFact));
	raw->first_need = document->nneeds;
	reader->fact_keys = 0;
	reader->nvalues = 0;
}

/* Put the values of a fact in the order of its kind's attributes. */
static void
set_values(Reader *reader, MigRawFact *raw)
{
	int			n = mig_kind_nattributes(raw->kind);
	int			attribute = -1;
	int			i;

	raw->values = MemoryContextAllocZero(reader->document->scratch, sizeof(char *) * Max(n, 1));
	for (i = 0; i < reader->nvalues; i++)
	{
		RawValue   *value = &reader->values[i];
		int			tried;

		/* they most often come in that order */
		for (tried = 0; tried < n; tried++)
		{
			attribute = (attribute + 1) % n;
			if (strcmp(raw->kind->attributes[attribute].name, value->name) == 0)
				break;
		}
		if (tried == n)
			MIG_REFUSE_DOCUMENT("%s has a value \"%s\", which that kind has not.", describe_fact(reader),
								value->name);
		if (raw->values[attribute])
			MIG_REFUSE_DOCUMENT("%s has the value \"%s\" twice.", describe_fact(reader), value->name);
		raw->values[attribute] = value->value;
		if (strcmp(value->name, "position") == 0)
			raw->position = atoi(value->value);
		pfree(value->name);
	}
}

/* All keys of a fact are read. */
static void
end_fact(Reader *reader)
{
	MigRawFact *raw = current_fact(reader);

	CHECK_FOR_INTERRUPTS();
	if (raw->kind == NULL)
		MIG_REFUSE_DOCUMENT("%s has no \"kind\".", describe_fact(reader));
	if (raw->name == NULL)
		MIG_REFUSE_DOCUMENT("%s has no \"name\".", describe_fact(reader));
	set_values(reader, raw);
	raw->nneeds = reader->document->nneeds - raw->first_need;
}

MIG_JSON_ACTION
on_object_start(void *state)
{
	Reader	   *reader = (Reader *) state;

	if (reader->place == BEFORE_DOCUMENT)
		reader->place = IN_DOCUMENT;
	else if (reader->place == IN_FACTS)
	{
		begin_fact(reader);
		reader->place = IN_FACT;
	}
	else if (reader->place == IN_FACT && reader->key == KEY_PARENT)
		reader->place = IN_PARENT;
	else if (reader->place == IN_FACT && reader->key == KEY_VALUES)
		reader->place = IN_VALUES;
	else if (reader->place == IN_FACT && reader->key == KEY_NEEDS)
		reader->place = IN_NEEDS;
	else
		MIG_REFUSE_DOCUMENT("There is an object where none belongs, in \"%s\".", key_names[reader->key]);
	MIG_JSON_ACTION_END;
}

MIG_JSON_ACTION
on_object_end(void *state)
{
	Reader	   *reader = (Reader *) state;

	if (reader->place == IN_DOCUMENT)
		reader->place = AFTER_DOCUMENT;
	else if (reader->place == IN_FACT)
	{
		end_fact(reader);
		reader->place = IN_FACTS;
	}
	else
		reader->place = IN_FACT;
	MIG_JSON_ACTION_END;
}

MIG_JSON_ACTION
on_array_start(void *state)
{
	Reader	   *reader = (Reader *) state;

	if (reader->place == IN_DOCUMENT && reader->key == KEY_FACTS)
		reader->place = IN_FACTS;
	else if (reader->place == IN_NEEDS)
		reader->place = IN_NEEDS_OF_KIND;
	else if (reader->place == BEFORE_DOCUMENT)
		MIG_REFUSE_DOCUMENT("It is not an object.");
	else
		MIG_REFUSE_DOCUMENT("There is an array where none belongs, in \"%s\".", key_names[reader->key]);
	MIG_JSON_ACTION_END;
}

MIG_JSON_ACTION
on_array_end(void *state)
{
	Reader	   *reader = (Reader *) state;

	reader->place = reader->place == IN_FACTS ? IN_DOCUMENT : IN_NEEDS;
	MIG_JSON_ACTION_END;
}

/* Look up a key from first to last, which must be new. */
static void
set_key(Reader *reader, const char *name, Key first, Key last, int *keys)
{
	for (reader->key = first; reader->key <= last; reader->key++)
	{
		if (strcmp(key_names[reader->key], name) == 0)
			break;
	}
	if (reader->key > last)
		MIG_REFUSE_DOCUMENT("%s has a key \"%s\".", describe_place(reader), name);
	if (*keys & (1 << reader->key))
		MIG_REFUSE_DOCUMENT("%s has the key \"%s\" twice.", describe_place(reader), name);
	*keys |= 1 << reader->key;
}

/* The name of an attribute, whose value comes next. */
static void
begin_value(Reader *reader, char *name)
{
	reader->values = grow(reader, reader->values, reader->nvalues, &reader->values_capacity, sizeof(RawValue));
	reader->values[reader->nvalues].name = name;
	reader->values[reader->nvalues++].value = NULL;
}

/* The kind of the only parent. */
static void
begin_parent(Reader *reader, const char *kind)
{
	MigRawFact *raw = current_fact(reader);

	if (raw->parent.kind)
		MIG_REFUSE_DOCUMENT("%s has two parents.", describe_fact(reader));
	raw->parent.kind = need_kind(reader, kind);
}

MIG_JSON_ACTION
on_field_start(void *state, char *name, bool isnull)
{
	Reader	   *reader = (Reader *) state;

	if (reader->place == IN_VALUES)
		begin_value(reader, name);
	else
	{
		if (reader->place == IN_DOCUMENT)
			set_key(reader, name, KEY_FORMAT, LAST_DOCUMENT_KEY, &reader->document_keys);
		else if (reader->place == IN_FACT)
			set_key(reader, name, LAST_DOCUMENT_KEY + 1, KEY_NEEDS, &reader->fact_keys);
		else if (reader->place == IN_PARENT)
			begin_parent(reader, name);
		else
			reader->needs_kind = need_kind(reader, name);
		pfree(name);
	}
	MIG_JSON_ACTION_END;
}

/* A scalar of the document itself. */
static void
set_in_document(Reader *reader, char *token, JsonTokenType type)
{
	JsonTokenType wanted = reader->key == KEY_FORMAT || reader->key == KEY_SERVER_VERSION ?
		JSON_TOKEN_NUMBER : JSON_TOKEN_STRING;

	if (type != wanted || reader->key == KEY_FACTS)
		MIG_REFUSE_DOCUMENT("The value of \"%s\" is of the wrong type.", key_names[reader->key]);
	if (reader->key == KEY_PATH_SCHEMA)
		reader->document->path_schema = token;
	else if (reader->key == KEY_FINGERPRINT)
		reader->document->fingerprint = token;
	else if (reader->key == KEY_FORMAT && strcmp(token, CppAsString2(MIG_SNAPSHOT_FORMAT)) != 0)
		MIG_REFUSE_DOCUMENT("Its format is %s; this version of the extension has format %d.", token,
							MIG_SNAPSHOT_FORMAT);
}

/* A scalar of a fact. */
static void
set_in_fact(Reader *reader, char *token)
{
	MigRawFact *raw = current_fact(reader);

	switch (reader->key)
	{
		case KEY_KIND:
			raw->kind = need_kind(reader, token);
			pfree(token);
			break;
		case KEY_SCHEMA:
			raw->schema = token;
			break;
		case KEY_NAME:
			raw->name = token;
			break;
		case KEY_ARGUMENTS:
			raw->arguments = token;
			break;
		default:
			MIG_REFUSE_DOCUMENT("%s: the value of \"%s\" is of the wrong type.", describe_fact(reader),
								key_names[reader->key]);
	}
}

/* One more fact that is needed. */
static void
add_need(Reader *reader, char *identity)
{
	MigRawDocument *document = reader->document;

	document->needs = grow(reader, document->needs, document->nneeds, &document->needs_capacity,
						   sizeof(MigRawReference));
	document->needs[document->nneeds].kind = reader->needs_kind;
	document->needs[document->nneeds++].identity = identity;
}

MIG_JSON_ACTION
on_scalar(void *state, char *token, JsonTokenType type)
{
	Reader	   *reader = (Reader *) state;

	if (reader->place == BEFORE_DOCUMENT)
		MIG_REFUSE_DOCUMENT("It is not an object.");
	if (reader->place == IN_DOCUMENT)
	{
		set_in_document(reader, token, type);
		MIG_JSON_ACTION_END;
	}
	if (type != JSON_TOKEN_STRING || reader->place == IN_FACTS || reader->place == IN_NEEDS)
		MIG_REFUSE_DOCUMENT("There is something of the wrong type in \"%s\".", key_names[reader->key]);
	if (reader->place == IN_FACT)
		set_in_fact(reader, token);
	else if (reader->place == IN_PARENT)
		current_fact(reader)->parent.identity = token;
	else if (reader->place == IN_VALUES)
		reader->values[reader->nvalues - 1].value = token;
	else
		add_need(reader, token);
	MIG_JSON_ACTION_END;
}

/* ----------
 * The parser
 * ----------
 */

/*
 * Parse a document.  What its facts refer to, and what they must have, is
 * left to be checked.
 */
void
mig_snapshot_parse(MigRawDocument *document, const char *json)
{
	Reader		reader = {document};
	JsonLexContext *lex = mig_make_json_lex_context(json, strlen(json));
	JsonSemAction actions = {0};
	JsonParseErrorType result;
	Key			key;

	actions.semstate = &reader;
	actions.object_start = on_object_start;
	actions.object_end = on_object_end;
	actions.array_start = on_array_start;
	actions.array_end = on_array_end;
	actions.object_field_start = on_field_start;
	actions.scalar = on_scalar;
	result = pg_parse_json(lex, &actions);
	if (result != JSON_SUCCESS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("the document of schema data is not valid JSON"),
				 errdetail_internal("%s", json_errdetail(result, lex)),
				 errhint("Pass a document unchanged, as SELECT migrate_snapshot(); returned it."),
				 errcontext("line %d of the document", lex->line_number)));
	for (key = KEY_FORMAT; key <= LAST_DOCUMENT_KEY; key++)
	{
		if (key != KEY_PATH_SCHEMA && !(reader.document_keys & (1 << key)))
			MIG_REFUSE_DOCUMENT("The document has no \"%s\".", key_names[key]);
	}
}
