/*-------------------------------------------------------------------------
 *
 * batchoptions.h
 *	  How a statement is run in batches: the options of "-- migrate:batch".
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_BATCHOPTIONS_H
#define MIG_BATCHOPTIONS_H

#include "report.h"

/*
 * How a statement is run in batches.  Of a directive, or of the arguments of
 * migrate_backfill().
 */
typedef struct MigBatchOptions
{
	const char *table;			/* relation, or alias, to go through by its key;
								 * NULL: the one that the statement changes, or
								 * the first one of a query */
	const char *key;			/* columns, separated by commas, or "ctid";
								 * NULL: the primary key, or what is like it */
	int			size;			/* rows of the first batch; 0: the default */
	int			pause;			/* after each batch, milliseconds */
} MigBatchOptions;

extern bool mig_batch_options_parse(const char *text, size_t len, int line, MigBatchOptions *options,
									MigReport *report);

#endif							/* MIG_BATCHOPTIONS_H */
