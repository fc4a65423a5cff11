/*-------------------------------------------------------------------------
 *
 * stamp.c
 *	  Setting the version without running anything.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "mutex.h"
#include "names.h"
#include "report.h"
#include "stamp.h"
#include "step.h"
#include "unfinished.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "version.h"

/* A stamp, as it goes on. */
typedef struct Stamp
{
	const char *schema_name;
	MigOwnerScope scope;
	MigRecorder recorder;
	int64		run;			/* 0: nothing has changed so far */
	int			number;			/* of rows returned */
	ReturnSetInfo *rsinfo;
} Stamp;

/* A row of the ledger for a stamp. */
static void
log_stamp(Stamp *stamp, const char *revision, const MigNameList *removed, const MigNameList *added)
{
	MigLogEntry entry = {0};

	if (stamp->run == 0)
		stamp->run = mig_next_run(&stamp->scope.extension);
	entry.run = stamp->run;
	entry.attempts = 1;
	entry.direction = "stamp";
	entry.revision = revision;
	entry.removed = *removed;
	entry.added = *added;
	entry.started_at = GetCurrentTimestamp();
	entry.duration = palloc0(sizeof(Interval));
	entry.role = GetUserNameFromId(stamp->scope.userid, false);
	mig_record_log(&stamp->recorder, stamp->schema_name, &entry);
}

/* Append a row to the result of a stamp. */
static void
put_stamp(Stamp *stamp, const MigNameList *removed, const MigNameList *added)
{
	MigResultRow row;

	mig_row_begin(&row);
	mig_row_int(&row, ++stamp->number);
	mig_row_text(&row, mig_join_or_null(removed));
	mig_row_text(&row, mig_join_or_null(added));
	mig_row_put(&row, stamp->rsinfo);
}

/* Empty the version table, whatever is in it. */
static void
purge_versions(Stamp *stamp, MigStore *store)
{
	MigNameList none = {NULL, 0};

	if (store->versions.count == 0)
		return;
	mig_versions_purge(&stamp->scope.extension, stamp->schema_name);
	log_stamp(stamp, NULL, &store->versions, &none);
	put_stamp(stamp, &store->versions, &none);
	store->versions = none;
}

/* Change the version rows as one destination wants it. */
static void
apply_stamp_step(Stamp *stamp, const MigStore *store, const MigStep *step)
{
	const char *revision = step->revision >= 0 ? store->graph->revisions[step->revision].id : NULL;
	MigNameList removed = mig_graph_ids(store->graph, step->removed.items, step->removed.count);
	MigNameList added = mig_graph_ids(store->graph, step->added.items, step->added.count);

	ereport(NOTICE,
			(errmsg("running stamp_revision %s -> %s", mig_name_list_join(&removed), mig_name_list_join(&added))));
	mig_record_versions(&stamp->recorder, stamp->schema_name, &removed, &added);
	log_stamp(stamp, revision, &removed, &added);
	put_stamp(stamp, &removed, &added);
}

/*
 * A stamp says where the database is, and so that no revision is half run,
 * whatever was thought before.
 */
static void
forget_unfinished(const MigExtension *extension, const char *schema_name)
{
	MigUnfinished *list;
	int			n = mig_unfinished_read(extension, schema_name, &list);
	int			i;

	for (i = 0; i < n; i++)
		ereport(NOTICE,
				(errmsg("forgetting that the %s of revision %s was interrupted after statement %d",
						mig_direction_name(list[i].direction), list[i].revision, list[i].done.count)));
	if (n > 0)
		mig_unfinished_end(extension, schema_name, NULL);
}

/*
 * Set the rows of the version table without running anything: comma-separated
 * targets.  With purge, whatever rows there are go first, known or not.
 */
void
mig_stamp(const char *schema_name, const char *targets, bool purge, ReturnSetInfo *rsinfo)
{
	Stamp		stamp = {.schema_name = schema_name, .rsinfo = rsinfo};
	MigExtension *extension = &stamp.scope.extension;
	MigStore	store;
	MigPlan		plan;
	MigReport	report = {0};
	MigNameList names = {NULL, 0};
	int			i;

	mig_refuse_nested_run();
	if (!mig_split_names("revisions", targets, &names, &report))
		mig_report_throw(&report);
	mig_store_refresh();
	mig_enter_owner(&stamp.scope);
	mig_lock_versions(extension, schema_name);
	mig_store_open(&store, extension, MIG_STORE_CHANGE, schema_name);
	mig_versions_check_snapshot(extension, schema_name, &store.versions);
	mig_recorder_begin(&stamp.recorder, extension);
	if (purge)
		purge_versions(&stamp, &store);
	mig_store_resolve_rows(&store);
	if (!mig_plan_stamp(store.graph, &store.rows, &names, &plan, &report))
		mig_report_throw(&report);
	for (i = 0; i < plan.nsteps; i++)
		apply_stamp_step(&stamp, &store, &plan.steps[i]);
	forget_unfinished(extension, schema_name);
	mig_store_summarize(extension);
	mig_leave_owner(&stamp.scope);
}
