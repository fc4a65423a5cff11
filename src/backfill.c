/*-------------------------------------------------------------------------
 *
 * backfill.c
 *	  Running a statement in batches, with a commit each.
 *
 * A table is gone through in the order of a key (batchkey.c), or, if it has
 * none, of its blocks.  Each batch is the statement with a condition
 * (batchstatement.c), and the cursor is written in its transaction
 * (batchcursor.c).
 *
 * Rows that others have locked must not keep the batch, and with it all the
 * rows that it has changed already, waiting.  So it runs under a short lock
 * timeout; if that does not do, it runs again with those rows that can be
 * locked at once, and the keys of the others are put aside.  They are done
 * after all ranges, with patience.  That way nothing is paid for locking rows
 * first as long as nobody else works on the same ones.
 *
 * By blocks, rows that others update meanwhile may move to where we have been
 * already, and our own new versions to where we come to.  So the table is
 * gone through again until nothing is left, and the statement must not match
 * what it has changed.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "backfill.h"
#include "batchcondition.h"
#include "batchcursor.h"
#include "catalog/pg_type.h"
#include "digest.h"
#include "errcodes.h"
#include "guc.h"
#include "holdback.h"
#include "lib/stringinfo.h"
#include "lockwanted.h"
#include "lockwatch.h"
#include "miscadmin.h"
#include "patience.h"
#include "progress.h"
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
#define HASTY_TIMEOUT	100		/* milliseconds to wait for a row */
#define HOLD_PAUSE		1000	/* milliseconds between two looks */
#define ROWS_PER_BLOCK	50		/* where nothing is known */
#define MAX_PASSES		100

typedef struct Backfill
{
	const MigBackfillTask *task;
	MemoryContext context;
	MemoryContext batch_context;	/* reset before each batch */
	MigBatchStatement statement;
	MigBatchKey key;
	MigBatchCursor cursor;		/* as it is committed */
	MigBatchCursor next;		/* as it will be with the batch */
	MigHoldback holdback;
	MigPatience patience;		/* for rows that must be waited for */
	int64		rows_before;	/* seen before an interruption */
	bool		has_waited;		/* patience has begun */
	int			attempts;		/* in vain, for this batch */
	bool		skip_locked;	/* the next attempt at the batch does */
	bool		is_checked;		/* the statement does not match what it changes */
	bool		told_held;
	bool		done;
} Backfill;

/* ----------
 * Ranges of keys
 * ----------
 */

/* The last key of the batch that begins after the cursor; none: the rest of the table. */
static MigNameList
find_end(const Backfill *backfill)
{
	const MigBatchKey *key = &backfill->key;
	MigNameList none = {NULL, 0};
	MigBatchValues		values = {0};
	char	   *condition = mig_batch_range(key, "t", &backfill->cursor.position, &none, &values);
	uint64		n;

	n = mig_batch_select(psprintf("SELECT %s FROM %s AS t WHERE %s ORDER BY %s LIMIT 1 OFFSET %d", mig_batch_key_as_text(key),
							 key->table, condition, mig_batch_order(key), backfill->cursor.size - 1), &values);
	return n == 0 ? none : mig_batch_get_key(key, 0);
}

/*
 * Lock the rows of a range that nobody else has locked, and put the keys of
 * the others aside.  Returns those, a list for each column; NULL: none.
 */
static MigNameList *
skip_locked(Backfill *backfill, const char *condition, const MigBatchValues *values)
{
	const MigBatchKey *key = &backfill->key;
	uint64		n;
	uint64		i;
	MigNameList *columns;
	MigNameList *keys;
	MigOwnerScope scope;
	int			j;

	n = mig_batch_select(psprintf("WITH lockable AS MATERIALIZED ("
							 "SELECT t.tableoid AS tab, t.ctid AS place FROM %1$s AS t WHERE %2$s FOR %3$s SKIP LOCKED)"
							 " SELECT DISTINCT %4$s FROM %1$s AS t WHERE %2$s AND NOT EXISTS ("
							 "SELECT FROM lockable AS l WHERE l.tab = t.tableoid AND l.place = t.ctid)",
							 key->table, condition, backfill->statement.is_update ? "NO KEY UPDATE" : "UPDATE",
							 mig_batch_key_as_text(key)), values);
	if (n == 0)
		return NULL;
	columns = palloc0(sizeof(MigNameList) * key->ncolumns);
	keys = palloc(sizeof(MigNameList) * n);
	for (i = 0; i < n; i++)
	{
		keys[i] = mig_batch_get_key(key, i);
		for (j = 0; j < key->ncolumns; j++)
			mig_name_list_add(&columns[j], keys[i].names[j]);
	}
	mig_enter_owner(&scope);
	for (i = 0; i < n; i++)
		mig_batch_skip(&scope.extension, &backfill->cursor, &keys[i]);
	mig_leave_owner(&scope);
	return columns;
}

