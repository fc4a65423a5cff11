/*-------------------------------------------------------------------------
 *
 * worker.c
 *	  A background worker that runs a revision statement by statement: the
 *	  side of the caller.
 *
 * The worker gets its order, with the settings of the session, in a segment
 * of dynamic shared memory, and sends through a queue in it what a server
 * sends to its client.  While it works the caller must hold nothing that it
 * may wait for: above all no snapshot, for which CREATE INDEX CONCURRENTLY
 * waits, unseen by the deadlock detector.
 *
 * Whatever ends the caller's (sub)transaction or process detaches the
 * segment, and that ends the worker.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "libpq/pqformat.h"
#include "libpq/pqmq.h"
#include "miscadmin.h"
#include "postmaster/bgworker.h"
#include "progress.h"
#include "storage/proc.h"
#include "storage/shm_mq.h"
#include "storage/shm_toc.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "worker.h"

#define QUEUE_SIZE		((Size) 65536)

/* A worker, while it runs. */
typedef struct Worker
{
	dsm_segment *segment;
	shm_mq	   *queue;
	shm_mq_handle *receiver;	/* of it */
	BackgroundWorkerHandle *handle;
	MemoryContext notice_context;
	bool		is_done;		/* it said so */
	ErrorData  *edata;			/* the first error that it sent */
} Worker;

/* Put a string into the segment. */
static void
put_string(shm_toc *toc, MigWorkerKey key, const char *string, Size len)
{
	char	   *copy = shm_toc_allocate(toc, len + 1);

	memcpy(copy, string, len);
	copy[len] = '\0';
	shm_toc_insert(toc, key, copy);
}

/* Put the order into the segment. */
static void
put_order(shm_toc *toc, const MigWorkerTask *task)
{
	MigWorkerOrder *order = shm_toc_allocate(toc, sizeof(MigWorkerOrder));

	order->database = MyDatabaseId;
	order->authenticated_user = GetAuthenticatedUserId();
	order->session_user = GetSessionUserId();
	order->role = GetCurrentRoleId();
	order->direction = task->source->direction;
	order->run = task->run;
	order->first = task->first;
	order->lock_timeout = task->lock_timeout;
	order->lock_retry_for = task->lock_retry_for;
	order->attempt = task->attempt;
	order->progress = mig_progress_handle();
	shm_toc_insert(toc, MIG_WORKER_ORDER, order);
}

/* Make the segment, with all that the worker needs. */
static void
make_segment(Worker *worker, const MigWorkerTask *task)
{
	const MigScriptSource *source = task->source;
	Size		libraries_size = EstimateLibraryStateSpace();
	Size		settings_size = EstimateGUCStateSpace();
	shm_toc_estimator estimator;
	shm_toc    *toc;
	Size		size;
	char	   *space;

	shm_toc_initialize_estimator(&estimator);
	shm_toc_estimate_chunk(&estimator, sizeof(MigWorkerOrder));
	shm_toc_estimate_chunk(&estimator, strlen(task->schema_name) + 1);
	shm_toc_estimate_chunk(&estimator, strlen(source->revision) + 1);
	shm_toc_estimate_chunk(&estimator, strlen(source->path) + 1);
	shm_toc_estimate_chunk(&estimator, source->len + 1);
	shm_toc_estimate_chunk(&estimator, libraries_size);
	shm_toc_estimate_chunk(&estimator, settings_size);
	shm_toc_estimate_chunk(&estimator, QUEUE_SIZE);
	shm_toc_estimate_keys(&estimator, MIG_WORKER_NKEYS);
	size = shm_toc_estimate(&estimator);
	worker->segment = dsm_create(size, 0);
	toc = shm_toc_create(MIG_WORKER_MAGIC, dsm_segment_address(worker->segment), size);

	put_order(toc, task);
	put_string(toc, MIG_WORKER_SCHEMA_NAME, task->schema_name, strlen(task->schema_name));
	put_string(toc, MIG_WORKER_REVISION, source->revision, strlen(source->revision));
	put_string(toc, MIG_WORKER_PATH, source->path, strlen(source->path));
	put_string(toc, MIG_WORKER_SCRIPT, source->text, source->len);
	space = shm_toc_allocate(toc, libraries_size);
	SerializeLibraryState(libraries_size, space);
	shm_toc_insert(toc, MIG_WORKER_LIBRARIES, space);
	space = shm_toc_allocate(toc, settings_size);
	SerializeGUCState(settings_size, space);
	shm_toc_insert(toc, MIG_WORKER_SETTINGS, space);
	worker->queue = shm_mq_create(shm_toc_allocate(toc, QUEUE_SIZE), QUEUE_SIZE);
	shm_toc_insert(toc, MIG_WORKER_QUEUE, worker->queue);
	shm_mq_set_receiver(worker->queue, MyProc);
}

/*
 * The segment is detached, by an error, the end of the process, or because
 * the worker is done: in any case it has no reason to live.
 */
static void
end_worker(dsm_segment *segment, Datum arg)
{
	BackgroundWorkerHandle *handle = (BackgroundWorkerHandle *) DatumGetPointer(arg);

	TerminateBackgroundWorker(handle);
	pfree(handle);
}

/*
 * Start the worker, and see to it that it does not outlive us.  The handle
 * is needed after the memory of the transaction is gone.
 */
