/*-------------------------------------------------------------------------
 *
 * runcommand.h
 *	  The CALL that does what a production run is asked to do.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_RUNCOMMAND_H
#define MIG_RUNCOMMAND_H

#include "runoptions.h"

extern char *mig_run_command(const MigRunOptions *options, const char *target);

#endif							/* MIG_RUNCOMMAND_H */