/* Run the statement for a condition, and count. */
static uint64
execute(Backfill *backfill, const char *condition, const MigBatchValues *values)
{
	uint64		n = mig_batch_execute(&backfill->statement, condition, values->count, values->types, values->values);

	backfill->next.rows_changed += (int64) n;
	backfill->next.batches++;
	return n;
}

/* The next range of keys. */
static void
run_range(Backfill *backfill)
{
	const MigBatchKey *key = &backfill->key;
	const char *name = backfill->statement.name;
	MigNameList end = find_end(backfill);
	MigBatchValues		values = {0};
	char	   *condition = mig_batch_range(key, name, &backfill->cursor.position, &end, &values);

	if (backfill->skip_locked)
	{
		MigBatchValues		same = {0};
		char	   *ours = mig_batch_range(key, "t", &backfill->cursor.position, &end, &same);
		MigNameList *skipped = skip_locked(backfill, ours, &same);

		if (skipped != NULL)
			condition = psprintf("%s AND NOT %s", condition, mig_batch_keys(key, name, skipped, &values));
	}
	execute(backfill, condition, &values);
	backfill->next.rows_seen += backfill->cursor.size;
	backfill->next.position = end;
	if (end.count == 0)
		backfill->next.phase = key->nullable ? MIG_BATCH_NULLS : MIG_BATCH_SKIPPED;
}

/* The rows that are in no range. */
static void
run_nulls(Backfill *backfill)
{
	MigBatchValues		values = {0};

	execute(backfill, mig_batch_nulls(&backfill->key, backfill->statement.name), &values);
	backfill->next.phase = MIG_BATCH_SKIPPED;
}

/* Rows that were put aside; none are left: the end. */
static void
run_skipped(Backfill *backfill)
{
	MigSkippedKeys keys;
	MigOwnerScope scope;
	MigBatchValues		values = {0};

	mig_enter_owner(&scope);
	mig_batch_read_skipped(&scope.extension, &backfill->cursor, Max(backfill->key.ncolumns, 1), &keys);
	mig_leave_owner(&scope);
	if (keys.count == 0)
	{
		backfill->done = true;
		return;
	}
	execute(backfill, mig_batch_keys(&backfill->key, backfill->statement.name, keys.columns, &values), &values);
	mig_enter_owner(&scope);
	mig_batch_forget_skipped(&scope.extension, &backfill->cursor, keys.last_id);
	mig_leave_owner(&scope);
}

/* ----------
 * Ranges of blocks
 * ----------
 */

/* How many rows a block of the table has, as far as is known. */
static double
rows_per_block(const MigBatchKey *key)
{
	return key->rows > 0 && key->blocks > 0 ? Max(key->rows / key->blocks, 1) : ROWS_PER_BLOCK;
}

/* For mig_try(): how many of the rows that were just changed would be again? */
typedef struct Check
{
	Backfill   *backfill;
	TransactionId xid;			/* that changed them */
	uint64		rows;
} Check;

static bool
change_again(void *arg)
{
	Check	   *check = (Check *) arg;
	const MigBatchStatement *statement = &check->backfill->statement;
	MigBatchValues		values = {0};
	int			xid = mig_batch_add_value(&values, TEXTOID, CStringGetTextDatum(psprintf("%u", check->xid)));

	check->rows = mig_batch_execute(statement, psprintf("%s.xmin = $%d::pg_catalog.xid", statement->name, xid),
									values.count, values.types, values.values);
	return false;
}

/* The rows that were changed must not be met again. */
static void
check_not_matched(Backfill *backfill)
{
	Check		check = {backfill, GetCurrentTransactionId(), 0};
	ErrorData  *edata = mig_try(change_again, &check);

	if (edata != NULL)
		ReThrowError(edata);
	if (check.rows > 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table %s has no key to go through it in batches", backfill->key.table),
				 errdetail("Without one, rows that have been changed are told from others only by the statement's WHERE, and it matches both."),
				 errhint("Add a primary key; or a condition that is false of what has been changed, like \"WHERE x IS NULL\" for \"SET x = ...\".")));
	backfill->is_checked = true;
}

/*
 * The condition of those rows of a range that nobody else has locked; the
 * others are left to the next pass.
 */
