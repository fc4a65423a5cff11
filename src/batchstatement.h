/*-------------------------------------------------------------------------
 *
 * batchstatement.h
 *	  A statement that is run for a part of its rows at a time.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_BATCHSTATEMENT_H
#define MIG_BATCHSTATEMENT_H

#include "nodes/parsenodes.h"



typedef struct MigBatchStatement
{
	const char *text;
	RawStmt    *raw;			/* as it was parsed */
	RangeVar   *table;			/* that is gone through, in raw */
	const char *name;			/* quoted: what its columns are named by */
	bool		changes_table;	/* UPDATE or DELETE, of that table */
	List	   *set_columns;	/* that UPDATE sets */
	bool		is_update;
	bool		on_conflict;	/* INSERT that says what is done then */
} MigBatchStatement;

extern void mig_batch_parse(MigBatchStatement *statement, const char *text, const char *table);
extern uint64 mig_batch_execute(const MigBatchStatement *statement, const char *condition, int nvalues,
								const Oid *types, const Datum *values);

#endif							/* MIG_BATCHSTATEMENT_H */
