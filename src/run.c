/*-------------------------------------------------------------------------
 *
 * run.c
 *	  Upgrades, downgrades and stamps, in the transaction of the caller.
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

#include "access/xact.h"
#include "errcodes.h"
#include "execscript.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "record.h"
#include "report.h"
#include "result.h"
#include "run.h"
#include "spiutil.h"
#include "trust.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "version.h"

/* ----------
 * Preparing
 * ----------
 */

/* MG007: how to accept a downgrade section depends on where the script is from. */
static void
check_reversible(const MigPreparedStep *prepared, bool from_file)
{
	if (mig_revscript_section(&prepared->source.script, prepared->source.direction)->present)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_MIG_IRREVERSIBLE),
			 errmsg("revision %s is irreversible", prepared->source.revision),
			 errdetail("\"%s\" has no downgrade section. Nothing was run.", prepared->source.path),
			 errhint("Write a section \"-- migrate:downgrade\" (\"-- migrate:downgrade none\" if there is nothing to undo) and accept the change: SELECT * FROM %s;",
					 from_file ? "migrate_load(accept_changes => true)" :
					 "migrate_register(script, path, accept_changes => true)")));
}

/* What to do instead of running a revision that refuses a transaction. */
static char *
detour_hint(const MigScriptSource *source)
{
	const MigRevision *revision = &source->script.revision;

	if (source->direction == MIG_UPGRADE)
		return psprintf("Run migrate_upgrade() up to the revision before it, run its statements with psql, record it with SELECT * FROM migrate_stamp('%s'), and go on.",
						revision->id);
	return psprintf("Run migrate_downgrade() down to it, run its statements with psql, record that with SELECT * FROM migrate_stamp('%s'), and go on.",
					revision->down_revision.count > 0 ? mig_name_list_join(&revision->down_revision) : "base");
}

/* MG008, before anything runs. */
static void
check_transactional(const MigPreparedStep *prepared)
{
	const MigScriptSource *source = &prepared->source;
	const MigSection *section = mig_revscript_section(&source->script, source->direction);
	int			i;

	for (i = 0; i < prepared->statements.count; i++)
	{
		const MigStatement *statement = &prepared->statements.items[i];

		if (statement->refuses == NULL && !section->no_transaction)
			continue;
		ereport(ERROR,
				(errcode(ERRCODE_MIG_NO_TRANSACTION),
				 errmsg("revision %s cannot run in a transaction", source->revision),
				 statement->refuses ?
				 errdetail("%s, at %s:%d, refuses to run in a transaction block. Nothing was run.",
						   statement->refuses, source->path, statement->line) :
				 errdetail("The section at %s:%d is marked \"transaction:false\". Nothing was run.",
						   source->path, mig_line_number(source->text, section->start)),
				 errhint("%s", detour_hint(source))));
	}
}

/*
 * Read and parse the script of a step.  Called in an owner scope.  Raises
 * MG005, MG007 and the parser's errors.
 */
void
mig_prepare_step(MigPreparedStep *prepared, const MigStore *store, const MigExtension *extension,
				 const MigStep *step, MigDirection direction)
{
	const MigRevision *revision = &store->graph->revisions[step->revision];

	MemSet(prepared, 0, sizeof(MigPreparedStep));
	prepared->step = step;
	prepared->source.revision = revision->id;
	prepared->source.path = revision->path;
	prepared->source.direction = direction;
	prepared->source.text = mig_store_text(store, extension, step->revision);
	prepared->source.len = strlen(prepared->source.text);
	mig_parse_script(&prepared->source);
	check_reversible(prepared, store->scripts[step->revision].file_stamp != NULL);
	mig_parse_section(&prepared->source, &prepared->statements);
}

/* Prepare all steps, and refuse the whole run for whatever one of them cannot. */
static MigPreparedStep *
prepare_plan(const MigStore *store, const MigExtension *extension, const MigPlan *plan, MigDirection direction,
			 Oid caller)
{
	MigPreparedStep *steps = palloc(sizeof(MigPreparedStep) * plan->nsteps);
	int			i;

	for (i = 0; i < plan->nsteps; i++)
		mig_check_trusted(&store->scripts[plan->steps[i].revision], caller);
	for (i = 0; i < plan->nsteps; i++)
	{
		CHECK_FOR_INTERRUPTS();
		mig_prepare_step(&steps[i], store, extension, &plan->steps[i], direction);
	}
	for (i = 0; i < plan->nsteps; i++)
		check_transactional(&steps[i]);
	return steps;
}

