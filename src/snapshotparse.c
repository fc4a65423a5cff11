/*-------------------------------------------------------------------------
 *
 * snapshotparse.c
 *	  Schema data from a document; snapshotjson.c says what is in one.
 *
 * PostgreSQL's own parser of JSON calls the actions below.  Keys may come in
 * any order, as those of a jsonb do, so a fact is kept raw until all of them
 * are read.  Then the facts are made kind by kind, parents first, and what
 * they need is looked up.
 *
 * The document may come from anybody: nothing in it is believed.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/jsonapi.h"
#include "kinds.h"
#include "miscadmin.h"
#include "pg_compat.h"
#include "snapshotjson.h"
#include "utils/memutils.h"

/* A reference to another fact. */
typedef struct RawReference
{
	const MigKind *kind;		/* NULL: there is none */
	char	   *identity;
} RawReference;

/* A fact whose references are not looked up yet. */
typedef struct RawFact
{
	const MigKind *kind;
	int			kind_number;	/* in mig_kinds */
	RawReference parent;
	char	   *schema;
	char	   *name;
	char	   *arguments;
	const char **values;		/* one for each attribute */
	int			position;		/* if one of them says so, else 0 */
	int			first_need;		/* in the needs of all facts */
	int			nneeds;
	MigFact    *fact;			/* what was made of it */
} RawFact;

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
	MemoryContext context;		/* of the schema data; the parser allocates in
								 * it, so that values need no copy */
	MemoryContext scratch;
	Place		place;
	Key			key;			/* the last of the document or the fact */
	int			document_keys;	/* those that were there, as bits */
	int			fact_keys;
	char	   *path_schema;
	char	   *fingerprint;
	RawFact    *facts;			/* the last is the one being read */
	int			nfacts;
	int			facts_capacity;
	RawReference *needs;
	int			nneeds;
	int			needs_capacity;
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

/* Refuse the document; the arguments make the DETAIL. */
#define REFUSE(...) \
	ereport(ERROR, \
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE), \
			 errmsg("the document is not schema data made by migrate_snapshot()"), \
			 errdetail(__VA_ARGS__), \
			 errhint("Pass a document unchanged, as SELECT migrate_snapshot(); returned it in this version of the extension.")))

/* Which fact is being read, or made, in words. */
static const char *
describe_raw(const Reader *reader, const RawFact *raw)
{
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfo(&buf, "Fact %d", (int) (raw - reader->facts) + 1);
	if (raw->kind && raw->name)
		appendStringInfo(&buf, " (%s \"%s\")", raw->kind->name, raw->name);
	return buf.data;
}

static const char *
describe_fact(const Reader *reader)
{
	return describe_raw(reader, &reader->facts[reader->nfacts - 1]);
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
		return MemoryContextAllocHuge(reader->scratch, *capacity * size);
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
			REFUSE("%s: there is no kind \"%s\".", describe_fact(reader), name);
	}
	return reader->last_kind;
}

/* Begin a fact. */
static void
begin_fact(Reader *reader)
{
	reader->facts = grow(reader, reader->facts, reader->nfacts, &reader->facts_capacity, sizeof(RawFact));
	MemSet(&reader->facts[reader->nfacts], 0, sizeof(RawFact));
	reader->facts[reader->nfacts++].first_need = reader->nneeds;
	reader->fact_keys = 0;
	reader->nvalues = 0;
}

