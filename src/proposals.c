/*-------------------------------------------------------------------------
 *
 * proposals.c
 *	  Which of what is dropped may only have got another name.
 *
 * Nothing is guessed: what is dropped is dropped.  But where exactly one
 * column of a table, or one table of a schema, goes and exactly one with the
 * same content comes, a comment above the statement says so, and how to have
 * it renamed instead.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "kind_column.h"
#include "kinds.h"
#include "proposals.h"
#include "purecore.h"

/* Something that is dropped or created, by its content. */
typedef struct Candidate
{
	MigOperation *operation;
	const MigFact *place;		/* table of a column, on the old side */
	const char *schema;			/* of a table; else NULL */
	char	   *content;
} Candidate;

/* The content of a column: all but its name. */
static char *
column_content(const MigFact *column)
{
	const MigFact *column_default = mig_column_default(column);
	StringInfoData buf;
	int			i;

	initStringInfo(&buf);
	for (i = 0; column->kind->attributes[i].name; i++)
	{
		if (column->kind->attributes[i].compare != MIG_COMPARE_NEVER)
			appendStringInfo(&buf, "%s\x1f", column->values[i] ? column->values[i] : "");
	}
	if (column_default)
		appendStringInfoString(&buf, mig_value(column_default, "expression"));
	return buf.data;
}

/* The content of a table: its columns, with their names. */
static char *
table_content(const MigFact *table)
{
	const MigSchemaData *data = table->data;
	StringInfoData buf;
	int			i;

	initStringInfo(&buf);
	for (i = 0; i < data->nfacts; i++)
	{
		if (data->facts[i]->kind == &mig_kind_column && data->facts[i]->parent == table)
			appendStringInfo(&buf, "%s\x1e%s\x1d", data->facts[i]->name, mig_value(data->facts[i], "type"));
	}
	return buf.data;
}

/* Take up an operation if it is one that this is about. */
static bool
make_candidate(Candidate *candidate, MigOperation *operation)
{
	const MigFact *fact = operation->to ? operation->to : operation->from;

	if (operation->rebuilt || (operation->type != MIG_OPERATION_DROP && operation->type != MIG_OPERATION_CREATE))
		return false;
	candidate->operation = operation;
	candidate->place = NULL;
	candidate->schema = NULL;
	if (fact->kind == &mig_kind_column)
	{
		candidate->place = operation->to ? fact->parent->twin : fact->parent;
		candidate->content = column_content(fact);
		return candidate->place != NULL && fact->twin == NULL && !mig_column_is_inherited(fact);
	}
	if (fact->kind == &mig_kind_table && fact->twin == NULL)
	{
		candidate->schema = fact->schema;
		candidate->content = table_content(fact);
		return candidate->content[0] != '\0';
	}
	return false;
}

/* Are they in the same place, with the same content? */
static bool
is_alike(const Candidate *a, const Candidate *b)
{
	if (a->place != b->place || (a->schema == NULL) != (b->schema == NULL))
		return false;
	return (a->schema == NULL || strcmp(a->schema, b->schema) == 0) && strcmp(a->content, b->content) == 0;
}

/* The only other candidate like this one of a type of operation, or NULL. */
static const Candidate *
find_only(const Candidate *candidates, int n, const Candidate *like, MigOperationType type)
{
	const Candidate *found = NULL;
	int			i;

	for (i = 0; i < n; i++)
	{
		if (&candidates[i] == like || candidates[i].operation->type != type || !is_alike(&candidates[i], like))
			continue;
		if (found)
			return NULL;
		found = &candidates[i];
	}
	return found;
}

/* Note at what is dropped what it may have become. */
void
mig_propose_renames(MigChangePlan *plan)
{
	Candidate  *candidates = mig_alloc_array(Candidate, plan->noperations);
	int			n = 0;
	int			i;

	for (i = 0; i < plan->noperations; i++)
	{
		if (make_candidate(&candidates[n], plan->operations[i]))
			n++;
	}
	for (i = 0; i < n; i++)
	{
		MigOperation *operation = candidates[i].operation;
		const Candidate *created;

		if (operation->type != MIG_OPERATION_DROP)
			continue;
		created = find_only(candidates, n, &candidates[i], MIG_OPERATION_CREATE);
		if (created && find_only(candidates, n, &candidates[i], MIG_OPERATION_DROP) == NULL)
			operation->note = psprintf("is this %s, renamed? Then write \"-- migrate:renamed_from %s\" before %s in the model",
									   created->operation->to->identity, mig_sql_local_name(operation->from),
									   mig_sql_local_name(created->operation->to));
	}
}
