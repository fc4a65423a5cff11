/*-------------------------------------------------------------------------
 *
 * backfill.h
 *	  Running a statement in batches, with a commit each.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_BACKFILL_H
#define MIG_BACKFILL_H

#include "datatype/timestamp.h"
#include "revscript.h"

/*
 * How transactions begin and end, which differs between a procedure and a
 * background worker.  Neither changes the current memory context.
 */
typedef struct MigTransactions
{
	void		(*begin) (const char *text);	/* text: what others see us do */
	void		(*end) (void);
} MigTransactions;

/* What a backfill came to, that which ran before an interruption included. */
typedef struct MigBackfillResult
{
	int64		rows;			/* made, changed or deleted */
	int64		batches;
	TimestampTz started_at;
} MigBackfillResult;

/* A statement to run in batches; all of it must live as long as the backfill. */
typedef struct MigBackfillTask
{
	const char *schema_name;	/* whose lineage; see version.h */
	bool		in_schema;		/* search_path has it in its place already */
	const char *revision;		/* "": none, but a call of migrate_backfill() */
	int64		run;
	const char *statement;		/* its text */
	MigBatchOptions options;
	int			lock_timeout;	/* milliseconds, */
	int			lock_retry_for; /* for rows that others have locked */
	MigTransactions transactions;

	/*
	 * Is called in the transaction of the last batch, after it, to note that
	 * the statement has run.
	 */
	void		(*finish) (void *arg, const MigBackfillResult *result);

	/*
	 * Or NULL; is called, in a transaction of which nothing else remains, when
	 * a batch has failed for good, to note it.
	 */
	void		(*fail) (void *arg, const ErrorData *edata);
	void	   *arg;
} MigBackfillTask;

extern void mig_backfill_run(const MigBackfillTask *task);

#endif							/* MIG_BACKFILL_H */
