/*-------------------------------------------------------------------------
 *
 * manyschemas.c
 *	  Production runs of many schemas.
 *
 * The caller leads: it finds the schemas that are not where they should be,
 * puts them into a queue in shared memory (schemaqueue.c), and starts workers
 * that take one after another from there (schemaworker.c).  Meanwhile it has
 * no snapshot and no lock, and passes on what the workers say.
 *
 * What a schema was run for stays when another one fails, or all is
 * interrupted: the next call finds what is left.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "background.h"
#include "executor/spi.h"
#include "lineages.h"
#include "job.h"
#include "manyschemas.h"
#include "miscadmin.h"
#include "progress.h"
#include "record.h"
#include "names.h"
#include "report.h"
#include "runcommand.h"
#include "runlock.h"
#include "schemaqueue.h"
#include "schemaworker.h"
#include "step.h"
#include "storage/latch.h"
#include "trial.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#define LOOK_PAUSE	200			/* milliseconds between two looks at the queue */

static const MigBackgroundKind worker_kind = {
	.function = "migrate_schema_worker_main",
	.type = "migrate schema worker",
	.purpose = "each job of a run of many schemas",
};

typedef struct ManySchemas
{
	const MigRunOptions *options;
	MemoryContext context;
	int64		run;
	TimestampTz started_at;
	int			nmatching;
	List	   *pending;		/* names, sorted */
	MigSchemaQueue result;		/* the queue in the end, but for its items */
} ManySchemas;

/* ----------
 * What there is to do
 * ----------
 */

/* If no version rows allow to reach the target, the target is to blame. */
static void
check_target(const MigLineages *lineages)
{
	int			i;

	for (i = 0; i < lineages->nsets; i++)
	{
		if (lineages->sets[i].pending >= 0 || lineages->sets[i].unknown)
			return;
	}
	if (lineages->nsets > 0)
		mig_report_throw(&lineages->sets[0].report);
}

/*
 * Find the schemas of which something is left to do.  Those that cannot be
 * planned are among them: they fail when their turn comes.
 */
static void
find_pending(ManySchemas *many)
{
	const MigRunOptions *options = many->options;
	MemoryContext oldcontext = MemoryContextSwitchTo(many->context);
	MigOwnerScope scope;
	MigLineages lineages;
	MigStore	store;
	int			i;

	PushActiveSnapshot(GetTransactionSnapshot());
	mig_enter_owner(&scope);
	mig_lineages_read(&lineages, &scope.extension, options->schemas, true);
	mig_store_open(&store, &scope.extension, MIG_STORE_CHANGE, MIG_ORDINARY_SCHEMA);
	mig_lineages_plan(&lineages, &store, options->direction, options->target);
	check_target(&lineages);
	many->nmatching = lineages.count;
	for (i = 0; i < lineages.count; i++)
	{
		const MigLineage *item = &lineages.items[i];

		if (lineages.sets[item->set].pending != 0 || item->unfinished)
			many->pending = lappend(many->pending, item->schema_name);
	}
	if (many->pending != NIL)
	{
		mig_progress_begin(&scope.extension, mig_job_run(), options->schemas, options->direction, options->target, true);
		mig_progress_schemas(0, 0, list_length(many->pending));
		mig_progress_phase(MIG_PHASE_RUNNING);
	}
	mig_leave_owner(&scope);
	if (many->pending != NIL)
	{
		many->run = mig_job_begin(mig_job_run(), mig_run_command(options, options->target),
								  !mig_is_relative(options->target));
		mig_progress_run(many->run);
	}
	PopActiveSnapshot();
	MemoryContextSwitchTo(oldcontext);
	SPI_commit();
}

/* There is nothing to do: say so, and why. */
static void
tell_nothing_to_do(const ManySchemas *many)
{
	if (many->nmatching == 0)
		ereport(NOTICE,
				(errmsg("no schema matches \"%s\"", many->options->schemas),
				 errdetail("It is a pattern of LIKE; schemas of the server and of the extension do not count."),
				 errhint("SELECT * FROM migrate_upgrade(schema => 'name', create_schema => true) makes a new one.")));
	else
		ereport(NOTICE,
				(errmsg("nothing to run: all %d schemas are there already", many->nmatching)));
}

/* ----------
 * Workers
 * ----------
 */

