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

/* What is locked with a relation; only the catalogs know its name. */
#define MIG_LOCKS_CHILDREN			0x01	/* all below it, as strongly */
#define MIG_LOCKS_PARENT			0x02	/* of which it is a partition, as
											 * strongly */
#define MIG_LOCKS_DEFAULT_PARTITION 0x04	/* AccessExclusive */
#define MIG_LOCKS_KEY_TABLES		0x08	/* the other ends of its foreign keys,
											 * AccessExclusive */

/* A relation by name, and the strongest lock that is asked for. */
typedef struct MigLockTarget
{
	const char *schema;			/* NULL: by search_path */
	const char *name;
	LOCKMODE	mode;
	LOCKMODE	table_mode;		/* on the table of an index; or NoLock */
	int			others;			/* MIG_LOCKS_* */
	const char *constraint;		/* the only foreign key that matters, or NULL */
	const char *column;			/* only foreign keys from or to it matter, or
								 * NULL */
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
