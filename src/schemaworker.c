/*-------------------------------------------------------------------------
 *
 * schemaworker.c
 *	  A background worker that runs one schema after another.
 *
 * For each schema it does what CALL migrate_run(schema => ...) does; the
 * store and the parsed scripts it keeps.  An error ends the schema, and the
 * worker goes on with the next one.
 *
 * The caches of a session keep something of every table that it has ever
 * touched.  A worker that has grown too large ends, and its leader starts
 * another one.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "background.h"
#include "catalog/namespace.h"
#include "lockwatch.h"
#include "miscadmin.h"
#include "production.h"
#include "schemaqueue.h"
#include "schemaworker.h"
#include "toplevel.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#define PAUSE			50		/* milliseconds between two looks at the queue */
#define MEMORY_LIMIT	((Size) 64 * 1024 * 1024)
#define LOOK_AFTER		25		/* schemas: looking takes time, too */

typedef struct SchemaWorker
{
	const MigSchemaWorkerOrder *order;
	MigSchemaQueue *queue;
	MigKeptStore kept;
	MigRunOptions options;
	MemoryContext schema_context;	/* reset after each */
} SchemaWorker;

/* Which schema a message is about. */
static void
schema_error_callback(void *arg)
{
	errcontext("schema \"%s\"", (const char *) arg);
}

/* Run a schema.  Returns NULL or the error, in the memory context for the schema. */
static ErrorData *
run_schema(SchemaWorker *worker)
{
	ErrorData  *volatile edata = NULL;
	ErrorContextCallback callback;
	ErrorContextCallback *outer = error_context_stack;

	callback.callback = schema_error_callback;
	callback.arg = unconstify(char *, worker->options.schema_name);
	callback.previous = outer;
	error_context_stack = &callback;
	PG_TRY();
	{
		mig_begin_statement(psprintf("migrate: schema %s", worker->options.schema_name));
		mig_run_in_production(&worker->options);
		mig_end_statement();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(worker->schema_context);
		edata = CopyErrorData();
		FlushErrorState();
		mig_abort_statement();
	}
	PG_END_TRY();
	error_context_stack = outer;
	return edata;
}

/* Has the schema been dropped meanwhile? */
static bool
is_gone(const char *schema_name)
{
	bool		gone;

	mig_begin_statement("migrate: looking for the schema");
	gone = !OidIsValid(get_namespace_oid(schema_name, true));
	mig_end_statement();
	return gone;
}

/*
 * A revision with CREATE INDEX CONCURRENTLY and the like needs a worker of its
 * own, and there was no room for one: let this one make room.  False if that
 * would not help.
 */
static bool
make_room(SchemaWorker *worker, int index, const ErrorData *edata)
{
	if (!mig_queue_give_back(worker->queue, index))
		return false;
	ereport(WARNING,
			(errcode(edata->sqlerrcode),
			 errmsg("schema \"%s\" is put off, and the run goes on with fewer jobs: %s",
					worker->options.schema_name, edata->message),
			 edata->detail ? errdetail("%s", edata->detail) : 0,
			 edata->hint ? errhint("%s", edata->hint) : 0));
	return true;
}

/* Run the schema that has been taken from the queue.  Returns false if the worker is to end. */
static bool
run_queued(SchemaWorker *worker, int index)
{
	const char *schema_name = worker->queue->items[index].schema_name;
	MigSchemaState state = MIG_SCHEMA_DONE;
	int			refused_before = mig_background_times_refused();
	ErrorData  *edata;

	MemoryContextSwitchTo(worker->schema_context);
	worker->options.schema_name = schema_name;
	edata = run_schema(worker);
	if (edata != NULL && mig_background_times_refused() > refused_before && make_room(worker, index, edata))
		return false;
	if (edata != NULL)
		state = is_gone(schema_name) ? MIG_SCHEMA_GONE : MIG_SCHEMA_FAILED;
	if (state == MIG_SCHEMA_GONE)
		ereport(WARNING,
				(errmsg("schema \"%s\" was dropped before its turn was over", schema_name)));
	else if (state == MIG_SCHEMA_FAILED)
		ereport(WARNING,
				(errcode(edata->sqlerrcode),
				 errmsg("schema \"%s\" failed: %s", schema_name, edata->message),
				 edata->detail ? errdetail("%s", edata->detail) : 0,
				 edata->hint ? errhint("%s", edata->hint) : 0,
				 edata->context ? errcontext("%s", edata->context) : 0));
	mig_queue_end(worker->queue, index, state, edata);
	MemoryContextReset(worker->schema_context);
	return true;
}

/* Has this session grown too large? */
static bool
is_too_large(int nschemas)
{
	return nschemas % LOOK_AFTER == 0 && MemoryContextMemAllocated(TopMemoryContext, true) > MEMORY_LIMIT;
}

/* Run what is in the queue. */
static void
run_queue(SchemaWorker *worker)
{
	int			n = 0;
	int			index;

	while ((index = mig_queue_take(worker->queue, worker->order->number)) != MIG_QUEUE_EMPTY)
	{
		CHECK_FOR_INTERRUPTS();
		if (index == MIG_QUEUE_WAIT)
		{
			mig_pause(PAUSE);
			continue;
		}
		if (!run_queued(worker, index) || is_too_large(++n))
			break;
	}
}

/*
 * That each step runs is not told ten thousand times; warnings are, and all
 * of it to who asks for more than the default.
 */
static void
be_quiet(void)
{
	if (client_min_messages == NOTICE)
		SetConfigOption("client_min_messages", "warning", PGC_USERSET, PGC_S_SESSION);
}

/* The main function of the background worker. */
void
migrate_schema_worker_main(Datum main_arg)
{
	SchemaWorker worker = {0};
	shm_toc    *toc = mig_background_attach(main_arg);

	worker.order = shm_toc_lookup(toc, MIG_SCHEMA_WORKER_ORDER, false);
	worker.options.target = shm_toc_lookup(toc, MIG_SCHEMA_WORKER_TARGET, false);
	worker.options.direction = worker.order->direction;
	worker.options.direction_given = true;
	worker.options.lock_timeout = worker.order->lock_timeout;
	worker.options.lock_retry_for = worker.order->lock_retry_for;
	worker.options.run = worker.order->run;
	worker.options.kept = &worker.kept;
	worker.queue = mig_queue_attach(worker.order->queue);
	mig_background_connect(toc);
	be_quiet();
	MemoryContextSwitchTo(TopMemoryContext);
	mig_kept_store_begin(&worker.kept);
	worker.schema_context = AllocSetContextCreate(TopMemoryContext, "migrate schema", ALLOCSET_DEFAULT_SIZES);
	run_queue(&worker);
	mig_background_done();
}
