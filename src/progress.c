/*-------------------------------------------------------------------------
 *
 * progress.c
 *	  What a run is doing, for other sessions to see while it does it.
 *
 * Rows of a table cannot be seen before they are committed, and a library
 * that is not preloaded has no place in the server's shared memory.  So a
 * backend that runs something makes a small dynamic segment, once, and says
 * so by a lock on a name of our own, which holds the segment's handle.  Who
 * looks reads the list of locks, as pg_locks does, and attaches to what it
 * finds.  Nothing of it is in a table or on disk, nothing needs cleaning up:
 * locks and segments end with the backend, however it ends.
 *
 * A function's run holds the lock to the end of the transaction, since until
 * then what it did is not there for others.  A procedure's run holds it for
 * the session, to mig_progress_end() or the abort of a transaction.
 *
 * Only between mig_progress_begin() and mig_progress_end() is anything
 * written.  An error in between is met by the callbacks for the end of
 * transactions and subtransactions, which do for our variables what the lock
 * manager does for the lock.  Since a run may be rolled back to a savepoint,
 * and one before it not, those that are not committed are kept on a stack.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "progress.h"
#include "tcop/tcopprot.h"
#include "utils/backend_status.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

/* Runs of the transaction that the latest one hides. */
typedef struct EarlierRun
{
	SubTransactionId subid;
	MigProgress progress;
	struct EarlierRun *outer;
} EarlierRun;

/* Whose run is in the segment. */
typedef enum Hold
{
	HOLD_NONE,
	HOLD_TRANSACTION,			/* a function's: gone with the transaction */
	HOLD_SESSION,				/* a procedure's */
	HOLD_JOINED					/* the worker's: somebody else's segment */
} Hold;

static dsm_segment *own_mapping = NULL; /* once made, to the end */
static dsm_segment *joined_mapping = NULL;
static MigProgressSegment *segment = NULL;	/* in one of them */
static Hold hold = HOLD_NONE;
static bool is_running = false; /* and not only uncommitted */
static SubTransactionId run_subid;
static EarlierRun *earlier = NULL;	/* in TopTransactionContext */
static LOCKTAG run_lock;
static bool callbacks_registered = false;

/* ----------
 * The segment
 * ----------
 */

/* Copy a text, as much as there is room for whole characters of. */
static void
copy_text(char target[MIG_PROGRESS_TEXT], const char *text)
{
	int			len = pg_mbcliplen(text, strlen(text), MIG_PROGRESS_TEXT - 1);

	memcpy(target, text, len);
	target[len] = '\0';
}

/* Put a run into the segment, or none. */
static void
set_progress(const MigProgress *progress)
{
	SpinLockAcquire(&segment->mutex);
	segment->valid = progress != NULL;
	if (progress != NULL)
		segment->progress = *progress;
	SpinLockRelease(&segment->mutex);
}

/*
 * Make the segment of this backend, which stays mapped to its end.  If there
 * are too many segments in the server, a run can do without.
 */
static void
make_segment(void)
{
	if (own_mapping != NULL)
		return;
	own_mapping = dsm_create(sizeof(MigProgressSegment), DSM_CREATE_NULL_IF_MAXSEGMENTS);
	if (own_mapping == NULL)
		return;
	dsm_pin_mapping(own_mapping);
	segment = (MigProgressSegment *) dsm_segment_address(own_mapping);
	memset(segment, 0, sizeof(MigProgressSegment));
	SpinLockInit(&segment->mutex);
	segment->magic = MIG_PROGRESS_MAGIC;
}

/* A phase begins, in a run that nobody else looks at just now. */
static void
enter_phase(MigProgress *progress, MigPhase phase, TimestampTz now)
{
	progress->phase = phase;
	progress->phase_started_at = now;
	progress->held_by[0] = '\0';
}

/* No statement has begun yet. */
static void
clear_statement(MigProgress *progress)
{
	progress->statement = 0;
	progress->line = 0;
	progress->rows = progress->rows_before = progress->rows_total = 0;
	progress->rows_started_at = 0;
}

