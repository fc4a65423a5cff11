/*-------------------------------------------------------------------------
 *
 * jobstart.c
 *	  Starting a background worker that does what a CALL says.
 *
 * The worker has a session like the one that the run was called in, now or
 * before an interruption.  When it has said that its row is committed, it has
 * no more to do with who started it: he may go on, or away.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "background.h"
#include "jobstart.h"
#include "miscadmin.h"
#include "settings.h"
#include "utils/acl.h"

static const MigBackgroundKind job_kind = {
	.function = "migrate_job_main",
	.type = "migrate job",
	.purpose = "a run that does not wait for its client",
	.outlives_caller = true,
};

/* Register the worker. */
static void
start_worker(MigBackground *background, const MigJob *job)
{
	MigSession	session = {job->session_role, job->role, &job->settings};
	MigJobOrder order = {job->run, job->session_role, job->role, job->restarts};
	StringInfoData settings;
	MigPart		parts[] = {
		{MIG_JOB_ORDER, &order, sizeof(order)},
		{MIG_JOB_COMMAND, job->command, strlen(job->command) + 1},
		{MIG_JOB_SETTINGS, NULL, 0}
	};

	initStringInfo(&settings);
	mig_pack_strings(&settings, &job->settings);
	parts[2].data = settings.data;
	parts[2].size = settings.len;
	mig_background_start_as(background, &job_kind, &session, parts, lengthof(parts));
}

/*
 * Start a job, or have it go on, and wait until it is certain that it will:
 * until its row says so.  What the worker fails with before that is raised.
 *
 * It sees nothing of what the current transaction has done, and stays when
 * that is rolled back.  Returns its number.
 */
int64
mig_job_start(const MigJob *job)
{
	MigBackground background;
	ErrorData  *edata;
	volatile int64 run = 0;

	start_worker(&background, job);
	PG_TRY();
	{
		(void) mig_background_read(&background, false);
		run = ((const MigJobOrder *) mig_background_part(&background, MIG_JOB_ORDER))->run;
	}
	PG_CATCH();
	{
		mig_background_stop(&background);
		PG_RE_THROW();
	}
	PG_END_TRY();
	edata = mig_background_let_go(&background);
	if (edata != NULL)
		ReThrowError(edata);
	return run;
}

/*
 * Start a job in a session like this one.  Returns its number.
 */
int64
mig_job_start_call(const char *command)
{
	MigJob		job;

	mig_job_of_session(&job);
	/* in a SECURITY DEFINER function: the job would not have those rights */
	if (GetUserId() != (OidIsValid(job.role) ? job.role : job.session_role))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("cannot start a job with the rights of the owner of a function"),
				 errdetail("The current user is \"%s\", and the job would run as \"%s\", whose session this is.",
						   GetUserNameFromId(GetUserId(), false),
						   GetUserNameFromId(OidIsValid(job.role) ? job.role : job.session_role, false)),
				 errhint("Start it outside of functions with SECURITY DEFINER.")));
	job.command = command;
	return mig_job_start(&job);
}
