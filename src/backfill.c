/*-------------------------------------------------------------------------
 *
 * backfill.c
 *	  Running a statement in batches, with a commit each.
 *
 * Batch after batch (batchrun.c), each in a transaction of its own, in which
 * the cursor is written, too (batchcursor.c).  Between them, with no
 * transaction, others come first.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "backfill.h"
#include "digest.h"
#include "errcodes.h"
#include "guc.h"
#include "holdback.h"
#include "lib/stringinfo.h"
#include "lockwatch.h"
#include "miscadmin.h"
#include "mutex.h"
#include "patience.h"
#include "progress.h"
#include "resume.h"
#include "spiutil.h"
#include "stmtdigest.h"
#include "tenant.h"
#include "trial.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#define FIRST_SIZE		1000	/* rows, if nothing else is said */
#define MAX_SIZE		10000000
#define HOLD_PAUSE		1000	/* milliseconds between two looks */

/* ----------
 * A batch
 * ----------
 */

/* Take over what is committed, out of the memory of the batch. */
static void
take_over(MigBackfill *backfill)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(backfill->context);
	MigNameList position = {NULL, 0};
	int			i;

	for (i = 0; i < backfill->next.position.count; i++)
		mig_name_list_add(&position, pstrdup(backfill->next.position.names[i]));
	for (i = 0; i < backfill->cursor.position.count; i++)
		pfree(backfill->cursor.position.names[i]);
	backfill->cursor = backfill->next;
	backfill->cursor.position = position;
	MemoryContextSwitchTo(oldcontext);
}

/* The size of the next batch, after one that took so many microseconds. */
static void
adapt_size(MigBackfill *backfill, int64 duration)
{
	double		factor = mig_batch_target * 1000.0 / Max(duration, 1);

	factor = backfill->was_waited_for ? 0.5 : Min(Max(factor, 0.5), 1.5);
	/* up, or one row would stay one */
	backfill->cursor.size = (int) Min(ceil(backfill->cursor.size * factor), MAX_SIZE);
}

/* The backfill ends here: have it noted, and raise the error. */
static void
fail(MigBackfill *backfill, ErrorData *edata)
{
	if (backfill->task->fail != NULL)
	{
		backfill->task->fail(backfill->task->arg, edata);
		backfill->task->transactions.end();
	}
	ReThrowError(edata);
}

/*
 * After a batch that failed for a lock: has it asked for long enough?  The
 * time begins with the first one that must wait.
 */
static bool
is_out_of_patience(MigBackfill *backfill)
{
	const MigBackfillTask *task = backfill->task;

	backfill->attempts++;
	if (!mig_batch_must_wait(backfill) && !backfill->skip_locked)
		return false;
	if (!backfill->has_waited)
		mig_patience_begin(&backfill->patience, task->lock_timeout, task->lock_retry_for);
	backfill->has_waited = true;
	return GetCurrentTimestamp() >= backfill->patience.deadline;
}

/*
 * The batch failed for a lock: next time skip what is locked, or, where that
 * is not possible, pause.  A key that was put aside is then waited for by
 * itself, so that we hold no locks of the ones before it meanwhile.
 */
static void
after_lock_failure(MigBackfill *backfill)
{
	if (!mig_batch_must_wait(backfill) && !backfill->skip_locked)
	{
		if (backfill->cursor.phase == MIG_BATCH_SKIPPED)
			backfill->cursor.size = 1;
		else
			backfill->skip_locked = true;
		return;
	}
	mig_progress_phase(MIG_PHASE_PAUSING);
	mig_pause(mig_backoff(backfill->attempts, mig_patience_now(&backfill->patience)));
}

/* Run a batch, in a transaction of its own. */
static void
run_next(MigBackfill *backfill)
{
	const MigBackfillTask *task = backfill->task;
	TimestampTz started_at = GetCurrentTimestamp();
	ErrorData  *edata;

	MemoryContextReset(backfill->batch_context);
	MemoryContextSwitchTo(backfill->batch_context);
	mig_progress_phase(MIG_PHASE_RUNNING);
	task->transactions.begin(task->statement);
	edata = mig_try(mig_batch_run, backfill);
	if (edata != NULL && !mig_is_lock_failure(edata))
		fail(backfill, edata);
	if (edata == NULL && backfill->done && task->finish != NULL)
	{
		MigBackfillResult result = {backfill->next.rows_changed, backfill->next.batches, backfill->next.started_at};

		task->finish(task->arg, &result);
	}
	if (edata != NULL && is_out_of_patience(backfill))
		fail(backfill, mig_explain_lock_failure(&backfill->patience, edata, NULL, backfill->attempts));
	task->transactions.end();
	if (edata != NULL)
	{
		after_lock_failure(backfill);
		return;
	}
	take_over(backfill);
	mig_holdback_note(&backfill->holdback);
	if (backfill->cursor.phase != MIG_BATCH_NULLS)
		adapt_size(backfill, GetCurrentTimestamp() - started_at);
	backfill->attempts = 0;
	backfill->skip_locked = false;
	backfill->has_waited = false;
	mig_progress_rows(backfill->cursor.rows_seen, backfill->rows_before, (int64) Max(backfill->key.rows, 0));
}

/* ----------
 * The whole
 * ----------
 */

/* Is something else more urgent?  Looked at in a transaction of its own. */
static bool
is_held_back(MigBackfill *backfill)
{
	char	   *reason;

	if (mig_progress_is_paused())
	{
		mig_progress_phase(MIG_PHASE_PAUSED);
		return true;
	}
	backfill->task->transactions.begin("migrate: looking whether a backfill may go on");
	reason = mig_holdback_reason(&backfill->holdback);
	if (reason != NULL)
	{
		mig_progress_held_back(reason);
		if (!backfill->told_held)
			ereport(NOTICE,
					(errmsg("backfill of table %s is held back: %s", backfill->key.table, reason)));
		backfill->told_held = true;
	}
	backfill->task->transactions.end();
	return reason != NULL;
}