/* ----------
 * The ends of transactions
 * ----------
 */

/* There is no run of this backend any more. */
static void
forget_run(void)
{
	set_progress(NULL);
	hold = HOLD_NONE;
	is_running = false;
	earlier = NULL;
}

/* The end of a transaction; the lock manager releases the lock. */
static void
end_of_transaction(XactEvent event, void *arg)
{
	bool		aborted = event == XACT_EVENT_ABORT;

	if (!aborted && event != XACT_EVENT_COMMIT && event != XACT_EVENT_PREPARE)
		return;
	if (hold == HOLD_TRANSACTION || (hold == HOLD_SESSION && aborted))
		forget_run();
}

/* The end of a subtransaction: a run that began in it shares its fate. */
static void
end_of_subtransaction(SubXactEvent event, SubTransactionId subid, SubTransactionId parent, void *arg)
{
	if (hold != HOLD_TRANSACTION || run_subid != subid)
		return;
	if (event == SUBXACT_EVENT_COMMIT_SUB)
	{
		run_subid = parent;
		if (earlier != NULL && earlier->subid == parent)
			earlier = earlier->outer;
	}
	else if (event == SUBXACT_EVENT_ABORT_SUB && earlier != NULL)
	{
		set_progress(&earlier->progress);
		run_subid = earlier->subid;
		earlier = earlier->outer;
		is_running = false;
	}
	else if (event == SUBXACT_EVENT_ABORT_SUB)
		forget_run();
}

/*
 * Keep what an earlier run of the transaction has in the segment, unless the
 * new one shares its fate.
 */
static void
keep_earlier_run(void)
{
	EarlierRun *run;

	if (hold != HOLD_TRANSACTION || run_subid == GetCurrentSubTransactionId())
		return;
	run = MemoryContextAlloc(TopTransactionContext, sizeof(EarlierRun));
	run->subid = run_subid;
	run->progress = segment->progress;
	run->outer = earlier;
	earlier = run;
}

/* ----------
 * pg_stat_activity
 * ----------
 */

/*
 * Show a text as the query of this session.  The query's id stays, for
 * log_line_prefix; pg_stat_statements takes no notice of either.
 */
static void
show_query(const char *text)
{
	uint64		query_id = pgstat_get_my_query_id();

	pgstat_report_activity(STATE_RUNNING, text);
	pgstat_report_query_id(query_id, true);
}

/*
 * Tell what a procedure's run is doing.  A function may be a small part of
 * somebody's query, so that is left as it is; so is a query of which we do
 * not know how to put it back.
 */
static void
show_run(void)
{
	const MigProgress *progress = &segment->progress;
	char		text[2 * MIG_PROGRESS_TEXT];
	int			len;

	if (hold != HOLD_SESSION || !pgstat_track_activities || debug_query_string == NULL)
		return;
	len = snprintf(text, sizeof(text), "migrate run " INT64_FORMAT ": %s of revision %s", progress->run,
				   mig_direction_name(progress->direction), progress->revision);
	if (progress->statement > 0)
		snprintf(text + len, sizeof(text) - len, ", statement %d of %d", progress->statement, progress->nstatements);
	show_query(text);
}

/* ----------
 * For who runs
 * ----------
 */

/*
 * A run begins: of a function, which ends with the transaction, or of a
 * procedure, across transactions.  Its number may be given later.
 *
 * A procedure that plans anew calls this again, too; its run goes on.
 */
