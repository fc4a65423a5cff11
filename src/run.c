/*-------------------------------------------------------------------------
 *
 * run.c
 *	  Upgrades and downgrades in the transaction of the caller.
 *
 * A run is all or nothing.  Its order:
 *
 * 1. the script location, if there is one, is read into the store;
 * 2. if there is nothing to do, that is all: no lock is taken;
 * 3. the versions are locked, and everything is read again, since another
 *    run may have ended while we waited;
 * 4. every script of the plan is read, parsed and checked;
 * 5. step by step: the script runs as the caller; then the version table and
 *    the ledger are written as the owner of the extension.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "errcodes.h"
#include "execscript.h"
#include "funcapi.h"
#include "mutex.h"
#include "progress.h"
#include "resume.h"
#include "run.h"
#include "spiutil.h"
#include "step.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "version.h"

/* The call that runs what a transaction cannot, or what is left of it. */
static char *
call_of_run(const char *schema_name, MigDirection direction, const char *target)
{
	return psprintf("CALL migrate_run(%s%s%s%s)", quote_literal_cstr(target),
					direction == MIG_UPGRADE ? "" : ", direction => 'downgrade'",
					schema_name[0] == '\0' ? "" : ", schema => ",
					schema_name[0] == '\0' ? "" : quote_literal_cstr(schema_name));
}

/*
 * MG008: what of a revision cannot run in one transaction; "statement" or, if
 * that is NULL, all of it.  "call" is what can run it.
 */
static void
refuse_revision(const MigScriptSource *source, const MigStatement *statement, const char *call)
{
	const MigSection *section = mig_revscript_section(&source->script, source->direction);

	ereport(ERROR,
			(errcode(ERRCODE_MIG_NO_TRANSACTION),
			 errmsg("revision %s cannot run in a transaction", source->revision),
			 statement == NULL ?
			 errdetail("The section at %s:%d is marked \"transaction:false\". Nothing was run.",
					   source->path, mig_line_number(source->text, section->start)) :
			 statement->refuses ?
			 errdetail("%s, at %s:%d, refuses to run in a transaction block. Nothing was run.",
					   statement->refuses, source->path, statement->line) :
			 errdetail("The value \"%s\", added at %s:%d, is used on line %d, which takes a commit between. Nothing was run.",
					   statement->new_enum_value, source->path, statement->line, statement->new_enum_value_line),
			 errhint("%s runs it, each revision in a transaction of its own, or none.", call)));
}

/* MG008 for revisions that cannot run in one transaction, before anything runs. */
static void
check_transactional(const MigPreparedStep *prepared, const char *call)
{
	const MigScriptSource *source = &prepared->source;
	bool		no_transaction = mig_revscript_section(&source->script, source->direction)->no_transaction;
	int			i;

	for (i = 0; i < prepared->statements.count; i++)
	{
		const MigStatement *statement = &prepared->statements.items[i];

		if (mig_stands_alone(statement))
			refuse_revision(source, statement, call);
		else if (no_transaction)
			refuse_revision(source, NULL, call);
	}
}

/*
 * MG008 for revisions that were run in part, or their statements would run
 * twice.  Called in an owner scope, with the versions locked.
 */
static void
check_not_begun(const MigExtension *extension, const MigStore *store, const MigPreparedStep *steps, int nsteps,
				MigDirection direction, const char *call)
{
	MigUnfinished *list;
	int			n = mig_unfinished_read(extension, store->schema_name, &list);
	int			i;

	for (i = 0; i < nsteps && n > 0; i++)
	{
		const MigUnfinished *begun = mig_unfinished_find(list, n, steps[i].source.revision);

		if (begun == NULL)
			continue;
		ereport(ERROR,
				(errcode(ERRCODE_MIG_NO_TRANSACTION),
				 errmsg("revision %s has been run in part", begun->revision),
				 errdetail("The %s of revision %s was begun by run " INT64_FORMAT " and interrupted after statement %d of %d. Nothing was run.",
						   mig_direction_name(begun->direction), begun->revision, begun->run, begun->done.count,
						   steps[i].statements.count),
				 errhint("%s goes on with it.", call)));
	}
	mig_resume_check_plan(list, n, steps, nsteps, direction);
}

/*
 * Find out what to run, and lock the versions if there is something.
 */