/* Put the values of a fact in the order of its kind's attributes. */
static void
set_values(Reader *reader, RawFact *raw)
{
	int			n = mig_kind_nattributes(raw->kind);
	int			attribute = -1;
	int			i;

	raw->values = MemoryContextAllocZero(reader->scratch, sizeof(char *) * Max(n, 1));
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
			REFUSE("%s has a value \"%s\", which that kind has not.", describe_fact(reader), value->name);
		if (raw->values[attribute])
			REFUSE("%s has the value \"%s\" twice.", describe_fact(reader), value->name);
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
	RawFact    *raw = &reader->facts[reader->nfacts - 1];

	CHECK_FOR_INTERRUPTS();
	if (raw->kind == NULL)
		REFUSE("%s has no \"kind\".", describe_fact(reader));
	if (raw->name == NULL)
		REFUSE("%s has no \"name\".", describe_fact(reader));
	if (raw->parent.kind == NULL &&
		(raw->kind->identity == MIG_IDENTITY_MEMBER || raw->kind->identity == MIG_IDENTITY_ON_PARENT ||
		 raw->kind->identity == MIG_IDENTITY_PARENT))
		REFUSE("%s has no \"parent\".", describe_fact(reader));
	set_values(reader, raw);
	raw->nneeds = reader->nneeds - raw->first_need;
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
		REFUSE("There is an object where none belongs, in \"%s\".", key_names[reader->key]);
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
		REFUSE("It is not an object.");
	else
		REFUSE("There is an array where none belongs, in \"%s\".", key_names[reader->key]);
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
		REFUSE("%s has a key \"%s\".", describe_place(reader), name);
	if (*keys & (1 << reader->key))
		REFUSE("%s has the key \"%s\" twice.", describe_place(reader), name);
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
	RawFact    *raw = &reader->facts[reader->nfacts - 1];

	if (raw->parent.kind)
		REFUSE("%s has two parents.", describe_fact(reader));
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
		REFUSE("The value of \"%s\" is of the wrong type.", key_names[reader->key]);
	if (reader->key == KEY_PATH_SCHEMA)
		reader->path_schema = token;
	else if (reader->key == KEY_FINGERPRINT)
		reader->fingerprint = token;
	else if (reader->key == KEY_FORMAT && strcmp(token, CppAsString2(MIG_SNAPSHOT_FORMAT)) != 0)
		REFUSE("Its format is %s; this version of the extension has format %d.", token, MIG_SNAPSHOT_FORMAT);
}

/* A scalar of a fact. */
static void
set_in_fact(Reader *reader, char *token)
{
	RawFact    *raw = &reader->facts[reader->nfacts - 1];

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
			REFUSE("%s: the value of \"%s\" is of the wrong type.", describe_fact(reader), key_names[reader->key]);
	}
}

/* One more fact that is needed. */
static void
add_need(Reader *reader, char *identity)
{
	reader->needs = grow(reader, reader->needs, reader->nneeds, &reader->needs_capacity, sizeof(RawReference));
	reader->needs[reader->nneeds].kind = reader->needs_kind;
	reader->needs[reader->nneeds++].identity = identity;
}

MIG_JSON_ACTION
on_scalar(void *state, char *token, JsonTokenType type)
{
	Reader	   *reader = (Reader *) state;

	if (reader->place == BEFORE_DOCUMENT)
		REFUSE("It is not an object.");
	if (reader->place == IN_DOCUMENT)
	{
		set_in_document(reader, token, type);
		MIG_JSON_ACTION_END;
	}
	if (type != JSON_TOKEN_STRING || reader->place == IN_FACTS || reader->place == IN_NEEDS)
		REFUSE("There is something of the wrong type in \"%s\".", key_names[reader->key]);
	if (reader->place == IN_FACT)
		set_in_fact(reader, token);
	else if (reader->place == IN_PARENT)
		reader->facts[reader->nfacts - 1].parent.identity = token;
	else if (reader->place == IN_VALUES)
		reader->values[reader->nvalues - 1].value = token;
	else
		add_need(reader, token);
	MIG_JSON_ACTION_END;
}

/* ----------
 * From raw facts to facts
 * ----------
 */

/* Parse the document into raw facts. */
static void
parse_document(Reader *reader, const char *json)
{
	JsonLexContext *lex = mig_make_json_lex_context(json, strlen(json));
	JsonSemAction actions = {0};
	JsonParseErrorType result;
	Key			key;

	actions.semstate = reader;
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
		if (key != KEY_PATH_SCHEMA && !(reader->document_keys & (1 << key)))
			REFUSE("The document has no \"%s\".", key_names[key]);
	}
}