void
mig_progress_begin(const MigExtension *extension, int64 run, const char *schema_name,
				   MigDirection direction, const char *target, bool across_transactions)
{
	MigProgress progress = {0};

	/* a stand-alone backend has no segments, and nobody who looks */
	if (!IsUnderPostmaster)
		return;
	if (across_transactions && hold == HOLD_SESSION)
	{
		mig_progress_run(run);
		return;
	}
	make_segment();
	if (own_mapping == NULL)
		return;
	if (!callbacks_registered)
	{
		RegisterXactCallback(end_of_transaction, NULL);
		RegisterSubXactCallback(end_of_subtransaction, NULL);
		callbacks_registered = true;
	}
	progress.run = run;
	progress.pid = MyProcPid;
	progress.direction = direction;
	strlcpy(progress.schema_name, schema_name, sizeof(progress.schema_name));
	copy_text(progress.target, target);
	progress.attempt = 1;
	progress.phase = MIG_PHASE_STARTING;
	progress.run_started_at = progress.phase_started_at = GetCurrentTimestamp();

	mig_progress_set_lock(&run_lock, extension, dsm_segment_handle(own_mapping));
	(void) LockAcquire(&run_lock, AccessShareLock, across_transactions, false);
	if (across_transactions)
		earlier = NULL;
	else
		keep_earlier_run();
	hold = across_transactions ? HOLD_SESSION : HOLD_TRANSACTION;
	run_subid = GetCurrentSubTransactionId();
	set_progress(&progress);
	is_running = true;
}

/* The run has a number now. */
void
mig_progress_run(int64 run)
{
	if (!is_running)
		return;
	SpinLockAcquire(&segment->mutex);
	segment->progress.run = run;
	SpinLockRelease(&segment->mutex);
}

/* The plan is known. */
void
mig_progress_plan(int nsteps)
{
	if (!is_running)
		return;
	SpinLockAcquire(&segment->mutex);
	segment->progress.nsteps = nsteps;
	SpinLockRelease(&segment->mutex);
}

/* A step begins, its first attempt. */
void
mig_progress_step(int step, const char *revision, const char *message, int nstatements)
{
	MigProgress next;

	if (!is_running)
		return;
	next = segment->progress;
	next.step = step;
	copy_text(next.revision, revision);
	copy_text(next.message, message);
	next.nstatements = nstatements;
	next.attempt = 1;
	next.step_started_at = GetCurrentTimestamp();
	next.statement_started_at = 0;
	clear_statement(&next);
	enter_phase(&next, MIG_PHASE_RUNNING, next.step_started_at);
	set_progress(&next);
	show_run();
}

/* A statement of the step begins. */
void
mig_progress_statement(int statement, int line)
{
	TimestampTz now;

	if (!is_running)
		return;
	now = GetCurrentTimestamp();
	SpinLockAcquire(&segment->mutex);
	if (segment->progress.phase != MIG_PHASE_RUNNING)
		enter_phase(&segment->progress, MIG_PHASE_RUNNING, now);
	clear_statement(&segment->progress);
	segment->progress.statement = statement;
	segment->progress.line = line;
	segment->progress.statement_started_at = now;
	SpinLockRelease(&segment->mutex);
	show_run();
}

/* A phase begins. */
void
mig_progress_phase(MigPhase phase)
{
	TimestampTz now;

	if (!is_running)
		return;
	now = GetCurrentTimestamp();
	SpinLockAcquire(&segment->mutex);
	enter_phase(&segment->progress, phase, now);
	SpinLockRelease(&segment->mutex);
}

/* An attempt of the step begins. */
void
mig_progress_attempt(int attempt)
{
	if (!is_running)
		return;
	SpinLockAcquire(&segment->mutex);
	segment->progress.attempt = attempt;
	clear_statement(&segment->progress);
	SpinLockRelease(&segment->mutex);
}

/*
 * How far a backfill has gone through its rows, which are estimated to be so
 * many; some of them perhaps before an interruption.
 */
void
mig_progress_rows(int64 rows, int64 rows_before, int64 rows_total)
{
	TimestampTz now;

	if (!is_running)
		return;
	now = GetCurrentTimestamp();
	SpinLockAcquire(&segment->mutex);
	segment->progress.rows = rows;
	segment->progress.rows_before = rows_before;
	segment->progress.rows_total = rows_total;
	if (segment->progress.rows_started_at == 0)
		segment->progress.rows_started_at = now;
	SpinLockRelease(&segment->mutex);
}