static void
start_worker(Worker *worker)
{
	BackgroundWorker bgw = {0};
	MemoryContext oldcontext;
	bool		registered;

	bgw.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	bgw.bgw_start_time = BgWorkerStart_RecoveryFinished;
	bgw.bgw_restart_time = BGW_NEVER_RESTART;
	strlcpy(bgw.bgw_library_name, "migrate", sizeof(bgw.bgw_library_name));
	strlcpy(bgw.bgw_function_name, "migrate_worker_main", sizeof(bgw.bgw_function_name));
	snprintf(bgw.bgw_name, sizeof(bgw.bgw_name), "migrate worker for PID %d", MyProcPid);
	strlcpy(bgw.bgw_type, "migrate worker", sizeof(bgw.bgw_type));
	bgw.bgw_main_arg = UInt32GetDatum(dsm_segment_handle(worker->segment));
	bgw.bgw_notify_pid = MyProcPid;

	oldcontext = MemoryContextSwitchTo(TopMemoryContext);
	registered = RegisterDynamicBackgroundWorker(&bgw, &worker->handle);
	MemoryContextSwitchTo(oldcontext);
	if (!registered)
		ereport(ERROR,
				(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				 errmsg("could not start a background worker"),
				 errdetail("Statements that refuse to run in a transaction block need one, and all %d of \"max_worker_processes\" are in use.",
						   max_worker_processes),
				 errhint("Call again later, or increase \"max_worker_processes\".")));
	on_dsm_detach(worker->segment, end_worker, PointerGetDatum(worker->handle));
}

/* A notice of the worker is shown; there may be very many. */
static void
show_notice(const Worker *worker, StringInfo message)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(worker->notice_context);
	ErrorData	edata;

	pq_parse_errornotice(message, &edata);
	ThrowErrorData(&edata);
	MemoryContextSwitchTo(oldcontext);
	MemoryContextReset(worker->notice_context);
}

/* The first error is kept.  What is fatal for the worker is not so for us. */
static void
keep_error(Worker *worker, StringInfo message)
{
	if (worker->edata != NULL)
		return;
	worker->edata = palloc(sizeof(ErrorData));
	pq_parse_errornotice(message, worker->edata);
	worker->edata->elevel = ERROR;
	worker->edata->output_to_server = true;
	worker->edata->output_to_client = true;
}

/* A message of the worker. */
static void
take_message(Worker *worker, StringInfo message)
{
	switch (pq_getmsgbyte(message))
	{
		case 'E':				/* ErrorResponse */
			keep_error(worker, message);
			break;
		case 'N':				/* NoticeResponse */
			show_notice(worker, message);
			break;
		case 'Z':				/* ReadyForQuery */
			worker->is_done = true;
			break;
		default:
			break;
	}
}

/* Read what the worker sends, until it goes away. */
static void
read_messages(Worker *worker)
{
	StringInfoData message;
	Size		len;
	void	   *data;

	initStringInfo(&message);
	while (shm_mq_receive(worker->receiver, &len, &data, false) == SHM_MQ_SUCCESS)
	{
		CHECK_FOR_INTERRUPTS();
		resetStringInfo(&message);
		appendBinaryStringInfo(&message, data, (int) len);
		take_message(worker, &message);
	}
	pfree(message.data);
}

/* The worker went away without a word. */
static ErrorData *
lost_worker_error(void)
{
	ErrorData  *edata = palloc0(sizeof(ErrorData));

	edata->elevel = ERROR;
	edata->output_to_server = true;
	edata->output_to_client = true;
	edata->sqlerrcode = ERRCODE_ADMIN_SHUTDOWN;
	edata->message = pstrdup("background worker ended unexpectedly");
	edata->detail = pstrdup("It did not say why.");
	edata->hint = pstrdup("Look in the server's log; then call again: the run goes on where it stopped.");
	edata->assoc_context = CurrentMemoryContext;
	return edata;
}

/*
 * After an error, a cancel for instance: wait until the worker has ended and
 * let go of its locks.  It must not wait for us meanwhile: nobody reads any
 * more what it still has to say.
 */
static void
wait_for_end(Worker *worker)
{
	shm_mq_detach(worker->receiver);
	TerminateBackgroundWorker(worker->handle);
	HOLD_INTERRUPTS();
	WaitForBackgroundWorkerShutdown(worker->handle);
	RESUME_INTERRUPTS();
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
	Worker		worker = {0};

	make_segment(&worker, task);
	InvalidateCatalogSnapshot();
	if (ActiveSnapshotSet() || TransactionIdIsValid(MyProc->xmin))
		elog(ERROR, "cannot wait for a background worker with a snapshot");
	worker.notice_context = AllocSetContextCreate(CurrentMemoryContext, "migrate notice", ALLOCSET_SMALL_SIZES);
	start_worker(&worker);
	worker.receiver = shm_mq_attach(worker.queue, worker.segment, worker.handle);
	PG_TRY();
	{
		read_messages(&worker);
		WaitForBackgroundWorkerShutdown(worker.handle);
	}
	PG_CATCH();
	{
		wait_for_end(&worker);
		PG_RE_THROW();
	}
	PG_END_TRY();
	dsm_detach(worker.segment);
	if (worker.edata == NULL && !worker.is_done)
		return lost_worker_error();
	return worker.edata;
}
