/*-------------------------------------------------------------------------
 *
 * cmd_progress.c
 *	  The SQL function below the view migrate_progress.
 *
 *		migrate_runs()
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "progress.h"
#include "result.h"
#include "schemaqueue.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(migrate_runs);

/* The next column is a number that begins at one; before, null. */
static void
put_ordinal(MigResultRow *row, int64 value)
{
	mig_row_datum(row, Int32GetDatum((int32) value), value == 0);
}

/* The next column is a time; what has not begun is null. */
static void
put_time(MigResultRow *row, TimestampTz time)
{
	mig_row_datum(row, TimestampTzGetDatum(time), time == 0);
}

/* The next column is a number of rows; null without a backfill, or if not known. */
static void
put_rows(MigResultRow *row, const MigProgress *progress, int64 rows, bool is_known)
{
	mig_row_datum(row, Int64GetDatum(rows), progress->rows_started_at == 0 || !is_known);
}

/* The next column is rows per second, since the backfill began or went on. */
static void
put_rate(MigResultRow *row, const MigProgress *progress)
{
	double		seconds = (GetCurrentTimestamp() - progress->rows_started_at) / (double) USECS_PER_SEC;
	int64		rows = progress->rows - progress->rows_before;
	bool		is_known = progress->rows_started_at != 0 && rows > 0 && seconds > 0;

	mig_row_datum(row, Float8GetDatum(is_known ? rows / seconds : 0), !is_known);
}

/* The next three columns are about the schemas of a run of many. */
static void
put_schemas(MigResultRow *row, const MigProgress *progress)
{
	bool		of_one = progress->schemas == 0;

	mig_row_datum(row, Int32GetDatum(progress->schemas), of_one);
	mig_row_datum(row, Int32GetDatum(progress->schemas_done), of_one);
	mig_row_datum(row, Int32GetDatum(progress->schemas_failed), of_one);
}

/* The row of a run, or of one of its schemas. */
static void
put_run(ReturnSetInfo *rsinfo, const MigProgress *progress, const char *phase)
{
	bool		has_step = progress->step > 0;
	MigResultRow row;

	mig_row_begin(&row);
	mig_row_datum(&row, Int64GetDatum(progress->run), progress->run == 0);
	put_ordinal(&row, progress->pid);
	put_ordinal(&row, progress->worker_pid);
	mig_row_text(&row, progress->schema_name);
	mig_row_text(&row, mig_direction_name(progress->direction));
	mig_row_text(&row, progress->target);
	put_ordinal(&row, progress->step);
	put_ordinal(&row, progress->nsteps);
	mig_row_text(&row, has_step ? progress->revision : NULL);
	mig_row_text(&row, has_step ? progress->message : NULL);
	put_ordinal(&row, progress->statement);
	mig_row_datum(&row, Int32GetDatum(progress->nstatements), !has_step);
	put_ordinal(&row, progress->line);
	mig_row_text(&row, phase);
	put_ordinal(&row, progress->attempt);
	put_time(&row, progress->run_started_at);
	put_time(&row, progress->statement_started_at);
	put_rows(&row, progress, progress->rows, true);
	put_rows(&row, progress, progress->rows_total, progress->rows_total > 0);
	put_rate(&row, progress);
	mig_row_text(&row, progress->held_by[0] != '\0' ? progress->held_by : NULL);
	put_schemas(&row, progress);
	mig_row_put(&row, rsinfo);
}

/*
 * The schemas of a run of many that no worker is at just now: those have rows
 * of their own.
 */
static void
put_queue(ReturnSetInfo *rsinfo, const MigProgress *progress)
{
	List	   *schemas = mig_queue_read(progress->queue);
	MigProgress of_schema = {0};
	ListCell   *lc;

	of_schema.run = progress->run;
	of_schema.direction = progress->direction;
	strlcpy(of_schema.target, progress->target, MIG_PROGRESS_TEXT);
	of_schema.run_started_at = progress->run_started_at;
	foreach(lc, schemas)
	{
		const MigQueuedSchema *schema = (const MigQueuedSchema *) lfirst(lc);

		if (schema->state == MIG_SCHEMA_RUNNING)
			continue;
		strlcpy(of_schema.schema_name, schema->schema_name, NAMEDATALEN);
		put_run(rsinfo, &of_schema, mig_queue_state_name(schema->state));
	}
}

/*
 * migrate_runs(OUT ...) RETURNS SETOF record
 *
 * The runs of this database that have not ended or are not committed.
 */
Datum
migrate_runs(PG_FUNCTION_ARGS)
{
	MigExtension extension;
	List	   *runs;
	ListCell   *lc;

	InitMaterializedSRF(fcinfo, 0);
	mig_find_extension(&extension);
	runs = mig_progress_read(&extension);
	foreach(lc, runs)
	{
		const MigProgress *progress = (const MigProgress *) lfirst(lc);

		put_run((ReturnSetInfo *) fcinfo->resultinfo, progress, mig_phase_name(progress->phase));
		if (progress->queue != DSM_HANDLE_INVALID)
			put_queue((ReturnSetInfo *) fcinfo->resultinfo, progress);
	}
	PG_RETURN_NULL();
}
