/*-------------------------------------------------------------------------
 *
 * prove.h
 *	  What the history makes, step by step, on a shadow.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_PROVE_H
#define MIG_PROVE_H

#include "nodes/execnodes.h"

extern void mig_prove(const char *schema_name, const char *range, ReturnSetInfo *rsinfo);
extern char *mig_find_stamp_target(const char *schema_name);

#endif							/* MIG_PROVE_H */