/* Make a fact; its parent is there already, if it is anywhere. */
static void
make_fact(const Reader *reader, MigSchemaData *data, RawFact *raw, RawFact *previous)
{
	MigFact    *parent = NULL;

	if (raw->parent.kind)
	{
		/* it most often is that of the fact before */
		if (previous && previous->parent.kind == raw->parent.kind &&
			strcmp(previous->parent.identity, raw->parent.identity) == 0)
			parent = previous->fact->parent;
		else
			parent = mig_fact_find(data, raw->parent.kind, raw->parent.identity);
		if (parent == NULL)
			REFUSE("%s has the parent %s \"%s\", which is not there.", describe_raw(reader, raw),
				   raw->parent.kind->name, raw->parent.identity);
	}
	raw->fact = mig_fact_add(data, raw->kind, parent, raw->schema, raw->name, raw->arguments);
	if (raw->fact == NULL)
		REFUSE("%s is there twice.", describe_raw(reader, raw));
	memcpy(raw->fact->values, raw->values, sizeof(char *) * mig_kind_nattributes(raw->kind));
}

/*
 * Facts are made in the order in which they are read from the catalogs:
 * parents first, and columns as they stand in their table.
 */
static int
compare_raw(const void *a, const void *b)
{
	const RawFact *left = *(const RawFact *const *) a;
	const RawFact *right = *(const RawFact *const *) b;
	int			result = left->kind_number - right->kind_number;

	if (result == 0)
		result = strcmp(left->parent.kind ? left->parent.identity : "",
						right->parent.kind ? right->parent.identity : "");
	if (result == 0 && left->position != right->position)
		result = left->position < right->position ? -1 : 1;
	if (result == 0)
		result = left < right ? -1 : left > right;
	return result;
}

/* Make all facts. */
static void
make_facts(const Reader *reader, MigSchemaData *data)
{
	RawFact   **order = MemoryContextAllocHuge(reader->scratch, sizeof(RawFact *) * Max(reader->nfacts, 1));
	int			kind = 0;
	int			i;

	for (i = 0; i < reader->nfacts; i++)
	{
		order[i] = &reader->facts[i];
		while (mig_kinds[kind] != order[i]->kind)
			kind = (kind + 1) % mig_nkinds;
		order[i]->kind_number = kind;
	}
	qsort(order, reader->nfacts, sizeof(RawFact *), compare_raw);
	for (i = 0; i < reader->nfacts; i++)
	{
		CHECK_FOR_INTERRUPTS();
		make_fact(reader, data, order[i], i > 0 ? order[i - 1] : NULL);
	}
}

/* Look up what each fact needs. */
static void
link_facts(const Reader *reader, MigSchemaData *data)
{
	int			i,
				j;

	for (i = 0; i < reader->nfacts; i++)
	{
		const RawFact *raw = &reader->facts[i];

		for (j = raw->first_need; j < raw->first_need + raw->nneeds; j++)
		{
			const RawReference *need = &reader->needs[j];
			MigFact    *needed = mig_fact_find(data, need->kind, need->identity);

			if (needed == NULL)
				REFUSE("%s needs the %s \"%s\", which is not there.", describe_raw(reader, raw),
					   need->kind->name, need->identity);
			mig_fact_need(raw->fact, needed);
			pfree(need->identity);
		}
	}
}

/* Refuse a document that was edited. */
static void
check_fingerprint(const Reader *reader, const MigSchemaData *data)
{
	const char *fingerprint = mig_schema_data_fingerprint(data);

	if (strcmp(fingerprint, reader->fingerprint) != 0)
		REFUSE("Its fingerprint is \"%s\", but that of its facts is \"%s\".", reader->fingerprint, fingerprint);
}

/*
 * The schema data of a document.  They live in a memory context of their own,
 * a child of the current one.
 */
MigSchemaData *
mig_schema_data_from_json(const char *json)
{
	MemoryContext oldcontext = CurrentMemoryContext;
	MigSchemaData *data = mig_schema_data_create(NULL);
	Reader		reader = {0};

	reader.context = data->context;
	reader.scratch = AllocSetContextCreate(oldcontext, "migrate document", ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(reader.context);
	parse_document(&reader, json);
	data->path_schema = reader.path_schema;
	make_facts(&reader, data);
	link_facts(&reader, data);
	check_fingerprint(&reader, data);
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(reader.scratch);
	return data;
}
