/*-------------------------------------------------------------------------
 *
 * attempt.c
 *	  One attempt at a step of a production run.
 *
 * A revision that may run in a transaction block does: its statements, the
 * version rows and the ledger are one transaction, and in it one
 * subtransaction, so that a failed attempt leaves no lock behind before the
 * transaction ends.
 *
 * Any other revision is run by a background worker, statement by statement,
 * each with the note that it has run (unfinished.c) in one transaction.  We
 * wait for it with no snapshot, since CREATE INDEX CONCURRENTLY waits for all
 * older ones, unseen by the deadlock detector.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "attempt.h"
#include "catalog/pg_type.h"
#include "execscript.h"
#include "mutex.h"
#include "progress.h"
#include "resume.h"
#include "spiutil.h"
#include "tenant.h"
#include "trial.h"
#include "unfinished.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "worker.h"

/* What the statements that a worker has run and recorded came to. */
static void
sum_statements(const MigAttempt *attempt, MigLogEntry *entry)
{
	MigOwnerScope scope;
	MigSpiArgument arguments[3];
	bool		isnull;

	mig_enter_owner(&scope);
	arguments[0] = (MigSpiArgument) {INT8OID, Int64GetDatum(attempt->run), false};
	arguments[1] = mig_spi_text(attempt->store->schema_name);
	arguments[2] = mig_spi_text(attempt->prepared->source.revision);
	mig_spi_execute(SPI_OK_SELECT,
					psprintf("SELECT COALESCE(pg_catalog.sum(rows), 0)::pg_catalog.int8,"
							 " COALESCE(pg_catalog.sum(wal_bytes), 0)::pg_catalog.int8"
							 " FROM %s.migrate_log_statement WHERE run = $1"
							 " AND schema_name = $2::pg_catalog.name AND revision = $3 AND sqlstate IS NULL",
							 scope.extension.schema_name),
					lengthof(arguments), arguments);
	entry->rows = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	entry->wal_bytes = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2, &isnull));
	SPI_freetuptable(SPI_tuptable);
	mig_leave_owner(&scope);
}

/* What the ledger is to tell of the attempt, but for its statements. */
static void
begin_entry(const MigAttempt *attempt, MigLogEntry *entry)
{
	MemSet(entry, 0, sizeof(MigLogEntry));
	entry->run = attempt->run;
	entry->attempts = attempt->number;
	entry->started_at = attempt->step_started_at;
	entry->duration = palloc0(sizeof(Interval));
	entry->duration->time = GetCurrentTimestamp() - attempt->step_started_at;
	entry->lock_wait = attempt->started_at - attempt->step_started_at;
}

/* Write the version rows and the ledger; the revision is finished. */
static void
record_success(const MigAttempt *attempt)
{
	MigOwnerScope scope;
	MigLogEntry entry;

	mig_progress_phase(MIG_PHASE_RECORDING);
	begin_entry(attempt, &entry);
	if (!attempt->atomic)
	{
		entry.statements = attempt->prepared->statements.count;
		sum_statements(attempt, &entry);
	}
	mig_step_record(attempt->recorder, attempt->store, attempt->prepared, &entry, attempt->results);
	if (!attempt->is_begun)
		return;
	mig_enter_owner(&scope);
	mig_unfinished_end(&scope.extension, attempt->store->schema_name, attempt->prepared->source.revision);
	mig_leave_owner(&scope);
}

/*
 * Begin what is done in a subtransaction: with a snapshot, and no wait for a
 * lock without a limit.  Returns what end_body() needs.
 */
static int
begin_body(const MigAttempt *attempt)
{
	int			guc_nestlevel = mig_enter_schema(attempt->store->schema_name);

	PushActiveSnapshot(GetTransactionSnapshot());
	mig_set_lock_patience(attempt->patience.lock_timeout);
	return guc_nestlevel;
}

/* The end of it. */
static void
end_body(int guc_nestlevel)
{
	PopActiveSnapshot();
	AtEOXact_GUC(false, guc_nestlevel);
}

/* ----------
 * In one transaction
 * ----------
 */

/* An error after the last statement is not one of a statement. */
static void
constraints_error_callback(void *arg)
{
	const MigAttempt *attempt = (const MigAttempt *) arg;

	errcontext("deferred constraints and triggers at the end of the %s", mig_source_name(&attempt->prepared->source));
}

/*
 * A deferred constraint shall fail here, not when the transaction ends, so
 * that the failure is one of the revision.  What its triggers do the script
 * does (mig_script_is_running).
 */
