/*-------------------------------------------------------------------------
 *
 * lockwanted.h
 *	  The locks that statements will ask for, and taking them beforehand.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_LOCKWANTED_H
#define MIG_LOCKWANTED_H

#include "locktargets.h"
#include "nodes/pg_list.h"
#include "storage/lock.h"

/* A lock that was waited for, or will be asked for. */
typedef struct MigWantedLock
{
	LOCKTAG		tag;
	LOCKMODE	mode;
} MigWantedLock;

extern List *mig_wanted_locks(const MigLockTargets *targets);
extern void mig_lock_targets_now(List *wanted, int timeout);
extern int	mig_deadlock_timeout(int lock_timeout);
extern void mig_set_lock_patience(int lock_timeout);

#endif							/* MIG_LOCKWANTED_H */
