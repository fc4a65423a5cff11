/*-------------------------------------------------------------------------
 *
 * stamp.h
 *	  Setting the version without running anything.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_STAMP_H
#define MIG_STAMP_H

#include "nodes/execnodes.h"

extern void mig_stamp(const char *schema_name, const char *targets, bool purge, ReturnSetInfo *rsinfo);

#endif							/* MIG_STAMP_H */
