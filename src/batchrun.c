/*-------------------------------------------------------------------------
 *
 * batchrun.c
 *	  A batch of a backfill.
 *
 * A table is gone through in the order of a key (batchkey.c), or, if it has
 * none, of its blocks.  Each batch is the statement with a condition
 * (batchstatement.c).
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
 * what it has changed.  Even then a row may have moved past us: so in the end
 * the statement runs once as a whole, which finds next to nothing to do.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "batchcondition.h"
#include "batchrun.h"
#include "catalog/pg_type.h"
#include "errcodes.h"
#include "guc.h"
#include "lockwanted.h"
#include "spiutil.h"
#include "tenant.h"
#include "trial.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"

#define HASTY_TIMEOUT	100		/* milliseconds to wait for a row */
#define ROWS_PER_BLOCK	50		/* where nothing is known */
#define MAX_PASSES		100

/* Keys travel as text. */
#define AS_TEXT			"::pg_catalog.text"

/* The lock that the statement takes of a row itself. */
static const char *
lock_strength(const MigBackfill *backfill)
{
	return backfill->statement.is_update ? "NO KEY UPDATE" : "UPDATE";
}

/* ----------
 * Ranges of keys
 * ----------
 */

/* The last key of the batch that begins after the cursor; none: the rest of the table. */
static MigNameList
find_end(const MigBackfill *backfill)
{
	const MigBatchKey *key = &backfill->key;
	MigNameList none = {NULL, 0};
	MigBatchValues values = {0};
	char	   *condition = mig_batch_range(key, "t", &backfill->cursor.position, &none, &values);
	uint64		n;

	n = mig_batch_select(psprintf("SELECT %s FROM %s AS t WHERE %s ORDER BY %s LIMIT 1 OFFSET %d",
								  mig_batch_columns(key, AS_TEXT), key->table, condition, mig_batch_columns(key, ""),
								  backfill->cursor.size - 1), &values);
	return n == 0 ? none : mig_batch_get_key(key, 0);
}

/*
 * Lock the rows of a range that nobody else has locked, and put the keys of
 * the others aside.  Returns those, a list for each column; NULL: none.
 */
