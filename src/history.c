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
#include "order.h"
#include "purecore.h"
#include "report.h"
#include "target.h"

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

static bool
not_ancestor(const char *start, const char *end, MigReport *report)
{
	mig_report(report, ERRCODE_MIG_NOT_REACHABLE, "\"%s\" is not an ancestor of \"%s\"", start, end);
	mig_report_detail(report, "A range of the history goes from an older revision to a newer one.");
	return mig_report_hint(report, "Exchange the ends of the range, or write \":%s\" for all that leads to it.", end);
}

/*
 * The start of a range.  Empty: the base.  rows is what "current" stands for.
 *
 * "-N" counts from the heads, as in Alembic (whose manual says otherwise),
 * and from the end of the range only where that leads below the bases.
 */
static bool
resolve_start(const MigGraph *graph, const MigRows *rows, const char *start, const char *end,
			  MigRevisionSet *result, MigReport *report)
{
	MigReport	inner;
	int			revision;

	if (strcmp(start, "current") == 0 && strcmp(end, "current") != 0)
	{
		*result = *rows;
		return true;
	}
	if (mig_resolve_revisions(graph, start, result, &inner))
		return true;
	*report = inner;
	if (inner.sqlerrcode != ERRCODE_MIG_UNKNOWN_REVISION || !mig_is_relative(start) || start[0] != '-' ||
		strcmp(end, "heads") == 0 || strcmp(end, "head") == 0)
		return false;

	if (strcmp(end, "current") == 0)
	{
		if (rows->count != 1)
			return false;
		revision = rows->items[0];
	}
	else if (!mig_resolve_revision(graph, end, &revision, report))
		return false;
	if (!mig_walk(graph, start, revision, atoi(start), NULL, true, &revision, report))
		return false;
	result->items = mig_alloc_array(int, 1);
	result->items[0] = revision;
	result->count = revision == MIG_BASE ? 0 : 1;
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
	return mig_resolve_upgrade_target(graph, start, end, true, result, report);
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
 * The revisions of a range, newest first; NULL means all.  rows is what
 * "current" stands for; ":current" with no rows means all.
 *
 * Returns false with MG001, MG002, MG012 or 22023 in *report.
 */
bool
mig_history(const MigGraph *graph, const MigRows *rows, const char *range,
			MigRevisionSet *result, MigReport *report)
{
	char	   *start_text;
	char	   *end_text;
	MigRevisionSet start;
	MigRevisionSet ends;
	bool	   *wanted;
	bool	   *start_ancestors;
	bool	   *start_descendants;
	int			i;

	if (!mig_split_range(range ? range : ":", &start_text, &end_text, report))
		return false;
	if (start_text[0] == '\0')
		start_text = "base";
	if (end_text[0] == '\0')
		end_text = "heads";
	if (!resolve_start(graph, rows, start_text, end_text, &start, report) ||
		!resolve_end(graph, rows, &start, end_text, &ends, report))
		return false;
	ends = copy_set(&ends);
	if (!keep_branch_ends(graph, start_text, &ends, report))
		return false;

	wanted = mig_graph_ancestors(graph, ends.items, ends.count, MIG_ALL_PARENTS);
	for (i = 0; i < start.count; i++)
	{
		if (!wanted[start.items[i]])
			return not_ancestor(start_text, end_text, report);
	}
	start_ancestors = mig_graph_ancestors(graph, start.items, start.count, MIG_ALL_PARENTS);
	for (i = 0; i < graph->nrevisions; i++)
		wanted[i] &= !start_ancestors[i];
	for (i = 0; i < start.count; i++)
		wanted[start.items[i]] = true;
	if (start.count > 0)
	{
		start_descendants = mig_graph_descendants(graph, start.items, start.count, MIG_DOWN_ONLY);
		for (i = 0; i < graph->nrevisions; i++)
			wanted[i] &= start_descendants[i];
		pfree(start_descendants);
	}
	*result = mig_order(graph, wanted, &ends);
	pfree(start_ancestors);
	pfree(wanted);
	return true;
}
