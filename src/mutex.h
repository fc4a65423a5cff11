/*-------------------------------------------------------------------------
 *
 * mutex.h
 *	  One run at a time, and nobody waits for one that waits for him.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_MUTEX_H
#define MIG_MUTEX_H

#include "security.h"

/* for functions: to the end of the transaction */
extern void mig_lock_versions(const MigExtension *extension, const char *schema_name);
extern void mig_lock_out_runs(const MigExtension *extension);

/*
 * for procedures: across transactions, to mig_unlock_run(), or an error or
 * ROLLBACK of the whole transaction
 */
extern bool mig_try_lock_run(const MigExtension *extension, const char *schema_name);
extern void mig_unlock_run(const MigExtension *extension, const char *schema_name);
extern bool mig_run_is_waited_for(const MigExtension *extension, const char *schema_name);
extern bool mig_begin_concurrent_phase(const MigExtension *extension, const char *schema_name);
extern void mig_end_concurrent_phase(const MigExtension *extension, const char *schema_name);
extern bool mig_try_lock_backfill(const MigExtension *extension, const char *schema_name, const char *checksum);
extern void mig_unlock_backfill(const MigExtension *extension, const char *schema_name, const char *checksum);
extern bool mig_try_keep_scripts(const MigExtension *extension);
extern void mig_release_scripts(const MigExtension *extension);
extern bool mig_scripts_are_kept(const MigExtension *extension);
extern int	mig_run_holder(const MigExtension *extension, const char *schema_name);

/* for whoever runs something that has a number */
extern bool mig_try_lock_job(const MigExtension *extension, int64 run);
extern void mig_unlock_job(const MigExtension *extension, int64 run);
extern int	mig_job_holder(const MigExtension *extension, int64 run);

/*
 * for the worker of a procedure, before each statement: an error that aborts
 * its transaction releases what it has
 */
extern bool mig_try_lock_worker(const MigExtension *extension, const char *schema_name);

#endif							/* MIG_MUTEX_H */
