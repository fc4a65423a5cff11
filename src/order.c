/*-------------------------------------------------------------------------
 *
 * order.c
 *	  The order in which revisions are run or listed.
 *
 * Newest first: walk down from the first tip, as long as nothing else that
 * is still on the table comes after what we are about to emit; if something
 * does, jump to it and walk down from there.  An upgrade runs the reverse.
 *
 * The rule is Alembic's, and users see it, so it must be met to the letter.
 * Alembic keeps, for each revision at the front of the walk, the set of its
 * ancestors, which takes quadratic space.  We get the same order in linear
 * space, and on real histories in linear time, from three observations:
 *
 * - "r is an ancestor of another revision at the front" is the same as "some
 *   child of r has not been emitted yet", because whatever has not been
 *   emitted is at the front or below it.  A counter per revision tells.
 *
 * - The position at the front matters only relative to others: an entry is
 *   replaced in place, removed, or appended.  So the front is a linked list,
 *   and each entry has a number that grows along the list.
 *
 * - The revision to jump to is found by climbing from r.  A revision with a
 *   single child is climbed once; after that a shortcut leads to the end of
 *   the line.
 *
 *-------------------------------------------------------------------------
 */
#ifdef FRONTEND
#include "postgres_fe.h"
#else
#include "postgres.h"
#endif

#include "graph.h"
#include "order.h"
#include "purecore.h"

#define NOWHERE (-1)

typedef struct Walk
{
	const MigGraph *graph;
	const bool *wanted;
	MigEdges	children;		/* "parents" turned around */

	bool	   *in_reach;		/* at or below a tip */
	bool	   *gone;			/* emitted, or passed through */
	int		   *pending;		/* children in reach that still stand above */
	int		   *shortcut;		/* a revision further up, with nothing between */

	/* the front: a list of revisions, linked by revision */
	int			first;
	int			last;
	int		   *next;
	int		   *prev;
	int		   *place;			/* grows along the list; 0: not at the front */
	int			last_place;

	int		   *stack;
	int		   *visited;
	int			stamp;

	MigRevisionSet result;
} Walk;

/* ----------
 * The front
 * ----------
 */

/* Put r at the end of the front. */
static void
front_append(Walk *walk, int r)
{
	walk->place[r] = ++walk->last_place;
	walk->prev[r] = walk->last;
	walk->next[r] = NOWHERE;
	if (walk->last == NOWHERE)
		walk->first = r;
	else
		walk->next[walk->last] = r;
	walk->last = r;
}

/* Remove r; returns the entry before it, or the new first one. */
static int
front_remove(Walk *walk, int r)
{
	int			prev = walk->prev[r];
	int			next = walk->next[r];

	if (prev == NOWHERE)
		walk->first = next;
	else
		walk->next[prev] = next;
	if (next == NOWHERE)
		walk->last = prev;
	else
		walk->prev[next] = prev;
	walk->place[r] = 0;
	return prev == NOWHERE ? walk->first : prev;
}

/* Let another revision take r's place at the front. */
static void
front_replace(Walk *walk, int r, int replacement)
{
	walk->place[replacement] = walk->place[r];
	walk->prev[replacement] = walk->prev[r];
	walk->next[replacement] = walk->next[r];
	if (walk->prev[r] == NOWHERE)
		walk->first = replacement;
	else
		walk->next[walk->prev[r]] = replacement;
	if (walk->next[r] == NOWHERE)
		walk->last = replacement;
	else
		walk->prev[walk->next[r]] = replacement;
	walk->place[r] = 0;
}

/* ----------
 * Climbing
 * ----------
 */

/* Does the child still stand above its parents? */
static bool
stands(const Walk *walk, int child)
{
	return walk->in_reach[child] && !walk->gone[child];
}

/*
 * From r, the first revision upwards that is at the front or has more than
 * one child in reach.  Remembers the way.
 */
static int
climb_line(Walk *walk, int r)
{
	int			top = r;

	while (walk->place[top] == 0)
	{
		int			only_child = NOWHERE;
		int			k;

		if (walk->shortcut[top] != NOWHERE && stands(walk, walk->shortcut[top]))
		{
			top = walk->shortcut[top];
			continue;
		}
		mig_foreach_edge(k, &walk->children, top)
		{
			int			child = walk->children.items[k];

			if (!stands(walk, child))
				continue;
			if (only_child != NOWHERE)
				break;
			only_child = child;
		}
		if (only_child == NOWHERE || k < walk->children.first[top + 1])
			break;
		walk->shortcut[top] = only_child;
		top = only_child;
	}

	/* compress the path, so that the next climb is short */
	while (r != top)
	{
		int			up = walk->shortcut[r];

		walk->shortcut[r] = top;
		r = up;
	}
	return top;
}

/* The first entry of the front that comes after r, or NOWHERE. */
static int
first_above(Walk *walk, int r)
{
	int			best = NOWHERE;
	int			depth = 0;
	int			k;

	walk->stamp++;
	walk->stack[depth++] = r;
	walk->visited[r] = walk->stamp;
	while (depth > 0)
	{
		int			from = walk->stack[--depth];

		mig_foreach_edge(k, &walk->children, from)
		{
			int			child = walk->children.items[k];

			if (!stands(walk, child))
				continue;
			child = climb_line(walk, child);
			if (walk->visited[child] == walk->stamp)
				continue;
			walk->visited[child] = walk->stamp;
			if (walk->place[child] > 0 &&
				(best == NOWHERE || walk->place[child] < walk->place[best]))
				best = child;
			walk->stack[depth++] = child;
		}
	}
	return best;
}

