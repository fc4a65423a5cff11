/*-------------------------------------------------------------------------
 *
 * changegraph.c
 *	  The operations of a plan, and their order.
 *
 * One graph, one topological sort.  A fact that has no statement of its own
 * (a column of a new table, a comment on a dropped one) takes part through
 * the operation of its parent.  Among the operations that could come next,
 * the one with the smallest key does: see MigStatementOrder; the parts of a
 * new table come right after it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>

#include "changeplan.h"
#include "kind_column.h"
#include "kinds.h"
#include "lib/binaryheap.h"
#include "miscadmin.h"
#include "purecore.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"

#define RANK_UNKNOWN	INT_MAX

/* the name of a routine, whatever its arguments */
#define NAMES_OVERLOAD	(MIG_NAMES_ROUTINE << 1)

/* ----------
 * Operations
 * ----------
 */

/* Is it a foreign key? */
static bool
is_foreign_key(const MigFact *fact)
{
	return fact->kind == &mig_kind_constraint && mig_value_is(fact, "type", "f");
}

/* Make an operation. */
static MigOperation *
add_operation(MigChangePlan *plan, MigOperationType type, const MigFact *from, const MigFact *to)
{
	MigOperation *operation = palloc0(sizeof(MigOperation));
	const MigFact *fact = to ? to : from;

	operation->type = type;
	operation->from = from;
	operation->to = to;
	operation->rank = RANK_UNKNOWN;
	operation->rebuilt = mig_fact_plan(plan, fact)->rebuilt;
	if (type == MIG_OPERATION_DROP)
		operation->order = is_foreign_key(fact) ? MIG_DROP_FOREIGN_KEY : fact->kind->drop_order;
	else if (type == MIG_OPERATION_DROP_AWAY)
		operation->order = MIG_DROP_TYPE;
	else
		operation->order = is_foreign_key(fact) ? MIG_CREATE_FOREIGN_KEY : fact->kind->create_order;
	if (plan->noperations == plan->capacity)
	{
		Size		size;

		plan->capacity = Max(plan->capacity * 2, 64);
		size = sizeof(MigOperation *) * plan->capacity;
		plan->operations = plan->operations ? repalloc_huge(plan->operations, size) : palloc(size);
	}
	operation->index = plan->noperations;
	plan->operations[plan->noperations++] = operation;
	return operation;
}

/* The column that a sequence goes with, or NULL. */
static const MigFact *
owning_column(const MigFact *sequence)
{
	const MigFact *owner = mig_fact_find(sequence->data, &mig_kind_sequence_owner,
										 psprintf("%s %s", sequence->kind->name, sequence->identity));
	int			i;

	for (i = 0; owner && i < owner->nneeds; i++)
	{
		if (owner->needs[i]->kind == &mig_kind_column)
			return owner->needs[i];
	}
	return NULL;
}

static MigOperation *leaving_operation(MigChangePlan *plan, const MigFact *fact);

/* Does a part of something that goes need what goes by another statement? */
static bool
is_tangled(MigChangePlan *plan, const MigFact *fact)
{
	int			i;

	for (i = 0; i < fact->nneeds && fact->kind->drop; i++)
	{
		MigOperation *leave = fact->needs[i] != fact->parent ? leaving_operation(plan, fact->needs[i]) : NULL;

		if (leave && leave != leaving_operation(plan, fact->parent))
			return true;
	}
	return false;
}

/* The operation that drops a fact along with another, or NULL. */
static MigOperation *
dropped_along(MigChangePlan *plan, const MigFact *fact)
{
	if (fact->kind == &mig_kind_sequence)
	{
		const MigFact *column = owning_column(fact);

		return column && mig_fact_plan(plan, fact)->state == MIG_STATE_DROP ?
			leaving_operation(plan, column) : NULL;
	}
	if (fact->parent == NULL || (!fact->kind->goes_with_parent && !fact->kind->implicit) ||
		(plan->explicit_parts && is_tangled(plan, fact)))
		return NULL;
	return leaving_operation(plan, fact->parent);
}

