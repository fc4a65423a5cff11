/*-------------------------------------------------------------------------
 *
 * target.h
 *	  What a user's text denotes in the graph of revisions.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_TARGET_H
#define MIG_TARGET_H

#include "graph.h"

/* the place below the bases */
#define MIG_BASE		(-1)

/* a walk that ran out of revisions */
#define MIG_WALKED_OFF	(-2)

/* What "current" stands for, and what relative forms start from. */
typedef MigRevisionSet MigRows;

/* Where a downgrade is to end. */
typedef struct MigDowngradeTarget
{
	int			branch;			/* MIG_BASE: not restricted to a branch */
	int			revision;		/* or MIG_BASE */
} MigDowngradeTarget;

extern bool mig_resolve_revisions(const MigGraph *graph, const char *text, MigRevisionSet *result, MigReport *report);
extern bool mig_resolve_revision(const MigGraph *graph, const char *text, int *result, MigReport *report);
extern bool mig_resolve_rows(const MigGraph *graph, const MigNameList *names, MigRows *rows, MigReport *report);
extern bool mig_resolve_upgrade_target(const MigGraph *graph, const MigRows *rows, const char *text, bool overwalk,
									   MigRevisionSet *result, MigReport *report);
extern bool mig_resolve_downgrade_target(const MigGraph *graph, const MigRows *rows, const char *text,
										 MigDowngradeTarget *result, MigReport *report);
extern bool mig_resolve_stamp_lines(const MigGraph *graph, const char *text, MigRevisionSet *result, MigReport *report);
extern bool mig_walk(const MigGraph *graph, const char *text, int start, int steps, const bool *line, bool overwalk,
					 int *result, MigReport *report);
extern bool mig_is_relative(const char *text);
extern bool *mig_graph_line(const MigGraph *graph, int revision, MigEdgeKind kind);
extern MigRevisionSet mig_current_revisions(const MigGraph *graph, const MigRows *rows);

#endif							/* MIG_TARGET_H */
