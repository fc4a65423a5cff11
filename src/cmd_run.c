/*-------------------------------------------------------------------------
 *
 * cmd_run.c
 *	  SQL functions and procedures that run scripts or move the version.
 *
 *		migrate_upgrade(target text DEFAULT 'head', schema text DEFAULT '', create_schema boolean DEFAULT false)
 *		migrate_downgrade(target text, schema text DEFAULT '')
 *		migrate_stamp(target text DEFAULT 'head', purge boolean DEFAULT false, schema text DEFAULT '')
 *		CALL migrate_run(target text DEFAULT 'head', direction text DEFAULT NULL,
 *			lock_timeout interval DEFAULT NULL, lock_retry_for interval DEFAULT NULL,
 *			schema text DEFAULT '', schemas text DEFAULT NULL, jobs integer DEFAULT 1,
 *			canary integer DEFAULT 0, max_failures integer DEFAULT 0)
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>

#include "arguments.h"
#include "errcodes.h"
#include "fmgr.h"
#include "funcapi.h"
#include "guc.h"
#include "jobstart.h"
#include "manyschemas.h"
#include "names.h"
#include "production.h"
#include "prove.h"
#include "result.h"
#include "run.h"
#include "runcommand.h"
#include "security.h"
#include "stamp.h"
#include "tenant.h"
#include "utils/builtins.h"
#include "utils/guc.h"

#define MAX_JOBS	1000

PG_FUNCTION_INFO_V1(migrate_upgrade);
PG_FUNCTION_INFO_V1(migrate_downgrade);
PG_FUNCTION_INFO_V1(migrate_stamp);
PG_FUNCTION_INFO_V1(migrate_run);
PG_FUNCTION_INFO_V1(migrate_run_detached);
PG_FUNCTION_INFO_V1(migrate_start);

/* Run, in the transaction of the caller, for a schema that exists, or is made. */
static void
run_for_schema(FunctionCallInfo fcinfo, MigDirection direction, const char *schema_name, bool create_schema)
{
	int			guc_nestlevel;

	InitMaterializedSRF(fcinfo, 0);
	mig_require_schema(schema_name, create_schema);
	guc_nestlevel = mig_enter_schema(schema_name);
	mig_run(schema_name, direction, text_to_cstring(PG_GETARG_TEXT_PP(0)), (ReturnSetInfo *) fcinfo->resultinfo);
	AtEOXact_GUC(false, guc_nestlevel);
}

/*
 * migrate_upgrade(target text, schema text, create_schema boolean)
 *		RETURNS SETOF migrate_step
 *
 * Run what the target needs and what is not applied, in one transaction.
 */
Datum
migrate_upgrade(PG_FUNCTION_ARGS)
{
	mig_prevent_if_read_only("migrate_upgrade()");
	run_for_schema(fcinfo, MIG_UPGRADE, mig_schema_argument(fcinfo, 1), PG_GETARG_BOOL(2));
	PG_RETURN_NULL();
}

/*
 * migrate_downgrade(target text, schema text) RETURNS SETOF migrate_step
 *
 * Undo what is applied and comes after the target, in one transaction.
 */
Datum
migrate_downgrade(PG_FUNCTION_ARGS)
{
	mig_prevent_if_read_only("migrate_downgrade()");
	run_for_schema(fcinfo, MIG_DOWNGRADE, mig_schema_argument(fcinfo, 1), false);
	PG_RETURN_NULL();
}

/*
 * migrate_stamp(target text, purge boolean, schema text, OUT step integer,
 *				 OUT old_version text, OUT new_version text) RETURNS SETOF record
 *
 * Set the version without running anything; several targets are separated by
 * commas.  "auto" is what leads to the schema that the database has.  The
 * schema need not exist: so the rows of one that was dropped can be purged.
 */
Datum
migrate_stamp(PG_FUNCTION_ARGS)
{
	char	   *schema_name = mig_schema_argument(fcinfo, 2);
	char	   *target;
	int			guc_nestlevel;

	mig_prevent_if_read_only("migrate_stamp()");
	InitMaterializedSRF(fcinfo, 0);
	target = text_to_cstring(PG_GETARG_TEXT_PP(0));
	guc_nestlevel = mig_enter_schema(schema_name);
	if (strcmp(target, "auto") == 0)
		target = mig_find_stamp_target(schema_name);
	mig_stamp(schema_name, target, PG_GETARG_BOOL(1), (ReturnSetInfo *) fcinfo->resultinfo);
	AtEOXact_GUC(false, guc_nestlevel);
	PG_RETURN_NULL();
}

/* The direction that an argument names, or that the target can only mean. */
static MigDirection
get_direction(FunctionCallInfo fcinfo, int argument, const char *target)
{
	char	   *direction;

	if (PG_ARGISNULL(argument))
		return mig_leads_down(target) ? MIG_DOWNGRADE : MIG_UPGRADE;
	direction = text_to_cstring(PG_GETARG_TEXT_PP(argument));
	if (strcmp(direction, mig_direction_name(MIG_UPGRADE)) == 0)
		return MIG_UPGRADE;
	if (strcmp(direction, mig_direction_name(MIG_DOWNGRADE)) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unrecognized direction \"%s\"", direction),
				 errhint("The directions are \"%s\" and \"%s\".", mig_direction_name(MIG_UPGRADE),
						 mig_direction_name(MIG_DOWNGRADE))));
	return MIG_DOWNGRADE;
}

