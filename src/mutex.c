/*-------------------------------------------------------------------------
 *
 * mutex.c
 *	  One run at a time, and nobody waits for one that waits for him.
 *
 * All functions here are called in an owner scope (security.c).
 *
 * Who changes the versions of a schema holds a lock on them.  It is taken
 * inside, so nobody can forget it, and it ends with the backend.  Functions
 * hold it to the end of their transaction, and wait for it in the ordinary
 * queue: lock_timeout counts, and deadlocks are detected.  The second of two
 * callers then reads the versions that the first one left.  Procedures hold
 * it for the session, so that it survives their commits; any error that
 * reaches the top releases it, and so does ROLLBACK.  They never wait for it,
 * but try, and sleep without a transaction's snapshot.
 *
 * The danger: CREATE INDEX CONCURRENTLY and its like wait for everybody who
 * has an older snapshot.  They run in a worker, for which the procedure
 * waits, and that the deadlock detector does not see.  A function that waits
 * for the procedure's lock has a snapshot.  So the three would wait for each
 * other for ever.
 *
 * Hence the gate, a second lock, for which nobody ever waits.  Share means "I
 * wait with a snapshot"; RowExclusive, which many can have, "I am in a phase
 * that waits for snapshots".  A function that cannot have the lock at once
 * must have the gate while it waits, or leaves with MG004.  A procedure must
 * have it before such a phase begins; if it cannot, it lets those who wait
 * pass, and tries again later.  As the two modes exclude each other, it does
 * not matter who comes first.
 *
 * The worker has the gate, too, and so the lock is not safe to use before the
 * gate is known to be free: the worker of an interrupted run may still be at
 * work.  A worker that comes to the gate late, when the run is over, finds
 * that its procedure has no lock any more: whoever got the lock before has
 * seen no worker, whoever gets it later sees this one.
 *
 * A function that leaves the wait returns the gate at once.  It goes on with
 * its snapshot, and runs of other schemas may wait for that to end; but it
 * waits for none of them.
 *
 * The order of locks is store, all runs, schema.  The gate is never waited
 * for, so it has no place in it.  A procedure that sleeps for another reason
 * than the lock, be it between attempts or not to queue behind somebody, is
 * not seen by the deadlock detector either: it must look whether somebody
 * waits for it (mig_run_is_waited_for), and let him pass.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_class.h"
#include "common/hashfn.h"
#include "errcodes.h"
#include "miscadmin.h"
#include "mutex.h"
#include "pg_compat.h"
#include "postmaster/bgworker.h"
#include "storage/ipc.h"
#include "storage/lock.h"
#include "utils/inval.h"

/*
 * The locks are on a name of our own: the version table's with a part, 1 to
 * 32767, that stands for a schema; part 0 stands for all runs.  With the
 * highest bit it is the gate; pg_locks shows such a part as a negative number.
 */
#define ALL_RUNS_PART		0
#define SCHEMA_PART(schema_name) \
	((uint16) (1 + string_hash((schema_name), NAMEDATALEN) % 32767))
#define GATE_BIT			0x8000

#define ALL_RUNS_MODE		RowExclusiveLock	/* a run */
#define LOCK_OUT_MODE		ShareRowExclusiveLock	/* none */
#define SCHEMA_MODE			ShareUpdateExclusiveLock
#define GATE_WAIT_MODE		ShareLock
#define GATE_PHASE_MODE		RowExclusiveLock

/* What a run of a schema locks. */
typedef struct RunLocks
{
	LOCKTAG		all_runs;
	LOCKTAG		schema;
	LOCKTAG		all_runs_gate;
	LOCKTAG		schema_gate;
} RunLocks;

/* Name a part of the version table. */
static void
set_tag(LOCKTAG *tag, Oid relid, uint16 part)
{
	SET_LOCKTAG_OBJECT(*tag, MyDatabaseId, RelationRelationId, relid, part);
}

