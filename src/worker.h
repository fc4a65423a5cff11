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

/*
 * What lies in the shared memory segment; workermain.c is the other side.
 */
typedef enum MigWorkerKey
{
	MIG_WORKER_ORDER,			/* MigWorkerOrder */
	MIG_WORKER_SCHEMA_NAME,		/* strings */
	MIG_WORKER_REVISION,
	MIG_WORKER_PATH,
	MIG_WORKER_SCRIPT
} MigWorkerKey;

typedef struct MigWorkerOrder
{
	MigDirection direction;
	int64		run;
	int			first;
	int			lock_timeout;
	int			lock_retry_for;
	int			attempt;
	dsm_handle	progress;
} MigWorkerOrder;

#endif							/* MIG_WORKER_H */
