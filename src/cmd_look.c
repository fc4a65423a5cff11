/*-------------------------------------------------------------------------
 *
 * cmd_look.c
 *	  SQL functions that only look.
 *
 *		migrate_heads(resolve_dependencies boolean DEFAULT false)
 *		migrate_branches()
 *		migrate_history(range text DEFAULT ':', schema text DEFAULT '')
 *		migrate_show(revision text DEFAULT 'head', schema text DEFAULT '')
 *		migrate_graph(format text DEFAULT 'text', range text DEFAULT ':',
 *					  schema text DEFAULT '')
 *
 * They change nothing, take no lock, and work on a standby.  See also
 * cmd_current.c.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "drawing.h"
#include "errcodes.h"
#include "fmgr.h"
#include "funcapi.h"
#include "history.h"
#include "names.h"
#include "purecore.h"
#include "report.h"
#include "result.h"
#include "spiutil.h"
#include "store.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(migrate_heads);
PG_FUNCTION_INFO_V1(migrate_branches);
PG_FUNCTION_INFO_V1(migrate_history);
PG_FUNCTION_INFO_V1(migrate_show);
PG_FUNCTION_INFO_V1(migrate_graph);

/* The store, and the marks that its revisions have in a lineage. */
typedef struct View
{
	MigStore	store;
	MigNameList *labels;		/* shown at each revision */
	bool	   *current;
	bool	   *applied;
} View;

/*
 * Read the store for one of these functions; raises MG006.
 *
 * A row of the version table whose script is not known is the very thing
 * that one wants to look into, so it is only warned about.
 */
static void
open_view(View *view, const char *schema_name)
{
	MigGraph   *graph;
	int			i;

	mig_store_look(&view->store, schema_name);
	mig_store_resolve_known_rows(&view->store);
	graph = view->store.graph;
	view->labels = mig_graph_shown_labels(graph);
	view->current = mig_alloc0_array(bool, graph->nrevisions);
	for (i = 0; i < view->store.rows.count; i++)
		view->current[view->store.rows.items[i]] = true;
	view->applied = mig_graph_ancestors(graph, view->store.rows.items, view->store.rows.count, MIG_ALL_PARENTS);
}

/* The revisions that a text denotes; "current" is the rows, too. */
static MigRevisionSet
resolve_shown(View *view, const char *text)
{
	MigReport	report = {0};
	MigRevisionSet set;

	if (strcmp(text, "current") == 0)
		return view->store.rows;
	if (!mig_resolve_revisions(view->store.graph, text, &set, &report))
		mig_report_throw(&report);
	return set;
}

/* The revisions of a range, newest first. */
static MigRevisionSet
resolve_range(View *view, const char *range)
{
	MigReport	report = {0};
	MigRevisionSet set;

	if (!mig_history(view->store.graph, &view->store.rows, range, &set, &report))
		mig_report_throw(&report);
	return set;
}

/* Begin a row with the columns that most of these functions share. */
static void
begin_row(MigResultRow *row, const View *view, int index, bool with_parents)
{
	const MigRevision *revision = &view->store.graph->revisions[index];

	mig_row_begin(row);
	mig_row_text(row, revision->id);
	if (with_parents)
		mig_row_text(row, mig_join_or_null(&revision->down_revision));
	mig_row_text(row, mig_join_or_null(&view->labels[index]));
	mig_row_text(row, revision->message);
}

/*
 * migrate_heads(resolve_dependencies boolean, OUT ...) RETURNS SETOF record
 *
 * The revisions that nothing revises; with resolve_dependencies only those
 * that nothing depends on, either.
 */
Datum
migrate_heads(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	bool		real_only = PG_GETARG_BOOL(0);
	View		view;
	const MigGraph *graph;
	int			i;

	InitMaterializedSRF(fcinfo, 0);
	open_view(&view, MIG_ORDINARY_SCHEMA);
	graph = view.store.graph;
	for (i = 0; i < graph->nheads; i++)
	{
		int			index = graph->heads[i];
		const MigRevision *revision = &graph->revisions[index];
		bool		real = mig_graph_is_real_head(graph, index);
		MigResultRow row;

		if (real_only && !real)
			continue;
		begin_row(&row, &view, index, true);
		mig_row_bool(&row, !real);
		mig_row_text(&row, revision->path);
		mig_row_put(&row, rsinfo);
	}
	PG_RETURN_NULL();
}

/* The ids of the revisions that revise this one, in load order. */
static const char *
children_text(const MigGraph *graph, int index)
{
	int			n = mig_edge_count(&graph->next, index);

	return n > 1 ? mig_graph_join_ids(graph, graph->next.items + graph->next.first[index], n) : NULL;
}

/*
 * migrate_branches(OUT ...) RETURNS SETOF record
 *
 * The branch points, newest first.
 */
