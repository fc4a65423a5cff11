/*-------------------------------------------------------------------------
 *
 * changebody.c
 *	  What the bodies of routines seem to need.
 *
 * The server does not know what a body that is a string will use when it
 * runs; but it may run soon, for a check constraint or an index.  So a
 * routine had better come after what is created and whose name stands in its
 * body.  This is a matter of taste only: where it would make a circle, or the
 * word means something else, nothing is wrong.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "changeplan.h"
#include "kinds.h"
#include "purecore.h"
#include "utils/hsearch.h"

/* What is created, or changed, under a name. */
typedef struct CreatedEntry
{
	char		name[NAMEDATALEN];
	List	   *operations;		/* MigOperation */
} CreatedEntry;

/* The operation that leads to a fact of the new side, or NULL. */
static MigOperation *
leading_operation(const MigChangePlan *plan, const MigFact *fact)
{
	MigOperation *enter = mig_fact_plan(plan, fact)->enter;

	return enter || fact->twin == NULL ? enter : mig_fact_plan(plan, fact->twin)->change;
}

/* All that comes or changes and that a body could name. */
static HTAB *
collect_created(const MigChangePlan *plan)
{
	HASHCTL		ctl = {0};
	HTAB	   *created;
	int			i;

	ctl.keysize = NAMEDATALEN;
	ctl.entrysize = sizeof(CreatedEntry);
	ctl.hcxt = CurrentMemoryContext;
	created = hash_create("migrate created names", 64, &ctl, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
	for (i = 0; i < plan->to->nfacts; i++)
	{
		const MigFact *fact = plan->to->facts[i];
		MigOperation *operation = fact->kind->names ? leading_operation(plan, fact) : NULL;
		CreatedEntry *entry;
		bool		found;

		if (operation == NULL)
			continue;
		entry = hash_search(created, fact->name, HASH_ENTER, &found);
		if (!found)
			entry->operations = NIL;
		entry->operations = lappend(entry->operations, operation);
	}
	return created;
}

/* The length of the word that begins there; 0: none does. */
static size_t
word_length(const char *p)
{
	size_t		len = 0;

	while (isalnum((unsigned char) p[len]) || p[len] == '_' || p[len] == '$' || IS_HIGHBIT_SET(p[len]))
		len++;
	return len;
}

/* Have the operation come after those whose names stand in the text. */
static void
prefer_by_text(HTAB *created, const char *text, MigOperation *operation)
{
	size_t		len;

	for (; *text; text += Max(len, 1))
	{
		char		word[NAMEDATALEN];
		CreatedEntry *entry;
		ListCell   *lc;

		len = word_length(text);
		if (len == 0 || len >= NAMEDATALEN)
			continue;
		memcpy(word, text, len);
		word[len] = '\0';
		entry = hash_search(created, word, HASH_FIND, NULL);
		if (entry == NULL)
		{
			/* unless it is quoted, its case does not count */
			char	   *p;

			for (p = word; *p; p++)
				*p = pg_ascii_tolower((unsigned char) *p);
			entry = hash_search(created, word, HASH_FIND, NULL);
		}
		if (entry == NULL)
			continue;
		foreach(lc, entry->operations)
			mig_prefer(lfirst(lc), operation);
	}
}

/* Let routines come after what their bodies name. */
void
mig_prefer_by_bodies(MigChangePlan *plan)
{
	HTAB	   *created = NULL;
	int			i;

	for (i = 0; i < plan->noperations; i++)
	{
		MigOperation *operation = plan->operations[i];

		if (operation->to == NULL || operation->to->kind != &mig_kind_routine)
			continue;
		CHECK_FOR_INTERRUPTS();
		if (created == NULL)
			created = collect_created(plan);
		prefer_by_text(created, mig_value(operation->to, "definition"), operation);
	}
	if (created)
		hash_destroy(created);
}
