/*-------------------------------------------------------------------------
 *
 * production.c
 *	  Runs in transactions of their own: CALL migrate_run().
 *
 * Each step is committed by itself, so that its locks are held for no longer
 * than it takes, and a failure leaves the steps before it.  What holds
 * between the transactions:
 *
 * - the lock of the run (mutex.c), at session level.  It is given up for a
 *   while whenever somebody waits for it and we would have to wait for him:
 *   before a worker begins, and between attempts.  Then the store is read
 *   again, since others may have changed what there is to do.
 * - no snapshot, no lock of a table.  Whoever waits here, for another run or
 *   between attempts, does so at the beginning of a transaction.
 *
 * The procedure must not have a SET clause, nor be SECURITY DEFINER: either
 * would make it atomic.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "attempt.h"
#include "errcodes.h"
#include "executor/spi.h"
#include "job.h"
#include "miscadmin.h"
#include "names.h"
#include "production.h"
#include "progress.h"
#include "resume.h"
#include "runcommand.h"
#include "runlock.h"
#include "spiutil.h"
#include "tenant.h"
#include "trial.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "version.h"

#define LOOK_PAUSE	200			/* milliseconds between two looks whether a pause is over */

typedef struct Production
{
	const MigRunOptions *options;
	const char *target;			/* absolute, once the first plan is made */
	int64		run;			/* number; 0: none yet */
	MemoryContext context;		/* for the whole run */
	MemoryContext plan_context; /* for what was read with the lock held */
	MemoryContext step_context;
	MigKeptStore own;			/* if none is kept for us */
	MigKeptStore *kept;
	MigStore	store;
	MigPlan		plan;
	MigPreparedStep *steps;
	MigUnfinished *unfinished;
	int			nunfinished;
	int			nrun;			/* steps that have been made, in all */
	MigRecorder recorder;
	MigAttempt	attempt;		/* the latest, */
	char	   *attempted;		/* and its revision, if it was not made */
} Production;

/*
 * End the transaction, and begin the next one; what is committed is nothing,
 * or a step.
 */
static void
next_transaction(void)
{
	SPI_commit();
}

/* ----------
 * Planning
 * ----------
 */

/*
 * Steps are counted from where the database was when the run began, not from
 * where it is when the plan is made again.
 */
static const char *
absolute_target(const Production *production)
{
	const MigStep *last = &production->plan.steps[production->plan.nsteps - 1];
	const MigGraph *graph = production->store.graph;

	if (!mig_is_relative(production->target))
		return production->target;
	if (production->options->direction == MIG_UPGRADE)
		return MemoryContextStrdup(production->context, graph->revisions[last->revision].id);
	if (last->added.count == 1)
		return MemoryContextStrdup(production->context, graph->revisions[last->added.items[0]].id);
	return production->target;
}

/* What is known of the plan is checked before its first step. */
static void
prepare_steps(Production *production, const MigExtension *extension, Oid caller)
{
	MigDirection direction = production->options->direction;

	production->steps = mig_kept_store_prepare(production->kept, extension, &production->plan, direction, caller);
	production->nunfinished = mig_unfinished_read(extension, production->options->schema_name, &production->unfinished);
	mig_resume_check_plan(production->unfinished, production->nunfinished, production->steps,
						  production->plan.nsteps, direction);
	if (production->plan.nsteps == 0)
		return;
	mig_recorder_begin(&production->recorder, extension);
	mig_progress_begin(extension, production->run, production->options->schema_name, direction,
					   production->options->target, true);
	mig_progress_plan(production->nrun + production->plan.nsteps);
	production->target = absolute_target(production);
}

/*
 * There is something to do, with the lock of the run held: have a number, and
 * say that the run is active, unless it is one of many.
 */
static void
begin_run(Production *production)
{
	const MigRunOptions *options = production->options;

	if (options->run == 0)
		production->run = mig_job_begin(production->run, mig_run_command(options, production->target),
										!mig_is_relative(production->target));
	mig_progress_run(production->run);
}

/*
 * Read the store, plan, and prepare the steps; only look, if the lock of the
 * run is not held.  Returns whether there is something to do.
 */
