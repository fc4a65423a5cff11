/*-------------------------------------------------------------------------
 *
 * plan.h
 *	  What to run to get from here to there.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_PLAN_H
#define MIG_PLAN_H

#include "graph.h"
#include "target.h"

/*
 * One step, and what it does to the version table: the rows of "removed" go,
 * those of "added" come.
 */
typedef struct MigStep
{
	int			revision;		/* moved up or down; for a stamp the
								 * destination, or MIG_BASE */
	MigRevisionSet removed;
	MigRevisionSet added;
} MigStep;

typedef struct MigPlan
{
	MigStep    *steps;
	int			nsteps;
} MigPlan;

extern bool mig_plan_upgrade(const MigGraph *graph, const MigRows *rows, const char *target,
							 MigPlan *plan, MigReport *report);
extern bool mig_plan_downgrade(const MigGraph *graph, const MigRows *rows, const char *target,
							   MigPlan *plan, MigReport *report);
extern bool mig_plan_stamp(const MigGraph *graph, const MigRows *rows, const MigNameList *targets,
						   MigPlan *plan, MigReport *report);
extern bool mig_plan_either(const MigGraph *graph, const MigRows *rows, const char *target,
							MigPlan *plan, MigDirection *direction, MigReport *report);

#endif							/* MIG_PLAN_H */
