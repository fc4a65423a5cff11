/*-------------------------------------------------------------------------
 *
 * lockwatch.h
 *	  What this backend waits for, and who is in the way.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_LOCKWATCH_H
#define MIG_LOCKWATCH_H

#include "locktargets.h"
#include "storage/lock.h"

/* A lock that was waited for, or will be asked for. */
typedef struct MigWantedLock
{
	LOCKTAG		tag;
	LOCKMODE	mode;
} MigWantedLock;

/* Sampling of the lock waits of this backend. */
extern void mig_lock_watch_begin(void);
extern void mig_lock_watch_end(void);
extern int64 mig_lock_watch_waited(void);
extern bool mig_lock_watch_last(MigWantedLock *wanted);

/* Who is in the way. */
extern List *mig_wanted_locks(const MigLockTargets *targets);
extern char *mig_blockers(List *wanted, int longer_than, int *nblockers);
extern void mig_lock_targets_now(List *wanted, int timeout);

#endif							/* MIG_LOCKWATCH_H */
