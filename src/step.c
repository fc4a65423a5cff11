/*-------------------------------------------------------------------------
 *
 * step.c
 *	  What comes before and after the statements of a step.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "errcodes.h"
#include "execscript.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "step.h"
#include "utils/builtins.h"

/* A script that calls for a run would have the outer one repeat its steps. */
void
mig_refuse_nested_run(void)
{
	if (mig_script_is_running())
		ereport(ERROR,
				(errcode(ERRCODE_MIG_RUN_ACTIVE),
				 errmsg("another run is active"),
				 errdetail("A revision script, or something that it calls, tried to start a run of its own."),
				 errhint("Remove the call; what a revision needs is named by \"Revises\" and \"Depends On\" in its header.")));
}

/* Plan what records the steps.  Returns the number of the run. */
int64
mig_begin_recording(MigRecorder *recorder)
{
	MigOwnerScope scope;
	int64		run;

	mig_become_owner(&scope);
	mig_recorder_begin(recorder, &scope.extension);
	run = mig_next_run(&scope.extension);
	mig_become_caller(&scope);
	return run;
}

/* Write down the heads, for callers that find nothing to do. */
void
mig_summarize(void)
{
	MigOwnerScope scope;

	mig_enter_owner(&scope);
	mig_store_summarize(&scope.extension);
	mig_leave_owner(&scope);
}

/* Alembic's words, so that whoever greps logs for them finds them. */
void
mig_step_announce(const MigGraph *graph, const MigPreparedStep *prepared)
{
	const MigRevision *revision = &graph->revisions[prepared->step->revision];
	char	   *parents = mig_name_list_join(&revision->down_revision);
	bool		up = prepared->source.direction == MIG_UPGRADE;

	ereport(NOTICE,
			(errmsg("running %s %s -> %s%s%s", mig_direction_name(prepared->source.direction),
					up ? parents : revision->id, up ? revision->id : parents,
					revision->message[0] != '\0' ? ", " : "", revision->message)));
}

/* An error after the last statement is not one of the script's. */
static void
record_error_callback(void *arg)
{
	const MigPreparedStep *prepared = (const MigPreparedStep *) arg;

	errcontext("recording the %s of revision %s", mig_direction_name(prepared->source.direction),
			   prepared->source.revision);
}

/* Add up what the statements came to. */
static void
sum_results(MigLogEntry *entry, const MigStatementResult *results, int nresults)
{
	int			i;

	entry->statements = 0;
	for (i = 0; i < nresults; i++)
	{
		if (results[i].sqlstate == NULL)
			entry->statements++;
		entry->lock_wait += results[i].lock_wait;
		entry->rows += results[i].rows;
		entry->wal_bytes += results[i].wal_bytes;
	}
}

/*
 * What a step leaves: the version rows, unless it failed, and the ledger.
 *
 * Of the entry the caller has filled in the run, times, attempts, the locks
 * waited for before, and the error, if it failed.  "results" are those of the
 * statements, as far as they ran; with NULL a worker has recorded them, and
 * the entry has their number and sums, too.
 */
void
mig_step_record(const MigRecorder *recorder, const MigStore *store, const MigPreparedStep *prepared,
				MigLogEntry *entry, const MigStatementResult *results)
{
	const MigStoredScript *script = &store->scripts[prepared->step->revision];
	int			nresults = results ? mig_count_results(results, prepared->statements.count) : 0;
	MigOwnerScope scope;
	ErrorContextCallback callback;

	entry->direction = mig_direction_name(prepared->source.direction);
	entry->revision = script->revision.id;
	if (entry->sqlstate == NULL)
	{
		entry->removed = mig_graph_ids(store->graph, prepared->step->removed.items, prepared->step->removed.count);
		entry->added = mig_graph_ids(store->graph, prepared->step->added.items, prepared->step->added.count);
	}
	entry->message = script->revision.message;
	entry->path = script->revision.path;
	entry->checksum = script->checksum;
	entry->role = mig_current_role_name();
	if (results)
		sum_results(entry, results, nresults);

	callback.callback = record_error_callback;
	callback.arg = unconstify(MigPreparedStep *, prepared);
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	mig_become_owner(&scope);
	mig_record_versions(recorder, store->schema_name, &entry->removed, &entry->added);
	mig_record_log(recorder, store->schema_name, entry);
	mig_record_statements(recorder, store->schema_name, entry, results, nresults);
	mig_become_caller(&scope);
	error_context_stack = callback.previous;
}

/* Begin a row with the columns that tell of a step. */
void
mig_row_step(MigResultRow *row, int number, const MigGraph *graph, const MigPreparedStep *prepared)
{
	const MigRevision *revision = &graph->revisions[prepared->step->revision];

	mig_row_begin(row);
	mig_row_int(row, number);
	mig_row_text(row, mig_direction_name(prepared->source.direction));
	mig_row_text(row, revision->id);
	mig_row_text(row, mig_join_or_null(&revision->down_revision));
	mig_row_text(row, revision->message);
}
