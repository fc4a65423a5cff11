/*-------------------------------------------------------------------------
 *
 * worker.c
 *	  A background worker that runs a revision statement by statement: the
 *	  side of the caller.
 *
 * While the worker works the caller must hold nothing that it may wait for:
 * above all no snapshot, for which CREATE INDEX CONCURRENTLY waits, unseen by
 * the deadlock detector.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "background.h"
#include "progress.h"
#include "storage/proc.h"
#include "utils/snapmgr.h"
#include "worker.h"

static const MigBackgroundKind worker_kind = {
	.function = "migrate_worker_main",
	.type = "migrate worker",
	.purpose = "what cannot run in one transaction",
};

/* A string, as a part of the segment. */
static MigPart
string_part(MigWorkerKey key, const char *string)
{
	return (MigPart) {key, string, strlen(string) + 1};
}

/* Start the worker. */
static void
start_worker(MigBackground *background, const MigWorkerTask *task)
{
	const MigScriptSource *source = task->source;
	MigWorkerOrder order;
	MigPart		parts[] = {
		{MIG_WORKER_ORDER, &order, sizeof(order)},
		string_part(MIG_WORKER_SCHEMA_NAME, task->schema_name),
		string_part(MIG_WORKER_REVISION, source->revision),
		string_part(MIG_WORKER_PATH, source->path),
		string_part(MIG_WORKER_SCRIPT, source->text)
	};

	order.direction = source->direction;
	order.run = task->run;
	order.first = task->first;
	order.lock_timeout = task->lock_timeout;
	order.lock_retry_for = task->lock_retry_for;
	order.attempt = task->attempt;
	order.progress = mig_progress_handle();
	mig_background_start(background, &worker_kind, parts, lengthof(parts));
}

/*
 * Have a worker run a section from a given statement on, each statement in a
 * transaction of its own, and wait for it.  The caller is in a
 * subtransaction, and holds no snapshot.
 *
 * Returns NULL if all statements have run, or the error that stopped them, in
 * the current memory context.  Errors on this side are raised.  In any case
 * the worker has ended.
 */
ErrorData *
mig_worker_run(const MigWorkerTask *task)
{
	MigBackground background;
	ErrorData  *volatile edata = NULL;

	InvalidateCatalogSnapshot();
	if (ActiveSnapshotSet() || TransactionIdIsValid(MyProc->xmin))
		elog(ERROR, "cannot wait for a background worker with a snapshot");
	start_worker(&background, task);
	PG_TRY();
	{
		(void) mig_background_read(&background, false);
		edata = mig_background_end(&background);
	}
	PG_CATCH();
	{
		mig_background_stop(&background);
		PG_RE_THROW();
	}
	PG_END_TRY();
	return edata;
}
