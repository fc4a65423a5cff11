/*-------------------------------------------------------------------------
 *
 * arguments.h
 *	  What procedures and functions that run something are called with.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_ARGUMENTS_H
#define MIG_ARGUMENTS_H

#include "fmgr.h"

extern void mig_require_own_transactions(FunctionCallInfo fcinfo, const char *procedure, const char *detail,
										 const char *hint);
extern int	mig_milliseconds_argument(FunctionCallInfo fcinfo, int argument, const char *name, int setting,
									  int least);

#endif							/* MIG_ARGUMENTS_H */
