/*-------------------------------------------------------------------------
 *
 * cmd_job.c
 *	  SQL functions that tell runs what to do.
 *
 *		migrate_cancel(run bigint)
 *		migrate_pause(run bigint)
 *		migrate_resume(run bigint)
 *		CALL migrate_wait(run bigint, timeout interval DEFAULT NULL)
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "arguments.h"
#include "catalog/pg_authid.h"
#include "errcodes.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "jobstart.h"
#include "lockwatch.h"
#include "miscadmin.h"
#include "mutex.h"
#include "pg_compat.h"
#include "progress.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(migrate_cancel);
PG_FUNCTION_INFO_V1(migrate_pause);
PG_FUNCTION_INFO_V1(migrate_resume);
PG_FUNCTION_INFO_V1(migrate_wait);

/* For how long a run that has just begun may not be able to take a wish. */
#define START_PATIENCE	2000

/* Pauses between two looks at a run that is waited for, in milliseconds. */
#define FIRST_WAIT		20
#define LAST_WAIT		250

/* After so many looks that find no process: it is gone, and not about to write its end. */
#define GONE_AFTER		3

/* A run, as it was a moment ago. */
typedef struct Look
{
	MigJob		job;
	int			pid;			/* at work on it, or 0 */
} Look;

/* The run that the first argument names. */
static void
look_at_run(int64 run, Look *look)
{
	MigOwnerScope scope;
	bool		found;

	mig_enter_owner(&scope);
	/* first the process: its end is written before it lets go */
	look->pid = mig_job_holder(&scope.extension, run);
	found = mig_job_read(&scope.extension, run, &look->job);
	mig_leave_owner(&scope);
	if (!found)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("run " INT64_FORMAT " does not exist", run),
				 errdetail("Runs that found something to do are known, but for those of migrate_upgrade() and migrate_downgrade()."),
				 errhint("SELECT run, state FROM migrate_jobs; lists them.")));
}

/* Has the run ended? */
static bool
has_ended(const Look *look)
{
	return look->job.state != MIG_JOB_RUNNING && look->job.state != MIG_JOB_PAUSED;
}

/* 42501, unless the caller has the rights of the role in whose session the run was called. */
static void
require_privileges(const MigJob *job)
{
	if (has_privs_of_role(GetUserId(), job->session_role))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("permission denied for run " INT64_FORMAT, job->run),
			 errdetail("It was called by role \"%s\".", GetUserNameFromId(job->session_role, true)),
			 errhint("Call this as a member of that role.")));
}

/* Write a state. */
static bool
set_state(int64 run, MigJobState state)
{
	MigOwnerScope scope;
	bool		changed;

	mig_enter_owner(&scope);
	changed = mig_job_set_state(&scope.extension, run, state, NULL, NULL);
	mig_leave_owner(&scope);
	return changed;
}

/*
 * migrate_cancel(run bigint) RETURNS boolean
 *
 * End a run.  Its process is told so, by the rules of pg_cancel_backend(); one
 * that has none any more shall not go on.  False if it has ended already.
 */
Datum
migrate_cancel(PG_FUNCTION_ARGS)
{
	int64		run = PG_GETARG_INT64(0);
	Look		look;

	mig_prevent_if_read_only("migrate_cancel()");
	look_at_run(run, &look);
	if (has_ended(&look))
		PG_RETURN_BOOL(false);
	if (look.pid != 0)
		return DirectFunctionCall1(pg_cancel_backend, Int32GetDatum(look.pid));
	require_privileges(&look.job);
	PG_RETURN_BOOL(set_state(run, MIG_JOB_CANCELLED));
}

/*
 * Have the process of a run pause.  One that has just begun may not be able to
 * take the wish yet.  Returns whether it has taken it.
 */
