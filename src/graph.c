/*-------------------------------------------------------------------------
 *
 * graph.c
 *	  The graph of revisions.
 *
 * Revisions are the nodes; down_revision and depends_on are edges from a
 * revision to its parents.  Both kinds say "comes after"; only down_revision
 * makes branches, heads and bases.
 *
 * A graph is built from all revisions at once and checked while it is built.
 * The first defect found is reported, but the graph is usable nevertheless:
 * edges that lead nowhere are left out, and walks mark what they have seen,
 * so they end in spite of cycles.  Whoever must know whether some revision is
 * applied can ask a broken graph; whoever plans must not.
 *
 * Everything here is linear in revisions and edges, except where deps are
 * normalised, which is linear unless many revisions declare the same
 * dependency.
 *
 *-------------------------------------------------------------------------
 */
#ifdef FRONTEND
#include "postgres_fe.h"
#else
#include "postgres.h"
#endif

#include "common/hashfn.h"
#include "errcodes.h"
#include "graph.h"
#include "lib/stringinfo.h"
#include "purecore.h"
#include "report.h"

typedef struct NameTableEntry
{
	const char *name;
	int			revision;
	char		status;
} NameTableEntry;

#define SH_PREFIX		nametable
#define SH_ELEMENT_TYPE NameTableEntry
#define SH_KEY_TYPE		const char *
#define SH_KEY			name
#define SH_HASH_KEY(tb, key)	hash_bytes((const unsigned char *) (key), (int) strlen(key))
#define SH_EQUAL(tb, a, b)		(strcmp(a, b) == 0)
#define SH_SCOPE		static inline
#ifdef FRONTEND
#define SH_RAW_ALLOCATOR	pg_malloc0
#endif
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

#define BROKEN	ERRCODE_MIG_BROKEN_GRAPH

/* Reports only the first defect: true if there is none yet. */
#define FIRST_DEFECT(report)	((report)->sqlerrcode == 0)

/*
 * The revision that has this id or branch label, or -1.
 */
int
mig_graph_lookup(const MigGraph *graph, const char *name)
{
	NameTableEntry *entry = nametable_lookup(graph->names, name);

	return entry ? entry->revision : -1;
}

/* The id of a revision, for messages. */
static const char *
revision_id(const MigGraph *graph, int revision)
{
	return graph->revisions[revision].id;
}

/* The ids of some revisions, in their order. */
MigNameList
mig_graph_ids(const MigGraph *graph, const int *revisions, int n)
{
	MigNameList ids = {NULL, 0};
	int			i;

	for (i = 0; i < n; i++)
		mig_name_list_add(&ids, revision_id(graph, revisions[i]));
	return ids;
}

/* The ids of some revisions, joined by ", ". */
char *
mig_graph_join_ids(const MigGraph *graph, const int *revisions, int n)
{
	MigNameList ids = mig_graph_ids(graph, revisions, n);

	return mig_name_list_join(&ids);
}

/* ----------
 * Names
 * ----------
 */

/*
 * A revision that names itself would be a cycle of one; say so more plainly.
 */
static void
check_self_loops(const MigGraph *graph, MigReport *report)
{
	int			i;

	for (i = 0; i < graph->nrevisions && FIRST_DEFECT(report); i++)
	{
		const MigRevision *rev = &graph->revisions[i];

		if (mig_name_list_contains(&rev->down_revision, rev->id))
			mig_report(report, BROKEN, "revision %s revises itself", rev->id);
		else if (mig_name_list_contains(&rev->depends_on, rev->id))
			mig_report(report, BROKEN, "revision %s depends on itself", rev->id);
		else
			continue;
		mig_report_detail(report, "The header of \"%s\" says so.", rev->path);
		mig_report_hint(report, "Correct the header.");
	}
}

/*
 * Enter all ids into the table of names; of two that are the same the first
 * wins.
 */
