/*-------------------------------------------------------------------------
 *
 * batchkey.h
 *	  The key by whose ranges a table is gone through.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_BATCHKEY_H
#define MIG_BATCHKEY_H

#include "batchstatement.h"

#define MIG_BATCH_MAX_COLUMNS	8

typedef struct MigBatchColumn
{
	const char *name;			/* quoted */
	const char *type;			/* as SQL writes it */
	bool		nullable;
} MigBatchColumn;

typedef struct MigBatchKey
{
	const char *table;			/* qualified and quoted; with ONLY, if the
								 * statement has it */
	Oid			relid;
	MigBatchColumn *columns;
	int			ncolumns;		/* 0: there is no key, but the place of a row */
	bool		nullable;		/* some column is */
	double		rows;			/* estimated; -1: not known */
	uint32		blocks;			/* of the table, now */
	char	   *description;	/* for messages, and to tell cursors apart */
} MigBatchKey;

extern uint32 mig_batch_count_blocks(const MigBatchKey *key);
extern void mig_batch_find_key(MigBatchKey *key, const MigBatchStatement *statement, const char *wanted);

#endif							/* MIG_BATCHKEY_H */