static MigNameList *
skip_locked(MigBackfill *backfill, const char *condition, const MigBatchValues *values)
{
	const MigBatchKey *key = &backfill->key;
	uint64		n;
	uint64		i;
	MigNameList *columns;
	MigNameList *keys;
	MigOwnerScope scope;
	int			j;

	n = mig_batch_select(psprintf("WITH lockable AS MATERIALIZED (SELECT t.tableoid AS tab, t.ctid AS place"
								  " FROM %1$s AS t WHERE %2$s FOR %3$s SKIP LOCKED)"
								  " SELECT DISTINCT %4$s FROM %1$s AS t WHERE %2$s AND NOT EXISTS ("
								  "SELECT FROM lockable AS l WHERE l.tab = t.tableoid AND l.place = t.ctid)",
								  key->table, condition, lock_strength(backfill), mig_batch_columns(key, AS_TEXT)),
						 values);
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
execute(MigBackfill *backfill, const char *condition, const MigBatchValues *values)
{
	uint64		n = mig_batch_execute(&backfill->statement, condition, values->count, values->types, values->values);

	backfill->next.rows_changed += (int64) n;
	backfill->next.batches++;
	return n;
}

/* The next range of keys. */
static void
run_range(MigBackfill *backfill)
{
	const MigBatchKey *key = &backfill->key;
	const char *name = backfill->statement.name;
	MigNameList end = find_end(backfill);
	MigBatchValues values = {0};
	char	   *condition = mig_batch_range(key, name, &backfill->cursor.position, &end, &values);

	if (backfill->skip_locked)
	{
		MigBatchValues same = {0};
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

/* The rows that are in no range, or have moved from one to another. */
static void
run_nulls(MigBackfill *backfill)
{
	MigBatchValues values = {0};

	execute(backfill, mig_batch_nulls(&backfill->key, backfill->statement.name), &values);
	backfill->next.phase = MIG_BATCH_SKIPPED;
}

/* Rows that were put aside; none are left: the end. */
static void
run_skipped(MigBackfill *backfill)
{
	MigSkippedKeys keys;
	MigOwnerScope scope;
	MigBatchValues values = {0};

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
	MigBackfill *backfill;
	TransactionId xid;			/* that changed them */
	uint64		rows;
} Check;

static bool
change_again(void *arg)
{
	Check	   *check = (Check *) arg;
	const MigBatchStatement *statement = &check->backfill->statement;
	MigBatchValues values = {0};
	int			xid = mig_batch_add_value(&values, TEXTOID, CStringGetTextDatum(psprintf("%u", check->xid)));

	check->rows = mig_batch_execute(statement, psprintf("%s.xmin = $%d::pg_catalog.xid", statement->name, xid),
									values.count, values.types, values.values);
	return false;
}

/* The rows that were changed must not be met again. */
static void
check_not_matched(MigBackfill *backfill)
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
lockable_condition(MigBackfill *backfill, const char *condition, uint32 from, uint32 to, MigBatchValues *values)
{
	const MigBatchKey *key = &backfill->key;
	MigBatchValues same = {0};
	char	   *ours = mig_batch_blocks("t", from, to, &same);
	MigNameList places = {NULL, 0};
	char	   *select = psprintf("SELECT t.ctid::pg_catalog.text FROM %s AS t WHERE %s", key->table, ours);
	uint64		n = mig_batch_select(select, &same);
	uint64		nlocked;
	uint64		i;

	nlocked = mig_batch_select(psprintf("%s FOR %s SKIP LOCKED", select, lock_strength(backfill)), &same);
	for (i = 0; i < nlocked; i++)
		mig_name_list_add(&places, mig_spi_get_text(i, 1));
	backfill->next.pass_rows += n > nlocked ? (int64) (n - nlocked) : 0;
	return psprintf("%s AND %s.ctid = ANY ($%d::pg_catalog.tid[])", condition, backfill->statement.name,
					mig_batch_add_value(values, TEXTARRAYOID, mig_name_list_datum(&places)));
}

/* Begin with the next pass, unless nothing was left by the last one. */
static void
end_pass(MigBackfill *backfill)
{
	MigNameList none = {NULL, 0};

	if (backfill->next.pass_rows == 0)
	{
		backfill->next.phase = MIG_BATCH_NULLS;
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
run_blocks(MigBackfill *backfill)
{
	MigBatchCursor *next = &backfill->next;
	double		density = rows_per_block(&backfill->key);
	uint32		from = next->position.count == 0 ? 0 : (uint32) strtoul(next->position.names[0], NULL, 10);
	uint32		to = from + (uint32) Max(next->size / density, 1);
	MigNameList position = {NULL, 0};
	MigBatchValues values = {0};
	char	   *condition = mig_batch_blocks(backfill->statement.name, from, to, &values);
	uint64		n;

	if (backfill->skip_locked)
		condition = lockable_condition(backfill, condition, from, to, &values);
	n = execute(backfill, condition, &values);
	next->pass_rows += (int64) n;
	if (n > 0 && backfill->statement.is_update && !backfill->is_checked)
		check_not_matched(backfill);
	if (next->pass == 1)
		next->rows_seen += (int64) ((to - from) * density);
	mig_name_list_add(&position, psprintf("%u", to));
	next->position = position;
	/* others may have added some */
	if (to >= backfill->key.blocks && to >= mig_batch_count_blocks(&backfill->key))
		end_pass(backfill);
}

/* ----------
 * A batch
 * ----------
 */

/*
 * Is a batch to wait for rows, instead of skipping them?  Of several keys that
 * were put aside none is waited for, but one is.
 */
bool
mig_batch_must_wait(const MigBackfill *backfill)
{
	if (backfill->cursor.phase == MIG_BATCH_SKIPPED)
		return backfill->cursor.size <= 1;
	return !backfill->statement.changes_table || backfill->cursor.phase != MIG_BATCH_RANGES ||
		backfill->cursor.pass > 1;
}

/* Set the path to that of the schema, to the end of the GUC nest level that is returned. */
int
mig_batch_enter_schema(const MigBackfillTask *task)
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
bool
mig_batch_run(void *arg)
{
	MigBackfill *backfill = (MigBackfill *) arg;
	const MigBackfillTask *task = backfill->task;
	int			guc_nestlevel = mig_batch_enter_schema(task);
	MigOwnerScope scope;

	mig_require_schema(task->schema_name, false);
	pin_formats();
	/* a worker has no portal that keeps one */
	PushActiveSnapshot(GetTransactionSnapshot());
	mig_set_lock_patience(mig_batch_must_wait(backfill) ? mig_patience_now(&backfill->patience) : HASTY_TIMEOUT);
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
	/* when the subtransaction ends they look anew for whom to wait */
	backfill->was_waited_for = mig_waiting_for_us() > 0;
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
