/*-------------------------------------------------------------------------
 *
 * run.h
 *	  Upgrades and downgrades in the transaction of the caller.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_RUN_H
#define MIG_RUN_H

#include "nodes/execnodes.h"
#include "revision.h"

extern void mig_run(const char *schema_name, MigDirection direction, const char *target, ReturnSetInfo *rsinfo);

#endif							/* MIG_RUN_H */
