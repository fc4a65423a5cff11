/*-------------------------------------------------------------------------
 *
 * snapshotread.c
 *	  Schema data from a document; snapshotjson.c says what is in one.
 *
 * The document may come from anybody, with a fingerprint that fits: so all
 * that the rules of its kinds rely on is checked.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "kinds.h"
#include "miscadmin.h"
#include "snapshotjson.h"
#include "snapshotraw.h"
#include "utils/memutils.h"

/* ----------
 * Checks
 * ----------
 */

/* Is the attribute set whose name is the word of that length? */
static bool
is_set(const MigRawFact *raw, const char *word, size_t len)
{
	int			i = 0;

	while (strncmp(raw->kind->attributes[i].name, word, len) != 0 || raw->kind->attributes[i].name[len] != '\0')
		i++;
	return raw->values[i] != NULL;
}

/* Refuse a fact without a value that its kind requires; see MigKind. */
static void
check_values(const MigRawDocument *document, const MigRawFact *raw)
{
	const char *word = raw->kind->required;

	while (word && *word)
	{
		size_t		len = strcspn(word, " ");
		const char *colon = memchr(word, ':', len);
		const char *name = colon ? colon + 1 : word;
		size_t		name_len = word + len - name;

		if (len == strlen("parent") && strncmp(word, "parent", len) == 0)
		{
			if (raw->parent.kind == NULL)
				MIG_REFUSE_DOCUMENT("%s has no \"parent\".", mig_describe_raw(document, raw));
		}
		else if ((colon == NULL || is_set(raw, word, colon - word)) && !is_set(raw, name, name_len))
			MIG_REFUSE_DOCUMENT("%s has no value \"%.*s\".", mig_describe_raw(document, raw),
								(int) name_len, name);
		word += len + strspn(word + len, " ");
	}
}

/* Refuse a fact whose names do not make an identity, or of the wrong parent. */
static void
check_names(const MigRawDocument *document, const MigRawFact *raw)
{
	const MigKind *kind = raw->kind;

	if (raw->parent.kind == NULL && (kind->identity == MIG_IDENTITY_MEMBER || kind->identity == MIG_IDENTITY_PARENT ||
									 kind->identity == MIG_IDENTITY_ON_PARENT))
		MIG_REFUSE_DOCUMENT("%s has no \"parent\".", mig_describe_raw(document, raw));
	if (raw->schema == NULL && (kind->identity == MIG_IDENTITY_QUALIFIED || kind->identity == MIG_IDENTITY_ROUTINE))
		MIG_REFUSE_DOCUMENT("%s has no \"schema\".", mig_describe_raw(document, raw));
	/* the columns of views have defaults, too */
	if (kind == &mig_kind_default && raw->parent.kind == &mig_kind_view_column)
		return;
	if (kind->parent_kind && raw->parent.kind != kind->parent_kind)
		MIG_REFUSE_DOCUMENT("%s has a parent that is no %s.", mig_describe_raw(document, raw),
							kind->parent_kind->name);
}

/* ----------
 * Facts
 * ----------
 */

/* Make a fact; its parent is there already, if it is anywhere. */
static void
make_fact(const MigRawDocument *document, MigSchemaData *data, MigRawFact *raw, MigRawFact *previous)
{
	MigFact    *parent = NULL;

	check_names(document, raw);
	check_values(document, raw);
	if (raw->parent.kind)
	{
		/* it most often is that of the fact before */
		if (previous && previous->parent.kind == raw->parent.kind &&
			strcmp(previous->parent.identity, raw->parent.identity) == 0)
			parent = previous->fact->parent;
		else
			parent = mig_fact_find(data, raw->parent.kind, raw->parent.identity);
		if (parent == NULL)
			MIG_REFUSE_DOCUMENT("%s has the parent %s \"%s\", which is not there.", mig_describe_raw(document, raw),
								raw->parent.kind->name, raw->parent.identity);
	}
	raw->fact = mig_fact_add(data, raw->kind, parent, raw->schema, raw->name, raw->arguments);
	if (raw->fact == NULL)
		MIG_REFUSE_DOCUMENT("%s is there twice.", mig_describe_raw(document, raw));
	memcpy(raw->fact->values, raw->values, sizeof(char *) * mig_kind_nattributes(raw->kind));
}

/*
 * Facts are made in the order in which they are read from the catalogs:
 * parents first, and columns as they stand in their table.
 */
static int
compare_raw(const void *a, const void *b)
{
	const MigRawFact *left = *(const MigRawFact *const *) a;
	const MigRawFact *right = *(const MigRawFact *const *) b;
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
make_facts(const MigRawDocument *document, MigSchemaData *data)
{
	MigRawFact **order = MemoryContextAllocHuge(document->scratch, sizeof(MigRawFact *) * Max(document->nfacts, 1));
	int			kind = 0;
	int			i;

	for (i = 0; i < document->nfacts; i++)
	{
		order[i] = &document->facts[i];
		while (mig_kinds[kind] != order[i]->kind)
			kind = (kind + 1) % mig_nkinds;
		order[i]->kind_number = kind;
	}
	qsort(order, document->nfacts, sizeof(MigRawFact *), compare_raw);
	for (i = 0; i < document->nfacts; i++)
	{
		CHECK_FOR_INTERRUPTS();
		make_fact(document, data, order[i], i > 0 ? order[i - 1] : NULL);
	}
}

/* Look up what each fact needs. */
static void
link_facts(const MigRawDocument *document, MigSchemaData *data)
{
	int			i,
				j;

	for (i = 0; i < document->nfacts; i++)
	{
		const MigRawFact *raw = &document->facts[i];

		for (j = raw->first_need; j < raw->first_need + raw->nneeds; j++)
		{
			const MigRawReference *need = &document->needs[j];
			MigFact    *needed = mig_fact_find(data, need->kind, need->identity);

			if (needed == NULL)
				MIG_REFUSE_DOCUMENT("%s needs the %s \"%s\", which is not there.", mig_describe_raw(document, raw),
									need->kind->name, need->identity);
			mig_fact_need(raw->fact, needed);
			pfree(need->identity);
		}
	}
}

/* Refuse a document that was edited. */
static void
check_fingerprint(const MigRawDocument *document, const MigSchemaData *data)
{
	const char *fingerprint = mig_schema_data_fingerprint(data);

	if (strcmp(fingerprint, document->fingerprint) != 0)
		MIG_REFUSE_DOCUMENT("Its fingerprint is \"%s\", but that of its facts is \"%s\".", document->fingerprint,
							fingerprint);
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
	MigRawDocument document = {0};

	document.scratch = AllocSetContextCreate(oldcontext, "migrate document", ALLOCSET_DEFAULT_SIZES);
	/* what the parser allocates becomes the values of the facts */
	MemoryContextSwitchTo(data->context);
	mig_snapshot_parse(&document, json);
	data->path_schema = document.path_schema;
	make_facts(&document, data);
	link_facts(&document, data);
	check_fingerprint(&document, data);
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(document.scratch);
	return data;
}