static bool
tell_to_pause(int64 run)
{
	TimestampTz deadline = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), START_PATIENCE);

	for (;;)
	{
		MigExtension extension;

		mig_find_extension(&extension);
		if (mig_progress_set_paused(&extension, run, true) > 0)
			return true;
		if (GetCurrentTimestamp() >= deadline || mig_job_holder(&extension, run) == 0)
			return false;
		mig_pause(FIRST_WAIT);
	}
}

/*
 * migrate_pause(run bigint) RETURNS boolean
 *
 * Have a run pause before its next revision or batch.  One without a process
 * does not go on by itself any more.  False if it has ended.
 */
Datum
migrate_pause(PG_FUNCTION_ARGS)
{
	int64		run = PG_GETARG_INT64(0);
	Look		look;

	mig_prevent_if_read_only("migrate_pause()");
	look_at_run(run, &look);
	if (has_ended(&look))
		PG_RETURN_BOOL(false);
	require_privileges(&look.job);
	if (look.pid != 0 && !tell_to_pause(run))
		ereport(ERROR,
				(errcode(ERRCODE_MIG_RUN_ACTIVE),
				 errmsg("run " INT64_FORMAT " cannot be paused now", run),
				 errdetail("It is about to begin or to end."),
				 errhint("Call again in a moment.")));
	PG_RETURN_BOOL(set_state(run, MIG_JOB_PAUSED));
}

/* Whose session it was must be there, and be one that the caller may have. */
static void
require_role(const MigJob *job)
{
	if (!SearchSysCacheExists1(AUTHOID, ObjectIdGetDatum(job->session_role)))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("cannot resume run " INT64_FORMAT, job->run),
				 errdetail("The role by which it was called does not exist any more."),
				 errhint("Call migrate_run() anew: it does what is left.")));
	if (mig_can_become(GetUserId(), job->session_role))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("permission denied to resume run " INT64_FORMAT, job->run),
			 errdetail("It would go on with the rights of role \"%s\".", GetUserNameFromId(job->session_role, false)),
			 errhint("Call this as a member of that role.")));
}

/* Start a job for what is left of a run that has no process. */
static void
restart(MigJob *job)
{
	require_role(job);
	if (!job->resumable)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("cannot resume run " INT64_FORMAT, job->run),
				 errdetail("Its target counts steps, and would mean another one now."),
				 errhint("Call migrate_run() anew with the revision that is meant.")));
	job->restarts = 0;
	(void) mig_job_start(job);
}

/*
 * migrate_resume(run bigint) RETURNS boolean
 *
 * Have a run go on that was paused, interrupted or cancelled, or that failed;
 * without a process of its own, as a job.  False if it is active.
 */
Datum
migrate_resume(PG_FUNCTION_ARGS)
{
	int64		run = PG_GETARG_INT64(0);
	MigExtension extension;
	Look		look;

	mig_prevent_if_read_only("migrate_resume()");
	look_at_run(run, &look);
	if (look.job.state == MIG_JOB_DONE)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("run " INT64_FORMAT " is done", run),
				 errdetail("Nothing of it is left.")));
	if (look.pid == 0)
	{
		restart(&look.job);
		PG_RETURN_BOOL(true);
	}
	require_privileges(&look.job);
	/* the wish may stand though who wrote the state has rolled that back */
	mig_find_extension(&extension);
	(void) mig_progress_set_paused(&extension, run, false);
	PG_RETURN_BOOL(look.job.state == MIG_JOB_PAUSED && set_state(run, MIG_JOB_RUNNING));
}

/* ----------
 * Waiting
 * ----------
 */