/* ----------
 * Planning
 * ----------
 */

/* Read the store and plan. */
static void
open_and_plan(MigStore *store, const MigExtension *extension, MigDirection direction, const char *target,
			  MigPlan *plan)
{
	MigReport	report = {0};
	bool		ok;

	mig_store_open(store, extension, MIG_STORE_CHANGE, MIG_ORDINARY_SCHEMA);
	mig_store_resolve_rows(store);
	if (direction == MIG_UPGRADE)
		ok = mig_plan_upgrade(store->graph, &store->rows, target, plan, &report);
	else
		ok = mig_plan_downgrade(store->graph, &store->rows, target, plan, &report);
	if (!ok)
		mig_report_throw(&report);
}

/*
 * Find out what to run, and lock the versions if there is something.
 */
static MigPreparedStep *
begin_run(MigStore *store, MigDirection direction, const char *target, MigPlan *plan)
{
	MigOwnerScope scope;
	MigPreparedStep *steps = NULL;

	plan->nsteps = 0;
	mig_store_refresh();
	mig_enter_owner(&scope);
	if (direction != MIG_UPGRADE || !mig_is_at_heads(&scope.extension, MIG_ORDINARY_SCHEMA, target))
		open_and_plan(store, &scope.extension, direction, target, plan);
	if (plan->nsteps > 0)
	{
		MemoryContextDelete(store->context);
		mig_lock_versions(&scope.extension, MIG_ORDINARY_SCHEMA);
		open_and_plan(store, &scope.extension, direction, target, plan);
		mig_versions_check_snapshot(&scope.extension, MIG_ORDINARY_SCHEMA, &store->versions);
		mig_store_check_snapshot(store, &scope.extension);
		steps = prepare_plan(store, &scope.extension, plan, direction, scope.userid);
	}
	mig_leave_owner(&scope);
	return steps;
}

/* ----------
 * Steps
 * ----------
 */