static MigPreparedStep *
begin_run(MigStore *store, const char *schema_name, MigDirection direction, const char *target, MigPlan *plan)
{
	MigOwnerScope scope;
	MigPreparedStep *steps = NULL;
	char	   *call = call_of_run(schema_name, direction, target);
	int			i;

	plan->nsteps = 0;
	mig_store_refresh();
	mig_enter_owner(&scope);
	if (direction != MIG_UPGRADE || !mig_is_at_heads(&scope.extension, schema_name, target))
		mig_open_and_plan(store, &scope.extension, schema_name, direction, target, plan);
	if (plan->nsteps > 0)
	{
		mig_progress_begin(&scope.extension, 0, schema_name, direction, target, false);
		mig_progress_phase(MIG_PHASE_WAITING_FOR_RUN);
		MemoryContextDelete(store->context);
		mig_lock_versions(&scope.extension, schema_name);
		mig_progress_phase(MIG_PHASE_STARTING);
		mig_open_and_plan(store, &scope.extension, schema_name, direction, target, plan);
		mig_versions_check_snapshot(&scope.extension, schema_name, &store->versions);
		mig_store_check_snapshot(store, &scope.extension);
		mig_progress_plan(plan->nsteps);
		steps = mig_prepare_plan(store, &scope.extension, plan, direction, scope.userid);
		check_not_begun(&scope.extension, store, steps, plan->nsteps, direction, call);
		for (i = 0; i < plan->nsteps; i++)
			check_transactional(&steps[i], call);
	}
	mig_leave_owner(&scope);
	return steps;
}

/* Append a row to the result. */
static void
put_step(ReturnSetInfo *rsinfo, int number, const MigGraph *graph, const MigPreparedStep *prepared,
		 Interval *duration)
{
	MigResultRow row;

	mig_row_step(&row, number, graph, prepared);
	mig_row_int(&row, prepared->statements.count);
	mig_row_datum(&row, IntervalPGetDatum(duration), false);
	mig_row_put(&row, rsinfo);
}

/* Run one step, from its notice to its row of the result. */
static void
run_step(const MigRecorder *recorder, int64 run, int number, const MigStore *store, const MigPreparedStep *prepared,
		 ReturnSetInfo *rsinfo)
{
	MigStatementResult *results = palloc0(sizeof(MigStatementResult) * Max(prepared->statements.count, 1));
	MigLogEntry entry = {0};

	entry.run = run;
	entry.attempts = 1;
	entry.started_at = GetCurrentTimestamp();
	mig_step_announce(store->graph, prepared);
	mig_progress_step(number, prepared->source.revision, store->graph->revisions[prepared->step->revision].message,
					  prepared->statements.count);
	mig_execute_statements(&prepared->source, &prepared->statements, results, 0);
	entry.duration = palloc0(sizeof(Interval));
	entry.duration->time = GetCurrentTimestamp() - entry.started_at;
	mig_progress_phase(MIG_PHASE_RECORDING);
	mig_step_record(recorder, store, prepared, &entry, results);
	put_step(rsinfo, number, store->graph, prepared, entry.duration);
}

/*
 * Upgrade or downgrade the database to a target, one row of the result per
 * step.
 */
void
mig_run(const char *schema_name, MigDirection direction, const char *target, ReturnSetInfo *rsinfo)
{
	MemoryContext run_context = AllocSetContextCreate(CurrentMemoryContext, "migrate run", ALLOCSET_DEFAULT_SIZES);
	MemoryContext step_context = AllocSetContextCreate(run_context, "migrate step", ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(run_context);
	MigStore	store = {0};
	MigPreparedStep *steps;
	MigPlan		plan;
	MigRecorder recorder;
	int64		run = 0;
	int			i;

	mig_refuse_nested_run();
	steps = begin_run(&store, schema_name, direction, target, &plan);
	mig_spi_connect();
	if (plan.nsteps > 0)
	{
		run = mig_begin_recording(&recorder);
		mig_progress_run(run);
	}
	for (i = 0; i < plan.nsteps; i++)
	{
		MemoryContextReset(step_context);
		MemoryContextSwitchTo(step_context);
		run_step(&recorder, run, i + 1, &store, &steps[i], rsinfo);
	}
	MemoryContextSwitchTo(run_context);
	mig_spi_finish();
	if (plan.nsteps > 0)
		mig_summarize();
	mig_progress_end();
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(run_context);
}
