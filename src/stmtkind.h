/*-------------------------------------------------------------------------
 *
 * stmtkind.h
 *	  Which statements need a way of their own to be run.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_STMTKIND_H
#define MIG_STMTKIND_H

#include "nodes/parsenodes.h"

extern const char *mig_refuses_transaction(Node *stmt);
extern bool mig_is_concurrent(Node *stmt);

#endif							/* MIG_STMTKIND_H */
