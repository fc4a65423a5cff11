/*-------------------------------------------------------------------------
 *
 * worker.h
 *	  A background worker that runs a revision statement by statement.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_WORKER_H
#define MIG_WORKER_H

#include "place.h"
#include "storage/dsm.h"

/* What the worker is to do; all of it is copied. */
typedef struct MigWorkerTask
{
	int64		run;
	const char *schema_name;	/* of the version rows */
	const MigScriptSource *source;
	int			first;			/* index of the first statement to run */
	int			lock_timeout;	/* milliseconds */
	int			lock_retry_for; /* milliseconds, for locks that nobody queues
								 * behind */
	int			attempt;		/* from 1, for the ledger */
} MigWorkerTask;

extern ErrorData *mig_worker_run(const MigWorkerTask *task);

#endif							/* MIG_WORKER_H */
