/*-------------------------------------------------------------------------
 *
 * modelhint.h
 *	  Hints in the model: what had which name before.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_MODELHINT_H
#define MIG_MODELHINT_H

#include "model.h"
#include "modelscan.h"
#include "nodes/parsenodes.h"

/* The statement that hints may be about. */
typedef struct MigHintTarget
{
	Node	   *stmt;
	size_t		piece_start;	/* what locations in the parse tree count from */
	size_t		start;
	size_t		end;
	const char *schema;			/* of unqualified names, if the part sets it */
} MigHintTarget;

extern void mig_model_apply_hints(MigModel *model, const MigModelPart *part, MigModelText *text,
								  const MigHintTarget *target);
extern void mig_model_check_hints(const MigModelPart *part, const MigModelText *text);

#endif							/* MIG_MODELHINT_H */
