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

/* Plan what records the steps, in the SPI connection of the run. */
void
mig_begin_recording(MigRecorder *recorder)
{
	MigOwnerScope scope;

	mig_become_owner(&scope);
	mig_recorder_begin(recorder, &scope.extension);
	mig_become_caller(&scope);
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

/* What a step leaves: the version rows and a row of the ledger. */
void
mig_step_record(const MigRecorder *recorder, const MigStore *store, const MigPreparedStep *prepared,
				TimestampTz started_at, Interval *duration)
{
	const MigStoredScript *script = &store->scripts[prepared->step->revision];
	MigOwnerScope scope;
	MigLogEntry entry = {0};
	ErrorContextCallback callback;

	entry.direction = mig_direction_name(prepared->source.direction);
	entry.revision = script->revision.id;
	entry.removed = mig_graph_ids(store->graph, prepared->step->removed.items, prepared->step->removed.count);
	entry.added = mig_graph_ids(store->graph, prepared->step->added.items, prepared->step->added.count);
	entry.message = script->revision.message;
	entry.path = script->revision.path;
	entry.checksum = script->checksum;
	entry.statements = prepared->statements.count;
	entry.started_at = started_at;
	entry.duration = duration;
	entry.role = mig_current_role_name();

	callback.callback = record_error_callback;
	callback.arg = unconstify(MigPreparedStep *, prepared);
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	mig_become_owner(&scope);
	mig_record_versions(recorder, MIG_ORDINARY_SCHEMA, &entry.removed, &entry.added);
	mig_record_log(recorder, MIG_ORDINARY_SCHEMA, &entry);
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