/* A backfill is held back, for a reason; or, with NULL, it goes on. */
void
mig_progress_held_back(const char *reason)
{
	MigProgress next;

	if (!is_running)
		return;
	next = segment->progress;
	enter_phase(&next, reason ? MIG_PHASE_HELD_BACK : MIG_PHASE_RUNNING, GetCurrentTimestamp());
	if (reason != NULL)
		copy_text(next.held_by, reason);
	set_progress(&next);
}

/* Where the schemas of a run of many are. */
void
mig_progress_queue(dsm_handle queue)
{
	if (!is_running)
		return;
	SpinLockAcquire(&segment->mutex);
	segment->progress.queue = queue;
	SpinLockRelease(&segment->mutex);
}

/* How far a run of many schemas is. */
void
mig_progress_schemas(int done, int failed, int total)
{
	if (!is_running)
		return;
	SpinLockAcquire(&segment->mutex);
	segment->progress.schemas = total;
	segment->progress.schemas_done = done;
	segment->progress.schemas_failed = failed;
	SpinLockRelease(&segment->mutex);
}

/*
 * Has somebody asked for a pause of this run?  Not if the run is over: then
 * a worker that still asks shall find out.
 */
bool
mig_progress_is_paused(void)
{
	bool		paused;

	if (!is_running)
		return false;
	SpinLockAcquire(&segment->mutex);
	paused = segment->valid && segment->progress.run != 0 && segment->paused_run == segment->progress.run;
	SpinLockRelease(&segment->mutex);
	return paused;
}

/*
 * The run has ended well.  What a function did stays to be seen as not
 * committed, if it did something.
 */
void
mig_progress_end(void)
{
	if (!is_running)
		return;
	if (hold == HOLD_TRANSACTION && segment->progress.step > 0)
	{
		mig_progress_phase(MIG_PHASE_UNCOMMITTED);
		is_running = false;
		return;
	}
	if (hold == HOLD_SESSION)
	{
		LockRelease(&run_lock, AccessShareLock, true);
		if (debug_query_string != NULL)
			show_query(debug_query_string);
	}
	forget_run();
}

/* ----------
 * For its worker
 * ----------
 */

/* Where the run of this session is reported, for its worker to join. */
dsm_handle
mig_progress_handle(void)
{
	return is_running && hold == HOLD_SESSION ? dsm_segment_handle(own_mapping) : DSM_HANDLE_INVALID;
}

/* The worker detaches from the segment of its leader, or has died. */
static void
clear_worker_pid(dsm_segment *mapping, Datum arg)
{
	MigProgressSegment *joined = (MigProgressSegment *) dsm_segment_address(mapping);

	SpinLockAcquire(&joined->mutex);
	joined->progress.worker_pid = 0;
	SpinLockRelease(&joined->mutex);
}

/*
 * Called by a worker: report what is done to the segment of its leader.  If
 * the leader has gone, or reports nothing, nor does the worker.
 */
void
mig_progress_join(dsm_handle handle)
{
	MigProgress progress;

	if (handle == DSM_HANDLE_INVALID)
		return;
	joined_mapping = dsm_attach(handle);
	if (joined_mapping == NULL)
		return;
	if (!mig_progress_copy(joined_mapping, &progress))
	{
		dsm_detach(joined_mapping);
		joined_mapping = NULL;
		return;
	}
	dsm_pin_mapping(joined_mapping);
	on_dsm_detach(joined_mapping, clear_worker_pid, (Datum) 0);
	segment = (MigProgressSegment *) dsm_segment_address(joined_mapping);
	SpinLockAcquire(&segment->mutex);
	segment->progress.worker_pid = MyProcPid;
	SpinLockRelease(&segment->mutex);
	hold = HOLD_JOINED;
	is_running = true;
}

/* The worker has done its part. */
void
mig_progress_leave(void)
{
	if (hold != HOLD_JOINED)
		return;
	hold = HOLD_NONE;
	is_running = false;
	segment = NULL;
	dsm_detach(joined_mapping);
	joined_mapping = NULL;
}
