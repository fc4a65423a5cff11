/*-------------------------------------------------------------------------
 *
 * cmd_sql.c
 *	  SQL functions that show what would run.
 *
 *		migrate_upgrade_sql(range text DEFAULT 'head', schema text DEFAULT '')
 *		migrate_downgrade_sql(range text, schema text DEFAULT '')
 *		migrate_plan(target text DEFAULT 'head', schema text DEFAULT '')
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "offline.h"
#include "plan.h"
#include "report.h"
#include "result.h"
#include "spiutil.h"
#include "step.h"
#include "storage/lock.h"
#include "store.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(migrate_upgrade_sql);
PG_FUNCTION_INFO_V1(migrate_downgrade_sql);
PG_FUNCTION_INFO_V1(migrate_plan);

/* The script for the range that is the first argument, and the schema that is the second. */
static text *
offline_sql(FunctionCallInfo fcinfo, MigDirection direction)
{
	MigOwnerScope scope;
	MigStore	store;
	const char *schema_name = mig_schema_argument(fcinfo, 1);
	const char *search_path = mig_schema_search_path(schema_name);
	char	   *script;

	mig_enter_owner(&scope);
	mig_store_open(&store, &scope.extension, MIG_STORE_LOOK, schema_name);
	script = mig_offline_script(&store, &scope.extension, direction, text_to_cstring(PG_GETARG_TEXT_PP(0)),
								search_path);
	mig_leave_owner(&scope);
	return cstring_to_text(script);
}

/*
 * migrate_upgrade_sql(range text, schema text) RETURNS text
 *
 * A script for psql that upgrades a database without the extension: from an
 * empty one to a target, or, given "start:end", from one revision to another.
 */
Datum
migrate_upgrade_sql(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(offline_sql(fcinfo, MIG_UPGRADE));
}

/*
 * migrate_downgrade_sql(range text, schema text) RETURNS text
 *
 * The same in the other direction, from "start" down to "end".
 */
Datum
migrate_downgrade_sql(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(offline_sql(fcinfo, MIG_DOWNGRADE));
}

/* A statement as the script has it, with the line that makes it an assertion. */
static char *
statement_text(const MigScriptSource *source, const MigStatement *statement)
{
	return psprintf("%s%s",
					statement->assertion == MIG_ASSERT_TRUE ? "-- migrate:assert\n" :
					statement->assertion == MIG_ASSERT_EMPTY ? "-- migrate:assert empty\n" : "",
					pnstrdup(source->text + statement->start, statement->len));
}

/* What a statement will lock, as far as it tells: "mode on relation" each. */
static Datum
locks_array(const MigLockTargets *targets)
{
	MigNameList locks = {NULL, 0};
	int			i;

	for (i = 0; i < targets->count; i++)
	{
		const MigLockTarget *target = &targets->items[i];

		mig_name_list_add(&locks, psprintf("%s on %s", GetLockmodeName(DEFAULT_LOCKMETHOD, target->mode),
										   quote_qualified_identifier(target->schema, target->name)));
	}
	return mig_name_list_datum(&locks);
}

/* One row: a statement of a step, or a step that has none. */
static void
put_plan_row(ReturnSetInfo *rsinfo, int number, const MigGraph *graph, const MigPreparedStep *prepared,
			 int statement)
{
	MigResultRow row;

	mig_row_step(&row, number, graph, prepared);
	if (statement < prepared->statements.count)
	{
		const MigStatement *item = &prepared->statements.items[statement];

		mig_row_int(&row, statement + 1);
		mig_row_int(&row, item->line);
		mig_row_text(&row, statement_text(&prepared->source, item));
	}
	else
	{
		mig_row_datum(&row, (Datum) 0, true);
		mig_row_datum(&row, (Datum) 0, true);
		mig_row_datum(&row, (Datum) 0, true);
	}
	mig_row_bool(&row, mig_step_is_atomic(prepared));
	if (statement < prepared->statements.count)
		mig_row_datum(&row, locks_array(&prepared->statements.items[statement].targets), false);
	else
		mig_row_datum(&row, (Datum) 0, true);
	mig_row_put(&row, rsinfo);
}

/*
 * migrate_plan(target text, schema text, OUT ...) RETURNS SETOF record
 *
 * The steps and statements that lead from where the database is to the
 * target, up or down; whether a step can be run in one transaction, and what
 * its statements lock.  Nothing runs.
 */
Datum
migrate_plan(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	MigOwnerScope scope;
	MigStore	store;
	MigPlan		plan;
	MigDirection direction;
	MigReport	report = {0};
	MemoryContext per_step = AllocSetContextCreate(CurrentMemoryContext, "migrate plan step",
												   ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = CurrentMemoryContext;
	int			i,
				j;

	InitMaterializedSRF(fcinfo, 0);
	mig_enter_owner(&scope);
	mig_store_open(&store, &scope.extension, MIG_STORE_LOOK, mig_schema_argument(fcinfo, 1));
	mig_store_resolve_rows(&store);
	if (!mig_plan_either(store.graph, &store.rows, text_to_cstring(PG_GETARG_TEXT_PP(0)),
						 &plan, &direction, &report))
		mig_report_throw(&report);
	for (i = 0; i < plan.nsteps; i++)
	{
		MigPreparedStep prepared;

		CHECK_FOR_INTERRUPTS();
		MemoryContextReset(per_step);
		MemoryContextSwitchTo(per_step);
		mig_prepare_step(&prepared, &store, &scope.extension, &plan.steps[i], direction);
		for (j = 0; j < Max(prepared.statements.count, 1); j++)
			put_plan_row(rsinfo, i + 1, store.graph, &prepared, j);
	}
	MemoryContextSwitchTo(oldcontext);
	mig_leave_owner(&scope);
	PG_RETURN_NULL();
}