static void
add_ids(MigGraph *graph, MigReport *report)
{
	int			i;

	for (i = 0; i < graph->nrevisions; i++)
	{
		const MigRevision *rev = &graph->revisions[i];
		bool		found;
		NameTableEntry *entry = nametable_insert(graph->names, rev->id, &found);

		if (!found)
			entry->revision = i;
		else if (FIRST_DEFECT(report))
		{
			mig_report(report, BROKEN, "revision id %s is used twice", rev->id);
			mig_report_detail(report, "Both \"%s\" and \"%s\" have it.",
							  graph->revisions[entry->revision].path, rev->path);
			mig_report_hint(report, "Give one of them another id.");
		}
	}
}

/* Enter the labels, too: ids and labels share one space of names. */
static void
add_labels(MigGraph *graph, MigReport *report)
{
	int			i,
				j;

	for (i = 0; i < graph->nrevisions; i++)
	{
		const MigRevision *rev = &graph->revisions[i];

		for (j = 0; j < rev->branch_labels.count; j++)
		{
			const char *label = rev->branch_labels.names[j];
			bool		found;
			NameTableEntry *entry = nametable_insert(graph->names, label, &found);

			if (!found)
				entry->revision = i;
			else if (FIRST_DEFECT(report))
			{
				const MigRevision *other = &graph->revisions[entry->revision];

				mig_report(report, BROKEN, "branch label \"%s\" of revision %s is already used", label, rev->id);
				if (strcmp(other->id, label) == 0)
					mig_report_detail(report, "It is the id of the revision in \"%s\".", other->path);
				else
					mig_report_detail(report, "Revision %s in \"%s\" has it.", other->id, other->path);
				mig_report_hint(report, "Choose another label for one of them.");
			}
		}
	}
}

/* ----------
 * Edges
 * ----------
 */

/* A parent that no script defines.  It makes no edge. */
static void
missing_parent(const MigRevision *rev, const char *field, const char *name, const MigRevision *labelled,
			   MigReport *report)
{
	if (!FIRST_DEFECT(report))
		return;
	if (labelled != NULL)
	{
		mig_report(report, BROKEN, "revision %s revises \"%s\", which is a branch label", rev->id, name);
		mig_report_detail(report, "Field \"%s\" in \"%s\" names it; revision %s has the label.", field, rev->path,
						  labelled->id);
		mig_report_hint(report, "Write the id of a revision.");
		return;
	}
	mig_report(report, BROKEN, "revision %s, which revision %s %s, is not present", name, rev->id,
			   strcmp(field, "Revises") == 0 ? "revises" : "depends on");
	mig_report_detail(report, "Field \"%s\" in \"%s\" names it.", field, rev->path);
	mig_report_hint(report, "Register or deploy the script of %s, or correct the header of %s.", name, rev->id);
}

/* Is the revision among the items from the given one on? */
static bool
edge_exists(const MigEdges *edges, int from, int nitems, int revision)
{
	int			k;

	for (k = from; k < nitems; k++)
	{
		if (edges->items[k] == revision)
			return true;
	}
	return false;
}

/*
 * Resolve the names in one field of all headers.  Names that repeat, and
 * those that are missing, make no edge.
 */
