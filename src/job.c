/*-------------------------------------------------------------------------
 *
 * job.c
 *	  What is known of a run as a whole: rows of the table migrate_job.
 *
 * Every run that finds something to do has a row, in the foreground or in a
 * background worker (jobmain.c).  It says how the run was called, by whom and
 * with what settings, so that it can go on after an interruption, and how it
 * ended.
 *
 * While a process is at work on a run it has a lock on its number (mutex.c).
 * Nothing else tells whether it is: a row that says so while nobody has the
 * lock is that of a run which was interrupted, by a crash for instance.  An
 * error that aborts a transaction takes the lock along, so it is taken again
 * whenever the run goes on.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "commands/async.h"
#include "errcodes.h"
#include "job.h"
#include "miscadmin.h"
#include "mutex.h"
#include "record.h"
#include "settings.h"
#include "spiutil.h"
#include "trial.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#define CHANNEL		"migrate"

static const char *const state_names[] = {
	[MIG_JOB_RUNNING] = "running",
	[MIG_JOB_PAUSED] = "paused",
	[MIG_JOB_DONE] = "done",
	[MIG_JOB_FAILED] = "failed",
	[MIG_JOB_CANCELLED] = "cancelled",
};

/* The run that this process, a background worker, is there for; 0: none. */
static int64 own_run = 0;

/* The number of the run that this process is there for, or 0. */
int64
mig_job_run(void)
{
	return own_run;
}

/* ----------
 * Rows
 * ----------
 */

static MigSpiArgument
int8_argument(int64 value)
{
	return (MigSpiArgument) {INT8OID, Int64GetDatum(value), false};
}

static MigSpiArgument
bool_argument(bool value)
{
	return (MigSpiArgument) {BOOLOID, BoolGetDatum(value), false};
}

/* Lock the run; nobody else must be at work on it. */
static void
lock_job(const MigExtension *extension, int64 run)
{
	if (mig_try_lock_job(extension, run))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_MIG_RUN_ACTIVE),
			 errmsg("run " INT64_FORMAT " is active", run),
			 errdetail("Process %d is at work on it.", mig_job_holder(extension, run)),
			 errhint("SELECT * FROM migrate_progress shows what it does.")));
}

/*
 * Write the row of a new run.  There can be one already where somebody set
 * the sequence of numbers back.
 */
static void
insert_job(const MigExtension *extension, const MigJob *job, bool detached)
{
	MigSpiArgument arguments[] = {
		int8_argument(job->run),
		bool_argument(detached),
		bool_argument(job->resumable),
		mig_spi_text(job->command),
		{OIDOID, ObjectIdGetDatum(job->session_role), false},
		{OIDOID, ObjectIdGetDatum(job->role), false},
		mig_spi_name_list(&job->settings),
		{TIMESTAMPTZOID, TimestampTzGetDatum(GetCurrentTimestamp()), false}
	};

	mig_spi_execute(SPI_OK_INSERT,
					psprintf("INSERT INTO %s.migrate_job (run, state, detached, resumable, command,"
							 " session_role, role, settings, started_at)"
							 " VALUES ($1, 'running', $2, $3, $4, $5, $6, $7, $8)"
							 " ON CONFLICT (run) DO UPDATE SET state = excluded.state,"
							 " detached = excluded.detached, resumable = excluded.resumable,"
							 " command = excluded.command, session_role = excluded.session_role,"
							 " role = excluded.role, settings = excluded.settings, restarts = 0,"
							 " started_at = excluded.started_at, ended_at = NULL, sqlstate = NULL, error = NULL",
							 extension->schema_name),
					lengthof(arguments), arguments);
}

/* The row of a run that goes on; false if it has been done meanwhile. */
static bool
take_over_job(const MigExtension *extension, const MigJob *job)
{
	MigSpiArgument arguments[] = {int8_argument(job->run), {INT4OID, Int32GetDatum(job->restarts), false}};

	return mig_spi_execute(SPI_OK_UPDATE,
						   psprintf("UPDATE %s.migrate_job SET state = 'running', detached = true, restarts = $2,"
									" ended_at = NULL, sqlstate = NULL, error = NULL"
									" WHERE run = $1 AND state <> 'done'", extension->schema_name),
						   lengthof(arguments), arguments) == 1;
}

/* What the job is called with is known better now that it has a plan. */
static void
update_command(const MigExtension *extension, int64 run, const char *command, bool resumable)
{
	MigSpiArgument arguments[] = {int8_argument(run), mig_spi_text(command), bool_argument(resumable)};

	mig_spi_execute(SPI_OK_UPDATE,
					psprintf("UPDATE %s.migrate_job SET command = $2, resumable = $3"
							 " WHERE run = $1 AND (command <> $2 OR resumable <> $3)", extension->schema_name),
					lengthof(arguments), arguments);
}

