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
#include "names.h"
#include "report.h"
#include "stamp.h"
#include "step.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "version.h"

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

	mig_refuse_nested_run();
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