Datum
migrate_branches(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	View		view;
	MigRevisionSet all;
	int			i;

	InitMaterializedSRF(fcinfo, 0);
	open_view(&view, MIG_ORDINARY_SCHEMA);
	all = resolve_range(&view, ":");
	for (i = 0; i < all.count; i++)
	{
		int			index = all.items[i];
		const MigRevision *revision = &view.store.graph->revisions[index];
		MigResultRow row;

		if (!mig_graph_is_branch_point(view.store.graph, index))
			continue;
		begin_row(&row, &view, index, false);
		mig_row_text(&row, children_text(view.store.graph, index));
		mig_row_text(&row, revision->path);
		mig_row_put(&row, rsinfo);
	}
	PG_RETURN_NULL();
}

/* The columns that tell what a revision is in the graph. */
static void
put_marks(MigResultRow *row, const View *view, int index)
{
	mig_row_bool(row, mig_graph_is_real_head(view->store.graph, index));
	mig_row_bool(row, view->current[index]);
	mig_row_bool(row, view->applied[index]);
	mig_row_bool(row, mig_graph_is_branch_point(view->store.graph, index));
	mig_row_bool(row, mig_graph_is_merge_point(view->store.graph, index));
}

/*
 * migrate_history(range text, schema text, OUT ...) RETURNS SETOF record
 *
 * The revisions of a range, newest first.
 */
Datum
migrate_history(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	View		view;
	MigRevisionSet range;
	int			i;

	InitMaterializedSRF(fcinfo, 0);
	open_view(&view, mig_schema_argument(fcinfo, 1));
	range = resolve_range(&view, text_to_cstring(PG_GETARG_TEXT_PP(0)));
	for (i = 0; i < range.count; i++)
	{
		int			index = range.items[i];
		const MigRevision *revision = &view.store.graph->revisions[index];
		MigResultRow row;

		CHECK_FOR_INTERRUPTS();
		mig_row_begin(&row);
		mig_row_text(&row, revision->id);
		mig_row_text(&row, mig_join_or_null(&revision->down_revision));
		mig_row_text(&row, mig_join_or_null(&revision->depends_on));
		mig_row_text(&row, mig_join_or_null(&view.labels[index]));
		mig_row_text(&row, revision->message);
		put_marks(&row, &view, index);
		mig_row_text(&row, revision->create_date);
		mig_row_text(&row, revision->path);
		mig_row_put(&row, rsinfo);
	}
	PG_RETURN_NULL();
}

/* A row of migrate_show(). */
static void
put_details(ReturnSetInfo *rsinfo, const View *view, const MigExtension *extension, int index)
{
	const MigStoredScript *script = &view->store.scripts[index];
	const MigRevision *revision = &script->revision;
	MigResultRow row;

	mig_row_begin(&row);
	mig_row_text(&row, revision->id);
	mig_row_text(&row, mig_join_or_null(&revision->down_revision));
	mig_row_text(&row, mig_join_or_null(&revision->depends_on));
	mig_row_text(&row, mig_join_or_null(&view->labels[index]));
	mig_row_text(&row, children_text(view->store.graph, index));
	mig_row_text(&row, revision->message);
	put_marks(&row, view, index);
	mig_row_text(&row, revision->create_date);
	mig_row_text(&row, revision->path);
	mig_row_text(&row, script->checksum);
	mig_row_text(&row, script->registered_by);
	mig_row_datum(&row, TimestampTzGetDatum(script->registered_at), false);
	mig_row_text(&row, mig_store_text(&view->store, extension, index));
	mig_row_put(&row, rsinfo);
}

/*
 * migrate_show(revision text, schema text) RETURNS SETOF migrate_script_details
 *
 * All that is known of what the text denotes, the script included.
 */
Datum
migrate_show(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	View		view;
	MigOwnerScope scope;
	MigRevisionSet shown;
	int			i;

	InitMaterializedSRF(fcinfo, 0);
	open_view(&view, mig_schema_argument(fcinfo, 1));
	shown = resolve_shown(&view, text_to_cstring(PG_GETARG_TEXT_PP(0)));
	mig_enter_owner(&scope);
	for (i = 0; i < shown.count; i++)
		put_details(rsinfo, &view, &scope.extension, shown.items[i]);
	mig_leave_owner(&scope);
	PG_RETURN_NULL();
}

/*
 * migrate_graph(format text, range text, schema text, OUT graph text)
 *		RETURNS SETOF text
 *
 * A drawing of the history, newest first, line by line.
 */
Datum
migrate_graph(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	View		view;
	MigReport	report = {0};
	MigDrawFormat format;
	MigRevisionSet range;
	MigNameList lines;
	int			i;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	open_view(&view, mig_schema_argument(fcinfo, 2));
	if (!mig_parse_draw_format(text_to_cstring(PG_GETARG_TEXT_PP(0)), &format, &report))
		mig_report_throw(&report);
	range = resolve_range(&view, text_to_cstring(PG_GETARG_TEXT_PP(1)));
	lines = mig_draw_graph(view.store.graph, &view.store.rows, &range, format);
	for (i = 0; i < lines.count; i++)
	{
		MigResultRow row;

		mig_row_begin(&row);
		mig_row_text(&row, lines.names[i]);
		mig_row_put(&row, rsinfo);
	}
	PG_RETURN_NULL();
}
