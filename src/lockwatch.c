/*-------------------------------------------------------------------------
 *
 * lockwatch.c
 *	  What this backend waits for, and who is in the way.
 *
 * The server does not tell afterwards how long a statement waited for locks.
 * So a timer looks every few milliseconds whether this backend waits just
 * now.  The sum is as exact as sampling is: good enough for a ledger.
 *
 * Who holds a lock is asked of the lock table itself, for the few locks that
 * matter; pg_locks would stop everybody for all of them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/twophase.h"
#include "catalog/pg_type.h"
#include "common/pg_prng.h"
#include "guc.h"
#include "lockwatch.h"
#include "miscadmin.h"
#include "pg_compat.h"
#include "pgstat.h"
#include "security.h"
#include "spiutil.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "utils/array.h"
#include "utils/backend_status.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"
#include "utils/timeout.h"
#include "utils/wait_event.h"

#define SAMPLE_INTERVAL		20	/* milliseconds */
#define MIN_BACKOFF			100
#define MAX_BACKOFF			60000

/* Written by the timer's handler only. */
static volatile sig_atomic_t samples = 0;
static MigWantedLock last_wait;

static volatile sig_atomic_t samples_before = 0;	/* when watching began */
static TimeoutId timer = MAX_TIMEOUTS;	/* until it is registered */

/* ----------
 * Sampling
 * ----------
 */

/*
 * Look whether this backend waits for a lock.  Runs in a signal handler, also
 * at moments when nobody watches any more: it only looks at what is always
 * there.  The lock cannot go away while it is waited for, and its memory
 * stays what it is if the wait ends meanwhile.
 */
static void
take_sample(void)
{
	volatile PGPROC *proc = MyProc;
	LOCK	   *lock = proc != NULL ? proc->waitLock : NULL;

	if (lock == NULL)
		return;
	last_wait.tag = lock->tag;
	last_wait.mode = proc->waitLockMode;
	pg_compiler_barrier();
	samples++;
}

/*
 * Begin to watch; if that goes on already, begin again.
 *
 * An error may skip mig_lock_watch_end(): at top level it stops all timers,
 * and until then a look every few milliseconds does no harm.
 */
void
mig_lock_watch_begin(void)
{
	if (timer == MAX_TIMEOUTS)
		timer = RegisterTimeout(USER_TIMEOUT, take_sample);
	samples_before = samples;
	enable_timeout_every(timer, TimestampTzPlusMilliseconds(GetCurrentTimestamp(), SAMPLE_INTERVAL), SAMPLE_INTERVAL);
}

/* Stop watching. */
void
mig_lock_watch_end(void)
{
	if (timer != MAX_TIMEOUTS)
		disable_timeout(timer, false);
}

/*
 * How long this process was seen waiting for locks since it began, in
 * microseconds: of interest is the difference between two calls.
 */
int64
mig_lock_watch_waited(void)
{
	return (int64) samples * SAMPLE_INTERVAL * 1000;
}

/* The lock last waited for since watching began; false: none was seen. */
bool
mig_lock_watch_last(MigWantedLock *wanted)
{
	int			seen;

	do
	{
		seen = samples;
		pg_compiler_barrier();
		*wanted = last_wait;
		pg_compiler_barrier();
	} while (seen != samples);
	return seen != samples_before;
}

/* ----------
 * Who is in the way
 * ----------
 */

/* Who holds locks: processes, and prepared transactions, which have none. */
typedef struct Holders
{
	List	   *pids;
	MigNameList xids;
} Holders;

/* Note the holder of a virtual transaction, unless it has ended meanwhile. */
static void
note_holder(Holders *holders, VirtualTransactionId vxid)
{
	int			pid = mig_virtual_transaction_pid(vxid);
	TransactionId xid;
	bool		have_more;

	if (pid != 0)
	{
		if (pid != MyProcPid)
			holders->pids = list_append_unique_int(holders->pids, pid);
		return;
	}
	xid = VirtualTransactionIdIsRecoveredPreparedXact(vxid) ? vxid.localTransactionId :
		TwoPhaseGetXidByVirtualXID(vxid, &have_more);
	if (TransactionIdIsValid(xid))
		mig_name_list_add(&holders->xids, psprintf("%u", xid));
}