/* Alembic's words, so that whoever greps logs for them finds them. */
static void
announce(const MigGraph *graph, const MigPreparedStep *prepared)
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
static void
record_step(const MigRecorder *recorder, const MigStore *store, const MigPreparedStep *prepared,
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
run_step(const MigRecorder *recorder, int number, const MigStore *store, const MigPreparedStep *prepared,
		 ReturnSetInfo *rsinfo)
{
	TimestampTz started_at = GetCurrentTimestamp();
	Interval   *duration = palloc0(sizeof(Interval));

	announce(store->graph, prepared);
	mig_execute_statements(&prepared->source, &prepared->statements);
	duration->time = GetCurrentTimestamp() - started_at;
	record_step(recorder, store, prepared, started_at, duration);
	put_step(rsinfo, number, store->graph, prepared, duration);
}

/* Plan what records the steps, in the SPI connection of the run. */
static void
begin_recording(MigRecorder *recorder)
{
	MigOwnerScope scope;

	mig_become_owner(&scope);
	mig_recorder_begin(recorder, &scope.extension);
	mig_become_caller(&scope);
}

/* A script that calls for a run would have the outer one repeat its steps. */
static void
refuse_nested_run(void)
{
	if (mig_script_is_running())
		ereport(ERROR,
				(errcode(ERRCODE_MIG_RUN_ACTIVE),
				 errmsg("another run is active"),
				 errdetail("A revision script, or something that it calls, tried to start a run of its own."),
				 errhint("Remove the call; what a revision needs is named by \"Revises\" and \"Depends On\" in its header.")));
}

/* Write down the heads, for callers that find nothing to do. */
static void
summarize(void)
{
	MigOwnerScope scope;

	mig_enter_owner(&scope);
	mig_store_summarize(&scope.extension);
	mig_leave_owner(&scope);
}

/*
 * Upgrade or downgrade the database to a target, one row of the result per
 * step.
 */
void
mig_run(MigDirection direction, const char *target, ReturnSetInfo *rsinfo)
{
	MemoryContext run_context = AllocSetContextCreate(CurrentMemoryContext, "migrate run", ALLOCSET_DEFAULT_SIZES);
	MemoryContext step_context = AllocSetContextCreate(run_context, "migrate step", ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(run_context);
	MigStore	store = {0};
	MigPreparedStep *steps;
	MigPlan		plan;
	MigRecorder recorder;
	int			i;

	refuse_nested_run();
	steps = begin_run(&store, direction, target, &plan);
	mig_spi_connect();
	if (plan.nsteps > 0)
		begin_recording(&recorder);
	for (i = 0; i < plan.nsteps; i++)
	{
		MemoryContextReset(step_context);
		MemoryContextSwitchTo(step_context);
		run_step(&recorder, i + 1, &store, &steps[i], rsinfo);
	}
	MemoryContextSwitchTo(run_context);
	mig_spi_finish();
	if (plan.nsteps > 0)
		summarize();
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(run_context);
}

/* ----------
 * Stamp
 * ----------
 */

/* A row of the ledger for a stamp. */
static void
log_stamp(const MigRecorder *recorder, const char *revision, const MigNameList *removed, const MigNameList *added,
		  Oid caller)
{
	MigLogEntry entry = {0};

	entry.direction = "stamp";
	entry.revision = revision;
	entry.removed = *removed;
	entry.added = *added;
	entry.started_at = GetCurrentTimestamp();
	entry.duration = palloc0(sizeof(Interval));
	entry.role = GetUserNameFromId(caller, false);
	mig_record_log(recorder, MIG_ORDINARY_SCHEMA, &entry);
}

/* Append a row to the result of a stamp. */
static void
put_stamp(ReturnSetInfo *rsinfo, int number, const MigNameList *removed, const MigNameList *added)
{
	MigResultRow row;

	mig_row_begin(&row);
	mig_row_int(&row, number);
	mig_row_text(&row, mig_join_or_null(removed));
	mig_row_text(&row, mig_join_or_null(added));
	mig_row_put(&row, rsinfo);
}

/* Empty the version table, whatever is in it. */
static void
purge_versions(const MigRecorder *recorder, const MigExtension *extension, MigStore *store, ReturnSetInfo *rsinfo,
			   int *number, Oid caller)
{
	MigNameList none = {NULL, 0};

	if (store->versions.count == 0)
		return;
	mig_versions_purge(extension, MIG_ORDINARY_SCHEMA);
	log_stamp(recorder, NULL, &store->versions, &none, caller);
	put_stamp(rsinfo, ++(*number), &store->versions, &none);
	store->versions = none;
}

/* Change the version rows as one destination wants it. */
static void
apply_stamp_step(const MigRecorder *recorder, const MigStore *store, const MigStep *step,
				 ReturnSetInfo *rsinfo, int number, Oid caller)
{
	const char *revision = step->revision >= 0 ? store->graph->revisions[step->revision].id : NULL;
	MigNameList removed = mig_graph_ids(store->graph, step->removed.items, step->removed.count);
	MigNameList added = mig_graph_ids(store->graph, step->added.items, step->added.count);

	ereport(NOTICE,
			(errmsg("running stamp_revision %s -> %s", mig_name_list_join(&removed), mig_name_list_join(&added))));
	mig_record_versions(recorder, MIG_ORDINARY_SCHEMA, &removed, &added);
	log_stamp(recorder, revision, &removed, &added, caller);
	put_stamp(rsinfo, number, &removed, &added);
}

/*
 * Set the rows of the version table without running anything: comma-separated
 * targets.  With purge, whatever rows there are go first, known or not.
 */
void
mig_stamp(const char *targets, bool purge, ReturnSetInfo *rsinfo)
{
	MigOwnerScope scope;
	MigStore	store;
	MigRecorder recorder;
	MigPlan		plan;
	MigReport	report = {0};
	MigNameList names = {NULL, 0};
	int			number = 0;
	int			i;

	refuse_nested_run();
	if (!mig_split_names("revisions", targets, &names, &report))
		mig_report_throw(&report);
	mig_store_refresh();
	mig_enter_owner(&scope);
	mig_lock_versions(&scope.extension, MIG_ORDINARY_SCHEMA);
	mig_store_open(&store, &scope.extension, MIG_STORE_CHANGE, MIG_ORDINARY_SCHEMA);
	mig_versions_check_snapshot(&scope.extension, MIG_ORDINARY_SCHEMA, &store.versions);
	mig_recorder_begin(&recorder, &scope.extension);
	if (purge)
		purge_versions(&recorder, &scope.extension, &store, rsinfo, &number, scope.userid);
	mig_store_resolve_rows(&store);
	if (!mig_plan_stamp(store.graph, &store.rows, &names, &plan, &report))
		mig_report_throw(&report);
	for (i = 0; i < plan.nsteps; i++)
		apply_stamp_step(&recorder, &store, &plan.steps[i], rsinfo, ++number, scope.userid);
	mig_store_summarize(&scope.extension);
	mig_leave_owner(&scope);
}