static void
check_constraints(MigAttempt *attempt)
{
	MigPlace	place = {&attempt->prepared->source, NULL, 0, 0, 0, 0};
	ErrorContextCallback script;
	ErrorContextCallback callback;

	script.callback = mig_place_error_callback;
	script.arg = &place;
	script.previous = error_context_stack;
	callback.callback = constraints_error_callback;
	callback.arg = attempt;
	callback.previous = &script;
	error_context_stack = &callback;
	mig_spi_connect();
	mig_spi_execute(SPI_OK_UTILITY, "SET CONSTRAINTS ALL IMMEDIATE", 0, NULL);
	mig_spi_finish();
	error_context_stack = script.previous;
}

/* The statement that had been begun, perhaps in batches, is run from its beginning. */
static void
begin_anew(const MigAttempt *attempt)
{
	MigOwnerScope scope;

	mig_enter_owner(&scope);
	mig_resume_begin_anew(&scope.extension, attempt->store->schema_name, attempt->prepared->source.revision);
	mig_leave_owner(&scope);
}

/* The statements, the version rows and the ledger. */
static bool
run_atomically(void *arg)
{
	MigAttempt *attempt = (MigAttempt *) arg;
	const MigPreparedStep *prepared = attempt->prepared;
	List	   *locks;
	int			guc_nestlevel = begin_body(attempt);

	mig_require_schema(attempt->store->schema_name, false);
	mig_lock_watch_begin();
	locks = mig_locks_to_take(&prepared->statements);
	if (locks != NIL)
	{
		mig_progress_phase(MIG_PHASE_LOCKING);
		mig_lock_targets_now(locks, mig_patience_now(&attempt->patience));
	}
	mig_progress_phase(MIG_PHASE_RUNNING);
	if (attempt->is_begun)
		begin_anew(attempt);
	mig_execute_statements(&prepared->source, &prepared->statements, attempt->results,
						   attempt->patience.lock_timeout);
	check_constraints(attempt);
	record_success(attempt);
	mig_lock_watch_end();
	end_body(guc_nestlevel);
	return true;
}

/* ----------
 * Statement by statement
 * ----------
 */

/*
 * Get ready for the worker: note that the revision has been begun, see how
 * many statements have run before, and keep everybody from waiting for us
 * with a snapshot.
 */
static void
begin_by_statements(MigAttempt *attempt)
{
	const MigPreparedStep *prepared = attempt->prepared;
	MigOwnerScope scope;

	PushActiveSnapshot(GetTransactionSnapshot());
	mig_enter_owner(&scope);
	mig_unfinished_begin(&scope.extension, attempt->store->schema_name, attempt->run, prepared->source.revision,
						 prepared->source.direction);
	attempt->is_begun = true;
	attempt->done = mig_resume_count(&scope.extension, attempt->store->schema_name, prepared);
	if (attempt->done < prepared->statements.count && prepared->statements.items[attempt->done].batch == NULL)
		mig_resume_begin_anew(&scope.extension, attempt->store->schema_name, prepared->source.revision);
	attempt->has_yielded = !mig_begin_concurrent_phase(&scope.extension, attempt->store->schema_name);
	mig_leave_owner(&scope);
	PopActiveSnapshot();
	SPI_commit();
}

/* Let others wait for us again. */
static void
end_concurrent_phase(const char *schema_name)
{
	MigOwnerScope scope;

	mig_enter_owner(&scope);
	mig_end_concurrent_phase(&scope.extension, schema_name);
	mig_leave_owner(&scope);
}

/* A worker, and what it returned. */
typedef struct WorkerTrial
{
	MigWorkerTask task;
	ErrorData  *edata;
} WorkerTrial;

static bool
run_worker(void *arg)
{
	WorkerTrial *trial = (WorkerTrial *) arg;

	trial->edata = mig_worker_run(&trial->task);
	return true;
}

/* The version rows and the ledger, after the last statement. */
static bool
record_by_statements(void *arg)
{
	MigAttempt *attempt = (MigAttempt *) arg;
	int			guc_nestlevel = begin_body(attempt);

	record_success(attempt);
	end_body(guc_nestlevel);
	return true;
}

/* Run what has not yet run of the revision. */
static ErrorData *
run_by_statements(MigAttempt *attempt)
{
	const MigPreparedStep *prepared = attempt->prepared;
	WorkerTrial trial = {{0}};
	ErrorData  *edata;

	begin_by_statements(attempt);
	if (attempt->has_yielded)
		return NULL;
	trial.task.first = attempt->done;
	trial.task.run = attempt->run;
	trial.task.schema_name = attempt->store->schema_name;
	trial.task.source = &prepared->source;
	trial.task.lock_timeout = attempt->patience.lock_timeout;
	trial.task.lock_retry_for = Max(attempt->patience.lock_retry_for, attempt->patience.lock_timeout);
	trial.task.attempt = attempt->number;
	if (trial.task.first < prepared->statements.count)
	{
		mig_progress_phase(MIG_PHASE_RUNNING);
		edata = mig_try(run_worker, &trial);
		if (edata == NULL)
			edata = trial.edata;
		SPI_commit();
		end_concurrent_phase(attempt->store->schema_name);
		if (edata != NULL)
			return edata;
	}
	else
		end_concurrent_phase(attempt->store->schema_name);
	return mig_try(record_by_statements, attempt);
}