/* Name the locks of a schema's runs. */
static void
name_locks(RunLocks *locks, const MigExtension *extension, const char *schema_name)
{
	Oid			relid = mig_extension_table(extension, "migrate_version");
	uint16		part = SCHEMA_PART(schema_name);

	set_tag(&locks->all_runs, relid, ALL_RUNS_PART);
	set_tag(&locks->schema, relid, part);
	set_tag(&locks->all_runs_gate, relid, ALL_RUNS_PART | GATE_BIT);
	set_tag(&locks->schema_gate, relid, part | GATE_BIT);
}

/* ----------
 * Who has a lock
 * ----------
 */

/* Is this that lock, had by another process in that mode? */
static bool
is_held(const LockInstanceData *held, const LOCKTAG *tag, LOCKMODE mode)
{
	/* a prepared transaction has no process */
	return held->pid != 0 && held->pid != MyProcPid &&
		(held->holdMask & LOCKBIT_ON(mode)) != 0 &&
		memcmp(&held->locktag, tag, sizeof(LOCKTAG)) == 0;
}

/* Has a process, or any other one (0), a lock?  Returns its pid, or 0. */
static int
find_holder(const LockData *locks, const LOCKTAG *tag, LOCKMODE mode, int pid)
{
	int			i;

	for (i = 0; i < locks->nelements; i++)
	{
		const LockInstanceData *held = &locks->locks[i];

		if ((pid == 0 || held->pid == pid) && is_held(held, tag, mode))
			return held->pid;
	}
	return 0;
}

/* The same, as of now. */
static int
find_holder_now(const LOCKTAG *tag, LOCKMODE mode, int pid)
{
	LockData   *locks = GetLockStatusData();
	int			holder = find_holder(locks, tag, mode, pid);

	/* callers poll */
	pfree(locks->locks);
	pfree(locks);
	return holder;
}

/*
 * MG004 for somebody who found a gate closed.  Who has it is a run, which has
 * the lock of all runs as well, or a worker.
 */
static void
refuse_to_wait(const LOCKTAG *gate, const LOCKTAG *all_runs, const char *hint)
{
	LockData   *locks = GetLockStatusData();
	int			run = 0;
	int			worker = 0;
	int			i;

	for (i = 0; i < locks->nelements; i++)
	{
		int			pid = locks->locks[i].pid;

		if (!is_held(&locks->locks[i], gate, GATE_PHASE_MODE))
			continue;
		if (find_holder(locks, all_runs, ALL_RUNS_MODE, pid) != 0)
			run = pid;
		else
			worker = pid;
	}
	ereport(ERROR,
			(errcode(ERRCODE_MIG_RUN_ACTIVE),
			 errmsg("another run is active"),
			 run != 0 ?
			 errdetail("The run of process %d is in a phase that waits for all older snapshots, and so for this transaction.", run) :
			 worker != 0 ?
			 errdetail("Process %d, the worker of a run that was interrupted, has not ended yet.", worker) :
			 errdetail("It has ended in the meantime."),
			 run != 0 ? errhint("%s", hint) : errhint("Call again.")));
}

/* ----------
 * Functions
 * ----------
 */

/* A lock to the end of the transaction, without waiting. */
static bool
try_lock(const LOCKTAG *tag, LOCKMODE mode)
{
	return LockAcquire(tag, mode, false, true) != LOCKACQUIRE_NOT_AVAIL;
}

/*
 * Can a gate be passed?  Called with the lock behind it; false if a worker of
 * an interrupted run is at work.
 */
static bool
is_gate_open(const LOCKTAG *gate)
{
	if (!try_lock(gate, GATE_WAIT_MODE))
		return false;
	LockRelease(gate, GATE_WAIT_MODE, false);
	return true;
}

