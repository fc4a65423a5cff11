/*-------------------------------------------------------------------------
 *
 * mend.h
 *	  What statements with CONCURRENTLY leave behind when they fail.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_MEND_H
#define MIG_MEND_H

#include "nodes/primnodes.h"

/* What a statement could leave. */
typedef enum MigMendKind
{
	MIG_MEND_NOTHING,
	MIG_MEND_TABLE,				/* invalid indexes of a table */
	MIG_MEND_INDEX,				/* ... of the table of an index */
	MIG_MEND_SCHEMA,			/* ... of the tables of a schema */
	MIG_MEND_DATABASE,			/* ... of all tables */
	MIG_MEND_DETACH				/* a partition that is detached by half */
} MigMendKind;

/* A statement that could leave something. */
typedef struct MigMend
{
	const char *schema_name;	/* of the version rows */
	const char *revision;
	MigMendKind kind;
	RangeVar   *relation;		/* table or index */
	RangeVar   *partition;
	const char *name;			/* of the index that is wanted, or of the
								 * schema */
} MigMend;

extern void mig_mend_begin(MigMend *mend, const char *schema_name, const char *revision, const char *text);
extern void mig_mend_before(const MigMend *mend, int lock_timeout, const char **text);
extern void mig_mend_after_failure(const MigMend *mend, int lock_timeout);

#endif							/* MIG_MEND_H */
