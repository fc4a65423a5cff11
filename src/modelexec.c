/*-------------------------------------------------------------------------
 *
 * modelexec.c
 *	  Running the model, on a shadow of the managed schemas.
 *
 * Each statement goes through SPI with its own text, as the current user.
 *
 * Order.  Neither the order of the parts nor that of the statements matters:
 * a statement that fails, perhaps for lack of something, is put off and tried
 * again when the others have run, until nothing more succeeds.  A failure
 * takes a subtransaction to get over, and many of these in one transaction
 * cost time that grows with the square of their number.  So statements run
 * many to a subtransaction; when one fails, those before it are run again, and
 * the next ones in smaller numbers.  A model in good order is run once, with
 * few subtransactions.
 *
 * Settings of a part count to its end.  A statement that was put off needs
 * those that were in force at its place; each statement knows the latest one
 * of its part that came before, so they can be set anew for any of them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "commands/extension.h"
#include "executor/spi.h"
#include "guc.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "model.h"
#include "modelorder.h"
#include "shadow.h"
#include "spiutil.h"
#include "tcop/dest.h"
#include "trial.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"

/* the most statements in one subtransaction: so many may have to run again */
#define MAX_CHUNK	256

/* how many of the statements that failed an error message tells of */
#define MAX_SHOWN	5

typedef struct Execution
{
	const MigModel *model;
	MemoryContext per_statement;
	MigPlace	place;

	/* settings in force, if nestlevel is not 0 */
	int			nestlevel;
	int			part;
	int			settings;
} Execution;

/* Statements, and why they failed. */
typedef struct Failures
{
	int		   *statements;
	ErrorData **errors;
	int			count;
} Failures;

/* ----------
 * Settings
 * ----------
 */

/* End the settings that are in force. */
static void
end_settings(Execution *execution)
{
	if (execution->nestlevel != 0)
		AtEOXact_GUC(false, execution->nestlevel);
	execution->nestlevel = 0;
}

/* The text of a statement. */
static char *
statement_text(const MigModel *model, const MigModelStatement *statement)
{
	return pnstrdup(model->parts[statement->part].source.text + statement->start, statement->len);
}

/* Has one of the statements set the same as this one? */
static bool
is_overridden(const MigModel *model, const int *later, int n, int settings)
{
	int			i;

	for (i = 0; i < n; i++)
	{
		if (pg_strcasecmp(model->statements[later[i]].setting, model->statements[settings].setting) == 0)
			return true;
	}
	return false;
}

/* Run something through SPI. */
static void
execute_text(const char *text)
{
	SPIExecuteOptions options = {0};
	int			result;

	options.dest = None_Receiver;
	result = SPI_execute_extended(text, &options);
	if (result < 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("statement cannot be run in a model"),
				 errdetail("SPI returned %s.", SPI_result_code_string(result))));
}

/* Bring those settings into force that a statement of a part is to see. */
static void
begin_settings(Execution *execution, int part, int settings)
{
	const MigModel *model = execution->model;
	int		   *wanted;
	int			nwanted = 0;
	int			i;

	if (execution->nestlevel != 0 && execution->part == part && execution->settings == settings)
		return;
	end_settings(execution);
	execution->nestlevel = NewGUCNestLevel();
	execution->part = part;
	execution->settings = settings;
	if (settings < 0)
		return;
	wanted = palloc(sizeof(int) * model->nstatements);
	for (i = settings; i >= 0; i = model->statements[i].settings)
	{
		if (!is_overridden(model, wanted, nwanted, i))
			wanted[nwanted++] = i;
	}
	while (nwanted > 0)
		execute_text(statement_text(model, &model->statements[wanted[--nwanted]]));
}

/* ----------
 * Statements
 * ----------
 */

/* Is what the statement creates there already, and was all the time? */
static bool
is_done(const MigModelStatement *statement)
{
	return (statement->extension != NULL && OidIsValid(get_extension_oid(statement->extension, true))) ||
		(statement->schema != NULL && OidIsValid(get_namespace_oid(statement->schema, true)));
}

/* An element of CREATE SCHEMA: unqualified names are in that schema. */
static void
execute_inside(const char *schema, const char *text)
{
	int			nestlevel = NewGUCNestLevel();
	const char *path = namespace_search_path;

	mig_set_for_now("search_path", psprintf("%s%s%s", quote_identifier(schema), path[0] != '\0' ? ", " : "", path));
	execute_text(text);
	AtEOXact_GUC(true, nestlevel);
}

