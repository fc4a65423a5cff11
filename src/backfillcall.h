/*-------------------------------------------------------------------------
 *
 * backfillcall.h
 *	  A backfill that belongs to no revision.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_BACKFILLCALL_H
#define MIG_BACKFILLCALL_H

#include "backfill.h"

extern char *mig_backfill_command(const MigBackfillTask *task);
extern void mig_call_backfill(MigBackfillTask *task);

#endif							/* MIG_BACKFILLCALL_H */
