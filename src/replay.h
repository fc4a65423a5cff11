/*-------------------------------------------------------------------------
 *
 * replay.h
 *	  Scripts that are run on a shadow.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_REPLAY_H
#define MIG_REPLAY_H

#include "compare.h"
#include "prepare.h"
#include "store.h"

/* The history up to a revision, ready to be run on a shadow. */
typedef struct MigReplay
{
	MigStore	store;
	MigPlan		plan;
	MigPreparedStep *steps;		/* plan.nsteps of them */
	MigNameList created;		/* schemas that they create */
} MigReplay;

extern void mig_replay_open(MigReplay *replay, MigScope *scope, const char *target);
extern void mig_replay_begin(const MigReplay *replay);
extern void mig_replay_step(const MigReplay *replay, int step);
extern void mig_replay_fit(MigPreparedStep *prepared);
extern void mig_run_text(const char *name, const char *sql);
extern void mig_on_replay_shadow(const MigScope *scope, MigShadowBody body, void *arg);
extern MigSchemaData *mig_read_revision(MigScope *scope, const char *revision);
extern MigSchemaData *mig_read_replayed(const MigScope *scope);

#endif							/* MIG_REPLAY_H */
