/*-------------------------------------------------------------------------
 *
 * graph.h
 *	  The graph of revisions.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_GRAPH_H
#define MIG_GRAPH_H

#include "report.h"
#include "revision.h"

/*
 * Edges of one kind, for all revisions: those of revision i are
 * items[first[i]] up to, not including, items[first[i + 1]].
 */
typedef struct MigEdges
{
	int		   *first;
	int		   *items;
} MigEdges;

#define mig_foreach_edge(k, edges, i) \
	for ((k) = (edges)->first[i]; (k) < (edges)->first[(i) + 1]; (k)++)

#define mig_edge_count(edges, i)	((edges)->first[(i) + 1] - (edges)->first[i])

struct nametable_hash;

/*
 * A revision is known by its index in load order.  Load order is the
 * tie-breaker of every rule that has to choose.
 */
typedef struct MigGraph
{
	MigRevision *revisions;
	int			nrevisions;
	struct nametable_hash *names;	/* id or label -> index */

	/*
	 * "down" are the parents that a script says it revises, "deps" those that
	 * it depends on, resolved and without what an ancestor already declares,
	 * "parents" both, without duplicates.  "next" and "all_next" lead the
	 * other way: children by "down", and children by either.
	 */
	MigEdges	down;
	MigEdges	deps;
	MigEdges	parents;
	MigEdges	next;
	MigEdges	all_next;

	/* in load order */
	int		   *heads;			/* nobody revises them: "down-heads" */
	int			nheads;
	int		   *real_heads;		/* and nobody depends on them either */
	int			nreal_heads;
	int		   *bases;			/* they revise nothing */
	int			nbases;
} MigGraph;

/* A set of revisions, in an order that means something to its maker. */
typedef struct MigRevisionSet
{
	int		   *items;
	int			count;
} MigRevisionSet;

/* Which edges a walk follows. */
typedef enum MigEdgeKind
{
	MIG_DOWN_ONLY,				/* down_revision */
	MIG_ALL_PARENTS				/* down_revision and depends_on */
} MigEdgeKind;

extern void mig_edges_reverse(int nrevisions, MigEdges *result, const MigEdges *edges);
extern MigGraph *mig_graph_build(MigRevision *revisions, int nrevisions, MigReport *report);
extern int	mig_graph_lookup(const MigGraph *graph, const char *name);
extern bool *mig_graph_ancestors(const MigGraph *graph, const int *from, int nfrom, MigEdgeKind kind);
extern bool *mig_graph_descendants(const MigGraph *graph, const int *from, int nfrom, MigEdgeKind kind);
extern bool mig_graph_is_head(const MigGraph *graph, int revision);
extern bool mig_graph_is_real_head(const MigGraph *graph, int revision);
extern bool mig_graph_is_branch_point(const MigGraph *graph, int revision);
extern bool mig_graph_is_merge_point(const MigGraph *graph, int revision);
extern MigNameList *mig_graph_shown_labels(const MigGraph *graph);
extern MigNameList mig_graph_ids(const MigGraph *graph, const int *revisions, int n);
extern char *mig_graph_join_ids(const MigGraph *graph, const int *revisions, int n);

#endif							/* MIG_GRAPH_H */
