/*-------------------------------------------------------------------------
 *
 * workermain.c
 *	  A background worker that runs a revision statement by statement: its
 *	  own side.
 *
 * The worker is a session like that of its caller, in the same database, of
 * the same roles, with the same settings; what it has to tell goes through a
 * queue to the caller.  Each statement is run at top level in a transaction
 * of its own, as psql would run it, or in batches, of which each has one.  At
 * the end of that transaction, or that of the last batch, in it, is noted that
 * the statement has run: so neither is there without the other.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "assertion.h"
#include "background.h"
#include "backfill.h"
#include "copyrows.h"
#include "errcodes.h"
#include "execscript.h"
#include "executor/instrument.h"
#include "lockwatch.h"
#include "mb/pg_wchar.h"
#include "mend.h"
#include "miscadmin.h"
#include "mutex.h"
#include "patience.h"
#include "progress.h"
#include "record.h"
#include "spiutil.h"
#include "stmtdigest.h"
#include "storage/proc.h"
#include "tenant.h"
#include "toplevel.h"
#include "unfinished.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "worker.h"
#include "workermain.h"

#define PAUSED_LOOK		200		/* milliseconds between two looks whether to go on */

/* All that the worker knows. */
typedef struct WorkerState
{
	shm_toc    *toc;
	const MigWorkerOrder *order;
	const char *schema_name;
	MigScriptSource source;
	MigStatementList statements;
	char	  **checksums;		/* of the statements */
	int			script_lock_timeout;	/* that the script has set, or 0 */
	MemoryContext statement_context;	/* reset before each statement */
	/* the statement that is being run: */
	MigPlace	place;
	MigMend		mend;
} WorkerState;

/* ----------
 * Before the first statement
 * ----------
 */

/* Find the order. */
static void
read_order(WorkerState *state)
{
	state->order = shm_toc_lookup(state->toc, MIG_WORKER_ORDER, false);
	state->schema_name = shm_toc_lookup(state->toc, MIG_WORKER_SCHEMA_NAME, false);
	state->source.revision = shm_toc_lookup(state->toc, MIG_WORKER_REVISION, false);
	state->source.path = shm_toc_lookup(state->toc, MIG_WORKER_PATH, false);
	state->source.text = shm_toc_lookup(state->toc, MIG_WORKER_SCRIPT, false);
	state->source.len = strlen(state->source.text);
	state->source.direction = state->order->direction;
}

/* Put the schema of the run before the search_path of the caller. */
static void
enter_schema(const WorkerState *state)
{
	if (state->schema_name[0] == '\0')
		return;
	SetConfigOption("search_path", mig_schema_search_path(state->schema_name), PGC_USERSET, PGC_S_SESSION);
}

/*
 * See to it that nobody else runs here while the worker does, and that the
 * run of the caller goes on: he may have been killed a moment ago.
 */
static void
lock_run(const WorkerState *state)
{
	MigExtension extension;

	StartTransactionCommand();
	mig_find_extension(&extension);
	if (!mig_try_lock_worker(&extension, state->schema_name))
		ereport(ERROR,
				(errcode(ERRCODE_MIG_RUN_ACTIVE),
				 errmsg("the run has ended"),
				 errdetail("The session that started the worker is gone."),
				 errhint("Call again: the run goes on where it stopped.")));
	mig_require_schema(state->schema_name, false);
	CommitTransactionCommand();
}

/*
 * Find the statements, as the caller did, and their checksums, before any of
 * them changes how strings are read.  They live as long as the worker.
 */
static void
read_script(WorkerState *state, MemoryContext context)
{
	const MigStatementList *statements = &state->statements;
	int			i;

	StartTransactionCommand();
	MemoryContextSwitchTo(context);
	mig_parse_script(&state->source);
	mig_parse_section(&state->source, &state->statements);
	state->checksums = palloc(sizeof(char *) * Max(statements->count, 1));
	for (i = 0; i < statements->count; i++)
		state->checksums[i] = mig_statement_checksum(&state->source, &statements->items[i]);
	CommitTransactionCommand();
	MemoryContextSwitchTo(context);
}

/* ----------
 * One statement
 * ----------
 */

/*
 * Set lock_timeout for the statement, in its transaction: who waits for a
 * lock has others queue behind him, and a statement with CONCURRENTLY has
 * not.  What the script has set itself stays.  A statement that may set it
 * is shown what the script has.
 */