static char *
lockable_condition(Backfill *backfill, const char *condition, uint32 from, uint32 to, MigBatchValues *values)
{
	const MigBatchKey *key = &backfill->key;
	MigBatchValues		same = {0};
	char	   *ours = mig_batch_blocks("t", from, to, &same);
	MigNameList places = {NULL, 0};
	uint64		n = mig_batch_select(psprintf("SELECT t.ctid::pg_catalog.text FROM %s AS t WHERE %s", key->table, ours), &same);
	uint64		nlocked;
	uint64		i;

	nlocked = mig_batch_select(psprintf("SELECT t.ctid::pg_catalog.text FROM %s AS t WHERE %s FOR %s SKIP LOCKED",
								   key->table, ours, backfill->statement.is_update ? "NO KEY UPDATE" : "UPDATE"), &same);
	for (i = 0; i < nlocked; i++)
		mig_name_list_add(&places, mig_spi_get_text(i, 1));
	backfill->next.pass_rows += n > nlocked ? (int64) (n - nlocked) : 0;
	return psprintf("%s AND %s.ctid = ANY ($%d::pg_catalog.tid[])", condition, backfill->statement.name,
					mig_batch_add_value(values, TEXTARRAYOID, mig_name_list_datum(&places)));
}

/* Begin with the next pass, unless nothing was left by the last one. */
static void
end_pass(Backfill *backfill)
{
	MigNameList none = {NULL, 0};

	if (backfill->next.pass_rows == 0)
	{
		backfill->next.phase = MIG_BATCH_SKIPPED;
		return;
	}
	if (backfill->cursor.pass >= MAX_PASSES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("backfill of table %s does not come to an end", backfill->key.table),
				 errdetail("In pass %d the statement still changed rows.", backfill->cursor.pass),
				 errhint("Make it not match what it has changed, or give the table a primary key.")));
	backfill->next.pass++;
	backfill->next.pass_rows = 0;
	backfill->next.position = none;
}

/* The next range of blocks. */
static void
run_blocks(Backfill *backfill)
{
	MigBatchCursor *next = &backfill->next;
	double		density = rows_per_block(&backfill->key);
	uint32		from = next->position.count == 0 ? 0 : (uint32) strtoul(next->position.names[0], NULL, 10);
	uint32		to = from + (uint32) Max(next->size / density, 1);
	MigNameList position = {NULL, 0};
	MigBatchValues		values = {0};
	char	   *condition = mig_batch_blocks(backfill->statement.name, from, to, &values);
	uint64		n;

	if (backfill->skip_locked)
		condition = lockable_condition(backfill, condition, from, to, &values);
	n = execute(backfill, condition, &values);
	/* deleted rows are gone; those who are there again are new */
	if (backfill->statement.is_update || !backfill->statement.changes_table || next->pass > 1)
		next->pass_rows += (int64) n;
	if (n > 0 && backfill->statement.is_update && !backfill->is_checked)
		check_not_matched(backfill);
	if (next->pass == 1)
		next->rows_seen += (int64) ((to - from) * density);
	mig_name_list_add(&position, psprintf("%u", to));
	next->position = position;
	if (to >= backfill->key.blocks)
		end_pass(backfill);
}

/* ----------
 * A batch
 * ----------
 */

/* Is a batch to wait for rows, instead of skipping them? */
static bool
must_wait(const Backfill *backfill)
{
	return !backfill->statement.changes_table || backfill->cursor.phase != MIG_BATCH_RANGES ||
		backfill->cursor.pass > 1;
}

/* Set the path to that of the schema, to the end of the GUC nest level that is returned. */
static int
enter_schema(const MigBackfillTask *task)
{
	return task->in_schema ? NewGUCNestLevel() : mig_enter_schema(task->schema_name);
}

/* Values of the key are written and read in the same way in each session. */
static void
pin_formats(void)
{
	mig_set_for_now("DateStyle", "ISO, YMD");
	mig_set_for_now("IntervalStyle", "postgres");
	mig_set_for_now("extra_float_digits", "3");
}

/* For mig_try(): the batch and its cursor. */
static bool
run_batch(void *arg)
{
	Backfill   *backfill = (Backfill *) arg;
	const MigBackfillTask *task = backfill->task;
	int			guc_nestlevel = enter_schema(task);
	MigOwnerScope scope;

	mig_require_schema(task->schema_name, false);
	pin_formats();
	/* a worker has no portal that keeps one */
	PushActiveSnapshot(GetTransactionSnapshot());
	mig_set_lock_patience(must_wait(backfill) ? mig_patience_now(&backfill->patience) : HASTY_TIMEOUT);
	backfill->next = backfill->cursor;
	mig_spi_connect();
	if (backfill->cursor.phase == MIG_BATCH_NULLS)
		run_nulls(backfill);
	else if (backfill->cursor.phase == MIG_BATCH_SKIPPED)
		run_skipped(backfill);
	else if (backfill->key.ncolumns == 0)
		run_blocks(backfill);
	else
		run_range(backfill);
	mig_spi_finish();
	mig_enter_owner(&scope);
	if (backfill->done)
		mig_batch_cursor_end(&scope.extension, &backfill->cursor);
	else
		mig_batch_cursor_write(&scope.extension, &backfill->next, task->run, task->statement);
	mig_leave_owner(&scope);
	PopActiveSnapshot();
	AtEOXact_GUC(false, guc_nestlevel);
	return true;
}