static void
resolve_edges(MigGraph *graph, MigEdges *edges, bool dependencies, MigReport *report)
{
	int			total = 0;
	int			n = 0;
	int			i,
				j;

	for (i = 0; i < graph->nrevisions; i++)
		total += dependencies ? graph->revisions[i].depends_on.count : graph->revisions[i].down_revision.count;
	edges->first = mig_alloc_array(int, graph->nrevisions + 1);
	edges->items = mig_alloc_array(int, total);

	for (i = 0; i < graph->nrevisions; i++)
	{
		const MigRevision *rev = &graph->revisions[i];
		const MigNameList *names = dependencies ? &rev->depends_on : &rev->down_revision;

		edges->first[i] = n;
		for (j = 0; j < names->count; j++)
		{
			int			parent = mig_graph_lookup(graph, names->names[j]);
			const MigRevision *labelled = NULL;

			/* down_revision is an id, never a label */
			if (parent >= 0 && !dependencies && strcmp(revision_id(graph, parent), names->names[j]) != 0)
			{
				labelled = &graph->revisions[parent];
				parent = -1;
			}
			if (parent < 0)
				missing_parent(rev, dependencies ? "Depends On" : "Revises", names->names[j], labelled, report);
			else if (parent == i && FIRST_DEFECT(report))
			{
				mig_report(report, BROKEN, "revision %s depends on itself", rev->id);
				mig_report_detail(report, "Branch label \"%s\" in \"%s\" is its own.", names->names[j], rev->path);
				mig_report_hint(report, "Correct the header.");
			}
			else if (parent != i && !edge_exists(edges, edges->first[i], n, parent))
				edges->items[n++] = parent;
		}
	}
	edges->first[graph->nrevisions] = n;
}

/* The union of two kinds of edges, a's first. */
static void
merge_edges(int nrevisions, MigEdges *result, const MigEdges *a, const MigEdges *b)
{
	int			n = 0;
	int			i,
				k;

	result->first = mig_alloc_array(int, nrevisions + 1);
	result->items = mig_alloc_array(int, a->first[nrevisions] + b->first[nrevisions]);
	for (i = 0; i < nrevisions; i++)
	{
		result->first[i] = n;
		mig_foreach_edge(k, a, i)
			result->items[n++] = a->items[k];
		mig_foreach_edge(k, b, i)
		{
			if (!edge_exists(result, result->first[i], n, b->items[k]))
				result->items[n++] = b->items[k];
		}
	}
	result->first[nrevisions] = n;
}

/* Turn edges around.  The new ones are in load order. */
void
mig_edges_reverse(int nrevisions, MigEdges *result, const MigEdges *edges)
{
	int		   *fill = mig_alloc0_array(int, nrevisions + 1);
	int			i,
				k;

	result->first = mig_alloc0_array(int, nrevisions + 1);
	result->items = mig_alloc_array(int, edges->first[nrevisions]);
	for (k = 0; k < edges->first[nrevisions]; k++)
		result->first[edges->items[k] + 1]++;
	for (i = 0; i < nrevisions; i++)
		result->first[i + 1] += result->first[i];
	memcpy(fill, result->first, sizeof(int) * (nrevisions + 1));
	for (i = 0; i < nrevisions; i++)
	{
		mig_foreach_edge(k, edges, i)
			result->items[fill[edges->items[k]]++] = i;
	}
	pfree(fill);
}

/* ----------
 * Cycles
 * ----------
 */

/*
 * Order the revisions so that parents come first.  Returns how many could
 * be ordered: those on a cycle, and what comes after them, cannot.
 */
static int
order_parents_first(int nrevisions, const MigEdges *parents, const MigEdges *children, int *order, int *pending)
{
	int			n = 0;
	int			done;
	int			i,
				k;

	for (i = 0; i < nrevisions; i++)
	{
		pending[i] = mig_edge_count(parents, i);
		if (pending[i] == 0)
			order[n++] = i;
	}
	for (done = 0; done < n; done++)
	{
		mig_foreach_edge(k, children, order[done])
		{
			if (--pending[children->items[k]] == 0)
				order[n++] = children->items[k];
		}
	}
	return n;
}

