/*-------------------------------------------------------------------------
 *
 * patience.c
 *	  Waiting for others without standing in anybody's way.
 *
 * Who waits in the queue for a strong lock holds up everybody who comes after
 * him, readers included.  So a run looks first who holds what, and while that
 * is a long transaction, or a dump, it does not even ask: it looks again and
 * again, between transactions, with no snapshot and no lock.  When it asks,
 * it is for no longer than the lock timeout; at first, where it costs nothing
 * to come again, for much less.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "errcodes.h"
#include "miscadmin.h"
#include "patience.h"
#include "place.h"
#include "progress.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

/* Pauses between two looks, in milliseconds: twice as long each time. */
#define FIRST_LOOK	100
#define LAST_LOOK	2000

/* For how long to ask at first, in milliseconds. */
#define FIRST_ASK	100

/* After this part of the time for all attempts: for as long as allowed. */
#define EAGER_AFTER	(1.0 / 30)

/* Begin the attempts at something. */
void
mig_patience_begin(MigPatience *patience, int lock_timeout, int lock_retry_for)
{
	MemSet(patience, 0, sizeof(MigPatience));
	patience->lock_timeout = lock_timeout;
	patience->lock_retry_for = lock_retry_for;
	patience->started_at = GetCurrentTimestamp();
	patience->deadline = TimestampTzPlusMilliseconds(patience->started_at, lock_retry_for);
}

/*
 * For how long to ask for locks now, if nothing is lost when they are not
 * obtained, and so how old a transaction is that is not worth asking behind.
 *
 * Most transactions are short or long: a tenth of a second is enough to get
 * past the former, and to find out which one is the latter without anybody
 * noticing.  But where there always is one in between, that would never end,
 * so it gets more, up to the lock timeout, well before the end of the time.
 */
int
mig_patience_now(const MigPatience *patience)
{
	double		waited = TimestampDifferenceMilliseconds(patience->started_at, GetCurrentTimestamp());
	double		eager = EAGER_AFTER * patience->lock_retry_for;

	if (waited >= eager)
		return patience->lock_timeout;
	return Min(patience->lock_timeout, Max(FIRST_ASK, (int) (patience->lock_timeout * (waited / eager))));
}

/* Is the error one that goes away when others are out of the way? */
bool
mig_is_lock_failure(const ErrorData *edata)
{
	return edata->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE ||
		edata->sqlerrcode == ERRCODE_T_R_DEADLOCK_DETECTED ||
		edata->sqlerrcode == ERRCODE_T_R_SERIALIZATION_FAILURE;
}

/*
 * The locks of some statements that would hold up readers or writers who come
 * after us in the queue, in the order in which they are to be taken.
 */
static List *
strong_locks(const MigStatement *statements, int nstatements)
{
	MigLockTargets targets = {0};
	int			n = 0;
	int			i;
	int			j;

	for (i = 0; i < nstatements; i++)
		n += statements[i].targets.count;
	targets.items = palloc(sizeof(MigLockTarget) * Max(n, 1));
	for (i = 0; i < nstatements; i++)
	{
		for (j = 0; j < statements[i].targets.count && !statements[i].is_concurrent; j++)
		{
			if (statements[i].targets.items[j].mode >= ShareLock)
				targets.items[targets.count++] = statements[i].targets.items[j];
		}
	}
	return mig_wanted_locks(&targets);
}

/*
 * The locks that a revision can take before its first statement, or NIL if
 * it cannot: where a statement may run for long, or is not only DDL, the
 * locks of those after it would be held meanwhile.
 */
List *
mig_locks_to_take(const MigStatementList *statements)
{
	int			i;

	for (i = 0; i < statements->count; i++)
	{
		if (!statements->items[i].targets.complete)
			return NIL;
	}
	return strong_locks(statements->items, statements->count);
}

/*
 * Who is in the way of the statements, and shall not be queued behind?  As
 * this may be asked for hours, nothing but the answer is left in memory.
 */
static char *
look(const MigPatience *patience, const MigStatement *statements, int nstatements)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "migrate look", ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	List	   *locks;
	char	   *blockers;
	int			n;

	PushActiveSnapshot(GetTransactionSnapshot());
	locks = strong_locks(statements, nstatements);
	if (patience->has_failed)
		locks = lappend(locks, unconstify(MigWantedLock *, &patience->failed));
	blockers = mig_blockers(locks, mig_patience_now(patience), &n);
	PopActiveSnapshot();
	MemoryContextSwitchTo(oldcontext);
	if (blockers != NULL)
		blockers = pstrdup(blockers);
	MemoryContextDelete(context);
	return blockers;
}

/* 55P03: in all the time that it had it did not get to ask. */
static void
give_up(const MigPatience *patience, const MigScriptSource *source, const char *blockers)
{
	ereport(ERROR,
			(errcode(ERRCODE_LOCK_NOT_AVAILABLE),
			 errmsg("could not obtain the locks of revision %s within %d ms", source->revision, patience->lock_retry_for),
			 errdetail("In the way:\n%s", blockers),
			 errhint("Call again when they have ended, or end them with pg_terminate_backend(); lock_retry_for => '1 h' waits longer. The run goes on where it stopped.")));
}

/*
 * Is nobody in the way of the statements who will probably still be there
 * when we have asked in vain?  If somebody is, the caller ends the
 * transaction, pauses (mig_look_pause()), holding nothing, and looks again.
 * Nothing has been done in the transaction, and no snapshot remains.
 *
 * Raises 55P03 at the deadline.
 */
bool
mig_is_quiet(MigPatience *patience, const MigScriptSource *source, const MigStatement *statements,
			 int nstatements)
{
	char	   *blockers = look(patience, statements, nstatements);

	if (blockers == NULL)
	{
		patience->nlooks = 0;
		return true;
	}
	if (GetCurrentTimestamp() >= patience->deadline)
		give_up(patience, source, blockers);
	if (patience->nlooks++ == 0)
	{
		mig_progress_phase(MIG_PHASE_WAITING_FOR_OTHERS);
		ereport(NOTICE,
				(errmsg("%s waits for other transactions", mig_source_name(source)),
				 errdetail("It asks for no lock until they have ended:\n%s", blockers)));
	}
	pfree(blockers);
	return false;
}

/* The pause before the next look, in milliseconds. */
long
mig_look_pause(const MigPatience *patience)
{
	return Min(FIRST_LOOK << Min(patience->nlooks, 8), LAST_LOOK);
}

/* Who is in the way of what the last attempt failed for; NULL: not known. */
char *
mig_failed_for(const MigPatience *patience)
{
	char	   *blockers;
	int			n;

	if (!patience->has_failed)
		return NULL;
	PushActiveSnapshot(GetTransactionSnapshot());
	blockers = mig_blockers(list_make1(unconstify(MigWantedLock *, &patience->failed)), -1, &n);
	PopActiveSnapshot();
	return blockers;
}

/*
 * What the last of several attempts failed for: the error, with who was in
 * the way, if it does not say so itself.
 */
ErrorData *
mig_explain_lock_failure(const MigPatience *patience, ErrorData *edata, const char *blockers, int attempts)
{
	if (blockers != NULL && edata->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE)
		edata->detail = psprintf("%d attempts in %d ms. In the way:\n%s", attempts, patience->lock_retry_for, blockers);
	if (edata->hint == NULL)
		edata->hint = pstrdup("Call again, or with a longer lock_retry_for. The run goes on where it stopped.");
	return edata;
}
