/*-------------------------------------------------------------------------
 *
 * modelorder.h
 *	  In which order the statements of the model are tried.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_MODELORDER_H
#define MIG_MODELORDER_H

#include "model.h"
#include "nodes/parsenodes.h"

extern void mig_model_note_names(MigModelStatement *statement, Node *stmt);
extern int *mig_model_order(const MigModel *model);

#endif							/* MIG_MODELORDER_H */