static void
set_lock_timeout(const WorkerState *state, const MigStatement *statement)
{
	int			timeout = state->script_lock_timeout;

	if (timeout == 0 && !statement->sets)
		timeout = statement->is_concurrent ? state->order->lock_retry_for : state->order->lock_timeout;
	mig_set_lock_timeout(timeout);
}

/*
 * See if the statement has set lock_timeout, which it saw as "before", for
 * longer than its transaction.
 */
static void
note_lock_timeout(WorkerState *state, int before)
{
	if (LockTimeout != before)
		state->script_lock_timeout = LockTimeout;
}

/*
 * Run the statement, or what stands for it.  Returns the number of rows.
 */
static uint64
execute(const WorkerState *state, const MigStatement *statement, const char *text)
{
	mig_log_statement(statement, text);
	if (statement->assertion != MIG_ASSERT_NOTHING)
	{
		uint64		rows;

		PushActiveSnapshot(GetTransactionSnapshot());
		mig_spi_connect();
		rows = mig_execute_assertion(statement->assertion, text);
		mig_spi_finish();
		PopActiveSnapshot();
		return rows;
	}
	if (statement->copy != NULL)
		return mig_copy_rows(text, state->source.text + statement->copy->start, statement->copy->len);
	return mig_run_statement(text);
}

/* An error in the recording is not one of the script's. */
static void
record_error_callback(void *arg)
{
	const WorkerState *state = (const WorkerState *) arg;

	errcontext("recording statement %d of the %s of revision %s", state->place.number,
			   mig_direction_name(state->source.direction), state->source.revision);
}

/*
 * Note that the statement has run, in its transaction.  Whatever it has done
 * to role and settings, this is done as the owner of the extension, and also
 * if it has made transactions read-only.
 */
static void
record(WorkerState *state, const MigStatementResult *result)
{
	MigLogEntry entry = {0};
	MigOwnerScope scope;
	MigRecorder recorder;
	ErrorContextCallback callback;
	bool		read_only = XactReadOnly;

	callback.callback = record_error_callback;
	callback.arg = state;
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	entry.run = state->order->run;
	entry.direction = mig_direction_name(state->source.direction);
	entry.revision = state->source.revision;
	entry.attempts = state->order->attempt;
	XactReadOnly = false;
	PushActiveSnapshot(GetTransactionSnapshot());
	mig_enter_owner(&scope);
	mig_unfinished_advance(&scope.extension, state->schema_name, state->source.revision,
						   state->checksums[result->number - 1]);
	mig_recorder_begin(&recorder, &scope.extension);
	mig_record_statements(&recorder, state->schema_name, &entry, result, 1);
	mig_leave_owner(&scope);
	PopActiveSnapshot();
	XactReadOnly = read_only;
	error_context_stack = callback.previous;
}

/*
 * Run a statement in a transaction of its own, and note in it that it has
 * run, unless it had before.  The current memory context outlives it.
 */
static void
run_in_transaction(WorkerState *state, const MigStatement *statement, const char *text, bool again)
{
	MigStatementResult result = {0};
	ErrorContextCallback callback;
	uint64		wal_bytes = pgWalUsage.wal_bytes;
	int64		lock_wait = mig_lock_watch_waited();
	int			lock_timeout;

	result.number = state->place.number;
	result.line = statement->line;
	mig_begin_statement(text);
	set_lock_timeout(state, statement);
	lock_timeout = LockTimeout;
	result.started_at = GetCurrentTimestamp();
	mig_lock_watch_begin();
	callback.callback = mig_place_error_callback;
	callback.arg = &state->place;
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	result.rows = (int64) execute(state, statement, text);
	error_context_stack = callback.previous;
	mig_lock_watch_end();
	result.duration = GetCurrentTimestamp() - result.started_at;
	result.lock_wait = mig_lock_watch_waited() - lock_wait;
	result.wal_bytes = pgWalUsage.wal_bytes - wal_bytes;
	if (!again)
		record(state, &result);
	/* deferred triggers are a matter of the statement, too */
	error_context_stack = &callback;
	mig_end_statement();
	error_context_stack = callback.previous;
	note_lock_timeout(state, lock_timeout);
	/* if it changed client_encoding: the caller takes that of the database */
	SetClientEncoding(GetDatabaseEncoding());
}