static bool
make_plan(Production *production, bool locked)
{
	MemoryContext oldcontext;
	MigOwnerScope scope;

	MemoryContextReset(production->plan_context);
	oldcontext = MemoryContextSwitchTo(production->plan_context);
	PushActiveSnapshot(GetTransactionSnapshot());
	mig_enter_owner(&scope);
	production->plan.nsteps = 0;
	if (locked || production->options->direction != MIG_UPGRADE ||
		!mig_is_at_heads(&scope.extension, production->options->schema_name, production->target))
	{
		mig_kept_store_open(production->kept, &production->store, &scope.extension,
							production->options->schema_name);
		mig_plan_from_store(&production->store, production->options->direction, production->target,
							&production->plan);
		if (locked || production->plan.nsteps == 0)
			prepare_steps(production, &scope.extension, scope.userid);
	}
	mig_leave_owner(&scope);
	if (locked && production->plan.nsteps > 0)
		begin_run(production);
	PopActiveSnapshot();
	MemoryContextSwitchTo(oldcontext);
	next_transaction();
	return production->plan.nsteps > 0;
}

/*
 * Whoever names an applied revision may have meant to go back to it, which an
 * upgrade never does.
 */
static void
tell_nothing_to_do(const MigRunOptions *options)
{
	if (options->direction_given || options->direction != MIG_UPGRADE ||
		strcmp(options->target, "head") == 0 || strcmp(options->target, "heads") == 0)
		return;
	ereport(NOTICE,
			(errmsg("nothing to run: \"%s\" is applied already", options->target),
			 errhint("To undo what comes after it: CALL migrate_run(%s, direction => 'downgrade');",
					 quote_literal_cstr(options->target))));
}

/* ----------
 * Steps
 * ----------
 */

/* The run ends here: write down why, and raise the error again. */
static void
fail(MigAttempt *attempt, ErrorData *edata)
{
	mig_attempt_record_failure(attempt, edata);
	next_transaction();
	if (!attempt->is_one_of_many)
		mig_job_end(attempt->run, edata);
	ReThrowError(edata);
}

/* The same, where no statement is to blame: between two attempts. */
static void
fail_between(MigAttempt *attempt, ErrorData *edata)
{
	attempt->started_at = GetCurrentTimestamp();
	attempt->results = NULL;
	fail(attempt, edata);
}

/* For mig_try(). */
static bool
pause_for(void *arg)
{
	mig_pause(*(long *) arg);
	return true;
}

/*
 * Pause, holding nothing; if somebody waits for the end of the run, let him
 * run.  Returns whether the lock of the run is still ours.
 */
static bool
pause_run(MigAttempt *attempt, long pause)
{
	const char *schema_name = attempt->store->schema_name;
	bool		waited_for = mig_run_should_yield(schema_name);
	ErrorData  *edata;

	if (waited_for)
		mig_run_yield(schema_name);
	else
		next_transaction();
	edata = mig_try(pause_for, &pause);
	if (edata != NULL)
		fail_between(attempt, edata);
	return !waited_for;
}

/*
 * After an attempt that failed for want of a lock: give up if the time is
 * over, else pause.
 */
static bool
pause_before_next(MigAttempt *attempt, ErrorData *edata)
{
	char	   *blockers = mig_failed_for(&attempt->patience);
	int			pause = mig_backoff(attempt->number, mig_patience_now(&attempt->patience));

	if (GetCurrentTimestamp() >= attempt->patience.deadline)
		fail(attempt, mig_explain_lock_failure(&attempt->patience, edata, blockers, attempt->number));
	ereport(NOTICE,
			(errmsg("attempt %d at %s failed: %s", attempt->number, mig_source_name(&attempt->prepared->source),
					edata->message),
			 blockers ? errdetail("The next one is in %.1f s. In the way:\n%s", pause / 1000.0, blockers) :
			 edata->detail ? errdetail("The next one is in %.1f s. %s", pause / 1000.0, edata->detail) :
			 errdetail("The next one is in %.1f s.", pause / 1000.0)));
	mig_progress_phase(MIG_PHASE_PAUSING);
	return pause_run(attempt, pause);
}