/* Wait for a lock, but not behind a closed gate. */
static void
lock_through_gate(const LOCKTAG *tag, LOCKMODE mode, const LOCKTAG *gate, const LOCKTAG *all_runs, const char *hint)
{
	if (try_lock(tag, mode))
		return;
	if (!try_lock(gate, GATE_WAIT_MODE))
		refuse_to_wait(gate, all_runs, hint);
	(void) LockAcquire(tag, mode, false, false);
	LockRelease(gate, GATE_WAIT_MODE, false);
}

/*
 * Lock the versions of a schema against other runs.  Readers of the table
 * are not blocked.  lock_timeout applies.
 *
 * Raises MG004 where waiting would not end.
 */
void
mig_lock_versions(const MigExtension *extension, const char *schema_name)
{
	const char *hint = "Call again later, or CALL migrate_run('head'), which waits for it without a snapshot.";
	RunLocks	locks;

	name_locks(&locks, extension, schema_name);
	lock_through_gate(&locks.all_runs, ALL_RUNS_MODE, &locks.all_runs_gate, &locks.all_runs, hint);
	lock_through_gate(&locks.schema, SCHEMA_MODE, &locks.schema_gate, &locks.all_runs, hint);
	if (!is_gate_open(&locks.schema_gate))
		refuse_to_wait(&locks.schema_gate, &locks.all_runs, hint);
	/* as for every lock of an object: see what its last holder did */
	AcceptInvalidationMessages();
}

/*
 * Wait for all runs, and keep new ones from beginning: whoever changes or
 * removes a script must not do so between its being checked and its being
 * run, nor find that it is not applied while it is running.
 *
 * Raises MG004 where waiting would not end.
 */
void
mig_lock_out_runs(const MigExtension *extension)
{
	const char *hint = "Call again when it has ended.";
	Oid			relid = mig_extension_table(extension, "migrate_version");
	LOCKTAG		all_runs;
	LOCKTAG		gate;

	set_tag(&all_runs, relid, ALL_RUNS_PART);
	set_tag(&gate, relid, ALL_RUNS_PART | GATE_BIT);
	lock_through_gate(&all_runs, LOCK_OUT_MODE, &gate, &all_runs, hint);
	if (!is_gate_open(&gate))
		refuse_to_wait(&gate, &all_runs, hint);
	AcceptInvalidationMessages();
}

/* ----------
 * Procedures
 * ----------
 */

/*
 * A process that ends outside of a transaction does not release locks that it
 * has for the session; others would find them for ever.
 */
static void
unlock_at_exit(int code, Datum arg)
{
	AbortOutOfAnyTransaction();
	LockReleaseSession(DEFAULT_LOCKMETHOD);
}

/* A lock for the session, without waiting. */
static bool
try_lock_for_session(const LOCKTAG *tag, LOCKMODE mode)
{
	static bool prepared_for_exit = false;

	if (!prepared_for_exit)
	{
		before_shmem_exit(unlock_at_exit, (Datum) 0);
		prepared_for_exit = true;
	}
	return LockAcquire(tag, mode, true, true) != LOCKACQUIRE_NOT_AVAIL;
}

/* Release it; an error that the caller does not know of may have done so. */
static void
unlock_for_session(const LOCKTAG *tag, LOCKMODE mode)
{
	if (mig_is_lock_held(tag, mode))
		LockRelease(tag, mode, true);
}

/*
 * Lock the versions of a schema for the session, if nobody has them, nobody
 * waits for them, and no worker of an interrupted run is at work.
 */
bool
mig_try_lock_run(const MigExtension *extension, const char *schema_name)
{
	RunLocks	locks;

	name_locks(&locks, extension, schema_name);
	if (!try_lock_for_session(&locks.all_runs, ALL_RUNS_MODE))
		return false;
	if (try_lock_for_session(&locks.schema, SCHEMA_MODE))
	{
		if (is_gate_open(&locks.schema_gate))
		{
			AcceptInvalidationMessages();
			return true;
		}
		LockRelease(&locks.schema, SCHEMA_MODE, true);
	}
	LockRelease(&locks.all_runs, ALL_RUNS_MODE, true);
	return false;
}