/* The run has ended, and not well: raise its error. */
static void
raise_error(const MigJob *job)
{
	const char *sqlstate = job->sqlstate;

	if (job->state == MIG_JOB_CANCELLED)
		ereport(ERROR,
				(errcode(ERRCODE_QUERY_CANCELED),
				 errmsg("run " INT64_FORMAT " was cancelled", job->run),
				 sqlstate != NULL ? errdetail("It failed with: %s", job->error) : 0,
				 errhint("SELECT migrate_resume(" INT64_FORMAT "); has it go on.", job->run)));
	ereport(ERROR,
			(errcode(MAKE_SQLSTATE(sqlstate[0], sqlstate[1], sqlstate[2], sqlstate[3], sqlstate[4])),
			 errmsg("%s", job->error),
			 errdetail("It is the error with which run " INT64_FORMAT " failed.", job->run),
			 errhint("SELECT migrate_resume(" INT64_FORMAT "); has the run go on where it stopped.", job->run)));
}

/* MG004: the run has not ended, and is not waited for any longer. */
static void
stop_waiting(const Look *look)
{
	int64		run = look->job.run;

	if (look->job.state == MIG_JOB_PAUSED || look->pid == 0)
		ereport(ERROR,
				(errcode(ERRCODE_MIG_RUN_ACTIVE),
				 errmsg("run " INT64_FORMAT " is %s", run,
						look->job.state == MIG_JOB_PAUSED ? "paused" : "interrupted"),
				 errdetail("It does not go on by itself."),
				 errhint("SELECT migrate_resume(" INT64_FORMAT "); has it go on.", run)));
	ereport(ERROR,
			(errcode(ERRCODE_MIG_RUN_ACTIVE),
			 errmsg("run " INT64_FORMAT " has not ended in time", run),
			 errdetail("Process %d is at work on it.", look->pid),
			 errhint("SELECT * FROM migrate_progress shows what it does. CALL migrate_wait(" INT64_FORMAT "); waits longer.",
					 run)));
}

/*
 * Wait for the end of a run, looking again and again, with no snapshot and no
 * transaction of any age between two looks.  What the last one saw is in the
 * context given.
 */
static void
wait_for_end(int64 run, int timeout, MemoryContext context, Look *look)
{
	TimestampTz deadline = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), timeout);
	long		wait = FIRST_WAIT;
	int			ngone = 0;

	for (;;)
	{
		MemoryContextReset(context);
		PushActiveSnapshot(GetTransactionSnapshot());
		look_at_run(run, look);
		PopActiveSnapshot();
		if (has_ended(look))
			return;
		ngone = look->pid == 0 ? ngone + 1 : 0;
		if (look->job.state == MIG_JOB_PAUSED || ngone >= GONE_AFTER)
			stop_waiting(look);
		if (timeout >= 0 && GetCurrentTimestamp() >= deadline)
			stop_waiting(look);
		SPI_commit();
		mig_pause(wait);
		wait = Min(wait + wait / 2, LAST_WAIT);
	}
}

/*
 * CALL migrate_wait(run bigint, timeout interval)
 *
 * Wait until a run has ended.  Fails as the run has, or with MG004 if it does
 * not end in time, null: in any time, or does not go on.
 */
Datum
migrate_wait(PG_FUNCTION_ARGS)
{
	MemoryContext oldcontext = CurrentMemoryContext;
	MemoryContext context = AllocSetContextCreate(oldcontext, "migrate wait", ALLOCSET_SMALL_SIZES);
	Look		look;
	int64		run;
	int			timeout;

	mig_require_own_transactions(fcinfo, "migrate_wait()", "It waits between transactions, and holds up nobody.",
								 "CALL migrate_wait(run); as a statement of its own, outside of BEGIN and COMMIT, in autocommit mode of a driver.");
	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the run must not be null"),
				 errhint("SELECT run, state FROM migrate_jobs; lists the runs.")));
	run = PG_GETARG_INT64(0);
	timeout = mig_milliseconds_argument(fcinfo, 1, "timeout", -1, 0);
	if (SPI_connect_ext(SPI_OPT_NONATOMIC) != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect_ext failed");
	MemoryContextSwitchTo(context);
	wait_for_end(run, timeout, context, &look);
	if (look.job.state != MIG_JOB_DONE)
		raise_error(&look.job);
	SPI_finish();
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(context);
	PG_RETURN_VOID();
}