/* ----------
 * Both
 * ----------
 */

/*
 * Make an attempt, at the beginning of a transaction in which nothing has
 * been done.  Returns NULL if the step has been made and recorded, and its
 * transaction waits to be committed; or attempt->has_yielded is set.  Else
 * the error, and nothing is left of the attempt but statements that ran in
 * transactions of their own.
 */
ErrorData *
mig_attempt(MigAttempt *attempt)
{
	ErrorData  *edata;

	attempt->has_yielded = false;
	attempt->started_at = GetCurrentTimestamp();
	attempt->results = attempt->atomic ?
		palloc0(sizeof(MigStatementResult) * Max(attempt->prepared->statements.count, 1)) : NULL;
	edata = attempt->atomic ? mig_try(run_atomically, attempt) : run_by_statements(attempt);
	if (edata != NULL && attempt->atomic)
	{
		mig_lock_watch_end();
		attempt->patience.has_failed = mig_lock_watch_last(&attempt->patience.failed);
	}
	return edata;
}

/* Of an atomic revision, the statement that failed; NULL: another part. */
static const MigStatementResult *
failed_result(const MigAttempt *attempt)
{
	int			n = attempt->results ? mig_count_results(attempt->results, attempt->prepared->statements.count) : 0;

	return n > 0 && attempt->results[n - 1].sqlstate != NULL ? &attempt->results[n - 1] : NULL;
}

/*
 * Of a revision that is run statement by statement, the statement that
 * failed: the first one that has not run.
 */
static const MigStatementResult *
unfinished_result(MigAttempt *attempt, const ErrorData *edata)
{
	const MigStatementList *statements = &attempt->prepared->statements;
	MigOwnerScope scope;
	MigStatementResult *result;

	mig_enter_owner(&scope);
	attempt->done = mig_resume_count(&scope.extension, attempt->store->schema_name, attempt->prepared);
	mig_leave_owner(&scope);
	if (attempt->done >= statements->count)
		return NULL;
	result = palloc0(sizeof(MigStatementResult));
	result->number = attempt->done + 1;
	result->line = statements->items[attempt->done].line;
	result->started_at = attempt->started_at;
	result->duration = GetCurrentTimestamp() - attempt->started_at;
	result->sqlstate = unpack_sql_state(edata->sqlerrcode);
	result->error = edata->message;
	return result;
}

/* What mig_attempt_record_failure() has to record. */
typedef struct FailureTrial
{
	MigAttempt *attempt;
	const ErrorData *edata;
} FailureTrial;

/* The ledger keeps what failed, and how many statements stay. */
static bool
record_failure(void *arg)
{
	FailureTrial *trial = (FailureTrial *) arg;
	MigAttempt *attempt = trial->attempt;
	const MigStatementResult *failed;
	MigOwnerScope scope;
	MigLogEntry entry;
	int			guc_nestlevel = begin_body(attempt);

	begin_entry(attempt, &entry);
	failed = attempt->atomic ? failed_result(attempt) : unfinished_result(attempt, trial->edata);
	entry.statements = attempt->atomic ? 0 : attempt->done;
	if (!attempt->atomic)
		sum_statements(attempt, &entry);
	entry.sqlstate = unpack_sql_state(trial->edata->sqlerrcode);
	entry.error = trial->edata->message;
	mig_step_record(attempt->recorder, attempt->store, attempt->prepared, &entry, NULL);
	if (failed != NULL)
	{
		mig_enter_owner(&scope);
		mig_record_statements(attempt->recorder, attempt->store->schema_name, &entry, failed, 1);
		mig_leave_owner(&scope);
	}
	end_body(guc_nestlevel);
	return true;
}

/*
 * Write into the ledger that the step failed.  Where that fails, too, for
 * want of disk space perhaps, the error of the step is the one to know.
 */
void
mig_attempt_record_failure(MigAttempt *attempt, const ErrorData *edata)
{
	FailureTrial trial = {attempt, edata};
	ErrorData  *another = mig_try(record_failure, &trial);

	if (another != NULL)
		ereport(WARNING,
				(errcode(another->sqlerrcode),
				 errmsg("could not record in the ledger that revision %s failed: %s",
						attempt->prepared->source.revision, another->message)));
}
