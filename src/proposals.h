/*-------------------------------------------------------------------------
 *
 * proposals.h
 *	  Which of what is dropped may only have got another name.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_PROPOSALS_H
#define MIG_PROPOSALS_H

#include "changeplan.h"

extern void mig_propose_renames(MigChangePlan *plan);

#endif							/* MIG_PROPOSALS_H */