/* The workers of a run, while it lasts. */
typedef struct Crew
{
	ManySchemas *many;
	dsm_segment *segment;
	MigSchemaQueue *queue;
	MigBackground *workers;
	bool	   *active;
	int			nactive;
} Crew;

/* Go on with less help; an error if there is none. */
static void
do_with_fewer(const Crew *crew, ErrorData *edata)
{
	if (crew->nactive == 0)
		ReThrowError(edata);
	ereport(WARNING,
			(errcode(edata->sqlerrcode),
			 errmsg("the run goes on with %d of %d jobs: %s", crew->nactive, crew->many->options->jobs, edata->message),
			 edata->detail ? errdetail("%s", edata->detail) : 0,
			 edata->hint ? errhint("%s", edata->hint) : 0));
}

/*
 * Start a worker in a place of the crew.  If there is no room for one, others
 * do its work; if there are no others, that is an error.
 */
static bool
start_worker(Crew *crew, int place)
{
	const MigRunOptions *options = crew->many->options;
	MigBackground *worker = &crew->workers[place];
	MigSchemaWorkerOrder order = {0};
	MigPart		parts[] = {
		{MIG_SCHEMA_WORKER_ORDER, &order, sizeof(order)},
		{MIG_SCHEMA_WORKER_TARGET, options->target, strlen(options->target) + 1}
	};

	order.queue = dsm_segment_handle(crew->segment);
	order.number = place;
	order.run = crew->many->run;
	order.direction = options->direction;
	order.lock_timeout = options->lock_timeout;
	order.lock_retry_for = options->lock_retry_for;
	if (crew->nactive == 0)
		mig_background_start(worker, &worker_kind, parts, lengthof(parts));
	else if (!mig_background_try_start(worker, &worker_kind, parts, lengthof(parts)))
		return false;
	crew->active[place] = true;
	crew->nactive++;
	return true;
}

/* Start workers in places of the crew, from one on, up to another one. */
static void
start_workers(Crew *crew, int place, int end)
{
	while (place < end && start_worker(crew, place))
		place++;
	if (place < end)
		ereport(WARNING,
				(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				 errmsg("the run goes on with %d instead of %d jobs", crew->nactive, crew->many->options->jobs),
				 errdetail("All %d of \"max_worker_processes\" are in use.", max_worker_processes),
				 errhint("Increase \"max_worker_processes\"; revisions with CREATE INDEX CONCURRENTLY and the like need one more for each job.")));
}

/*
 * A worker has gone away: because the queue is empty, because it has grown
 * too large, to make room, or by an error, which ended a schema, too.
 */
static void
end_worker(Crew *crew, int place)
{
	ErrorData  *edata = mig_background_end(&crew->workers[place]);

	crew->active[place] = false;
	crew->nactive--;
	/* one that cannot even begin would be started for ever */
	if (edata != NULL && !mig_queue_end_worker(crew->queue, place, edata))
		do_with_fewer(crew, edata);
	else if (!mig_queue_is_over(crew->queue) && crew->nactive < crew->queue->max_workers)
		start_workers(crew, place, place + 1);
}

/* Tell others how far it is, and hear if it is to pause. */
static void
report(const Crew *crew)
{
	bool		paused = mig_progress_is_paused();
	int			nended;
	int			nfailed;
	int			ngone;

	mig_queue_set_paused(crew->queue, paused);
	mig_queue_count(crew->queue, &nended, &nfailed, &ngone);
	mig_progress_schemas(nended - nfailed, nfailed, crew->queue->count);
	mig_progress_phase(paused ? MIG_PHASE_PAUSED : MIG_PHASE_RUNNING);
}