/* Note who holds locks that conflict with one. */
static void
note_holders(Holders *holders, const MigWantedLock *wanted)
{
	VirtualTransactionId *vxids;
	int			n;
	int			i;

	/* what a transaction holds on itself may not be in the lock table */
	if (wanted->tag.locktag_type == LOCKTAG_VIRTUALTRANSACTION)
	{
		note_holder(holders, mig_locktag_virtual_transaction(&wanted->tag));
		return;
	}
	vxids = GetLockConflicts(&wanted->tag, wanted->mode, &n);
	for (i = 0; i < n; i++)
		note_holder(holders, vxids[i]);
}

/* A list of numbers as an argument of a query: int4[]. */
static MigSpiArgument
pids_argument(List *pids)
{
	MigSpiArgument argument = {INT4ARRAYOID, (Datum) 0, false};
	Datum	   *values = palloc(sizeof(Datum) * (list_length(pids) + 1));
	int			n = 0;
	ListCell   *lc;

	foreach(lc, pids)
		values[n++] = Int32GetDatum(lfirst_int(lc));
	argument.value = PointerGetDatum(construct_array(values, n, INT4OID, sizeof(int32), true, TYPALIGN_INT));
	return argument;
}

/*
 * Which processes are worth waiting for: those in a transaction older than so
 * many milliseconds.  A pg_dump is, however young, for it will get old; so is
 * a vacuum against wraparound, which does not step aside.  Other autovacuums
 * are not: the server cancels them for us.
 *
 * Asked as the owner of the extension, because who may not see the age of
 * others' transactions must not queue behind them, either.
 */
static List *
find_long_lived(List *pids, int longer_than)
{
	static const char *const query =
		"SELECT a.pid::pg_catalog.text FROM pg_catalog.pg_stat_activity a WHERE a.pid = ANY ($1)"
		" AND CASE WHEN a.backend_type = 'autovacuum worker' THEN a.query LIKE '%(to prevent wraparound)'"
		" WHEN pg_catalog.starts_with(a.application_name, 'pg_dump') THEN true"
		" ELSE a.xact_start < pg_catalog.clock_timestamp() - $2 * interval '1 millisecond' END";
	MigSpiArgument arguments[2] = {pids_argument(pids), {INT4OID, Int32GetDatum(longer_than), false}};
	MigOwnerScope scope;
	MigNameList found;
	List	   *result = NIL;
	int			i;

	mig_enter_owner(&scope);
	mig_spi_select(query, lengthof(arguments), arguments);
	mig_spi_get_column(&found);
	mig_leave_owner(&scope);
	for (i = 0; i < found.count; i++)
		result = lappend_int(result, atoi(found.names[i]));
	return result;
}

/* One line for each holder, as the current user may see it. */
static void
describe_holders(const Holders *holders, int longer_than, MigNameList *lines)
{
	static const char *const query =
		"SELECT pg_catalog.concat_ws(', ', 'process ' || a.pid, 'user ' || a.usename,"
		" CASE WHEN a.application_name <> '' THEN 'application \"' || a.application_name || '\"' END,"
		" CASE WHEN a.backend_type <> 'client backend' THEN a.backend_type END, a.state,"
		" 'transaction open for ' || pg_catalog.date_trunc('second', pg_catalog.clock_timestamp() - a.xact_start),"
		" 'query: ' || pg_catalog.left(pg_catalog.btrim(pg_catalog.regexp_replace(a.query, '[[:space:]]+', ' ', 'g')), 100))"
		" FROM pg_catalog.pg_stat_activity a WHERE a.pid = ANY ($1)"
		" UNION ALL SELECT pg_catalog.concat_ws(', ', 'prepared transaction ' || pg_catalog.quote_literal(p.gid),"
		" 'user ' || p.owner, 'prepared ' || pg_catalog.date_trunc('second', pg_catalog.clock_timestamp() - p.prepared) || ' ago')"
		" FROM pg_catalog.pg_prepared_xacts p WHERE p.transaction::pg_catalog.text = ANY ($2)"
		" AND p.prepared <= pg_catalog.clock_timestamp() - $3 * interval '1 millisecond'"
		" ORDER BY 1";
	MigSpiArgument arguments[3] = {
		pids_argument(holders->pids), mig_spi_name_list(&holders->xids), {INT4OID, Int32GetDatum(Max(longer_than, 0)), false}
	};
	int			nestlevel = NewGUCNestLevel();

	mig_set_for_now("search_path", "pg_catalog, pg_temp");
	mig_spi_connect();
	mig_spi_select(query, lengthof(arguments), arguments);
	mig_spi_get_column(lines);
	mig_spi_finish();
	AtEOXact_GUC(true, nestlevel);
}