/* The state that a word stands for. */
static MigJobState
parse_state(const char *name)
{
	int			i;

	for (i = 0; i < lengthof(state_names); i++)
	{
		if (strcmp(state_names[i], name) == 0)
			return (MigJobState) i;
	}
	elog(ERROR, "unrecognized state of a run: \"%s\"", name);
}

/* An OID in a row of a result. */
static Oid
get_oid(uint64 row, int column)
{
	bool		isnull;

	return DatumGetObjectId(SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, &isnull));
}

/* Read the row of a run.  Returns whether there is one. */
bool
mig_job_read(const MigExtension *extension, int64 run, MigJob *job)
{
	MigSpiArgument argument = int8_argument(run);
	bool		found;
	bool		isnull;

	MemSet(job, 0, sizeof(MigJob));
	found = mig_spi_execute(SPI_OK_SELECT,
							psprintf("SELECT state, resumable, command, session_role, role, settings, sqlstate, error, restarts"
									 " FROM %s.migrate_job WHERE run = $1", extension->schema_name),
							1, &argument) == 1;
	if (found)
	{
		job->run = run;
		job->state = parse_state(mig_spi_get_text(0, 1));
		job->resumable = DatumGetBool(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2, &isnull));
		job->command = mig_spi_get_text(0, 3);
		job->session_role = get_oid(0, 4);
		job->role = get_oid(0, 5);
		mig_spi_get_name_list(0, 6, &job->settings);
		job->sqlstate = mig_spi_get_text(0, 7);
		job->error = mig_spi_get_text(0, 8);
		job->restarts = DatumGetInt32(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 9, &isnull));
	}
	SPI_freetuptable(SPI_tuptable);
	return found;
}

/*
 * Tell those who listen how a run ended.  Anybody may; the text of an error is
 * not for everybody.
 */
static void
notify_end(int64 run, MigJobState state, const char *sqlstate)
{
	StringInfoData payload;

	initStringInfo(&payload);
	appendStringInfo(&payload, "{\"run\": " INT64_FORMAT ", \"state\": \"%s\"", run, state_names[state]);
	if (sqlstate != NULL)
		appendStringInfo(&payload, ", \"sqlstate\": \"%s\"", sqlstate);
	appendStringInfoChar(&payload, '}');
	Async_Notify(CHANNEL, payload.data);
}

/*
 * Change the state of a run that has not ended.  If that is its end, with the
 * error if there was one, those who listen are told at the commit.  Returns
 * false if it has ended already.
 */
bool
mig_job_set_state(const MigExtension *extension, int64 run, MigJobState state, const char *sqlstate,
				  const char *error)
{
	bool		ends = state != MIG_JOB_RUNNING && state != MIG_JOB_PAUSED;
	MigSpiArgument arguments[] = {
		int8_argument(run),
		mig_spi_text(state_names[state]),
		{TIMESTAMPTZOID, TimestampTzGetDatum(GetCurrentTimestamp()), !ends},
		mig_spi_text(sqlstate),
		mig_spi_text(error)
	};

	if (mig_spi_execute(SPI_OK_UPDATE,
						psprintf("UPDATE %s.migrate_job SET state = $2, ended_at = $3, sqlstate = $4, error = $5"
								 " WHERE run = $1 AND state IN ('running', 'paused')", extension->schema_name),
						lengthof(arguments), arguments) == 0)
		return false;
	if (ends)
		notify_end(run, state, sqlstate);
	return true;
}

/* ----------
 * For who runs
 * ----------
 */

/* A run that is called now, in this session, but for its command. */
void
mig_job_of_session(MigJob *job)
{
	MemSet(job, 0, sizeof(MigJob));
	job->resumable = true;
	job->session_role = GetSessionUserId();
	job->role = GetCurrentRoleId();
	mig_session_settings(&job->settings);
}

/*
 * A run has found something to do, or goes on after it has lost its locks: see
 * to it that it has a number, a row, and the lock that says that it is active.
 * "run" is the number that it has so far.  Called with a snapshot, by the
 * caller and outside of an owner scope, and before a commit.  Returns the
 * number.
 *
 * command is the CALL by which somebody can have it go on; not resumable: that
 * would mean something else by then.
 */
