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
#include "storage/lock.h"
#include "storage/spin.h"
#include "tcop/tcopprot.h"
#include "utils/backend_status.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#define SEGMENT_MAGIC	0x6d696701	/* changes with the struct */

typedef struct Segment
{
	uint32		magic;
	slock_t		mutex;
	bool		valid;			/* there is a run */
	MigProgress progress;
} Segment;

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
static Segment *segment = NULL; /* in one of them */
static Hold hold = HOLD_NONE;
static bool is_running = false; /* and not only uncommitted */
static SubTransactionId run_subid;
static EarlierRun *earlier = NULL;	/* in TopTransactionContext */
static LOCKTAG run_lock;
static bool callbacks_registered = false;

static const char *const phase_names[] = {
	[MIG_PHASE_STARTING] = "starting",
	[MIG_PHASE_WAITING_FOR_RUN] = "waiting for another run",
	[MIG_PHASE_WAITING_FOR_OTHERS] = "waiting for other transactions",
	[MIG_PHASE_PAUSING] = "pausing before the next attempt",
	[MIG_PHASE_LOCKING] = "asking for locks",
	[MIG_PHASE_RUNNING] = "running",
	[MIG_PHASE_RECORDING] = "recording",
	[MIG_PHASE_UNCOMMITTED] = "not committed",
};

/* The phase, in words. */
const char *
mig_phase_name(MigPhase phase)
{
	return phase_names[phase];
}

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

/* What is in the segment; it may be gone, or be something else by now. */
static bool
copy_progress(dsm_segment *mapping, MigProgress *progress)
{
	Segment    *found = (Segment *) dsm_segment_address(mapping);
	bool		valid;

	if (dsm_segment_map_length(mapping) < sizeof(Segment) || found->magic != SEGMENT_MAGIC)
		return false;
	SpinLockAcquire(&found->mutex);
	valid = found->valid;
	*progress = found->progress;
	SpinLockRelease(&found->mutex);
	return valid;
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
	own_mapping = dsm_create(sizeof(Segment), DSM_CREATE_NULL_IF_MAXSEGMENTS);
	if (own_mapping == NULL)
		return;
	dsm_pin_mapping(own_mapping);
	segment = (Segment *) dsm_segment_address(own_mapping);
	memset(segment, 0, sizeof(Segment));
	SpinLockInit(&segment->mutex);
	segment->magic = SEGMENT_MAGIC;
}

/* The name of the lock that tells of a segment. */
static void
set_run_lock(LOCKTAG *tag, const MigExtension *extension, dsm_handle handle)
{
	SET_LOCKTAG_OBJECT(*tag, MyDatabaseId, mig_extension_table(extension, "migrate_log"), handle, 0);
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

	set_run_lock(&run_lock, extension, dsm_segment_handle(own_mapping));
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
	next.statement = 0;
	next.nstatements = nstatements;
	next.line = 0;
	next.attempt = 1;
	next.phase = MIG_PHASE_RUNNING;
	next.step_started_at = next.phase_started_at = GetCurrentTimestamp();
	next.statement_started_at = 0;
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
	{
		segment->progress.phase = MIG_PHASE_RUNNING;
		segment->progress.phase_started_at = now;
	}
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
	segment->progress.phase = phase;
	segment->progress.phase_started_at = now;
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
	segment->progress.statement = 0;
	segment->progress.line = 0;
	SpinLockRelease(&segment->mutex);
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
	Segment    *joined = (Segment *) dsm_segment_address(mapping);

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
	if (!copy_progress(joined_mapping, &progress))
	{
		dsm_detach(joined_mapping);
		joined_mapping = NULL;
		return;
	}
	dsm_pin_mapping(joined_mapping);
	on_dsm_detach(joined_mapping, clear_worker_pid, (Datum) 0);
	segment = (Segment *) dsm_segment_address(joined_mapping);
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

/* ----------
 * For who looks
 * ----------
 */

/* The progress of one backend, or NULL if its run has ended meanwhile. */
static MigProgress *
read_progress(dsm_handle handle, int pid)
{
	MigProgress *progress = palloc(sizeof(MigProgress));
	dsm_segment *mapping = dsm_find_mapping(handle);
	bool		found;

	if (mapping != NULL)
		found = copy_progress(mapping, progress);
	else
	{
		mapping = dsm_attach(handle);
		if (mapping == NULL)
			return NULL;
		found = copy_progress(mapping, progress);
		dsm_detach(mapping);
	}
	/* the lock of a prepared transaction is nobody's; handles come again */
	return found && progress->pid == pid ? progress : NULL;
}

/*
 * The runs of this database, as a list of MigProgress.  Waits for nothing
 * and nobody.
 */
List *
mig_progress_read(const MigExtension *extension)
{
	LockData   *data = GetLockStatusData();
	List	   *runs = NIL;
	LOCKTAG		tag;
	int			i;

	set_run_lock(&tag, extension, 0);
	for (i = 0; i < data->nelements; i++)
	{
		const LockInstanceData *lock = &data->locks[i];
		MigProgress *progress;

		CHECK_FOR_INTERRUPTS();
		tag.locktag_field3 = lock->locktag.locktag_field3;
		if (memcmp(&lock->locktag, &tag, sizeof(LOCKTAG)) != 0 ||
			(lock->holdMask & LOCKBIT_ON(AccessShareLock)) == 0)
			continue;
		progress = read_progress(tag.locktag_field3, lock->pid);
		if (progress != NULL)
			runs = lappend(runs, progress);
	}
	return runs;
}