/* The operation by which a fact of the old side goes, or NULL. */
static MigOperation *
leaving_operation(MigChangePlan *plan, const MigFact *fact)
{
	MigFactPlan *fact_plan = mig_fact_plan(plan, fact);

	if (fact_plan->leave)
		return fact_plan->leave;
	if (fact_plan->state != MIG_STATE_DROP && fact_plan->state != MIG_STATE_REPLACE &&
		fact_plan->state != MIG_STATE_RETYPE)
		return NULL;
	fact_plan->leave = dropped_along(plan, fact);
	if (fact_plan->leave)
		return fact_plan->leave;
	if (fact->kind->implicit)
		return fact_plan->leave = mig_fact_plan(plan, fact->parent)->change;
	if (fact_plan->state == MIG_STATE_RETYPE)
	{
		fact_plan->leave = add_operation(plan, MIG_OPERATION_RENAME_AWAY, fact, fact->twin);
		fact_plan->end = add_operation(plan, MIG_OPERATION_DROP_AWAY, fact, NULL);
	}
	else
		fact_plan->leave = add_operation(plan, MIG_OPERATION_DROP, fact, NULL);
	return fact_plan->leave;
}

/* The operation by which a fact of the new side comes, or NULL. */
static MigOperation *
entering_operation(MigChangePlan *plan, const MigFact *fact)
{
	MigFactPlan *fact_plan = mig_fact_plan(plan, fact);

	if (fact_plan->enter)
		return fact_plan->enter;
	if (fact_plan->state != MIG_STATE_CREATE && fact_plan->state != MIG_STATE_REPLACE &&
		fact_plan->state != MIG_STATE_RETYPE)
		return NULL;
	if (fact->parent && (fact->kind->inside_parent || fact->kind->implicit))
	{
		fact_plan->enter = entering_operation(plan, fact->parent);
		if (fact_plan->enter == NULL && fact->kind->implicit)
			fact_plan->enter = mig_fact_plan(plan, fact->parent)->change;
		if (fact_plan->enter || fact->kind->implicit)
			return fact_plan->enter;
	}
	return fact_plan->enter = add_operation(plan, MIG_OPERATION_CREATE, NULL, fact);
}

/* ----------
 * Edges
 * ----------
 */

/* One operation must come before another. */
static void
add_edge(MigOperation *first, MigOperation *second)
{
	int			i;

	if (first == NULL || second == NULL || first == second)
		return;
	/* the newest are the likeliest */
	for (i = first->nnext - 1; i >= 0 && i >= first->nnext - 8; i--)
	{
		if (first->next[i] == second)
			return;
	}
	if (first->nnext == first->next_capacity)
	{
		first->next_capacity = Max(first->next_capacity * 2, 4);
		first->next = first->next ? repalloc_huge(first->next, sizeof(MigOperation *) * first->next_capacity) :
			palloc(sizeof(MigOperation *) * first->next_capacity);
	}
	first->next[first->nnext++] = second;
	second->npredecessors++;
}

/* One operation had better come before another. */
static void
add_preference(MigOperation *first, MigOperation *second)
{
	if (first == NULL || second == NULL || first == second)
		return;
	if (first->npreferred_next == first->preferred_capacity)
	{
		first->preferred_capacity = Max(first->preferred_capacity * 2, 4);
		first->preferred_next = first->preferred_next ?
			repalloc_huge(first->preferred_next, sizeof(MigOperation *) * first->preferred_capacity) :
			palloc(sizeof(MigOperation *) * first->preferred_capacity);
	}
	first->preferred_next[first->npreferred_next++] = second;
	second->npreferred++;
}

/*
 * Must the change of a table wait for its columns and constraints, rather
 * than they for it?
 */
static bool
changes_parents(const MigFact *from, const MigFact *to)
{
	return !mig_same_value(from, to, "partition_of") || !mig_same_value(from, to, "bound") ||
		!mig_same_value(from, to, "inherits") || !mig_same_value(from, to, "of_type");
}

/* Edges of a fact of the old side. */
static void
add_old_edges(MigChangePlan *plan, const MigFact *fact)
{
	MigFactPlan *mine = mig_fact_plan(plan, fact);
	int			i;

	for (i = 0; i < fact->nneeds; i++)
	{
		const MigFact *needed = fact->needs[i];
		MigFactPlan *its = mig_fact_plan(plan, needed);

		if (mine->leave)
		{
			add_edge(mine->leave, its->leave);
			/* what was renamed away waits, if this is another such type */
			if (mine->end)
				add_edge(mine->end, its->end);
			if (!(needed == fact->parent && needed->kind == &mig_kind_table))
				add_edge(mine->leave, its->change);
		}
		if (mine->change && its->leave)
		{
			if (its->end)
				add_edge(mine->change, its->end);
			else
				add_edge(mine->change, its->leave);
		}
	}
	if (mine->leave && mine->state != MIG_STATE_DROP)
	{
		add_edge(mine->leave, mig_fact_plan(plan, fact->twin)->enter);
		add_edge(mig_fact_plan(plan, fact->twin)->enter, mine->end);
	}
}