int64
mig_job_begin(int64 run, const char *command, bool resumable)
{
	MigOwnerScope scope;
	MigJob		job;

	if (run == 0)
		mig_job_of_session(&job);
	mig_enter_owner(&scope);
	if (run == 0)
	{
		job.command = command;
		job.resumable = resumable;
		job.run = run = mig_next_run(&scope.extension);
		lock_job(&scope.extension, run);
		insert_job(&scope.extension, &job, false);
	}
	else
	{
		lock_job(&scope.extension, run);
		if (run == own_run)
			update_command(&scope.extension, run, command, resumable);
	}
	mig_leave_owner(&scope);
	return run;
}

/* Write the end of a run. */
static void
write_end(const MigExtension *extension, int64 run, const ErrorData *edata)
{
	MigJobState state = MIG_JOB_DONE;

	if (edata != NULL)
		state = edata->sqlerrcode == ERRCODE_QUERY_CANCELED ? MIG_JOB_CANCELLED : MIG_JOB_FAILED;
	(void) mig_job_set_state(extension, run, state, edata ? unpack_sql_state(edata->sqlerrcode) : NULL,
							 edata ? edata->message : NULL);
}

/*
 * Is the error one of a process that was told to end, by a shutdown for
 * instance?  The run is interrupted by that, and has not ended.
 */
static bool
is_interruption(const ErrorData *edata)
{
	return edata != NULL && edata->sqlerrcode != ERRCODE_QUERY_CANCELED &&
		ERRCODE_TO_CATEGORY(edata->sqlerrcode) == ERRCODE_OPERATOR_INTERVENTION;
}

/* What mig_job_end() writes. */
typedef struct EndTrial
{
	int64		run;
	const ErrorData *edata;
} EndTrial;

static bool
write_end_of_trial(void *arg)
{
	const EndTrial *trial = (const EndTrial *) arg;
	MigOwnerScope scope;

	PushActiveSnapshot(GetTransactionSnapshot());
	mig_enter_owner(&scope);
	write_end(&scope.extension, trial->run, trial->edata);
	mig_leave_owner(&scope);
	PopActiveSnapshot();
	return true;
}

/*
 * A run has ended, well or with an error.  Called by a procedure that is
 * connected to SPI, at the beginning of a transaction, which is committed: the
 * lock goes after the row says so.
 *
 * In the process of a job, its main function does that after the call.  Where
 * it cannot be written, the error of the run is the one to know.
 */
void
mig_job_end(int64 run, const ErrorData *edata)
{
	EndTrial	trial = {run, edata};
	ErrorData  *another;
	MigOwnerScope scope;

	if (run == 0 || run == own_run || is_interruption(edata))
		return;
	another = mig_try(write_end_of_trial, &trial);
	if (another != NULL && edata == NULL)
		ReThrowError(another);
	if (another != NULL)
		ereport(WARNING,
				(errcode(another->sqlerrcode),
				 errmsg("could not record that run " INT64_FORMAT " failed: %s", run, another->message)));
	SPI_commit();
	mig_enter_owner(&scope);
	mig_unlock_job(&scope.extension, run);
	mig_leave_owner(&scope);
}

/* ----------
 * For the process of a job
 * ----------
 */

/*
 * This process is there for a job: give it a number, and a row, if it has
 * none yet.  Called at top level, in a transaction that is then committed.
 */
void
mig_job_take(MigJob *job)
{
	MigOwnerScope scope;
	bool		is_new = job->run == 0;

	PushActiveSnapshot(GetTransactionSnapshot());
	mig_enter_owner(&scope);
	if (is_new)
		job->run = mig_next_run(&scope.extension);
	lock_job(&scope.extension, job->run);
	if (is_new)
		insert_job(&scope.extension, job, true);
	else if (!take_over_job(&scope.extension, job))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("run " INT64_FORMAT " is done", job->run),
				 errdetail("Somebody else has resumed it.")));
	mig_leave_owner(&scope);
	PopActiveSnapshot();
	own_run = job->run;
}

/*
 * The call has returned, or failed.  Called at top level, in a transaction in
 * which nothing has been done, whatever the settings of the job say.
 */
void
mig_job_finish(int64 run, const ErrorData *edata)
{
	MigOwnerScope scope;

	if (is_interruption(edata))
		return;
	XactReadOnly = false;
	XactIsoLevel = XACT_READ_COMMITTED;
	PushActiveSnapshot(GetTransactionSnapshot());
	mig_enter_owner(&scope);
	/* an error has released the lock; who has it by now goes on with the run */
	if (mig_try_lock_job(&scope.extension, run))
		write_end(&scope.extension, run, edata);
	mig_leave_owner(&scope);
	PopActiveSnapshot();
}