/* ----------
 * Emitting
 * ----------
 */

/*
 * r no longer stands above its parents.  Nor do those that are not wanted,
 * once nothing stands above them: they are passed through.
 */
static void
release(Walk *walk, int r)
{
	int			depth = 0;
	int			k;

	walk->stack[depth++] = r;
	while (depth > 0)
	{
		int			from = walk->stack[--depth];

		walk->gone[from] = true;
		mig_foreach_edge(k, &walk->graph->parents, from)
		{
			int			parent = walk->graph->parents.items[k];

			if (--walk->pending[parent] == 0 && !walk->wanted[parent])
				walk->stack[depth++] = parent;
		}
	}
}

/* Emit r, which is at the front, and go on to its parents. */
static int
emit(Walk *walk, int r)
{
	int			replacement = NOWHERE;
	int			k;

	walk->result.items[walk->result.count++] = r;
	release(walk, r);

	mig_foreach_edge(k, &walk->graph->parents, r)
	{
		int			parent = walk->graph->parents.items[k];

		if (!walk->wanted[parent] || walk->gone[parent] || walk->place[parent] > 0)
			continue;
		if (replacement == NOWHERE)
		{
			front_replace(walk, r, parent);
			replacement = parent;
		}
		else
			front_append(walk, parent);
	}
	return replacement == NOWHERE ? front_remove(walk, r) : replacement;
}

/*
 * Walk until the front is empty.
 */
static void
run(Walk *walk)
{
	int			cursor = walk->first;

	while (cursor != NOWHERE)
	{
		CHECK_FOR_INTERRUPTS();
		if (walk->pending[cursor] > 0)
		{
			int			above = first_above(walk, cursor);

			if (above != NOWHERE)
			{
				cursor = above;
				continue;
			}
		}
		cursor = emit(walk, cursor);
	}
}

/* Everything at its start: nothing emitted, the front empty. */
static Walk *
begin_walk(const MigGraph *graph, const bool *wanted, const MigRevisionSet *tips)
{
	Walk	   *walk = palloc0(sizeof(Walk));
	int			n = graph->nrevisions;
	int			i,
				k;

	walk->graph = graph;
	walk->wanted = wanted;
	mig_edges_reverse(n, &walk->children, &graph->parents);
	walk->in_reach = mig_graph_ancestors(graph, tips->items, tips->count, MIG_ALL_PARENTS);
	walk->gone = mig_alloc0_array(bool, n);
	walk->pending = mig_alloc0_array(int, n);
	walk->shortcut = mig_alloc_array(int, n);
	walk->next = mig_alloc_array(int, n);
	walk->prev = mig_alloc_array(int, n);
	walk->place = mig_alloc0_array(int, n);
	walk->stack = mig_alloc_array(int, n);
	walk->visited = mig_alloc0_array(int, n);
	walk->result.items = mig_alloc_array(int, n);
	walk->first = walk->last = NOWHERE;
	for (i = 0; i < n; i++)
	{
		walk->shortcut[i] = NOWHERE;
		if (!walk->in_reach[i])
			continue;
		mig_foreach_edge(k, &graph->parents, i)
			walk->pending[graph->parents.items[k]]++;
	}
	for (i = 0; i < tips->count; i++)
	{
		int			tip = tips->items[i];

		if (!wanted[tip] && !walk->gone[tip] && walk->pending[tip] == 0)
			release(walk, tip);
	}
	return walk;
}

/* Free all but the result. */
static void
end_walk(Walk *walk)
{
	pfree(walk->children.first);
	pfree(walk->children.items);
	pfree(walk->in_reach);
	pfree(walk->gone);
	pfree(walk->pending);
	pfree(walk->shortcut);
	pfree(walk->next);
	pfree(walk->prev);
	pfree(walk->place);
	pfree(walk->stack);
	pfree(walk->visited);
	pfree(walk);
}

/*
 * The wanted revisions, newest first, starting from those tips that are
 * wanted.  wanted has an entry for every revision of the graph, which must
 * be sound.  Every wanted revision must be a tip or an ancestor of one.
 *
 * Wanted revisions that only unwanted ones lead to, which happens in a range
 * of the history that a dependency leaves and enters again, are listed last.
 */
MigRevisionSet
mig_order(const MigGraph *graph, const bool *wanted, const MigRevisionSet *tips)
{
	Walk	   *walk = begin_walk(graph, wanted, tips);
	MigRevisionSet result;
	bool	   *start = mig_alloc0_array(bool, graph->nrevisions);
	int			i;

	for (i = 0; i < tips->count; i++)
		start[tips->items[i]] = wanted[tips->items[i]];
	do
	{
		for (i = 0; i < graph->nrevisions; i++)
		{
			if (start[i])
				front_append(walk, i);
		}
		run(walk);
		for (i = 0; i < graph->nrevisions; i++)
			start[i] = wanted[i] && walk->in_reach[i] && !walk->gone[i] && walk->pending[i] == 0;
	} while (memchr(start, true, graph->nrevisions) != NULL);
	pfree(start);

	result = walk->result;
	end_walk(walk);
	return result;
}
