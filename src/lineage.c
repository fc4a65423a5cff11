/*-------------------------------------------------------------------------
 *
 * lineage.c
 *	  Ancestors, descendants, and the labels that they share.
 *
 *-------------------------------------------------------------------------
 */
#ifdef FRONTEND
#include "postgres_fe.h"
#else
#include "postgres.h"
#endif

#include "graph.h"
#include "purecore.h"
#include "revision.h"

/*
 * Mark the given revisions and all that the edges lead to, without
 * recursion.
 */
static bool *
walk(const MigGraph *graph, const int *from, int nfrom, const MigEdges *edges)
{
	bool	   *mark = mig_alloc0_array(bool, graph->nrevisions);
	int		   *stack = mig_alloc_array(int, graph->nrevisions);
	int			depth = 0;
	int			i,
				k;

	for (i = 0; i < nfrom; i++)
	{
		if (!mark[from[i]])
		{
			mark[from[i]] = true;
			stack[depth++] = from[i];
		}
	}
	while (depth > 0)
	{
		int			r = stack[--depth];

		mig_foreach_edge(k, edges, r)
		{
			int			to = edges->items[k];

			if (!mark[to])
			{
				mark[to] = true;
				stack[depth++] = to;
			}
		}
	}
	pfree(stack);
	return mark;
}

/*
 * Mark the given revisions and all that they come after.  The result has an
 * entry for every revision.
 */
bool *
mig_graph_ancestors(const MigGraph *graph, const int *from, int nfrom, MigEdgeKind kind)
{
	return walk(graph, from, nfrom, kind == MIG_DOWN_ONLY ? &graph->down : &graph->parents);
}

/* Mark the given revisions and all that come after them. */
bool *
mig_graph_descendants(const MigGraph *graph, const int *from, int nfrom, MigEdgeKind kind)
{
	return walk(graph, from, nfrom, kind == MIG_DOWN_ONLY ? &graph->next : &graph->all_next);
}

/*
 * The last revision of a plain line: from r upwards nothing branches (a
 * dependency counts as a branch) or merges.  -1 if it is not such a line.
 */
static int
end_of_plain_line(const MigGraph *graph, int r)
{
	int			first = r;

	for (;;)
	{
		if (mig_edge_count(&graph->all_next, r) > 1 ||
			(r != first && mig_graph_is_merge_point(graph, r)))
			return -1;
		if (mig_edge_count(&graph->next, r) == 0)
			return r;
		r = graph->next.items[graph->next.first[r]];
	}
}

/*
 * The branch labels to show beside each revision, sorted.  A label is shown on its revision and all that revise
 * it, and, while what it labels is one plain line, on what leads to it, down
 * to the first branch or merge point.  (For display; selecting by label goes
 * by the line of the label's revision.)
 */
MigNameList *
mig_graph_shown_labels(const MigGraph *graph)
{
	MigNameList *shown = mig_alloc0_array(MigNameList, graph->nrevisions);
	int			i,
				j,
				r;

	for (i = 0; i < graph->nrevisions; i++)
	{
		const MigNameList *labels = &graph->revisions[i].branch_labels;
		bool	   *mark;

		if (labels->count == 0)
			continue;
		CHECK_FOR_INTERRUPTS();
		mark = mig_graph_descendants(graph, &i, 1, MIG_DOWN_ONLY);
		if (end_of_plain_line(graph, i) >= 0 && !mig_graph_is_merge_point(graph, i))
		{
			for (r = i; mig_edge_count(&graph->down, r) == 1;)
			{
				r = graph->down.items[graph->down.first[r]];
				if (mig_edge_count(&graph->all_next, r) > 1)
					break;
				if (mig_graph_is_merge_point(graph, r))
					break;
				mark[r] = true;
			}
		}
		for (r = 0; r < graph->nrevisions; r++)
		{
			for (j = 0; mark[r] && j < labels->count; j++)
				mig_name_list_add(&shown[r], labels->names[j]);
		}
		pfree(mark);
	}
	for (r = 0; r < graph->nrevisions; r++)
		mig_name_list_sort(&shown[r]);
	return shown;
}
