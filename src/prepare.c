/*-------------------------------------------------------------------------
 *
 * prepare.c
 *	  What a run is to do: the plan, and its scripts, parsed.
 *
 * Every script of a plan is read, parsed and checked before the first one
 * runs.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "errcodes.h"
#include "miscadmin.h"
#include "prepare.h"
#include "report.h"
#include "trust.h"

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

/*
 * Is a production run to make the step in one transaction?  Not if a
 * statement refuses that, or is to be run in batches.  But one that has been
 * begun statement by statement must go on so, whatever its script is now.
 */
bool
mig_step_is_atomic(const MigPreparedStep *prepared)
{
	const MigScriptSource *source = &prepared->source;
	int			i;

	if (mig_revscript_section(&source->script, source->direction)->no_transaction)
		return false;
	for (i = 0; i < prepared->statements.count; i++)
	{
		const MigStatement *statement = &prepared->statements.items[i];

		if (mig_stands_alone(statement) || statement->batch != NULL)
			return false;
	}
	return true;
}

/* Check whose word the scripts of a plan are, before any of them is parsed. */
void
mig_check_plan_trusted(const MigStore *store, const MigPlan *plan, Oid caller)
{
	int			i;

	for (i = 0; i < plan->nsteps; i++)
		mig_check_trusted(&store->scripts[plan->steps[i].revision], caller);
}

/*
 * Check whose word the scripts of a plan are, and prepare all of its steps.
 * Called in an owner scope.
 */
MigPreparedStep *
mig_prepare_plan(const MigStore *store, const MigExtension *extension, const MigPlan *plan, MigDirection direction,
				 Oid caller)
{
	MigPreparedStep *steps = palloc(sizeof(MigPreparedStep) * plan->nsteps);
	int			i;

	mig_check_plan_trusted(store, plan, caller);
	for (i = 0; i < plan->nsteps; i++)
	{
		CHECK_FOR_INTERRUPTS();
		mig_prepare_step(&steps[i], store, extension, &plan->steps[i], direction);
	}
	return steps;
}

/* Plan from the store as it was read. */
void
mig_plan_from_store(MigStore *store, MigDirection direction, const char *target, MigPlan *plan)
{
	MigReport	report = {0};
	bool		ok;

	mig_store_resolve_rows(store);
	if (direction == MIG_UPGRADE)
		ok = mig_plan_upgrade(store->graph, &store->rows, target, plan, &report);
	else
		ok = mig_plan_downgrade(store->graph, &store->rows, target, plan, &report);
	if (!ok)
		mig_report_throw(&report);
}

/* Read the store and plan, for a schema.  Called in an owner scope. */
void
mig_open_and_plan(MigStore *store, const MigExtension *extension, const char *schema_name, MigDirection direction,
				  const char *target, MigPlan *plan)
{
	mig_store_open(store, extension, MIG_STORE_CHANGE, schema_name);
	mig_plan_from_store(store, direction, target, plan);
}