/* Run one statement. */
static void
run_statement(Execution *execution, int index)
{
	const MigModel *model = execution->model;
	const MigModelStatement *statement = &model->statements[index];
	MigPlace   *place = &execution->place;

	CHECK_FOR_INTERRUPTS();
	MemoryContextReset(execution->per_statement);
	MemoryContextSwitchTo(execution->per_statement);
	place->source = &model->parts[statement->part].source;
	place->text = statement_text(model, statement);
	place->start = statement->start;
	place->len = statement->len;
	place->line = statement->line;
	place->number = statement->number;

	begin_settings(execution, statement->part, statement->settings);
	if (is_done(statement))
		return;
	if (statement->inside != NULL)
		execute_inside(statement->inside, place->text);
	else
		execute_text(place->text);
	mig_shadow_allow_new_enum_values();
	if (statement->setting != NULL)
		execution->settings = index;
}

/* What was said once need not be said again. */
static void
be_quiet(void)
{
	if (client_min_messages < ERROR)
		mig_set_for_now("client_min_messages", "error");
}

/* Statements that are run together. */
typedef struct Chunk
{
	Execution  *execution;
	const int  *statements;
	int			n;
	bool		again;
	int			done;
} Chunk;

/* For mig_try(): run statements, up to the first failure. */
static bool
run_statements(void *arg)
{
	Chunk	   *chunk = (Chunk *) arg;

	if (chunk->again)
		be_quiet();
	for (; chunk->done < chunk->n; chunk->done++)
		run_statement(chunk->execution, chunk->statements[chunk->done]);
	end_settings(chunk->execution);
	return true;
}

/*
 * Run statements in one subtransaction.  Returns how many succeeded; if not
 * all did, none is done, and *error is what happened to the next one.
 */
static int
run_chunk(Execution *execution, const int *statements, int n, bool again, ErrorData **error)
{
	Chunk		chunk = {execution, statements, n, again, 0};
	ErrorData  *edata = mig_try(run_statements, &chunk);

	if (edata != NULL)
	{
		mig_place_move_position(&execution->place, edata);
		execution->nestlevel = 0;
		*error = edata;
	}
	return chunk.done;
}

/* ----------
 * Failures
 * ----------
 */

/* Is something missing? */
static bool
is_missing_object(const ErrorData *error)
{
	switch (error->sqlerrcode)
	{
		case ERRCODE_UNDEFINED_TABLE:
		case ERRCODE_UNDEFINED_OBJECT:
		case ERRCODE_UNDEFINED_FUNCTION:
		case ERRCODE_UNDEFINED_COLUMN:
		case ERRCODE_UNDEFINED_SCHEMA:
			return true;
		default:
			return false;
	}
}

/* Is something there already? */
static bool
is_duplicate_object(const ErrorData *error)
{
	switch (error->sqlerrcode)
	{
		case ERRCODE_DUPLICATE_TABLE:
		case ERRCODE_DUPLICATE_OBJECT:
		case ERRCODE_DUPLICATE_FUNCTION:
		case ERRCODE_DUPLICATE_COLUMN:
			return true;
		default:
			return false;
	}
}

/* Could the statement succeed when others have? */
static bool
may_succeed_later(const MigModelStatement *statement, const ErrorData *error)
{
	switch (ERRCODE_TO_CATEGORY(error->sqlerrcode))
	{
		case ERRCODE_TRANSACTION_ROLLBACK:
		case ERRCODE_INSUFFICIENT_RESOURCES:
		case ERRCODE_OPERATOR_INTERVENTION:
		case ERRCODE_SYSTEM_ERROR:
		case ERRCODE_INTERNAL_ERROR:
		case MAKE_SQLSTATE('M', 'G', '0', '0', '0'):
			return false;
		default:
			return statement->setting == NULL &&
				error->sqlerrcode != ERRCODE_LOCK_NOT_AVAILABLE &&
				error->sqlerrcode != ERRCODE_INSUFFICIENT_PRIVILEGE &&
				error->sqlerrcode != ERRCODE_SYNTAX_ERROR;
	}
}

/*
 * A statement failed: put it off, or give up.  One that drops what is not
 * there has nothing to do.
 */
static void
note_failure(const MigModel *model, int index, ErrorData *error, Failures *failures)
{
	const MigModelStatement *statement = &model->statements[index];

	if (statement->drops && is_missing_object(error))
	{
		FreeErrorData(error);
		return;
	}
	if (!may_succeed_later(statement, error))
		ReThrowError(error);
	failures->statements[failures->count] = index;
	failures->errors[failures->count++] = error;
}