/* Wait between two batches, with no transaction. */
static void
hold_back(MigBackfill *backfill)
{
	MemoryContextReset(backfill->batch_context);
	MemoryContextSwitchTo(backfill->batch_context);
	while (is_held_back(backfill))
	{
		InvalidateCatalogSnapshot();
		mig_pause(HOLD_PAUSE);
	}
	backfill->told_held = false;
	if (backfill->cursor.batches > 0 && backfill->task->options.pause > 0)
		mig_pause(backfill->task->options.pause);
}

/*
 * What tells this backfill from others: the statement, with or without its
 * semicolon, and the way through the table.
 */
static char *
identify(const MigBackfill *backfill)
{
	const RawStmt *raw = backfill->statement.raw;
	MigScriptSource source = {.text = backfill->task->statement, .len = strlen(backfill->task->statement)};
	MigStatement statement = {.start = raw->stmt_location};
	StringInfoData buf;

	/* the parser's 0 is: to the end */
	statement.len = raw->stmt_len > 0 ? raw->stmt_len : source.len - raw->stmt_location;
	initStringInfo(&buf);
	mig_digest_add(&buf, mig_statement_checksum(&source, &statement));
	mig_digest_add(&buf, backfill->key.description);
	return mig_digest(&buf);
}

/*
 * A backfill of a revision is kept from being run twice by the lock of the
 * run; any other one by its own, for the session.
 */
static void
lock(const MigBackfill *backfill, const MigExtension *extension)
{
	if (backfill->task->revision[0] != '\0' ||
		mig_try_lock_backfill(extension, backfill->task->schema_name, backfill->cursor.checksum))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_MIG_RUN_ACTIVE),
			 errmsg("the same backfill is active"),
			 errdetail("Another session runs this statement in batches."),
			 errhint("SELECT * FROM migrate_progress shows how far it is.")));
}

/* Let it be run again. */
static void
unlock(const MigBackfill *backfill)
{
	MigOwnerScope scope;

	if (backfill->task->revision[0] != '\0')
		return;
	mig_enter_owner(&scope);
	mig_unlock_backfill(&scope.extension, backfill->task->schema_name, backfill->cursor.checksum);
	mig_leave_owner(&scope);
}

/* For mig_try(): begin, or go on where it was interrupted. */
static bool
begin(void *arg)
{
	MigBackfill *backfill = (MigBackfill *) arg;
	const MigBackfillTask *task = backfill->task;
	MemoryContext oldcontext = MemoryContextSwitchTo(backfill->context);
	int			guc_nestlevel = mig_batch_enter_schema(task);
	MigOwnerScope scope;

	PushActiveSnapshot(GetTransactionSnapshot());
	mig_batch_parse(&backfill->statement, task->statement, task->options.table);
	mig_batch_find_key(&backfill->key, &backfill->statement, task->options.key);
	backfill->cursor.schema_name = task->schema_name;
	backfill->cursor.revision = task->revision;
	backfill->cursor.checksum = identify(backfill);
	mig_enter_owner(&scope);
	lock(backfill, &scope.extension);
	if (!mig_batch_cursor_read(&scope.extension, &backfill->cursor))
	{
		if (task->revision[0] != '\0')
			mig_resume_begin_anew(&scope.extension, task->schema_name, task->revision);
		backfill->cursor.pass = 1;
		backfill->cursor.size = task->options.size > 0 ? task->options.size : FIRST_SIZE;
		backfill->cursor.started_at = GetCurrentTimestamp();
	}
	else
		ereport(NOTICE,
				(errmsg("backfill of table %s goes on after " INT64_FORMAT " rows", backfill->key.table,
						backfill->cursor.rows_seen)));
	mig_leave_owner(&scope);
	PopActiveSnapshot();
	AtEOXact_GUC(false, guc_nestlevel);
	MemoryContextSwitchTo(oldcontext);
	return true;
}

/* Begin, in a transaction of its own. */
static void
begin_in_transaction(MigBackfill *backfill)
{
	const MigBackfillTask *task = backfill->task;
	ErrorData  *edata;

	task->transactions.begin(task->statement);
	edata = mig_try(begin, backfill);
	if (edata != NULL)
		fail(backfill, edata);
	task->transactions.end();
	backfill->rows_before = backfill->cursor.rows_seen;
	mig_patience_begin(&backfill->patience, task->lock_timeout, task->lock_retry_for);
	mig_progress_rows(backfill->rows_before, backfill->rows_before, (int64) Max(backfill->key.rows, 0));
}

/*
 * Run a statement in batches, to its end.  It may have been begun before.
 * Called outside of a transaction, or where transactions.end() ends the one
 * that there is.  The current memory context must outlive transactions, and
 * is the current one afterwards.
 *
 * Errors are those of a batch, of which nothing is left; the batches before
 * it stay, and the next call goes on with it.
 */
void
mig_backfill_run(const MigBackfillTask *task)
{
	MemoryContext oldcontext = CurrentMemoryContext;
	MigBackfill backfill = {.task = task};

	backfill.context = AllocSetContextCreate(oldcontext, "migrate backfill", ALLOCSET_DEFAULT_SIZES);
	backfill.batch_context = AllocSetContextCreate(backfill.context, "migrate batch", ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(backfill.context);
	begin_in_transaction(&backfill);
	while (!backfill.done)
	{
		CHECK_FOR_INTERRUPTS();
		hold_back(&backfill);
		run_next(&backfill);
	}
	unlock(&backfill);
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(backfill.context);
}
