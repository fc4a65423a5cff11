/*-------------------------------------------------------------------------
 *
 * prepare.h
 *	  What a run is to do: the plan, and its scripts, parsed.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_PREPARE_H
#define MIG_PREPARE_H

#include "plan.h"
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
extern bool mig_step_is_atomic(const MigPreparedStep *prepared);
extern void mig_check_plan_trusted(const MigStore *store, const MigPlan *plan, Oid caller);
extern MigPreparedStep *mig_prepare_plan(const MigStore *store, const MigExtension *extension, const MigPlan *plan,
										 MigDirection direction, Oid caller);
extern void mig_open_and_plan(MigStore *store, const MigExtension *extension, const char *schema_name,
							  MigDirection direction, const char *target, MigPlan *plan);
extern void mig_plan_from_store(MigStore *store, MigDirection direction, const char *target, MigPlan *plan);

#endif							/* MIG_PREPARE_H */
