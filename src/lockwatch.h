/*-------------------------------------------------------------------------
 *
 * lockwatch.h
 *	  What this backend waits for, and who is in the way.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_LOCKWATCH_H
#define MIG_LOCKWATCH_H

#include "lockwanted.h"

/* Sampling of the lock waits of this backend. */
extern void mig_lock_watch_begin(void);
extern void mig_lock_watch_end(void);
extern int64 mig_lock_watch_waited(void);
extern bool mig_lock_watch_last(MigWantedLock *wanted);

/* Who is in the way. */
extern char *mig_blockers(List *wanted, int longer_than, int *nblockers);
extern int	mig_waiting_for_us(void);

/* Waiting without a lock. */
extern void mig_pause(long milliseconds);
extern int	mig_backoff(int attempt, int lock_timeout);

#endif							/* MIG_LOCKWATCH_H */