/*
 * Who holds locks that conflict with the wanted ones: one line each, or NULL
 * if nobody does.
 *
 * Only transactions count that are older than so many milliseconds (see
 * find_long_lived()); if it is negative, all do.  Takes no lock on what is
 * wanted, and leaves no snapshot (but that of a transaction whose isolation
 * level keeps its first one).
 */
char *
mig_blockers(List *wanted, int longer_than, int *nblockers)
{
	Holders		holders = {0};
	MigNameList lines = {0};
	StringInfoData buf;
	ListCell   *lc;
	int			i;

	*nblockers = 0;
	foreach(lc, wanted)
	{
		CHECK_FOR_INTERRUPTS();
		note_holders(&holders, lfirst(lc));
	}
	if (holders.pids == NIL && holders.xids.count == 0)
		return NULL;

	/* what was read of other backends before would be told again */
	pgstat_clear_backend_activity_snapshot();
	PushActiveSnapshot(GetTransactionSnapshot());
	if (longer_than >= 0 && holders.pids != NIL)
		holders.pids = find_long_lived(holders.pids, longer_than);
	if (holders.pids != NIL || holders.xids.count > 0)
		describe_holders(&holders, longer_than, &lines);
	PopActiveSnapshot();

	*nblockers = lines.count;
	if (lines.count == 0)
		return NULL;
	initStringInfo(&buf);
	for (i = 0; i < lines.count; i++)
		appendStringInfo(&buf, "%s%s", i > 0 ? "\n" : "", lines.names[i]);
	return buf.data;
}

/* Does this backend hold the lock in a mode that conflicts with the wanted one? */
static bool
holds_conflicting(const LockData *data, const LOCKTAG *tag, LOCKMODE mode)
{
	LOCKMASK	conflicting = GetLockTagsMethodTable(tag)->conflictTab[mode];
	int			i;

	for (i = 0; i < data->nelements; i++)
	{
		const LockInstanceData *lock = &data->locks[i];

		if (lock->pid == MyProcPid && (lock->holdMask & conflicting) != 0 &&
			memcmp(&lock->locktag, tag, sizeof(LOCKTAG)) == 0)
			return true;
	}
	return false;
}

/*
 * How many processes wait for locks that this one holds, those of rows that
 * its transaction has changed included.  The whole lock table is read for
 * that: not a thing to do every few milliseconds.
 */
int
mig_waiting_for_us(void)
{
	LockData   *data = GetLockStatusData();
	int			n = 0;
	int			i;

	for (i = 0; i < data->nelements; i++)
	{
		const LockInstanceData *lock = &data->locks[i];

		/* a process waits for one lock at a time */
		if (lock->waitLockMode != NoLock && lock->pid != MyProcPid &&
			holds_conflicting(data, &lock->locktag, lock->waitLockMode))
			n++;
	}
	return n;
}

/* ----------
 * Waiting without a lock
 * ----------
 */

/* Do nothing for so many milliseconds; can be cancelled. */
void
mig_pause(long milliseconds)
{
	TimestampTz deadline = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), milliseconds);

	for (;;)
	{
		long		left = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), deadline);

		CHECK_FOR_INTERRUPTS();
		if (left <= 0)
			return;
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, left, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
	}
}

/*
 * How long to pause after so many failed attempts, in milliseconds.  The
 * limit doubles each time, and the pause is anything up to it: so those who
 * failed together do not come back together.
 */
int
mig_backoff(int attempt, int lock_timeout)
{
	double		limit = (double) Max(lock_timeout, MIN_BACKOFF) * (1 << Min(Max(attempt, 0), 16));

	int			pause = (int) (pg_prng_double(&pg_global_prng_state) * Min(limit, MAX_BACKOFF));

	return Max(pause, MIN_BACKOFF);
}