/* Let the next one run; ends a concurrent phase as well. */
void
mig_unlock_run(const MigExtension *extension, const char *schema_name)
{
	RunLocks	locks;

	mig_end_concurrent_phase(extension, schema_name);
	name_locks(&locks, extension, schema_name);
	unlock_for_session(&locks.schema, SCHEMA_MODE);
	unlock_for_session(&locks.all_runs, ALL_RUNS_MODE);
}

/* Is somebody in the queue for what this session has locked? */
static bool
is_waited_for(const RunLocks *locks)
{
	return (mig_is_lock_held(&locks->schema, SCHEMA_MODE) && LockHasWaiters(&locks->schema, SCHEMA_MODE, true)) ||
		(mig_is_lock_held(&locks->all_runs, ALL_RUNS_MODE) &&
		 LockHasWaiters(&locks->all_runs, ALL_RUNS_MODE, true));
}

/*
 * Does somebody wait for this run to end?  Who is about to wait may be
 * missed; mig_begin_concurrent_phase() misses nobody.
 */
bool
mig_run_is_waited_for(const MigExtension *extension, const char *schema_name)
{
	RunLocks	locks;

	name_locks(&locks, extension, schema_name);
	return is_waited_for(&locks);
}

/* Close both gates, or none, for the session. */
static bool
close_gates(const RunLocks *locks)
{
	if (!try_lock_for_session(&locks->schema_gate, GATE_PHASE_MODE))
		return false;
	if (try_lock_for_session(&locks->all_runs_gate, GATE_PHASE_MODE))
		return true;
	LockRelease(&locks->schema_gate, GATE_PHASE_MODE, true);
	return false;
}

/*
 * From here on nobody begins to wait for this run, which has the lock.  False
 * if somebody does so already; he will not be gone before the run is unlocked.
 */
bool
mig_begin_concurrent_phase(const MigExtension *extension, const char *schema_name)
{
	RunLocks	locks;

	name_locks(&locks, extension, schema_name);
	/* closing one gate for a moment can turn somebody away for nothing */
	return !is_waited_for(&locks) && close_gates(&locks);
}

/* The worker has ended. */
void
mig_end_concurrent_phase(const MigExtension *extension, const char *schema_name)
{
	RunLocks	locks;

	name_locks(&locks, extension, schema_name);
	unlock_for_session(&locks.schema_gate, GATE_PHASE_MODE);
	unlock_for_session(&locks.all_runs_gate, GATE_PHASE_MODE);
}

/* The name of the lock of a backfill: the table of their cursors, and what tells it from others. */
static void
set_backfill_tag(LOCKTAG *tag, const MigExtension *extension, const char *schema_name, const char *checksum)
{
	SET_LOCKTAG_OBJECT(*tag, MyDatabaseId, mig_extension_table(extension, "migrate_backfill"),
					   hash_combine(string_hash(schema_name, NAMEDATALEN),
									string_hash(checksum, strlen(checksum) + 1)), 0);
}

/* Keep a backfill from being run by others, for the session, if nobody does. */
bool
mig_try_lock_backfill(const MigExtension *extension, const char *schema_name, const char *checksum)
{
	LOCKTAG		tag;

	set_backfill_tag(&tag, extension, schema_name, checksum);
	return try_lock_for_session(&tag, ExclusiveLock);
}

/* It has ended. */
void
mig_unlock_backfill(const MigExtension *extension, const char *schema_name, const char *checksum)
{
	LOCKTAG		tag;

	set_backfill_tag(&tag, extension, schema_name, checksum);
	unlock_for_session(&tag, ExclusiveLock);
}

/*
 * Keep scripts from being changed, for the session, between the runs of
 * several schemas: hold the lock of all runs once more.
 */
