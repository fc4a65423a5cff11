/*-------------------------------------------------------------------------
 *
 * modelnames.h
 *	  The names that a statement of the model creates, and those it needs.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_MODELNAMES_H
#define MIG_MODELNAMES_H

#include "model.h"
#include "nodes/parsenodes.h"

extern void mig_model_note_names(MigModelStatement *statement, Node *stmt);

#endif							/* MIG_MODELNAMES_H */
