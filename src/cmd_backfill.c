/*-------------------------------------------------------------------------
 *
 * cmd_backfill.c
 *	  The SQL procedures and functions that run a statement in batches.
 *
 *		CALL migrate_backfill(table_name text, statement text, key text DEFAULT NULL,
 *			size integer DEFAULT NULL, pause interval DEFAULT NULL,
 *			lock_timeout interval DEFAULT NULL, lock_retry_for interval DEFAULT NULL,
 *			schema text DEFAULT '')
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "arguments.h"
#include "backfillcall.h"
#include "fmgr.h"
#include "guc.h"
#include "jobstart.h"
#include "result.h"
#include "security.h"
#include "tenant.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(migrate_backfill);
PG_FUNCTION_INFO_V1(migrate_backfill_detached);
PG_FUNCTION_INFO_V1(migrate_start_backfill);

/* A text that is an argument, or NULL. */
static char *
get_text(FunctionCallInfo fcinfo, int argument)
{
	return PG_ARGISNULL(argument) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(argument));
}

/*
 * The arguments: the table and the statement, and from an argument on the
 * others.
 */
static void
get_arguments(FunctionCallInfo fcinfo, int argument, MigBackfillTask *task)
{
	MemSet(task, 0, sizeof(MigBackfillTask));
	task->options.table = get_text(fcinfo, 0);
	task->statement = get_text(fcinfo, 1);
	if (task->statement == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the statement must not be null"),
				 errhint("CALL migrate_backfill('account', 'UPDATE account SET ... WHERE ...');")));
	task->options.key = get_text(fcinfo, argument);
	if (!PG_ARGISNULL(argument + 1))
	{
		task->options.size = PG_GETARG_INT32(argument + 1);
		if (task->options.size < 1)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("size is out of range"),
					 errdetail("It is %d, and must be at least 1.", task->options.size),
					 errhint("Write size => 5000, for instance: the rows of the first batch.")));
	}
	task->options.pause = mig_milliseconds_argument(fcinfo, argument + 2, "pause", 0, 0);
	task->lock_timeout = mig_milliseconds_argument(fcinfo, argument + 3, "lock_timeout", mig_lock_timeout, 10);
	task->lock_retry_for = mig_milliseconds_argument(fcinfo, argument + 4, "lock_retry_for", mig_lock_retry_for, 0);
	task->schema_name = mig_schema_argument(fcinfo, argument + 5);
	mig_require_schema(task->schema_name, false);
}

/* Refuse what cannot be run here. */
static void
require_for_backfill(FunctionCallInfo fcinfo)
{
	mig_require_own_transactions(fcinfo, "migrate_backfill()", "It commits each batch by itself.",
								 "CALL migrate_backfill(...); as a statement of its own, outside of BEGIN and COMMIT, in autocommit mode of a driver.");
	mig_prevent_if_read_only("migrate_backfill()");
}

/*
 * CALL migrate_backfill(table_name text, statement text, key text, size integer,
 *						 pause interval, lock_timeout interval,
 *						 lock_retry_for interval, schema text)
 *
 * Run an UPDATE, DELETE or INSERT ... SELECT in batches, each in a transaction
 * of its own, going through the table, which is given by its name or alias in
 * the statement, in the order of its key.  The same call goes on with what
 * was interrupted.
 */
Datum
migrate_backfill(PG_FUNCTION_ARGS)
{
	MigBackfillTask task;

	require_for_backfill(fcinfo);
	get_arguments(fcinfo, 2, &task);
	mig_call_backfill(&task);
	PG_RETURN_VOID();
}

/*
 * CALL migrate_backfill(table_name text, statement text, detach boolean,
 *						 key text, size integer, pause interval,
 *						 lock_timeout interval, lock_retry_for interval,
 *						 schema text, INOUT run bigint)
 *
 * The same; detached, in a background worker, without waiting for its end.
 * "run" becomes its number.
 */
Datum
migrate_backfill_detached(PG_FUNCTION_ARGS)
{
	MigBackfillTask task;
	MigResultRow row;

	if (PG_ARGISNULL(2) || !PG_GETARG_BOOL(2))
	{
		require_for_backfill(fcinfo);
		get_arguments(fcinfo, 3, &task);
		mig_call_backfill(&task);
	}
	else
	{
		mig_prevent_if_read_only("migrate_backfill()");
		get_arguments(fcinfo, 3, &task);
		task.run = mig_job_start_call(mig_backfill_command(&task));
	}
	mig_row_begin(&row);
	mig_row_datum(&row, Int64GetDatum(task.run), false);
	return mig_row_return(&row, fcinfo);
}

/*
 * migrate_start_backfill(table_name text, statement text, key text,
 *						  size integer, pause interval, lock_timeout interval,
 *						  lock_retry_for interval, schema text) RETURNS bigint
 *
 * The same as a function, always detached.
 */
Datum
migrate_start_backfill(PG_FUNCTION_ARGS)
{
	MigBackfillTask task;

	mig_prevent_if_read_only("migrate_start_backfill()");
	get_arguments(fcinfo, 2, &task);
	PG_RETURN_INT64(mig_job_start_call(mig_backfill_command(&task)));
}