/* ----------
 * In batches
 * ----------
 */

/* What is needed when the last batch has run. */
typedef struct Batches
{
	WorkerState *state;
	ErrorContextCallback callback;
	uint64		wal_bytes;		/* before the first one */
	int64		lock_wait;
} Batches;

/*
 * For MigBackfillTask: note, in the transaction of the last batch, that the
 * statement has run, and what all of it came to.
 */
static void
finish_batches(void *arg, const MigBackfillResult *backfill)
{
	Batches    *batches = (Batches *) arg;
	const MigPlace *place = &batches->state->place;
	MigStatementResult result = {0};

	mig_lock_watch_end();
	result.number = place->number;
	result.line = place->line;
	result.started_at = backfill->started_at;
	result.duration = GetCurrentTimestamp() - backfill->started_at;
	result.rows = backfill->rows;
	result.wal_bytes = pgWalUsage.wal_bytes - batches->wal_bytes;
	result.lock_wait = mig_lock_watch_waited() - batches->lock_wait;
	/* what follows is not the statement */
	error_context_stack = batches->callback.previous;
	record(batches->state, &result);
	/* but deferred triggers are a matter of it */
	error_context_stack = &batches->callback;
	ereport(NOTICE,
			(errmsg("statement %d of %d: rows: " INT64_FORMAT ", batches: " INT64_FORMAT, place->number,
					batches->state->statements.count, backfill->rows, backfill->batches)));
}

/* Run a statement in batches, a transaction each, from where it was interrupted. */
static void
run_in_batches(WorkerState *state, const MigStatement *statement, const char *text)
{
	Batches		batches = {.state = state, .wal_bytes = pgWalUsage.wal_bytes, .lock_wait = mig_lock_watch_waited()};
	MigBackfillTask task = {
		.schema_name = state->schema_name,
		.in_schema = true,
		.revision = state->source.revision,
		.run = state->order->run,
		.statement = text,
		.options = *statement->batch,
		.lock_timeout = state->script_lock_timeout > 0 ? state->script_lock_timeout : state->order->lock_timeout,
		.lock_retry_for = state->order->lock_retry_for,
		.transactions = {mig_begin_statement, mig_end_statement},
		.finish = finish_batches,
		.arg = &batches
	};

	mig_log_statement(statement, text);
	set_lock_timeout(state, statement);
	mig_lock_watch_begin();
	batches.callback.callback = mig_place_error_callback;
	batches.callback.arg = &state->place;
	batches.callback.previous = error_context_stack;
	error_context_stack = &batches.callback;
	mig_backfill_run(&task);
	error_context_stack = batches.callback.previous;
	SetClientEncoding(GetDatabaseEncoding());
}

/* ----------
 * All of them
 * ----------
 */

/*
 * Make a statement the current one.  Its text, in the memory context for
 * statements, which is the current one afterwards, lives until the next.
 */
static void
begin_statement(WorkerState *state, int index)
{
	const MigStatement *statement = &state->statements.items[index];

	CHECK_FOR_INTERRUPTS();
	state->place.text = NULL;
	state->mend.kind = MIG_MEND_NOTHING;
	MemoryContextReset(state->statement_context);
	MemoryContextSwitchTo(state->statement_context);
	state->place.start = statement->start;
	state->place.len = statement->len;
	state->place.line = statement->line;
	state->place.number = index + 1;
	state->place.text = pnstrdup(state->source.text + statement->start, statement->len);
}

/*
 * Wait until nobody is in the way of the statement who is there to stay, with
 * no transaction between two looks.  A statement that nobody queues behind
 * need not.
 */
static void
await_quiet(const WorkerState *state, const MigStatement *statement)
{
	MigPatience patience;
	bool		quiet = statement->is_concurrent || statement->targets.count == 0;

	mig_patience_begin(&patience, state->order->lock_timeout, state->order->lock_retry_for);
	while (!quiet)
	{
		mig_begin_statement(state->place.text);
		quiet = mig_is_quiet(&patience, &state->source, statement, 1);
		mig_end_statement();
		if (!quiet)
			mig_pause(mig_look_pause(&patience));
	}
	mig_progress_phase(MIG_PHASE_RUNNING);
}

