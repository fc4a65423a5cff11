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

extern int *mig_model_order(const MigModel *model);

#endif							/* MIG_MODELORDER_H */
