/*-------------------------------------------------------------------------
 *
 * history.c
 *	  Ranges of the history.
 *
 * "start:end" is what end needs, dependencies included, without what start
 * needs, but with start itself; if start is not the base, only what descends
 * from it by down_revision.
 *
 *-------------------------------------------------------------------------
 */
#ifdef FRONTEND
#include "postgres_fe.h"
#else
#include "postgres.h"
#endif

#include "errcodes.h"
#include "graph.h"
#include "history.h"
#include "names.h"
#include "order.h"
#include "purecore.h"
#include "report.h"
#include "target.h"

/* A copy without the blanks around it. */
static char *
trimmed(const char *text, size_t len)
{
	while (len > 0 && text[0] == ' ')
	{
		text++;
		len--;
	}
	while (len > 0 && text[len - 1] == ' ')
		len--;
	return pnstrdup(text, len);
}

/* Split "start:end"; either may be empty. */
bool
mig_split_range(const char *range, char **start, char **end, MigReport *report)
{
	const char *colon = strchr(range, ':');

	if (colon == NULL || strchr(colon + 1, ':') != NULL)
	{
		mig_report(report, ERRCODE_INVALID_PARAMETER_VALUE, "\"%s\" is not a range of revisions", range);
		mig_report_detail(report, colon ? "It has more than one colon." : "It has no colon.");
		return mig_report_hint(report, "Write start:end, start: or :end.");
	}
	*start = trimmed(range, colon - range);
	*end = trimmed(colon + 1, strlen(colon + 1));
	return true;
}

/* The error of a range whose start its end does not lead to. */
static bool
not_ancestor(const char *start, const char *end, MigReport *report)
{
	mig_report(report, ERRCODE_MIG_NOT_REACHABLE, "\"%s\" is not an ancestor of \"%s\"", start, end);
	mig_report_detail(report, "A range of the history goes from an older revision to a newer one.");
	return mig_report_hint(report, "Exchange the ends of the range, or write \":%s\" for all that leads to it.", end);
}

/* Is it "+N" or "branch@+N"? */
static bool
counts_up(const char *text)
{
	MigTargetText target;

	mig_parse_target(text, true, &target);
	return target.relative && target.symbol == NULL && target.steps > 0;
}

/*
 * The start of a range, unless it counts from the end.  rows is what
 * "current" stands for, and where "+N" counts from.
 *
 * Of "-N:+M" each part would wait for the other; so "-N" counts from the
 * heads there, as it does where no range is given.
 */
static bool
resolve_start(const MigGraph *graph, const MigRows *rows, const char *start, const char *end,
			  MigRevisionSet *result, MigReport *report)
{
	if (strcmp(start, "current") == 0 && strcmp(end, "current") != 0)
	{
		*result = *rows;
		return true;
	}
	if (mig_is_relative(start) && !mig_counts_down(start))
		return mig_resolve_upgrade_target(graph, rows, start, false, result, report);
	return mig_resolve_revisions(graph, start, result, report);
}

/*
 * "-N" as the start: N steps down from each end.  (Alembic counts from the
 * heads, whatever the end; its manual says what we do.)  An end that has not
 * so many below it goes to *from_base: all that leads to it is wanted.
 */
static bool
count_from_ends(const MigGraph *graph, const char *start, const MigRevisionSet *ends,
				MigRevisionSet *result, MigRevisionSet *from_base, MigReport *report)
{
	MigTargetText target;
	bool	   *seen = mig_alloc0_array(bool, graph->nrevisions);
	int			i;

	mig_parse_target(start, true, &target);
	*result = mig_make_set(ends->count);
	*from_base = mig_make_set(ends->count);
	for (i = 0; i < ends->count; i++)
	{
		int			revision;

		if (!mig_walk(graph, start, ends->items[i], target.steps, NULL, false, &revision, report))
			return false;
		if (revision == MIG_BASE || revision == MIG_WALKED_OFF)
			from_base->items[from_base->count++] = ends->items[i];
		else if (!seen[revision])
			result->items[result->count++] = revision;
		if (revision >= 0)
			seen[revision] = true;
	}
	pfree(seen);
	return true;
}

/*
 * The end of a range; a relative one counts from the start.
 */
static bool
resolve_end(const MigGraph *graph, const MigRows *rows, const MigRevisionSet *start, const char *end,
			MigRevisionSet *result, MigReport *report)
{
	if (strcmp(end, "current") == 0)
	{
		if (rows->count == 0)
			return mig_resolve_revisions(graph, "heads", result, report);
		*result = *rows;
		return true;
	}
	if (mig_resolve_upgrade_target(graph, start, end, true, result, report))
		return true;
	if (report->sqlerrcode == ERRCODE_MIG_NOT_REACHABLE && mig_counts_down(end))
	{
		mig_report_detail(report, "The end of a range takes steps from its start, in one direction only.");
		mig_report_hint(report, "Write start:+N, or -N:end to count down from the end.");
	}
	return false;
}

