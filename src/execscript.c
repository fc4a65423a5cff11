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
 * Positions.  An error that knows its place in a statement is given the place
 * in the script instead, so that psql's "LINE n:" and caret point into the
 * file.  SPI has by then made it an internal position, of which only
 * the copied error data tell whose text it belongs to: a function called by
 * the statement may have had its own.  Hence the PG_TRY.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "copyrows.h"
#include "execscript.h"
#include "executor/spi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "tcop/dest.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/memutils.h"

/* Where the run is; lives on the C stack. */
typedef struct ScriptErrorContext
{
	const MigScriptSource *source;
	const MigStatement *statement;
	const char *text;			/* of the statement */
	int			number;			/* from 1 */
} ScriptErrorContext;

/* The place that is the n-th character (from 1) of the current statement. */
static void
script_position(const ScriptErrorContext *context, int n, const char **query, int *position)
{
	const MigStatement *statement = context->statement;

	mig_report_position(context->source, statement->start, statement->len,
						statement->start + pg_mbcharcliplen(context->text, (int) statement->len, n - 1),
						query, position);
}

/* Say where in which script, and put the position of our own errors there. */
static void
script_error_callback(void *arg)
{
	const ScriptErrorContext *context = (const ScriptErrorContext *) arg;
	int			position = geterrposition();

	if (context->statement == NULL)
		return;
	if (position > 0)
	{
		const char *query;

		script_position(context, position, &query, &position);
		errposition(0);
		internalerrposition(position);
		internalerrquery(query);
	}
	errcontext("%s of revision %s, statement %d, at %s:%d",
			   mig_direction_name(context->source->direction), context->source->revision,
			   context->number, context->source->path, context->statement->line);
}

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
		if (callback->callback == script_error_callback)
			return true;
	}
	return false;
}

/* If the error's position is in the current statement, move it to the script. */
static void
move_position(const ScriptErrorContext *context, ErrorData *edata)
{
	const char *query;

	if (context->statement == NULL || edata->internalpos <= 0 || edata->internalquery == NULL ||
		strcmp(edata->internalquery, context->text) != 0)
		return;
	script_position(context, edata->internalpos, &query, &edata->internalpos);
	edata->internalquery = unconstify(char *, query);
}

/* log_statement is obeyed only where statements come from a client. */
static void
log_script_statement(const MigStatement *statement, const char *text)
{
	if (log_statement == LOGSTMT_NONE || statement->log_level > log_statement)
		return;
	ereport(LOG,
			(errmsg("statement: %s", text),
			 errhidestmt(true)));
}

/* Run one statement. */
static void
execute_statement(const MigScriptSource *source, const MigStatement *statement, const char *text)
{
	SPIExecuteOptions options = {0};
	int			result;

	log_script_statement(statement, text);
	if (statement->copy != NULL)
	{
		mig_copy_rows(text, source->text + statement->copy->start, statement->copy->len);
		return;
	}
	options.dest = None_Receiver;
	result = SPI_execute_extended(text, &options);
	if (result < 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("statement cannot be run in a revision script"),
				 errdetail("SPI returned %s.", SPI_result_code_string(result))));
}

/*
 * Run the statements of a section, as the current user.
 *
 * Errors keep what they say, and get the place in the script.
 */
void
mig_execute_statements(const MigScriptSource *source, const MigStatementList *statements)
{
	ScriptErrorContext context = {source, NULL, NULL, 0};
	ErrorContextCallback callback;
	MemoryContext oldcontext = CurrentMemoryContext;
	MemoryContext per_statement = AllocSetContextCreate(CurrentMemoryContext, "migrate statement",
														ALLOCSET_DEFAULT_SIZES);
	int			guc_nestlevel = NewGUCNestLevel();
	int			i;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	callback.callback = script_error_callback;
	callback.arg = &context;
	callback.previous = error_context_stack;
	error_context_stack = &callback;

	PG_TRY();
	{
		for (i = 0; i < statements->count; i++)
		{
			CHECK_FOR_INTERRUPTS();
			MemoryContextReset(per_statement);
			MemoryContextSwitchTo(per_statement);
			context.text = pnstrdup(source->text + statements->items[i].start, statements->items[i].len);
			context.number = i + 1;
			context.statement = &statements->items[i];
			execute_statement(source, context.statement, context.text);
		}
	}
	PG_CATCH();
	{
		ErrorData  *edata;

		MemoryContextSwitchTo(oldcontext);
		edata = CopyErrorData();
		move_position(&context, edata);
		FlushErrorState();
		ReThrowError(edata);
	}
	PG_END_TRY();

	error_context_stack = callback.previous;
	SPI_finish();
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(per_statement);
	AtEOXact_GUC(false, guc_nestlevel);
}
