/*-------------------------------------------------------------------------
 *
 * jobmain.c
 *	  A background worker that does what a CALL says: its own side.
 *
 * The CALL is run at top level, as if a client had sent it, and so can commit.
 * pg_cancel_backend() ends the run; pg_terminate_backend() and a shutdown of
 * the server only interrupt it: its row stays as it is.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "background.h"
#include "jobmain.h"
#include "jobstart.h"
#include "libpq/pqsignal.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "pg_compat.h"
#include "settings.h"
#include "toplevel.h"
#include "utils/memutils.h"
#include "utils/timeout.h"

/* Copy from the segment what the job is. */
static void
read_order(shm_toc *toc, MigJob *job)
{
	const MigJobOrder *order = shm_toc_lookup(toc, MIG_JOB_ORDER, false);

	MemSet(job, 0, sizeof(MigJob));
	job->run = order->run;
	job->resumable = true;
	job->session_role = order->session_role;
	job->role = order->role;
	job->restarts = order->restarts;
	job->command = pstrdup(shm_toc_lookup(toc, MIG_JOB_COMMAND, false));
	mig_unpack_strings(shm_toc_lookup(toc, MIG_JOB_SETTINGS, false), &job->settings);
}

/*
 * See to it that the job has a row, and tell who started it its number, and
 * that he need not wait any more.
 */
static void
begin_job(shm_toc *toc, MigJob *job)
{
	MigJobOrder *order = shm_toc_lookup(toc, MIG_JOB_ORDER, false);

	mig_begin_statement("migrate: starting a job");
	mig_job_take(job);
	mig_end_statement();
	order->run = job->run;
	mig_background_done();
	mig_background_detach();
}

/*
 * Do what the job says.  Returns the error, which has been logged, in the
 * current memory context, or NULL.
 *
 * statement_timeout is for the statements of scripts: who sets it for a
 * session does not mean the whole of a job, which nobody waits for.
 */
static ErrorData *
run_command(const MigJob *job)
{
	MemoryContext context = CurrentMemoryContext;
	ErrorData  *volatile edata = NULL;

	PG_TRY();
	{
		mig_begin_statement(job->command);
		disable_timeout(STATEMENT_TIMEOUT, false);
		(void) mig_run_statement(job->command);
		mig_end_statement();
	}
	PG_CATCH();
	{
		EmitErrorReport();
		MemoryContextSwitchTo(context);
		edata = CopyErrorData();
		FlushErrorState();
		mig_abort_statement();
	}
	PG_END_TRY();
	return edata;
}

/* Write down how the job ended, which nobody can cancel any more. */
static void
end_job(const MigJob *job, const ErrorData *edata)
{
	pqsignal(SIGINT, MIG_SIGNAL_IGNORED);
	QueryCancelPending = false;
	SetClientEncoding(GetDatabaseEncoding());
	mig_set_lock_timeout(0);
	mig_begin_statement("migrate: ending a job");
	disable_timeout(STATEMENT_TIMEOUT, false);
	mig_job_finish(job->run, edata);
	mig_end_statement();
}

/* The main function of the background worker. */
void
migrate_job_main(Datum main_arg)
{
	MemoryContext context = AllocSetContextCreate(TopMemoryContext, "migrate job", ALLOCSET_DEFAULT_SIZES);
	shm_toc    *toc;
	MigJob		job;

	MemoryContextSwitchTo(context);
	toc = mig_background_attach(main_arg);
	read_order(toc, &job);
	mig_background_connect(toc);
	begin_job(toc, &job);
	end_job(&job, run_command(&job));
}