/* Edges of a fact of the new side. */
static void
add_new_edges(MigChangePlan *plan, const MigFact *fact)
{
	MigFactPlan *mine = mig_fact_plan(plan, fact);
	MigOperation *change = fact->twin ? mig_fact_plan(plan, fact->twin)->change : NULL;
	int			i;

	for (i = 0; i < fact->nneeds; i++)
	{
		const MigFact *needed = fact->needs[i];
		MigOperation *its_enter = mig_fact_plan(plan, needed)->enter;
		MigOperation *its_change = needed->twin ? mig_fact_plan(plan, needed->twin)->change : NULL;

		if (needed == fact->parent && needed->kind == &mig_kind_table && its_change)
		{
			if (changes_parents(needed->twin, needed))
			{
				add_edge(mine->enter, its_change);
				add_edge(change, its_change);
			}
			continue;
		}
		add_edge(its_enter, mine->enter);
		add_edge(its_change, mine->enter);
		add_edge(its_enter, change);
		add_edge(its_change, change);
		/* a foreign key can be written in its table if that comes later */
		if (is_foreign_key(fact) && needed->parent != fact->parent)
			add_preference(mig_fact_plan(plan, needed->parent ? needed->parent : needed)->enter,
						   mig_fact_plan(plan, fact->parent)->enter);
	}
}

/* Who has a name that two objects cannot, or should not, both have. */
typedef struct NameEntry
{
	char		key[3 * NAMEDATALEN];
	MigOperation *leave;
} NameEntry;

/* Which names the fact takes. */
static int
names_of(const MigFact *fact)
{
	/* its index */
	if (fact->kind == &mig_kind_constraint)
		return mig_value_is(fact, "type", "p") || mig_value_is(fact, "type", "u") ||
			mig_value_is(fact, "type", "x") ? MIG_NAMES_RELATION : 0;
	return fact->kind->names | (fact->kind->names & MIG_NAMES_ROUTINE ? NAMES_OVERLOAD : 0);
}

/* Look up, or enter, one name of a fact. */
static NameEntry *
name_entry(HTAB *names, const MigFact *fact, int bit, HASHACTION action)
{
	char		key[3 * NAMEDATALEN];

	snprintf(key, sizeof(key), "%d %s.%s", bit, fact->schema ? fact->schema : "",
			 bit == MIG_NAMES_ROUTINE ? fact->identity : fact->name);
	return hash_search(names, key, action, NULL);
}

/*
 * What frees a name comes before what takes it; a routine had better go before
 * another of its name comes, as calls may not tell them apart.
 */