/* Lead the workers until all have ended. */
static void
lead(Crew *crew)
{
	int			njobs = Min(crew->many->options->jobs, crew->queue->count);
	int			i;

	start_workers(crew, 0, njobs);
	while (crew->nactive > 0)
	{
		CHECK_FOR_INTERRUPTS();
		for (i = 0; i < njobs; i++)
		{
			if (crew->active[i] && !mig_background_read(&crew->workers[i], true))
				end_worker(crew, i);
		}
		report(crew);
		/* workers wait for all older snapshots */
		InvalidateCatalogSnapshot();
		if (crew->nactive > 0)
			(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, LOOK_PAUSE, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
	}
}

/* After an error: end all workers. */
static void
stop_workers(Crew *crew)
{
	int			i;

	for (i = 0; i < crew->many->options->jobs; i++)
	{
		if (crew->active[i])
			mig_background_stop(&crew->workers[i]);
	}
}

/* For mig_try(): run the queue. */
static bool
run_workers(void *arg)
{
	ManySchemas *many = (ManySchemas *) arg;
	const MigRunOptions *options = many->options;
	Crew		crew = {.many = many};

	crew.segment = mig_queue_create(many->pending, options->jobs, options->canary, options->max_failures);
	crew.queue = dsm_segment_address(crew.segment);
	mig_progress_queue(dsm_segment_handle(crew.segment));
	crew.workers = palloc0(sizeof(MigBackground) * options->jobs);
	crew.active = palloc0(sizeof(bool) * options->jobs);
	InvalidateCatalogSnapshot();
	PG_TRY();
	{
		lead(&crew);
	}
	PG_CATCH();
	{
		stop_workers(&crew);
		PG_RE_THROW();
	}
	PG_END_TRY();
	mig_progress_queue(DSM_HANDLE_INVALID);
	memcpy(&many->result, crew.queue, offsetof(MigSchemaQueue, items));
	dsm_detach(crew.segment);
	return true;
}

/* ----------
 * The whole
 * ----------
 */

/* What was not begun for the failures, as a line to append. */
static char *
describe_rest(const MigSchemaQueue *result)
{
	int			nleft = result->count - result->nended;

	if (nleft == 0)
		return "";
	return psprintf("\n%d others were not begun%s.", nleft,
					result->nended <= result->canary ? ", since it was a canary" : "");
}

/* Say what came of it; raises an error if schemas failed. */
static void
tell_result(const ManySchemas *many)
{
	const MigSchemaQueue *result = &many->result;
	int			nmade = result->nended - result->nfailed - result->ngone;
	double		seconds = (double) (GetCurrentTimestamp() - many->started_at) / USECS_PER_SEC;

	ereport(NOTICE,
			(errmsg("run " INT64_FORMAT ": %d of %d schemas made in %.1f s, %d failed; %d were there already",
					many->run, nmade, result->count, seconds, result->nfailed, many->nmatching - result->count)));
	if (result->nfailed == 0)
		return;
	ereport(ERROR,
			(errcode(result->sqlstate),
			 errmsg("%d of %d schemas failed", result->nfailed, result->count),
			 errdetail("The first one was \"%s\": %s%s", result->failed_schema, result->error, describe_rest(result)),
			 errhint("SELECT schema_name, sqlstate, error FROM migrate_log WHERE run = " INT64_FORMAT
					 " AND sqlstate IS NOT NULL; tells of each. Call again for what is left.", many->run)));
}

/* Write down how the run ended: with an error, too, if schemas failed. */
static void
end_run(const ManySchemas *many, const ErrorData *edata)
{
	const MigSchemaQueue *result = &many->result;
	ErrorData	failure = {0};

	if (edata == NULL && result->nfailed > 0)
	{
		failure.sqlerrcode = result->sqlstate;
		failure.message = psprintf("%d of %d schemas failed", result->nfailed, result->count);
		edata = &failure;
	}
	mig_job_end(many->run, edata);
}

/*
 * Run to a target all schemas that match a pattern, a transaction for each
 * schema and step.  The caller has made sure that the transaction may be
 * ended.  Returns the number of the run; 0: there was nothing to do.
 */
int64
mig_run_many_schemas(const MigRunOptions *options)
{
	MemoryContext oldcontext = CurrentMemoryContext;
	ManySchemas many = {.options = options};
	ErrorData  *edata = NULL;

	mig_refuse_nested_run();
	if (SPI_connect_ext(SPI_OPT_NONATOMIC) != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect_ext failed");
	many.started_at = GetCurrentTimestamp();
	many.context = AllocSetContextCreate(oldcontext, "migrate run of many schemas", ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(many.context);
	mig_run_refresh_store(options);
	find_pending(&many);
	if (many.pending != NIL)
	{
		edata = mig_try(run_workers, &many);
		SPI_commit();
		mig_progress_end();
		mig_summarize();
		end_run(&many, edata);
	}
	SPI_finish();
	if (edata != NULL)
		ReThrowError(edata);
	if (many.pending == NIL)
		tell_nothing_to_do(&many);
	else
		tell_result(&many);
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(many.context);
	return many.run;
}
