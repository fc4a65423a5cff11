/*-------------------------------------------------------------------------
 *
 * names.h
 *	  Names of revisions: parsing and resolving them, and walking from them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_NAMES_H
#define MIG_NAMES_H

#include "graph.h"

/* the place below the bases */
#define MIG_BASE		(-1)

/* a walk that ran out of revisions */
#define MIG_WALKED_OFF	(-2)

/* The parts of "branch@symbol+N". */
typedef struct MigTargetText
{
	char	   *branch;			/* NULL: none given */
	char	   *symbol;			/* NULL: empty, which only a relative form may */
	bool		relative;
	int			steps;
} MigTargetText;

extern void mig_parse_target(const char *text, bool allow_relative, MigTargetText *result);
extern bool mig_split_names(const char *what, const char *text, MigNameList *names, MigReport *report);
extern MigRevisionSet mig_make_set(int capacity);
extern MigRevisionSet mig_make_singleton(int revision);
extern MigRevisionSet mig_filter_marked(const int *items, int count, const bool *mark);
extern bool mig_unknown_revision(const char *name, MigReport *report);
extern bool mig_resolve_branch(const MigGraph *graph, const char *branch, int *result, MigReport *report);
extern bool mig_resolve_line(const MigGraph *graph, const char *branch, int *revision, bool **line, MigReport *report);
extern bool mig_resolve_absolute(const MigGraph *graph, const MigTargetText *target, const char *text,
								 MigRevisionSet *result, MigReport *report);
extern bool mig_resolve_revisions(const MigGraph *graph, const char *text, MigRevisionSet *result, MigReport *report);
extern bool mig_resolve_revision(const MigGraph *graph, const char *text, int *result, MigReport *report);
extern bool mig_walk(const MigGraph *graph, const char *text, int start, int steps, const bool *line, bool overwalk,
					 int *result, MigReport *report);
extern bool mig_is_relative(const char *text);
extern bool mig_counts_down(const char *text);
extern bool mig_leads_down(const char *text);
extern bool *mig_graph_line(const MigGraph *graph, int revision, MigEdgeKind kind);

#endif							/* MIG_NAMES_H */