static void
add_name_edges(MigChangePlan *plan)
{
	HASHCTL		ctl = {0};
	HTAB	   *names;
	int			i;
	int			bit;

	ctl.keysize = sizeof(((NameEntry *) NULL)->key);
	ctl.entrysize = sizeof(NameEntry);
	ctl.hcxt = CurrentMemoryContext;
	names = hash_create("migrate names", 256, &ctl, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
	for (i = 0; i < plan->from->nfacts; i++)
	{
		const MigFact *fact = plan->from->facts[i];

		for (bit = MIG_NAMES_RELATION; bit <= NAMES_OVERLOAD; bit <<= 1)
		{
			if ((names_of(fact) & bit) && mig_fact_plan(plan, fact)->leave)
				name_entry(names, fact, bit, HASH_ENTER)->leave = mig_fact_plan(plan, fact)->leave;
		}
	}
	for (i = 0; i < plan->to->nfacts; i++)
	{
		const MigFact *fact = plan->to->facts[i];

		for (bit = MIG_NAMES_RELATION; bit <= NAMES_OVERLOAD; bit <<= 1)
		{
			NameEntry  *entry;

			if (!(names_of(fact) & bit) || mig_fact_plan(plan, fact)->enter == NULL)
				continue;
			entry = name_entry(names, fact, bit, HASH_FIND);
			if (entry && bit == NAMES_OVERLOAD)
				add_preference(entry->leave, mig_fact_plan(plan, fact)->enter);
			else if (entry)
				add_edge(entry->leave, mig_fact_plan(plan, fact)->enter);
		}
	}
	hash_destroy(names);
}

/*
 * Make the operations that the states of facts ask for, with the edges
 * between them.  With explicit_parts, the parts of dropped tables that need
 * something else that is dropped are dropped by statements of their own.
 */
void
mig_make_operations(MigChangePlan *plan, bool explicit_parts)
{
	int			i;

	plan->noperations = 0;
	plan->explicit_parts = explicit_parts;
	for (i = 0; i < plan->from->nfacts; i++)
	{
		MigFactPlan *fact_plan = &plan->from_plans[i];

		fact_plan->leave = fact_plan->change = fact_plan->end = NULL;
	}
	for (i = 0; i < plan->to->nfacts; i++)
		plan->to_plans[i].enter = NULL;
	for (i = 0; i < plan->from->nfacts; i++)
	{
		const MigFact *fact = plan->from->facts[i];

		if (plan->from_plans[i].state == MIG_STATE_ALTER)
		{
			plan->from_plans[i].change = add_operation(plan, MIG_OPERATION_ALTER, fact, fact->twin);
			plan->from_plans[i].change->retyped = plan->from_plans[i].retyped;
		}
	}
	for (i = 0; i < plan->from->nfacts; i++)
		(void) leaving_operation(plan, plan->from->facts[i]);
	for (i = 0; i < plan->to->nfacts; i++)
	{
		MigFact    *fact = plan->to->facts[i];
		MigOperation *enter = entering_operation(plan, fact);

		if (fact->kind == &mig_kind_column && enter && enter->to == fact->parent)
			enter->columns = lappend(enter->columns, fact);
	}
	for (i = 0; i < plan->from->nfacts; i++)
		add_old_edges(plan, plan->from->facts[i]);
	for (i = 0; i < plan->to->nfacts; i++)
		add_new_edges(plan, plan->to->facts[i]);
	add_name_edges(plan);
	for (i = 0; i < plan->noperations; i++)
		mig_write_operation(plan, plan->operations[i]);
}

/* ----------
 * Order
 * ----------
 */

/* The object that statements about the fact belong with: its table. */
static const MigFact *
top_of(const MigFact *fact)
{
	while (fact->parent)
		fact = fact->parent;
	return fact;
}

/* The fact that an operation is about. */
static const MigFact *
fact_of(const MigOperation *operation)
{
	return operation->to ? operation->to : operation->from;
}

/* Where the operation stands among those on other objects. */
static int
group_order(const MigOperation *operation)
{
	const MigFact *fact = fact_of(operation);

	if (operation->type == MIG_OPERATION_DROP || operation->type == MIG_OPERATION_DROP_AWAY ||
		is_foreign_key(fact) || fact->parent == NULL)
		return operation->order;
	/* what happens to a table is told in one place */
	return operation->rank != RANK_UNKNOWN ? top_of(fact)->kind->create_order :
		Max(top_of(fact)->kind->create_order, MIG_CREATE_COLUMN);
}

static int
compare_ints(int a, int b)
{
	return a < b ? -1 : a > b;
}

/* Columns in the order of the table, everything else by name. */
static int
compare_facts(const MigFact *a, const MigFact *b)
{
	if (a->kind == &mig_kind_column && b->kind == &mig_kind_column && a->parent == b->parent)
		return compare_ints(atoi(mig_value(a, "position")), atoi(mig_value(b, "position")));
	return strcmp(a->identity, b->identity);
}

/* Which of two operations comes first, if both can. */
static int
compare_operations(const MigOperation *a, const MigOperation *b)
{
	const MigFact *fact_a = fact_of(a);
	const MigFact *fact_b = fact_of(b);
	int			result = compare_ints(a->npreferred > 0, b->npreferred > 0);

	if (result == 0)
		result = compare_ints(group_order(a), group_order(b));
	if (result == 0)
		result = compare_ints(a->rank, b->rank);
	if (result == 0)
		result = strcmp(top_of(fact_a)->identity, top_of(fact_b)->identity);
	if (result == 0)
		result = compare_ints(a->order, b->order);
	if (result == 0)
		result = strcmp(fact_a->kind->name, fact_b->kind->name);
	if (result == 0)
		result = compare_facts(fact_a, fact_b);
	return result;
}

static int
compare_heap(Datum a, Datum b, void *arg)
{
	return compare_operations((MigOperation *) DatumGetPointer(b), (MigOperation *) DatumGetPointer(a));
}

/* Let the parts of a new object come right after it. */
static void
set_ranks(MigOperation *operation, int rank)
{
	int			i;

	if (operation->type != MIG_OPERATION_CREATE)
		return;
	if (operation->to->parent)
		rank = operation->rank;
	for (i = 0; i < operation->nnext; i++)
	{
		MigOperation *next = operation->next[i];

		if (next->type == MIG_OPERATION_CREATE && next->to->parent && top_of(next->to) == top_of(operation->to))
			next->rank = rank;
	}
}

/* Those that nothing waits for any more, once an operation is done. */
static void
release_next(binaryheap *heap, MigOperation *operation, int *waiting, const bool *done)
{
	int			i;

	for (i = 0; i < operation->npreferred_next; i++)
	{
		MigOperation *next = operation->preferred_next[i];

		/* it is in the heap already, but further down */
		if (--next->npreferred == 0 && waiting[next->index] == 0 && !done[next->index])
			binaryheap_add(heap, PointerGetDatum(next));
	}
	for (i = 0; i < operation->nnext; i++)
	{
		MigOperation *next = operation->next[i];

		if (--waiting[next->index] == 0)
			binaryheap_add(heap, PointerGetDatum(next));
	}
}

/*
 * Sort the operations so that each can be run after those before it.  False:
 * some wait for each other; plan->nordered is the number of the others, which
 * come first.
 */
bool
mig_order_operations(MigChangePlan *plan)
{
	int			n = plan->noperations;
	MigOperation **sorted = mig_alloc_array(MigOperation *, n);
	int		   *waiting = mig_alloc_array(int, n);
	bool	   *done = mig_alloc0_array(bool, n);
	binaryheap *heap;
	int			npreferences = 0;
	int			nsorted = 0;
	int			i;

	for (i = 0; i < n; i++)
	{
		waiting[i] = plan->operations[i]->npredecessors;
		npreferences += plan->operations[i]->npreferred_next;
	}
	heap = binaryheap_allocate(n + npreferences + 1, compare_heap, NULL);
	for (i = 0; i < n; i++)
	{
		if (waiting[i] == 0)
			binaryheap_add(heap, PointerGetDatum(plan->operations[i]));
	}
	while (!binaryheap_empty(heap))
	{
		MigOperation *operation = (MigOperation *) DatumGetPointer(binaryheap_remove_first(heap));

		CHECK_FOR_INTERRUPTS();
		if (done[operation->index])
			continue;
		done[operation->index] = true;
		sorted[nsorted++] = operation;
		set_ranks(operation, nsorted);
		release_next(heap, operation, waiting, done);
	}
	binaryheap_free(heap);
	plan->nordered = nsorted;
	for (i = 0; i < n; i++)
	{
		if (!done[i])
			sorted[nsorted++] = plan->operations[i];
	}
	for (i = 0; i < n; i++)
	{
		plan->operations[i] = sorted[i];
		sorted[i]->index = i;
	}
	pfree(sorted);
	pfree(waiting);
	pfree(done);
	return plan->nordered == n;
}

/* An operation among those that could not be ordered that another waits for. */
static const MigOperation *
find_waited_for(const MigChangePlan *plan, const MigOperation *operation)
{
	int			i;
	int			j;

	for (i = plan->nordered; i < plan->noperations; i++)
	{
		for (j = 0; j < plan->operations[i]->nnext; j++)
		{
			if (plan->operations[i]->next[j] == operation)
				return plan->operations[i];
		}
	}
	return NULL;
}

/* After mig_order_operations() was false: some that wait for each other. */
const char *
mig_describe_cycle(const MigChangePlan *plan)
{
	const MigOperation *operation = plan->operations[plan->nordered];
	int			n = plan->noperations - plan->nordered;
	StringInfoData buf;
	const MigOperation *first;
	int			i;

	/* go back far enough to be in the circle */
	for (i = 0; i < n; i++)
		operation = find_waited_for(plan, operation);
	first = operation;
	initStringInfo(&buf);
	do
	{
		appendStringInfo(&buf, "%s%s of %s %s", buf.len > 0 ? ", " : "", mig_operation_name(operation->type),
						 fact_of(operation)->kind->name, fact_of(operation)->identity);
		operation = find_waited_for(plan, operation);
	} while (operation != first);
	return buf.data;
}