bool
mig_try_keep_scripts(const MigExtension *extension)
{
	LOCKTAG		all_runs;

	set_tag(&all_runs, mig_extension_table(extension, "migrate_version"), ALL_RUNS_PART);
	return try_lock_for_session(&all_runs, ALL_RUNS_MODE);
}

/* Let them be changed again. */
void
mig_release_scripts(const MigExtension *extension)
{
	LOCKTAG		all_runs;

	set_tag(&all_runs, mig_extension_table(extension, "migrate_version"), ALL_RUNS_PART);
	unlock_for_session(&all_runs, ALL_RUNS_MODE);
}

/*
 * Asked between two runs: are scripts still kept from being changed?  Not if
 * an error has released the lock.  Who waits for it has it, too.
 */
bool
mig_scripts_are_kept(const MigExtension *extension)
{
	LOCKTAG		all_runs;

	set_tag(&all_runs, mig_extension_table(extension, "migrate_version"), ALL_RUNS_PART);
	if (!mig_is_lock_held(&all_runs, ALL_RUNS_MODE))
		return false;
	if (!LockHasWaiters(&all_runs, ALL_RUNS_MODE, true))
		return true;
	unlock_for_session(&all_runs, ALL_RUNS_MODE);
	return false;
}

/* The process that has the versions of a schema locked, if not this one; or 0. */
int
mig_run_holder(const MigExtension *extension, const char *schema_name)
{
	RunLocks	locks;

	name_locks(&locks, extension, schema_name);
	return find_holder_now(&locks.schema, SCHEMA_MODE, 0);
}

/* ----------
 * Runs that have a number
 * ----------
 */

/*
 * The lock that tells whether somebody is at work on a run: on the name of the
 * table of jobs with the number, of which 48 bits must do, in both parts.  The
 * views of jobs look for it in pg_locks.
 */
static void
set_job_tag(LOCKTAG *tag, const MigExtension *extension, int64 run)
{
	SET_LOCKTAG_OBJECT(*tag, MyDatabaseId, mig_extension_table(extension, "migrate_job"),
					   (uint32) run, (uint16) ((uint64) run >> 32));
}

/* Lock a run for the session, unless somebody has it; more than once is once. */
bool
mig_try_lock_job(const MigExtension *extension, int64 run)
{
	LOCKTAG		tag;

	set_job_tag(&tag, extension, run);
	return mig_is_lock_held(&tag, ExclusiveLock) || try_lock_for_session(&tag, ExclusiveLock);
}

/* Nobody is at work on it any more. */
void
mig_unlock_job(const MigExtension *extension, int64 run)
{
	LOCKTAG		tag;

	set_job_tag(&tag, extension, run);
	unlock_for_session(&tag, ExclusiveLock);
}

/* The process that is at work on a run, if not this one; or 0. */
int
mig_job_holder(const MigExtension *extension, int64 run)
{
	LOCKTAG		tag;

	set_job_tag(&tag, extension, run);
	return find_holder_now(&tag, ExclusiveLock, 0);
}

/* ----------
 * Workers
 * ----------
 */

/*
 * Called by the worker before each statement: close the gates for this
 * process, too, so that nobody runs while it works, even if its run is
 * interrupted.  An error in the worker opens them.
 *
 * False if the run is over.  The run is that of the process which the worker
 * notifies.
 */
bool
mig_try_lock_worker(const MigExtension *extension, const char *schema_name)
{
	int			leader = MyBgworkerEntry->bgw_notify_pid;
	RunLocks	locks;

	name_locks(&locks, extension, schema_name);
	if (!mig_is_lock_held(&locks.all_runs_gate, GATE_PHASE_MODE) && !close_gates(&locks))
		return false;
	if (leader != 0 && find_holder_now(&locks.schema, SCHEMA_MODE, leader) != 0)
		return true;
	mig_end_concurrent_phase(extension, schema_name);
	return false;
}
