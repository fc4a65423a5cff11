/*-------------------------------------------------------------------------
 *
 * backfillcall.c
 *	  A backfill that belongs to no revision.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "backfillcall.h"
#include "errcodes.h"
#include "executor/instrument.h"
#include "executor/spi.h"
#include "job.h"
#include "lib/stringinfo.h"
#include "mutex.h"
#include "progress.h"
#include "record.h"
#include "security.h"
#include "spiutil.h"
#include "step.h"
#include "trial.h"
#include "utils/builtins.h"
#include "utils/elog.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

typedef struct BackfillCall
{
	MigBackfillTask *task;
	TimestampTz started_at;
	uint64		wal_bytes;		/* of the session, at the beginning */
} BackfillCall;

/* Whose transaction is being committed. */
static const BackfillCall *active_call = NULL;

/* For MigTransactions: there always is a transaction. */
static void
begin_transaction(const char *text)
{
}

/*
 * Positions of errors are in the statement, and not in the call that has it
 * for an argument.
 */
static void
error_callback(void *arg)
{
	const BackfillCall *call = (const BackfillCall *) arg;
	int			position = geterrposition();

	if (position > 0)
	{
		errposition(0);
		internalerrposition(position);
		internalerrquery(call->task->statement);
	}
	else
		errcontext("backfill statement \"%s\"", call->task->statement);
}

/* Write into the ledger what came of the call. */
static void
record(const BackfillCall *call, int64 rows, const ErrorData *edata)
{
	MigOwnerScope scope;
	MigRecorder recorder;
	MigLogEntry entry = {0};

	entry.run = call->task->run;
	entry.direction = "backfill";
	entry.message = call->task->statement;
	entry.statements = edata == NULL ? 1 : 0;
	entry.attempts = 1;
	entry.started_at = call->started_at;
	entry.duration = palloc0(sizeof(Interval));
	entry.duration->time = GetCurrentTimestamp() - call->started_at;
	entry.rows = rows;
	entry.wal_bytes = (int64) (pgWalUsage.wal_bytes - call->wal_bytes);
	entry.role = mig_current_role_name();
	if (edata != NULL)
	{
		entry.sqlstate = unpack_sql_state(edata->sqlerrcode);
		entry.error = edata->message;
	}
	mig_enter_owner(&scope);
	mig_recorder_begin(&recorder, &scope.extension);
	mig_record_log(&recorder, call->task->schema_name, &entry);
	mig_leave_owner(&scope);
}

/*
 * For MigBackfillTask.  The run is done with the transaction that ends the
 * backfill: were it resumed after that, it would begin again.
 */
static void
finish(void *arg, const MigBackfillResult *result)
{
	const BackfillCall *call = (const BackfillCall *) arg;
	MigOwnerScope scope;

	record(call, result->rows, NULL);
	mig_enter_owner(&scope);
	(void) mig_job_set_state(&scope.extension, call->task->run, MIG_JOB_DONE, NULL, NULL);
	mig_leave_owner(&scope);
	ereport(NOTICE,
			(errmsg("backfill done: " INT64_FORMAT " rows in " INT64_FORMAT " batches", result->rows,
					result->batches)));
}

/* For MigBackfillTask. */
static void
fail(void *arg, const ErrorData *edata)
{
	const BackfillCall *call = (const BackfillCall *) arg;

	record(call, 0, edata);
	mig_job_end(call->task->run, edata);
}

/*
 * For MigTransactions.  A deferred constraint may fail only here, and then
 * SPI has begun another transaction, in which it is noted.
 */
static void
end_transaction(void)
{
	ErrorData  *edata = mig_try_commit();

	if (edata == NULL)
		return;
	fail(unconstify(BackfillCall *, active_call), edata);
	SPI_commit();
	ReThrowError(edata);
}

/* An argument of a CALL that is text, if it is given. */
static void
append_text(StringInfo command, const char *name, const char *value)
{
	if (value != NULL)
		appendStringInfo(command, ", %s => %s", name, quote_literal_cstr(value));
}

/*
 * The text of a CALL with all arguments that say anything, so that it means
 * the same whatever settings there are.
 */
char *
mig_backfill_command(const MigBackfillTask *task)
{
	const MigBatchOptions *options = &task->options;
	MigExtension extension;
	StringInfoData command;

	mig_find_extension(&extension);
	initStringInfo(&command);
	appendStringInfo(&command, "CALL %s.migrate_backfill(table_name => %s, statement => %s", extension.schema_name,
					 options->table ? quote_literal_cstr(options->table) : "NULL", quote_literal_cstr(task->statement));
	append_text(&command, "key", options->key);
	if (options->size > 0)
		appendStringInfo(&command, ", size => %d", options->size);
	appendStringInfo(&command, ", pause => '%d ms', lock_timeout => '%d ms', lock_retry_for => '%d ms'",
					 options->pause, task->lock_timeout, task->lock_retry_for);
	append_text(&command, "schema", task->schema_name[0] != '\0' ? task->schema_name : NULL);
	appendStringInfoChar(&command, ')');
	return command.data;
}

/* Get a number, and show others what is run. */
static void
begin(MigBackfillTask *task)
{
	MigOwnerScope scope;

	mig_enter_owner(&scope);
	mig_progress_begin(&scope.extension, mig_job_run(), task->schema_name, MIG_UPGRADE, task->statement, true);
	mig_leave_owner(&scope);
	PushActiveSnapshot(GetTransactionSnapshot());
	task->run = mig_job_begin(mig_job_run(), mig_backfill_command(task), true);
	PopActiveSnapshot();
	mig_progress_run(task->run);
	SPI_commit();
}

/*
 * Run a backfill, in batches that are committed.  The caller has made sure
 * that the transaction may be ended, and has filled in what the arguments
 * say; the number of the run is filled in here.
 */
void
mig_call_backfill(MigBackfillTask *task)
{
	MemoryContext oldcontext = CurrentMemoryContext;
	BackfillCall call = {task, GetCurrentTimestamp(), pgWalUsage.wal_bytes};
	ErrorContextCallback callback;

	mig_refuse_nested_run();
	if (SPI_connect_ext(SPI_OPT_NONATOMIC) != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect_ext failed");
	/* what SPI allocates may end with a transaction */
	MemoryContextSwitchTo(oldcontext);
	task->revision = "";
	task->transactions.begin = begin_transaction;
	task->transactions.end = end_transaction;
	task->finish = finish;
	task->fail = fail;
	active_call = &call;
	task->arg = &call;
	begin(task);
	callback.callback = error_callback;
	callback.arg = &call;
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	mig_backfill_run(task);
	error_context_stack = callback.previous;
	mig_progress_end();
	mig_job_end(task->run, NULL);
	SPI_finish();
	MemoryContextSwitchTo(oldcontext);
}
