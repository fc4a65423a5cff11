/*-------------------------------------------------------------------------
 *
 * batchrun.h
 *	  A batch of a backfill.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_BATCHRUN_H
#define MIG_BATCHRUN_H

#include "batchcursor.h"
#include "batchkey.h"
#include "holdback.h"
#include "patience.h"
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

/* A backfill, as it goes on. */
typedef struct MigBackfill
{
	const MigBackfillTask *task;
	MemoryContext context;
	MemoryContext batch_context;	/* reset before each batch */
	MigBatchStatement statement;
	MigBatchKey key;
	MigBatchCursor cursor;		/* as it is committed */
	MigBatchCursor next;		/* as it will be with the batch */
	MigHoldback holdback;
	bool		told_held;		/* that it is held back */
	MigPatience patience;		/* for rows that must be waited for */
	int64		rows_before;	/* seen before an interruption */
	bool		has_waited;		/* patience has begun */
	int			attempts;		/* in vain, for this batch */
	bool		skip_locked;	/* the next attempt at the batch does */
	bool		was_waited_for; /* by somebody, while the batch ran */
	bool		is_checked;		/* the statement does not match what it changes */
	bool		done;
} MigBackfill;

extern int	mig_batch_enter_schema(const MigBackfillTask *task);
extern bool mig_batch_must_wait(const MigBackfill *backfill);
extern bool mig_batch_run(void *arg);

#endif							/* MIG_BATCHRUN_H */
