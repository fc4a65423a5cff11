/*-------------------------------------------------------------------------
 *
 * modelclass.h
 *	  What becomes of each kind of statement in a model.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_MODELCLASS_H
#define MIG_MODELCLASS_H

#include "nodes/parsenodes.h"

typedef enum MigModelVerdict
{
	MIG_MODEL_RUN,
	MIG_MODEL_ROWS,				/* ignored: the model has no rows */
	MIG_MODEL_IGNORE,			/* ignored, with a notice */
	MIG_MODEL_SILENT,			/* ignored: dumps are full of it */
	MIG_MODEL_REFUSE
} MigModelVerdict;

extern MigModelVerdict mig_model_classify(Node *stmt);
extern const char *mig_model_setting(Node *stmt, const char **value);
extern bool mig_model_only_drops(Node *stmt);
extern bool mig_model_is_concurrent(Node *stmt);

#endif							/* MIG_MODELCLASS_H */