/* Take over what is committed, out of the memory of the batch. */
static void
take_over(Backfill *backfill)
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
adapt_size(Backfill *backfill, int64 duration, bool was_waited_for)
{
	double		factor = mig_batch_target * 1000.0 / Max(duration, 1);

	factor = was_waited_for ? 0.5 : Min(Max(factor, 0.5), 1.5);
	backfill->cursor.size = (int) Min(Max(backfill->cursor.size * factor, 1), MAX_SIZE);
}

/* The backfill ends here: have it noted, and raise the error. */
static void
fail(Backfill *backfill, ErrorData *edata)
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
is_out_of_patience(Backfill *backfill)
{
	const MigBackfillTask *task = backfill->task;

	backfill->attempts++;
	if (!must_wait(backfill) && !backfill->skip_locked)
		return false;
	if (!backfill->has_waited)
		mig_patience_begin(&backfill->patience, task->lock_timeout, task->lock_retry_for);
	backfill->has_waited = true;
	return GetCurrentTimestamp() >= backfill->patience.deadline;
}

/*
 * The batch failed for a lock: next time skip what is locked, or, where that
 * is not possible, pause.
 */
static void
after_lock_failure(Backfill *backfill)
{
	if (!must_wait(backfill) && !backfill->skip_locked)
	{
		backfill->skip_locked = true;
		return;
	}
	mig_progress_phase(MIG_PHASE_PAUSING);
	mig_pause(mig_backoff(backfill->attempts, mig_patience_now(&backfill->patience)));
}

/* Run a batch, in a transaction of its own. */
static void
run_next(Backfill *backfill)
{
	const MigBackfillTask *task = backfill->task;
	TimestampTz started_at = GetCurrentTimestamp();
	bool		was_waited_for = false;
	ErrorData  *edata;

	MemoryContextReset(backfill->batch_context);
	MemoryContextSwitchTo(backfill->batch_context);
	mig_progress_phase(MIG_PHASE_RUNNING);
	task->transactions.begin(task->statement);
	edata = mig_try(run_batch, backfill);
	if (edata != NULL && !mig_is_lock_failure(edata))
		fail(backfill, edata);
	if (edata == NULL)
	{
		was_waited_for = mig_waiting_for_us() > 0;
		if (backfill->done && task->finish != NULL)
		{
			MigBackfillResult result = {backfill->next.rows_changed, backfill->next.batches,
			backfill->next.started_at};

			task->finish(task->arg, &result);
		}
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
	if (backfill->cursor.phase == MIG_BATCH_RANGES)
		adapt_size(backfill, GetCurrentTimestamp() - started_at, was_waited_for);
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
is_held_back(Backfill *backfill)
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
hold_back(Backfill *backfill)
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

/* What tells this backfill from others: the statement, and the way through the table. */
static char *
identify(const Backfill *backfill)
{
	MigScriptSource source = {.text = backfill->task->statement, .len = strlen(backfill->task->statement)};
	MigStatement statement = {.len = source.len};
	StringInfoData buf;

	initStringInfo(&buf);
	mig_digest_add(&buf, mig_statement_checksum(&source, &statement));
	mig_digest_add(&buf, backfill->key.description);
	return mig_digest(&buf);
}

/* Begin, or go on where it was interrupted. */
static void
begin(Backfill *backfill)
{
	const MigBackfillTask *task = backfill->task;
	int			guc_nestlevel;
	MigOwnerScope scope;

	task->transactions.begin(task->statement);
	guc_nestlevel = enter_schema(task);
	mig_require_schema(task->schema_name, false);
	PushActiveSnapshot(GetTransactionSnapshot());
	mig_batch_parse(&backfill->statement, task->statement, task->options.table);
	mig_batch_find_key(&backfill->key, &backfill->statement, task->options.key);
	backfill->cursor.schema_name = task->schema_name;
	backfill->cursor.revision = task->revision;
	backfill->cursor.checksum = identify(backfill);
	mig_enter_owner(&scope);
	if (!mig_batch_cursor_read(&scope.extension, &backfill->cursor))
	{
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
	Backfill	backfill = {.task = task};

	backfill.context = AllocSetContextCreate(oldcontext, "migrate backfill", ALLOCSET_DEFAULT_SIZES);
	backfill.batch_context = AllocSetContextCreate(backfill.context, "migrate batch", ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(backfill.context);
	begin(&backfill);
	while (!backfill.done)
	{
		CHECK_FOR_INTERRUPTS();
		hold_back(&backfill);
		run_next(&backfill);
	}
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(backfill.context);
}