/* A number that is an argument, in a range; null is "absent". */
static int
get_number(FunctionCallInfo fcinfo, int argument, const char *name, int least, int most, int absent)
{
	int			value;

	if (PG_ARGISNULL(argument))
		return absent;
	value = PG_GETARG_INT32(argument);
	if (value < least || value > most)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s is out of range", name),
				 errdetail("It is %d, and must be from %d to %d.", value, least, most),
				 errhint("Write %s => %d, for instance.", name, Max(least, Min(most, 4)))));
	return value;
}

/*
 * The arguments from "schema" on: which schemas to run.  One that is named
 * must exist.
 */
static void
get_schemas(FunctionCallInfo fcinfo, int argument, MigRunOptions *options)
{
	options->schema_name = mig_schema_argument(fcinfo, argument);
	options->schemas = PG_ARGISNULL(argument + 1) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(argument + 1));
	options->jobs = get_number(fcinfo, argument + 2, "jobs", 1, MAX_JOBS, 1);
	options->canary = get_number(fcinfo, argument + 3, "canary", 0, INT_MAX, 0);
	options->max_failures = get_number(fcinfo, argument + 4, "max_failures", 0, INT_MAX, -1);
	if (options->schemas != NULL && options->schema_name[0] != '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("both schema and schemas are given"),
				 errhint("schema => 'name' is for one schema, schemas => 'pattern' for all that match.")));
	if (options->schemas == NULL)
		mig_require_schema(options->schema_name, false);
}

/*
 * What all ways to call a production run have: the target, and from an
 * argument on the direction, the patience, and the schemas.
 */
static void
get_options(FunctionCallInfo fcinfo, int argument, MigRunOptions *options)
{
	MemSet(options, 0, sizeof(MigRunOptions));
	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the target must not be null"),
				 errhint("CALL migrate_run('head');")));
	options->target = text_to_cstring(PG_GETARG_TEXT_PP(0));
	options->direction = get_direction(fcinfo, argument, options->target);
	options->direction_given = !PG_ARGISNULL(argument);
	options->lock_timeout = mig_milliseconds_argument(fcinfo, argument + 1, "lock_timeout", mig_lock_timeout, 10);
	options->lock_retry_for = mig_milliseconds_argument(fcinfo, argument + 2, "lock_retry_for", mig_lock_retry_for, 0);
	get_schemas(fcinfo, argument + 3, options);
}

/* Run in this session.  Returns the number of the run, or 0. */
static int64
run_here(const MigRunOptions *options)
{
	if (options->schemas != NULL)
		return mig_run_many_schemas(options);
	return mig_run_in_production(options);
}

/* Refuse what cannot be run here. */
static void
require_for_run(FunctionCallInfo fcinfo)
{
	mig_require_own_transactions(fcinfo, "migrate_run()", "It commits each revision by itself.",
								 "CALL migrate_run('head'); as a statement of its own, outside of BEGIN and COMMIT, in autocommit mode of a driver; or SELECT * FROM migrate_upgrade('head') as a part of your transaction.");
	mig_prevent_if_read_only("migrate_run()");
}

/*
 * CALL migrate_run(target text, direction text, lock_timeout interval,
 *					lock_retry_for interval, schema text, schemas text,
 *					jobs integer, canary integer, max_failures integer)
 *
 * Upgrade or downgrade, each revision in a transaction of its own; what
 * refuses a transaction block is run, too.  Waits for locks for lock_timeout
 * at a time, and tries again for lock_retry_for; null: what the settings say.
 *
 * With schemas, a pattern of LIKE, all that match, by as many workers as there
 * are jobs; first the canaries, the others when those have succeeded; until
 * more have failed than max_failures says, null: to the end.
 */
Datum
migrate_run(PG_FUNCTION_ARGS)
{
	MigRunOptions options;

	require_for_run(fcinfo);
	get_options(fcinfo, 1, &options);
	(void) run_here(&options);
	PG_RETURN_VOID();
}

/*
 * CALL migrate_run(target text, detach boolean, direction text,
 *					lock_timeout interval, lock_retry_for interval, schema text,
 *					schemas text, jobs integer, canary integer,
 *					max_failures integer, INOUT run bigint)
 *
 * The same; detached, in a background worker, without waiting for its end.
 * "run" becomes its number, null if it was not detached and there was nothing
 * to do.
 */
Datum
migrate_run_detached(PG_FUNCTION_ARGS)
{
	MigRunOptions options;
	MigResultRow row;
	int64		run;

	if (PG_ARGISNULL(1) || !PG_GETARG_BOOL(1))
	{
		require_for_run(fcinfo);
		get_options(fcinfo, 2, &options);
		run = run_here(&options);
	}
	else
	{
		mig_prevent_if_read_only("migrate_run()");
		get_options(fcinfo, 2, &options);
		run = mig_job_start_call(mig_run_command(&options, options.target));
	}
	mig_row_begin(&row);
	mig_row_datum(&row, Int64GetDatum(run), run == 0);
	return mig_row_return(&row, fcinfo);
}

/*
 * migrate_start(target text, direction text, lock_timeout interval,
 *				 lock_retry_for interval, schema text, schemas text,
 *				 jobs integer, canary integer, max_failures integer)
 *		RETURNS bigint
 *
 * The same as a function, always detached.
 */
Datum
migrate_start(PG_FUNCTION_ARGS)
{
	MigRunOptions options;

	mig_prevent_if_read_only("migrate_start()");
	get_options(fcinfo, 1, &options);
	PG_RETURN_INT64(mig_job_start_call(mig_run_command(&options, options.target)));
}
