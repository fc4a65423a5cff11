/*-------------------------------------------------------------------------
 *
 * run.h
 *	  Upgrades, downgrades and stamps, in the transaction of the caller.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_RUN_H
#define MIG_RUN_H

#include "nodes/execnodes.h"
#include "plan.h"
#include "result.h"
#include "revision.h"
#include "stmt.h"
#include "store.h"

/* A step that is ready to run. */
typedef struct MigPreparedStep
{
	const MigStep *step;
	MigScriptSource source;
	MigStatementList statements;
} MigPreparedStep;

extern void mig_prepare_step(MigPreparedStep *prepared, const MigStore *store, const MigExtension *extension,
							 const MigStep *step, MigDirection direction);
extern void mig_row_step(MigResultRow *row, int number, const MigGraph *graph, const MigPreparedStep *prepared);
extern void mig_run(MigDirection direction, const char *target, ReturnSetInfo *rsinfo);
extern void mig_stamp(const char *targets, bool purge, ReturnSetInfo *rsinfo);

#endif							/* MIG_RUN_H */