/*
 * If the start is "branch@...", keep those ends that carry the label of the
 * branch, or, if what the branch denotes carries none or several, those on
 * its line.
 */
static bool
keep_branch_ends(const MigGraph *graph, const char *start, MigRevisionSet *ends, MigReport *report)
{
	const char *at = strchr(start, '@');
	MigNameList *labels;
	char	   *branch;
	const char *label = NULL;
	bool	   *line;
	int			revision;
	int			n = 0;
	int			i;

	if (at == NULL)
		return true;
	branch = pnstrdup(start, at - start);
	if (!mig_resolve_revision(graph, branch, &revision, report))
		return false;
	if (revision == MIG_BASE)
		return true;
	labels = mig_graph_shown_labels(graph);
	if (mig_name_list_contains(&graph->revisions[revision].branch_labels, branch))
		label = branch;
	else if (labels[revision].count == 1)
		label = labels[revision].names[0];
	line = mig_graph_line(graph, revision, MIG_DOWN_ONLY);
	for (i = 0; i < ends->count; i++)
	{
		int			end = ends->items[i];

		if (label ? mig_name_list_contains(&labels[end], label) : line[end])
			ends->items[n++] = end;
	}
	ends->count = n;
	return true;
}

/* Copy a set that belongs to the graph, so that it can be changed. */
static MigRevisionSet
copy_set(const MigRevisionSet *set)
{
	MigRevisionSet copy;

	copy.items = mig_alloc_array(int, set->count);
	copy.count = set->count;
	if (set->count > 0)
		memcpy(copy.items, set->items, sizeof(int) * set->count);
	return copy;
}

/*
 * Mark what the ends need, without what the start needs but with the start
 * itself, and of that only what descends from the start; and all that leads
 * to the revisions in from_base.
 */
static bool *
mark_range(const MigGraph *graph, const MigRevisionSet *start, const MigRevisionSet *ends,
		   const MigRevisionSet *from_base)
{
	bool	   *wanted = mig_graph_ancestors(graph, ends->items, ends->count, MIG_ALL_PARENTS);
	bool	   *below = mig_graph_ancestors(graph, start->items, start->count, MIG_ALL_PARENTS);
	bool	   *above = mig_graph_descendants(graph, start->items, start->count, MIG_DOWN_ONLY);
	bool	   *whole = mig_graph_ancestors(graph, from_base->items, from_base->count, MIG_ALL_PARENTS);
	int			i;

	for (i = 0; i < start->count; i++)
		below[start->items[i]] = false;
	for (i = 0; i < graph->nrevisions && (start->count > 0 || from_base->count > 0); i++)
		wanted[i] &= whole[i] || (above[i] && !below[i]);
	pfree(below);
	pfree(above);
	pfree(whole);
	return wanted;
}

/*
 * The revisions of a range, newest first; NULL means all.  rows is what
 * "current" stands for, and what a start of "+N" counts from; ":current" with
 * no rows means all.
 *
 * Returns false with MG001, MG002, MG012 or 22023 in *report.
 */
bool
mig_history(const MigGraph *graph, const MigRows *rows, const char *range,
			MigRevisionSet *result, MigReport *report)
{
	char	   *start_text;
	char	   *end_text;
	MigRevisionSet start = {NULL, 0};
	MigRevisionSet from_base = {NULL, 0};
	MigRevisionSet ends;
	bool		from_end;
	bool	   *wanted;
	int			i;

	if (!mig_split_range(range ? range : ":", &start_text, &end_text, report))
		return false;
	if (start_text[0] == '\0')
		start_text = "base";
	if (end_text[0] == '\0')
		end_text = "heads";
	from_end = mig_counts_down(start_text) && !counts_up(end_text);
	if (!from_end && !resolve_start(graph, rows, start_text, end_text, &start, report))
		return false;
	if (!resolve_end(graph, rows, &start, end_text, &ends, report))
		return false;
	ends = copy_set(&ends);
	if (!keep_branch_ends(graph, start_text, &ends, report))
		return false;
	if (from_end && !count_from_ends(graph, start_text, &ends, &start, &from_base, report))
		return false;

	wanted = mig_graph_ancestors(graph, ends.items, ends.count, MIG_ALL_PARENTS);
	for (i = 0; i < start.count; i++)
	{
		if (!wanted[start.items[i]])
			return not_ancestor(start_text, end_text, report);
	}
	pfree(wanted);
	wanted = mark_range(graph, &start, &ends, &from_base);
	*result = mig_order(graph, wanted, &ends);
	pfree(wanted);
	return true;
}