/* For mig_try(): is nobody in the way of the step? */
typedef struct QuietTrial
{
	MigAttempt *attempt;
	bool		quiet;
} QuietTrial;

static bool
look_around(void *arg)
{
	QuietTrial *trial = (QuietTrial *) arg;
	const MigPreparedStep *prepared = trial->attempt->prepared;
	int			guc_nestlevel = mig_enter_schema(trial->attempt->store->schema_name);

	trial->quiet = mig_is_quiet(&trial->attempt->patience, &prepared->source, prepared->statements.items,
								prepared->statements.count);
	AtEOXact_GUC(false, guc_nestlevel);
	return true;
}

/*
 * Wait until nobody is in the way.  Returns false if the lock of the run was
 * given up meanwhile.
 */
static bool
await_quiet(MigAttempt *attempt)
{
	/* the statements of a worker ask one by one, each under the lock timeout */
	while (attempt->atomic)
	{
		QuietTrial	trial = {attempt, false};
		ErrorData  *edata = mig_try(look_around, &trial);

		if (edata != NULL)
			fail_between(attempt, edata);
		if (trial.quiet)
			return true;
		if (!pause_run(attempt, mig_look_pause(&attempt->patience)))
			return false;
	}
	return true;
}

/*
 * An enum value was used in the transaction that adds it, where the script
 * did not show it: the statements need a commit between them.
 */
static bool
wants_commit(const MigAttempt *attempt, const ErrorData *edata)
{
	return attempt->atomic && edata->sqlerrcode == ERRCODE_UNSAFE_NEW_ENUM_VALUE_USAGE;
}

/*
 * Get ready to make a step.  If it is the one that was to be made when the
 * lock of the run was given up, its attempts and its deadline count on.
 */
static MigAttempt *
begin_step(Production *production, const MigPreparedStep *prepared)
{
	MigAttempt *attempt = &production->attempt;
	const char *revision = prepared->source.revision;
	const MigUnfinished *begun = mig_unfinished_find(production->unfinished, production->nunfinished, revision);

	if (production->attempted == NULL || strcmp(production->attempted, revision) != 0)
	{
		MemSet(attempt, 0, sizeof(MigAttempt));
		mig_patience_begin(&attempt->patience, production->options->lock_timeout,
						   production->options->lock_retry_for);
		attempt->recorder = &production->recorder;
		attempt->run = production->run;
		attempt->is_one_of_many = production->options->run != 0;
		attempt->step_started_at = GetCurrentTimestamp();
		production->attempted = MemoryContextStrdup(production->context, revision);
		mig_step_announce(production->store.graph, prepared);
	}
	attempt->store = &production->store;
	attempt->prepared = prepared;
	attempt->is_begun = begun != NULL;
	attempt->atomic = mig_step_is_atomic(prepared) && (begun == NULL || begun->done.count == 0);
	mig_progress_step(production->nrun + 1, revision, prepared->source.script.revision.message,
					  prepared->statements.count);
	return attempt;
}

/*
 * If somebody has asked for a pause, let others run, and hold nothing until
 * the run may go on; that does not count as waiting for locks.  Returns
 * whether there was none: after one the plan is to be made again.
 */
static bool
go_on(Production *production)
{
	TimestampTz began_at = GetCurrentTimestamp();
	long		pause = LOOK_PAUSE;

	/* of many, the whole does that */
	if (production->options->run != 0 || !mig_progress_is_paused())
		return true;
	mig_run_yield(production->options->schema_name);
	ereport(NOTICE,
			(errmsg("run " INT64_FORMAT " is paused", production->run)));
	mig_progress_phase(MIG_PHASE_PAUSED);
	while (mig_progress_is_paused())
	{
		ErrorData  *edata = mig_try(pause_for, &pause);

		if (edata != NULL)
		{
			mig_job_end(production->run, edata);
			ReThrowError(edata);
		}
		next_transaction();
	}
	production->attempt.patience.deadline += GetCurrentTimestamp() - began_at;
	return false;
}

