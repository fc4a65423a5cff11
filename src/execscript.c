/*-------------------------------------------------------------------------
 *
 * execscript.c
 *	  Running the statements of a revision script.
 *
 * Each statement goes through SPI with its own text, as the current user, in
 * the current transaction: so event triggers and the hooks of other modules
 * see single statements, and the second one is analyzed after the first one
 * has run.  Of results only their being computed matters: they are thrown
 * away row by row.
 *
 * A script may SET whatever it likes, the role included; all of it ends with
 * the script, whether it ends well (the GUC nest level) or not (the abort of
 * the transaction).
 *
 * Errors are told their place in the script (place.c), for which they must be
 * caught once: hence the PG_TRY.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "assertion.h"
#include "catalog/namespace.h"
#include "commands/extension.h"
#include "copyrows.h"
#include "execscript.h"
#include "executor/instrument.h"
#include "executor/spi.h"
#include "lockwatch.h"
#include "miscadmin.h"
#include "progress.h"
#include "shadow.h"
#include "storage/proc.h"
#include "tcop/dest.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

/*
 * Is this called by a statement of a script?  The stack of error contexts
 * knows, and unlike a flag it needs no clearing after an error.
 */
bool
mig_script_is_running(void)
{
	ErrorContextCallback *callback;

	for (callback = error_context_stack; callback != NULL; callback = callback->previous)
	{
		if (callback->callback == mig_place_error_callback)
			return true;
	}
	return false;
}

/* log_statement is obeyed only where statements come from a client. */
void
mig_log_statement(const MigStatement *statement, const char *text)
{
	if (log_statement == LOGSTMT_NONE || statement->log_level > log_statement)
		return;
	ereport(LOG,
			(errmsg("statement: %s", text),
			 errhidestmt(true)));
}

/*
 * On a shadow, does what the statement creates exist?  Extensions, and the
 * schemas that were there before, do; see shadow.c.
 */
static bool
exists_on_shadow(const MigStatement *statement)
{
	if (statement->creates_extension)
		return OidIsValid(get_extension_oid(statement->creates_extension, true));
	return statement->creates_schema && !statement->has_elements &&
		OidIsValid(get_namespace_oid(statement->creates_schema, true));
}

/* Run one statement.  Returns the number of rows that it made, changed or returned. */
static uint64
execute_statement(const MigScriptSource *source, const MigStatement *statement, const char *text)
{
	SPIExecuteOptions options = {0};
	int			result;

	if (mig_shadow_is_active() && exists_on_shadow(statement))
		return 0;
	mig_log_statement(statement, text);
	/* a shadow has tables, but no rows that one could assert about */
	if (statement->assertion != MIG_ASSERT_NOTHING)
		return mig_shadow_is_active() ? 0 : mig_execute_assertion(statement->assertion, text);
	if (statement->copy != NULL)
		return mig_copy_rows(text, source->text + statement->copy->start, statement->copy->len);
	options.dest = None_Receiver;
	result = SPI_execute_extended(text, &options);
	if (result < 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("statement cannot be run in a revision script"),
				 errdetail("SPI returned %s.", SPI_result_code_string(result))));
	return SPI_processed;
}

/* Note when a statement begins. */
static void
begin_result(MigStatementResult *result, const MigPlace *place)
{
	result->number = place->number;
	result->line = place->line;
	result->started_at = GetCurrentTimestamp();
	/* until the end, what there was before */
	result->wal_bytes = pgWalUsage.wal_bytes;
	result->lock_wait = mig_lock_watch_waited();
}

/* Note what a statement came to. */
static void
end_result(MigStatementResult *result, uint64 rows)
{
	result->duration = GetCurrentTimestamp() - result->started_at;
	result->wal_bytes = pgWalUsage.wal_bytes - result->wal_bytes;
	result->lock_wait = mig_lock_watch_waited() - result->lock_wait;
	result->rows = rows;
}

/* Note that a statement failed.  The texts are allocated in the current memory context. */
static void
fail_result(MigStatementResult *result, const ErrorData *edata)
{
	end_result(result, 0);
	result->sqlstate = pstrdup(unpack_sql_state(edata->sqlerrcode));
	result->error = edata->message ? pstrdup(edata->message) : "";
}

/*
 * Run the statements of a section, as the current user.
 *
 * "results" has a place for each, or is NULL; they are filled as the
 * statements run, the last one also if it fails, so that a caller that
 * catches the error can record them.
 *
 * A script may set lock_timeout as it likes, but where the caller has one (in
 * milliseconds; 0: none), it cannot do without: dumps contain SET lock_timeout
 * = 0, and waiting for ever is never what is wanted.
 *
 * Errors keep what they say, and get the place in the script.
 */
void
mig_execute_statements(const MigScriptSource *source, const MigStatementList *statements,
					   MigStatementResult *results, int lock_timeout)
{
	MigPlace	place = {source, NULL, 0, 0, 0, 0};
	ErrorContextCallback callback;
	MemoryContext oldcontext = CurrentMemoryContext;
	MemoryContext per_statement = AllocSetContextCreate(CurrentMemoryContext, "migrate statement",
														ALLOCSET_DEFAULT_SIZES);
	int			guc_nestlevel = NewGUCNestLevel();
	int			i;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	callback.callback = mig_place_error_callback;
	callback.arg = &place;
	callback.previous = error_context_stack;
	error_context_stack = &callback;

	PG_TRY();
	{
		for (i = 0; i < statements->count; i++)
		{
			const MigStatement *statement = &statements->items[i];
			uint64		rows;

			CHECK_FOR_INTERRUPTS();
			MemoryContextReset(per_statement);
			MemoryContextSwitchTo(per_statement);
			place.text = pnstrdup(source->text + statement->start, statement->len);
			place.start = statement->start;
			place.len = statement->len;
			place.line = statement->line;
			place.number = i + 1;
			if (!mig_shadow_is_active())
				mig_progress_statement(i + 1, statement->line);
			if (results)
				begin_result(&results[i], &place);
			rows = execute_statement(source, statement, place.text);
			if (statement->new_enum_value != NULL && mig_shadow_is_active())
				mig_shadow_allow_new_enum_values();
			if (lock_timeout > 0 && LockTimeout == 0)
				mig_set_lock_patience(lock_timeout);
			if (results)
				end_result(&results[i], rows);
		}
	}
	PG_CATCH();
	{
		ErrorData  *edata;

		MemoryContextSwitchTo(oldcontext);
		edata = CopyErrorData();
		if (results && place.number > 0 && results[place.number - 1].number > 0)
			fail_result(&results[place.number - 1], edata);
		mig_place_move_position(&place, edata);
		FlushErrorState();
		ReThrowError(edata);
	}
	PG_END_TRY();

	error_context_stack = callback.previous;
	/* the next revision may use them, too */
	if (mig_shadow_is_active())
		mig_shadow_allow_new_enum_values();
	SPI_finish();
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(per_statement);
	AtEOXact_GUC(false, guc_nestlevel);
}
