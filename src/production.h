/*-------------------------------------------------------------------------
 *
 * production.h
 *	  Runs in transactions of their own: CALL migrate_run().
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_PRODUCTION_H
#define MIG_PRODUCTION_H

#include "revision.h"

typedef struct MigRunOptions
{
	const char *schema_name;	/* whose lineage */
	const char *target;
	MigDirection direction;
	bool		direction_given;	/* not found out from the target */
	int			lock_timeout;	/* milliseconds */
	int			lock_retry_for; /* milliseconds */
} MigRunOptions;

extern void mig_run_in_production(const MigRunOptions *options);

#endif							/* MIG_PRODUCTION_H */
