/*-------------------------------------------------------------------------
 *
 * locktargets.h
 *	  What a statement will lock, as far as its parse tree tells.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_LOCKTARGETS_H
#define MIG_LOCKTARGETS_H

#include "nodes/parsenodes.h"
#include "storage/lockdefs.h"

/* A relation by name, and the strongest lock that is asked for. */
typedef struct MigLockTarget
{
	const char *schema;			/* NULL: by search_path */
	const char *name;
	LOCKMODE	mode;
} MigLockTarget;

typedef struct MigLockTargets
{
	MigLockTarget *items;
	int			count;
	bool		complete;		/* all that matters, and nothing but DDL: see
								 * mig_find_lock_targets() */
} MigLockTargets;

extern void mig_find_lock_targets(Node *stmt, MigLockTargets *targets);

#endif							/* MIG_LOCKTARGETS_H */
