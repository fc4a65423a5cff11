/*-------------------------------------------------------------------------
 *
 * backfill.h
 *	  Running a statement in batches, with a commit each.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_BACKFILL_H
#define MIG_BACKFILL_H

#include "batchrun.h"

extern void mig_backfill_run(const MigBackfillTask *task);

#endif							/* MIG_BACKFILL_H */