/* Run statements in order; those that fail are noted. */
static void
run_all(Execution *execution, const int *statements, int n, Failures *failures)
{
	int			chunk = MAX_CHUNK;
	int			next = 0;

	failures->statements = palloc(sizeof(int) * Max(n, 1));
	failures->errors = palloc(sizeof(ErrorData *) * Max(n, 1));
	failures->count = 0;
	while (next < n)
	{
		int			size = Min(chunk, n - next);
		ErrorData  *error = NULL;
		ErrorData  *other_error;
		int			done = run_chunk(execution, statements + next, size, false, &error);

		if (done == size)
		{
			next += size;
			chunk = Min(chunk * 2, MAX_CHUNK);
			continue;
		}
		if (done > 0 && run_chunk(execution, statements + next, done, true, &other_error) < done)
		{
			/* it depends on more than what has run: one by one, then */
			chunk = 1;
			continue;
		}
		next += done;
		note_failure(execution->model, statements[next++], error, failures);
		chunk = Min(2 * (done + 1), MAX_CHUNK);
	}
}

/* What is to be told of the other statements that failed. */
static void
append_others(StringInfo buf, const MigModel *model, const Failures *failures)
{
	int			i;

	appendStringInfo(buf, ngettext(" %d other statement failed, too:", " %d other statements failed, too:",
								   failures->count - 1), failures->count - 1);
	for (i = 1; i < Min(failures->count, MAX_SHOWN + 1); i++)
	{
		const MigModelStatement *statement = &model->statements[failures->statements[i]];

		appendStringInfo(buf, "%s at %s:%d: %s", i > 1 ? ";" : "", model->parts[statement->part].name,
						 statement->line, failures->errors[i]->message);
	}
	appendStringInfoString(buf, failures->count > MAX_SHOWN + 1 ? "; and so on." : ".");
}

/* The error of the first statement, with what else there is to say. */
static void
throw_failures(const MigModel *model, const Failures *failures)
{
	ErrorData  *error = failures->errors[0];
	const MigModelStatement *statement = &model->statements[failures->statements[0]];
	StringInfoData detail;

	initStringInfo(&detail);
	if (error->detail != NULL)
		appendStringInfo(&detail, "%s\n", error->detail);
	appendStringInfo(&detail, "The statement is at %s:%d.", model->parts[statement->part].name, statement->line);
	if (failures->count > 1)
		append_others(&detail, model, failures);
	error->detail = detail.data;
	if (error->hint == NULL && is_missing_object(error))
		error->hint = "The model is run on empty schemas, its statements in any order that works: create what is missing in the model, too.";
	if (error->hint == NULL && is_duplicate_object(error))
		error->hint = "Either the model creates it twice, or its schema is not one of those that \"migrate.schemas\" lists, and so is not empty.";
	ReThrowError(error);
}

/* ----------
 * The model
 * ----------
 */

/* Say what is not run. */
void
mig_model_report_ignored(const MigModel *model)
{
	int			i;

	for (i = 0; i < model->nparts; i++)
	{
		const MigModelPart *part = &model->parts[i];

		if (part->nrows > 0)
			ereport(NOTICE,
					(errmsg_plural("model part \"%s\": %d statement that changes rows was ignored",
								   "model part \"%s\": %d statements that change rows were ignored",
								   part->nrows, part->name, part->nrows),
					 errdetail("The first one is %s. The model says what the schema looks like; rows are the matter of revisions.",
							   part->first_rows)));
		if (part->nothers > 0)
			ereport(NOTICE,
					(errmsg_plural("model part \"%s\": %d statement that does not shape the schema was ignored",
								   "model part \"%s\": %d statements that do not shape the schema were ignored",
								   part->nothers, part->name, part->nothers),
					 errdetail("The first one is %s.", part->first_other)));
	}
}

/* Run statements until all are done, or nothing more succeeds. */
static void
run_model(Execution *execution)
{
	const MigModel *model = execution->model;
	Failures	failures;
	int			n = model->nstatements;
	int			i;

	run_all(execution, mig_model_order(model), n, &failures);
	while (failures.count > 0 && failures.count < n)
	{
		Failures	again;

		n = failures.count;
		run_all(execution, failures.statements, n, &again);
		for (i = 0; i < failures.count; i++)
			FreeErrorData(failures.errors[i]);
		failures = again;
	}
	if (failures.count > 0)
		throw_failures(model, &failures);
}

/*
 * Run the model, as the current user; called on a shadow.
 *
 * Raises the error of the first statement that cannot be run.
 */
void
mig_model_execute(const MigModel *model)
{
	MemoryContext oldcontext = CurrentMemoryContext;
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "migrate model", ALLOCSET_DEFAULT_SIZES);
	Execution	execution = {0};
	ErrorContextCallback callback;

	Assert(mig_shadow_is_active());
	mig_model_check_trusted(model);
	mig_shadow_check_locks(model->nrelations);

	execution.model = model;
	execution.per_statement = AllocSetContextCreate(context, "migrate statement", ALLOCSET_DEFAULT_SIZES);
	mig_spi_connect();
	MemoryContextSwitchTo(context);
	callback.callback = mig_place_error_callback;
	callback.arg = &execution.place;
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	run_model(&execution);
	error_context_stack = callback.previous;
	mig_spi_finish();
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(context);
}