/* As long as somebody has asked the run to, pause, with no transaction. */
static void
await_wish_to_go_on(void)
{
	if (!mig_progress_is_paused())
		return;
	mig_progress_phase(MIG_PHASE_PAUSED);
	while (mig_progress_is_paused())
		mig_pause(PAUSED_LOOK);
	mig_progress_phase(MIG_PHASE_RUNNING);
}

/* Run a statement that has not run yet. */
static void
run_statement(WorkerState *state, int index)
{
	const MigStatement *statement = &state->statements.items[index];
	const char *text;

	await_wish_to_go_on();
	lock_run(state);
	begin_statement(state, index);
	text = state->place.text;
	mig_progress_statement(index + 1, statement->line);
	await_quiet(state, statement);
	if (statement->batch != NULL)
	{
		run_in_batches(state, statement, text);
		return;
	}
	if (statement->refuses != NULL)
	{
		ereport(NOTICE,
				(errmsg("statement %d of %d: %s", index + 1, state->statements.count, statement->refuses)));
		mig_mend_begin(&state->mend, state->schema_name, state->source.revision, text);
		mig_mend_before(&state->mend, state->order->lock_retry_for, &text);
	}
	run_in_transaction(state, statement, text, false);
}

/* Run what a new session needs of what has run before: its settings. */
static void
run_settings_again(WorkerState *state)
{
	int			i;

	for (i = 0; i < state->order->first && i < state->statements.count; i++)
	{
		if (!state->statements.items[i].sets)
			continue;
		begin_statement(state, i);
		run_in_transaction(state, &state->statements.items[i], state->place.text, true);
	}
}

/*
 * After a lock timeout, outside of a transaction: say who is in the way.  If
 * that cannot be found out, the lock timeout is still the error to report.
 */
static void
explain_lock_timeout(ErrorData *edata)
{
	MemoryContext oldcontext = CurrentMemoryContext;
	MigPatience patience = {0};
	char	   *volatile blockers = NULL;

	if (edata->sqlerrcode != ERRCODE_LOCK_NOT_AVAILABLE || edata->detail != NULL)
		return;
	patience.has_failed = mig_lock_watch_last(&patience.failed);
	PG_TRY();
	{
		mig_begin_statement("migrate: looking who is in the way");
		blockers = mig_failed_for(&patience);
		mig_end_statement();
	}
	PG_CATCH();
	{
		FlushErrorState();
		MemoryContextSwitchTo(oldcontext);
		mig_abort_statement();
	}
	PG_END_TRY();
	if (blockers != NULL)
		edata->detail = psprintf("In the way:\n%s", blockers);
}

/*
 * After an error, with the transaction still open: end it, do away with what
 * the statement left, and report the error.
 */
static void
fail(WorkerState *state, ErrorData *edata)
{
	mig_place_move_position(&state->place, edata);
	MemoryContextSwitchTo(state->statement_context);
	mig_abort_statement();
	SetClientEncoding(GetDatabaseEncoding());
	explain_lock_timeout(edata);
	mig_mend_after_failure(&state->mend, state->order->lock_timeout);
	ReThrowError(edata);
}

/* Run the statements.  An error is reported after what it leaves is mended. */
static void
run_statements(WorkerState *state)
{
	PG_TRY();
	{
		int			i;

		run_settings_again(state);
		for (i = state->order->first; i < state->statements.count; i++)
			run_statement(state, i);
	}
	PG_CATCH();
	{
		ErrorData  *edata;

		MemoryContextSwitchTo(state->statement_context);
		edata = CopyErrorData();
		FlushErrorState();
		fail(state, edata);
	}
	PG_END_TRY();
}

/* The main function of the background worker. */
void
migrate_worker_main(Datum main_arg)
{
	WorkerState state = {0};
	MemoryContext context;

	context = AllocSetContextCreate(TopMemoryContext, "migrate worker", ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(context);
	state.statement_context = AllocSetContextCreate(context, "migrate statement", ALLOCSET_DEFAULT_SIZES);
	state.place.source = &state.source;
	state.toc = mig_background_attach(main_arg);
	read_order(&state);
	mig_background_connect(state.toc);
	enter_schema(&state);
	mig_progress_join(state.order->progress);
	read_script(&state, context);
	run_statements(&state);
	mig_progress_leave();
	mig_background_done();
}