/* Name one cycle among the revisions that could not be ordered. */
static void
report_cycle(const MigGraph *graph, const MigEdges *parents, const int *pending,
			 const char *kind, MigReport *report)
{
	int		   *seen_at = mig_alloc0_array(int, graph->nrevisions);
	StringInfoData path;
	int			revision = 0;
	int			start;
	int			step = 0;
	int			k;

	while (pending[revision] == 0)
		revision++;

	/* among what is left every revision has a parent that is left, too */
	while (seen_at[revision] == 0)
	{
		seen_at[revision] = ++step;
		mig_foreach_edge(k, parents, revision)
		{
			if (pending[parents->items[k]] > 0)
				break;
		}
		revision = parents->items[k];
	}

	start = revision;
	initStringInfo(&path);
	do
	{
		appendStringInfo(&path, "%s -> ", revision_id(graph, revision));
		mig_foreach_edge(k, parents, revision)
		{
			if (pending[parents->items[k]] > 0)
				break;
		}
		revision = parents->items[k];
	} while (revision != start);
	appendStringInfoString(&path, revision_id(graph, start));

	mig_report(report, BROKEN, "revisions form a cycle of %s", kind);
	mig_report_detail(report, "Each of these comes after the next one: %s.", path.data);
	mig_report_hint(report, "Correct the header of one of them.");
	pfree(seen_at);
}

/*
 * Look for cycles, of down revisions first; order gets the revisions,
 * parents first.
 */
static void
check_cycles(const MigGraph *graph, const MigEdges *all_deps_parents, int *order, MigReport *report)
{
	int		   *pending = mig_alloc_array(int, graph->nrevisions);

	if (order_parents_first(graph->nrevisions, &graph->down, &graph->next, order, pending) < graph->nrevisions)
		report_cycle(graph, &graph->down, pending, "down revisions", report);
	else if (order_parents_first(graph->nrevisions, all_deps_parents, &graph->all_next, order, pending) < graph->nrevisions)
		report_cycle(graph, all_deps_parents, pending, "down revisions and dependencies", report);
	pfree(pending);
}

/* ----------
 * Normalised dependencies
 * ----------
 */

/*
 * Does a proper ancestor of the revision, along down_revision, declare the
 * same dependency?  rank is the position in an order of parents before
 * children; no declarer ranks below lowest, so the walk need not go there.
 * visited[] holds the stamp of the last walk that came by.
 */
static bool
ancestor_declares(const MigGraph *graph, const MigEdges *deps, int revision, int dependency,
				  const int *rank, int lowest, int *visited, int stamp, int *stack)
{
	int			depth = 0;
	int			k;

	stack[depth++] = revision;
	visited[revision] = stamp;
	while (depth > 0)
	{
		int			r = stack[--depth];

		if (r != revision)
		{
			mig_foreach_edge(k, deps, r)
			{
				if (deps->items[k] == dependency)
					return true;
			}
		}
		mig_foreach_edge(k, &graph->down, r)
		{
			int			parent = graph->down.items[k];

			if (visited[parent] != stamp && rank[parent] >= lowest)
			{
				visited[parent] = stamp;
				stack[depth++] = parent;
			}
		}
	}
	return false;
}

/*
 * Leave out the dependencies that an ancestor declares: Alembic's
 * "normalized dependencies".  One that merely is an ancestor stays.
 */
static void
normalize_deps(MigGraph *graph, const MigEdges *deps, const int *order)
{
	int			n = graph->nrevisions;
	int		   *rank = mig_alloc0_array(int, n);
	int		   *declarers = mig_alloc0_array(int, n);
	int		   *lowest = mig_alloc_array(int, n);
	int		   *visited = mig_alloc0_array(int, n);
	int		   *stack = mig_alloc_array(int, n);
	int			stamp = 0;
	int			nitems = 0;
	int			i,
				k;

	for (i = 0; i < n; i++)
		rank[order[i]] = i;
	for (i = 0; i < n; i++)
	{
		mig_foreach_edge(k, deps, i)
		{
			int			dep = deps->items[k];

			if (declarers[dep]++ == 0 || rank[i] < lowest[dep])
				lowest[dep] = rank[i];
		}
	}

	graph->deps.first = mig_alloc_array(int, n + 1);
	graph->deps.items = mig_alloc_array(int, deps->first[n]);
	for (i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		graph->deps.first[i] = nitems;
		mig_foreach_edge(k, deps, i)
		{
			int			dep = deps->items[k];

			if (declarers[dep] == 1 ||
				!ancestor_declares(graph, deps, i, dep, rank, lowest[dep], visited, ++stamp, stack))
				graph->deps.items[nitems++] = dep;
		}
	}
	graph->deps.first[n] = nitems;
	pfree(rank);
	pfree(declarers);
	pfree(lowest);
	pfree(visited);
	pfree(stack);
}

