/*-------------------------------------------------------------------------
 *
 * runlock.h
 *	  The lock of a production run.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_RUNLOCK_H
#define MIG_RUNLOCK_H

#include "runoptions.h"

/* Pauses between two looks whether another run has ended, in milliseconds. */
#define MIG_FIRST_LOOK	50
#define MIG_LAST_LOOK	1000

extern void mig_run_lock(const MigRunOptions *options, int64 run, MigKeptStore *kept);
extern void mig_run_unlock(const char *schema_name);
extern void mig_run_yield(const char *schema_name);
extern bool mig_run_should_yield(const char *schema_name);
extern void mig_run_refresh_store(const MigRunOptions *options);

#endif							/* MIG_RUNLOCK_H */
