/*-------------------------------------------------------------------------
 *
 * changescript.h
 *	  The script of a plan.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_CHANGESCRIPT_H
#define MIG_CHANGESCRIPT_H

#include "changeplan.h"

extern char *mig_change_script(const MigChangePlan *plan, bool fold, int *nlosses);

#endif							/* MIG_CHANGESCRIPT_H */
