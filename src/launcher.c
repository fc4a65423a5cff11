/*-------------------------------------------------------------------------
 *
 * launcher.c
 *	  Interrupted jobs go on when the server starts.
 *
 * Where the library is preloaded, a background worker of the server's looks
 * into one database after the other, by a worker that is connected to it, and
 * that one starts the jobs.  It does so once, at the start of the server, and
 * when a crash of a process has ended all of them: it stays, since that way it
 * is started again then.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "background.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_database.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "jobstart.h"
#include "launcher.h"
#include "libpq/pqsignal.h"
#include "miscadmin.h"
#include "mutex.h"
#include "pgstat.h"
#include "spiutil.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "tcop/tcopprot.h"
#include "trial.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/wait_event.h"

/* after an error, in seconds */
#define RESTART_AFTER	5

/* A job that takes the server down each time that it runs must not do so for ever. */
#define MAX_RESTARTS	5

/* Have the postmaster start the launcher; called while it loads the library. */
void
mig_register_launcher(void)
{
	BackgroundWorker worker;

	mig_background_describe(&worker, "migrate_launcher_main", "migrate launcher");
	worker.bgw_restart_time = RESTART_AFTER;
	RegisterBackgroundWorker(&worker);
}

/* ----------
 * The launcher
 * ----------
 */

/* The databases that can be connected to, as a list of OIDs. */
static List *
find_databases(void)
{
	MemoryContext context = CurrentMemoryContext;
	List	   *databases = NIL;
	Relation	rel;
	TableScanDesc scan;
	HeapTuple	tuple;

	StartTransactionCommand();
	rel = table_open(DatabaseRelationId, AccessShareLock);
	scan = table_beginscan_catalog(rel, 0, NULL);
	while ((tuple = heap_getnext(scan, ForwardScanDirection)) != NULL)
	{
		Form_pg_database database = (Form_pg_database) GETSTRUCT(tuple);
		MemoryContext oldcontext;

		if (!database->datallowconn)
			continue;
		oldcontext = MemoryContextSwitchTo(context);
		databases = lappend_oid(databases, database->oid);
		MemoryContextSwitchTo(oldcontext);
	}
	table_endscan(scan);
	table_close(rel, AccessShareLock);
	CommitTransactionCommand();
	MemoryContextSwitchTo(context);
	return databases;
}

/*
 * Have a worker look into a database, and wait for it: one at a time is
 * enough, and leaves the others of max_worker_processes to the jobs.
 */
static void
look_into_database(Oid database)
{
	BackgroundWorker worker;
	BackgroundWorkerHandle *handle;

	mig_background_describe(&worker, "migrate_resume_main", "migrate resumer");
	worker.bgw_main_arg = ObjectIdGetDatum(database);
	worker.bgw_notify_pid = MyProcPid;
	if (!RegisterDynamicBackgroundWorker(&worker, &handle))
		ereport(ERROR,
				(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				 errmsg("could not start a background worker"),
				 errdetail("One is needed to resume interrupted runs, and all %d of \"max_worker_processes\" are in use.",
						   max_worker_processes),
				 errhint("Increase \"max_worker_processes\".")));
	(void) WaitForBackgroundWorkerShutdown(handle);
	pfree(handle);
}

/* The main function of the launcher. */
void
migrate_launcher_main(Datum main_arg)
{
	ListCell   *lc;

	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnection(NULL, NULL, 0);
	foreach(lc, find_databases())
	{
		CHECK_FOR_INTERRUPTS();
		look_into_database(lfirst_oid(lc));
	}
	pgstat_report_activity(STATE_IDLE, NULL);
	for (;;)
	{
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_EXIT_ON_PM_DEATH, -1L, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
}

/* ----------
 * In each database
 * ----------
 */

/* The jobs that were interrupted, and nobody has paused, as an array. */
static MigJob *
find_interrupted_jobs(int *njobs)
{
	MigOwnerScope scope;
	MigJob	   *jobs;
	int64	   *runs;
	bool		isnull;
	int			n;
	int			i;

	mig_enter_owner(&scope);
	n = (int) mig_spi_execute(SPI_OK_SELECT,
							  psprintf("SELECT run FROM %s.migrate_job WHERE state = 'running' AND detached AND resumable"
									   " ORDER BY run", scope.extension.schema_name),
							  0, NULL);
	jobs = palloc(sizeof(MigJob) * Max(n, 1));
	runs = palloc(sizeof(int64) * Max(n, 1));
	for (i = 0; i < n; i++)
		runs[i] = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &isnull));
	SPI_freetuptable(SPI_tuptable);
	*njobs = 0;
	for (i = 0; i < n; i++)
	{
		if (mig_job_holder(&scope.extension, runs[i]) == 0 &&
			mig_job_read(&scope.extension, runs[i], &jobs[*njobs]))
			(*njobs)++;
	}
	mig_leave_owner(&scope);
	return jobs;
}

/* Whose session it was may be gone. */
static bool
has_roles(const MigJob *job)
{
	return SearchSysCacheExists1(AUTHOID, ObjectIdGetDatum(job->session_role)) &&
		(!OidIsValid(job->role) || SearchSysCacheExists1(AUTHOID, ObjectIdGetDatum(job->role)));
}

/* A job that cannot go on has failed. */
static void
fail_job(const MigJob *job, const char *error)
{
	MigOwnerScope scope;

	mig_enter_owner(&scope);
	(void) mig_job_set_state(&scope.extension, job->run, MIG_JOB_FAILED,
							 unpack_sql_state(ERRCODE_UNDEFINED_OBJECT), error);
	mig_leave_owner(&scope);
}

/* For mig_try(): have a job go on. */
static bool
resume_job(void *arg)
{
	MigJob	   *job = (MigJob *) arg;

	if (!has_roles(job))
		fail_job(job, "could not resume the run: its role does not exist any more");
	else if (job->restarts >= MAX_RESTARTS)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("it was interrupted too often"),
				 errdetail("The server has resumed it %d times, and may be ended by it.", job->restarts)));
	else
	{
		job->restarts++;
		(void) mig_job_start(job);
	}
	return true;
}

/* Is there a table of jobs, and so something to look for? */
static bool
has_jobs(void)
{
	MigExtension extension;

	if (!OidIsValid(get_extension_oid("migrate", true)))
		return false;
	mig_find_extension(&extension);
	return OidIsValid(get_relname_relid("migrate_job", extension.schema));
}

/* Have all interrupted jobs of the database go on; one may fail. */
static void
resume_jobs(void)
{
	MigJob	   *jobs;
	int			njobs;
	int			i;

	if (!has_jobs())
		return;
	PushActiveSnapshot(GetTransactionSnapshot());
	jobs = find_interrupted_jobs(&njobs);
	for (i = 0; i < njobs; i++)
	{
		ErrorData  *edata = mig_try(resume_job, &jobs[i]);

		if (edata != NULL)
			ereport(LOG,
					(errcode(edata->sqlerrcode),
					 errmsg("could not resume run " INT64_FORMAT ": %s", jobs[i].run, edata->message),
					 edata->detail ? errdetail_internal("%s", edata->detail) : 0,
					 errhint("SELECT migrate_resume(" INT64_FORMAT ");", jobs[i].run)));
	}
	PopActiveSnapshot();
}

/* The main function of the worker that looks into a database. */
void
migrate_resume_main(Datum main_arg)
{
	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnectionByOid(DatumGetObjectId(main_arg), InvalidOid, 0);
	StartTransactionCommand();
	resume_jobs();
	CommitTransactionCommand();
}
