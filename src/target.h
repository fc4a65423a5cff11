/*-------------------------------------------------------------------------
 *
 * target.h
 *	  Where an upgrade, a downgrade or a stamp is to lead.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_TARGET_H
#define MIG_TARGET_H

#include "graph.h"
#include "names.h"

/* What "current" stands for, and what relative forms start from. */
typedef MigRevisionSet MigRows;

/* Where a downgrade is to end. */
typedef struct MigDowngradeTarget
{
	int			branch;			/* MIG_BASE: not restricted to a branch */
	int			revision;		/* or MIG_BASE */
} MigDowngradeTarget;

extern bool mig_resolve_rows(const MigGraph *graph, const MigNameList *names, MigRows *rows, MigReport *report);
extern bool mig_resolve_upgrade_target(const MigGraph *graph, const MigRows *rows, const char *text, bool overwalk,
									   MigRevisionSet *result, MigReport *report);
extern bool mig_resolve_downgrade_target(const MigGraph *graph, const MigRows *rows, const char *text,
										 MigDowngradeTarget *result, MigReport *report);
extern bool mig_resolve_stamp_lines(const MigGraph *graph, const char *text, MigRevisionSet *result, MigReport *report);
extern MigRevisionSet mig_current_revisions(const MigGraph *graph, const MigRows *rows);

#endif							/* MIG_TARGET_H */