/*
 * Make one step, in as many attempts as it takes.  Returns false if the lock
 * of the run was given up, or lost, before the step was made.
 */
static bool
run_step(Production *production, const MigPreparedStep *prepared)
{
	MigAttempt *attempt = begin_step(production, prepared);

	for (;;)
	{
		ErrorData  *edata;
		bool		locked = true;

		CHECK_FOR_INTERRUPTS();
		if (!go_on(production) || !await_quiet(attempt))
			return false;
		mig_progress_attempt(++attempt->number);
		edata = mig_attempt(attempt);
		if (attempt->has_yielded)
		{
			mig_run_yield(production->options->schema_name);
			return false;
		}
		if (edata == NULL)
		{
			edata = mig_try_commit();
			if (edata == NULL)
				return true;
			/* a transaction that is aborted takes the locks of the session along */
			locked = false;
		}
		if (locked && wants_commit(attempt, edata))
			attempt->atomic = false;
		else if (!mig_is_lock_failure(edata))
			fail(attempt, edata);
		else if (!pause_before_next(attempt, edata) || !locked)
			return false;
	}
}

/* Make the steps of the plan; false: the plan is to be made again. */
static bool
run_plan(Production *production)
{
	int			i;

	for (i = 0; i < production->plan.nsteps; i++)
	{
		MemoryContextReset(production->step_context);
		MemoryContextSwitchTo(production->step_context);
		if (!run_step(production, &production->steps[i]))
			return false;
		production->nrun++;
	}
	return true;
}

/* ----------
 * The whole
 * ----------
 */

/*
 * Is there something to do?  Found out without the lock: most calls find that
 * there is not.
 */
static bool
find_something_to_do(Production *production)
{
	mig_run_refresh_store(production->options);
	if (make_plan(production, false))
		return true;
	tell_nothing_to_do(production->options);
	return false;
}

/*
 * The lock of the run was given up in the middle.  Where a target that counts
 * steps has no other name, it would be counted from another place now.
 */
static void
check_target(const Production *production)
{
	if (production->nrun == 0 || !mig_is_relative(production->target))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_MIG_RUN_ACTIVE),
			 errmsg("another run came between the steps of this one"),
			 errdetail("%d of them were made, and \"%s\" would be counted anew from there.", production->nrun,
					   production->target),
			 errhint("SELECT * FROM migrate_current() shows where the database is; call again for what is left.")));
}

/*
 * Run to a target, a transaction for each step.  The caller has made sure
 * that the transaction may be ended.  Returns the number of the run; 0: there
 * was nothing to do.
 */
int64
mig_run_in_production(const MigRunOptions *options)
{
	MemoryContext oldcontext = CurrentMemoryContext;
	Production	production = {0};
	bool		done;

	mig_refuse_nested_run();
	if (SPI_connect_ext(SPI_OPT_NONATOMIC) != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect_ext failed");
	production.options = options;
	production.target = options->target;
	production.context = AllocSetContextCreate(oldcontext, "migrate run", ALLOCSET_DEFAULT_SIZES);
	production.plan_context = AllocSetContextCreate(production.context, "migrate plan", ALLOCSET_DEFAULT_SIZES);
	production.step_context = AllocSetContextCreate(production.context, "migrate step", ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(production.context);

	if (options->kept == NULL)
		mig_kept_store_begin(&production.own);
	production.kept = options->kept ? options->kept : &production.own;
	production.run = options->run != 0 ? options->run : mig_job_run();
	done = options->run == 0 && !find_something_to_do(&production);
	while (!done)
	{
		mig_run_lock(options, production.run, production.kept);
		(void) make_plan(&production, true);
		done = run_plan(&production);
		MemoryContextSwitchTo(production.context);
		if (done)
			mig_run_unlock(options->schema_name);
		else
			check_target(&production);
	}
	mig_progress_end();
	/* of many, the whole does that in the end */
	if (production.nrun > 0 && options->run == 0)
		mig_summarize();
	if (options->run == 0)
		mig_job_end(production.run, NULL);
	SPI_finish();
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(production.context);
	return production.run;
}
