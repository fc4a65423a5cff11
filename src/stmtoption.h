/*-------------------------------------------------------------------------
 *
 * stmtoption.h
 *	  Options of utility statements.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_STMTOPTION_H
#define MIG_STMTOPTION_H

#include "nodes/parsenodes.h"

extern DefElem *mig_find_option(List *options, const char *name);
extern bool mig_has_true_option(List *options, const char *name);
extern bool mig_has_false_option(List *options, const char *name);

#endif							/* MIG_STMTOPTION_H */
