/*-------------------------------------------------------------------------
 *
 * changeorder.c
 *	  The order of the operations of a plan.
 *
 * One topological sort.  Among the operations that could come next, the one
 * with the smallest key does: see MigStatementOrder; the parts of a new table
 * come right after it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "changeplan.h"
#include "kinds.h"
#include "lib/binaryheap.h"
#include "purecore.h"

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
		operation->order == MIG_CREATE_FOREIGN_KEY || fact->parent == NULL)
		return operation->order;
	/* what happens to a table is told in one place */
	return operation->rank != MIG_RANK_UNKNOWN ? top_of(fact)->kind->create_order :
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
	if (a->kind == b->kind && a->parent == b->parent &&
		(a->kind == &mig_kind_column || a->kind == &mig_kind_composite_attribute))
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