/* ----------
 * Building
 * ----------
 */

/* The ends of the graph, in load order. */
static void
find_heads_and_bases(MigGraph *graph)
{
	int			i;

	graph->heads = mig_alloc_array(int, graph->nrevisions);
	graph->real_heads = mig_alloc_array(int, graph->nrevisions);
	graph->bases = mig_alloc_array(int, graph->nrevisions);
	for (i = 0; i < graph->nrevisions; i++)
	{
		if (mig_graph_is_head(graph, i))
			graph->heads[graph->nheads++] = i;
		if (mig_graph_is_real_head(graph, i))
			graph->real_heads[graph->nreal_heads++] = i;
		if (mig_edge_count(&graph->down, i) == 0)
			graph->bases[graph->nbases++] = i;
	}
}

/*
 * Build the graph of the given revisions, which are in load order and are
 * not copied.  Never returns NULL; report->sqlerrcode is 0 if the graph is
 * sound, else *report has the first defect (MG006), looked for in the order:
 * self loops, duplicate ids, labels, parents that are missing, cycles.
 */
MigGraph *
mig_graph_build(MigRevision *revisions, int nrevisions, MigReport *report)
{
	MigGraph   *graph = palloc0(sizeof(MigGraph));
	MigEdges	declared_deps;
	MigEdges	declared_parents;
	int		   *order;
	int			i;

	MemSet(report, 0, sizeof(MigReport));
	graph->revisions = revisions;
	graph->nrevisions = nrevisions;
#ifdef FRONTEND
	graph->names = nametable_create(nrevisions * 2, NULL);
#else
	graph->names = nametable_create(CurrentMemoryContext, nrevisions * 2, NULL);
#endif

	check_self_loops(graph, report);
	add_ids(graph, report);
	add_labels(graph, report);
	resolve_edges(graph, &declared_deps, true, report);
	resolve_edges(graph, &graph->down, false, report);
	mig_edges_reverse(nrevisions, &graph->next, &graph->down);
	merge_edges(nrevisions, &declared_parents, &graph->down, &declared_deps);
	mig_edges_reverse(nrevisions, &graph->all_next, &declared_parents);

	order = mig_alloc_array(int, nrevisions);
	if (FIRST_DEFECT(report))
		check_cycles(graph, &declared_parents, order, report);
	if (!FIRST_DEFECT(report))
	{
		/* any order will do for a graph that nobody plans with */
		for (i = 0; i < nrevisions; i++)
			order[i] = i;
	}
	normalize_deps(graph, &declared_deps, order);
	merge_edges(nrevisions, &graph->parents, &graph->down, &graph->deps);
	find_heads_and_bases(graph);

	pfree(order);
	pfree(declared_parents.first);
	pfree(declared_parents.items);
	pfree(declared_deps.first);
	pfree(declared_deps.items);
	return graph;
}

/* ----------
 * Facts
 * ----------
 */

/* Does nobody name it as down_revision? */
bool
mig_graph_is_head(const MigGraph *graph, int revision)
{
	return mig_edge_count(&graph->next, revision) == 0;
}

/* Does nobody name it in any way? */
bool
mig_graph_is_real_head(const MigGraph *graph, int revision)
{
	return mig_edge_count(&graph->all_next, revision) == 0;
}

/* Do several revisions revise it? */
bool
mig_graph_is_branch_point(const MigGraph *graph, int revision)
{
	return mig_edge_count(&graph->next, revision) > 1;
}

/* Does it revise several revisions? */
bool
mig_graph_is_merge_point(const MigGraph *graph, int revision)
{
	return mig_edge_count(&graph->down, revision) > 1;
}
