/*-------------------------------------------------------------------------
 *
 * production.h
 *	  Runs in transactions of their own: CALL migrate_run().
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_PRODUCTION_H
#define MIG_PRODUCTION_H

#include "runoptions.h"

extern int64 mig_run_in_production(const MigRunOptions *options);

#endif							/* MIG_PRODUCTION_H */
