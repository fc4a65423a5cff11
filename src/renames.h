/*-------------------------------------------------------------------------
 *
 * renames.h
 *	  Objects that have got another name.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_RENAMES_H
#define MIG_RENAMES_H

#include "fact.h"
#include "model.h"

/* Statements that rename, and those that undo it; each in its order. */
typedef struct MigRenames
{
	MigSqlList	forward;
	MigSqlList	backward;
} MigRenames;

extern bool mig_find_renames(MigRenames *renames, MigSchemaData *from, MigSchemaData *to, const MigModel *model);

#endif							/* MIG_RENAMES_H */
