/*-------------------------------------------------------------------------
 *
 * target.c
 *	  Where an upgrade, a downgrade or a stamp is to lead.
 *
 * names.c knows what a name denotes; this file knows what the relative forms
 * of the commands start from, which takes the rows of the version table.
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
#include "names.h"
#include "purecore.h"
#include "report.h"
#include "target.h"

/* ----------
 * Errors
 * ----------
 */

/* The error of a walk that ran out of revisions. */
static bool
too_few_steps(const char *text, int steps, MigReport *report)
{
	mig_report(report, ERRCODE_MIG_NOT_REACHABLE, "\"%s\" does not lead to a revision", text);
	if (steps == 0)
		mig_report_detail(report, "No steps are asked for.");
	else
		mig_report_detail(report, "There are fewer than %d steps to take from there.", abs(steps));
	return mig_report_hint(report, "SELECT * FROM migrate_current() shows where the database is, SELECT migrate_graph() where it can go.");
}

/* The error of "-N" in an upgrade, and of "+N" in a downgrade. */
static bool
wrong_direction(const char *text, const char *direction, MigReport *report)
{
	mig_report(report, ERRCODE_MIG_NOT_REACHABLE, "\"%s\" does not lead to a revision", text);
	mig_report_detail(report, "%s takes steps from the current revision in one direction only.", direction);
	return mig_report_hint(report, "%s", strcmp(direction, "An upgrade") == 0 ?
						   "Write +N or branch@+N; to go back, use migrate_downgrade('-N')." :
						   "Write -N or branch@-N; to go forward, use migrate_upgrade('+N').");
}

/*
 * The error of steps that could start from several rows; row order never
 * decides.
 */
static bool
several_current(const MigGraph *graph, const char *text, const MigRevisionSet *rows, MigReport *report)
{
	mig_report(report, ERRCODE_MIG_NOT_REACHABLE, "\"%s\" could start from several revisions", text);
	mig_report_detail(report, "They are %s.", mig_graph_join_ids(graph, rows->items, rows->count));
	return mig_report_hint(report, "Say which branch: write \"%s@%s\".",
						   graph->revisions[rows->items[0]].id,
						   strchr(text, '@') ? strchr(text, '@') + 1 : text);
}

/* ----------
 * Rows
 * ----------
 */

/* The one revision that branch@symbol denotes, each of them optional. */
static bool
resolve_start(const MigGraph *graph, const MigTargetText *target, int *result, MigReport *report)
{
	return mig_resolve_revision(graph, target->branch ?
								psprintf("%s@%s", target->branch, target->symbol) : target->symbol,
								result, report);
}

/*
 * Find the revisions that the rows of the version table name.
 */
bool
mig_resolve_rows(const MigGraph *graph, const MigNameList *names, MigRows *rows, MigReport *report)
{
	int			i;

	*rows = mig_make_set(names->count);
	for (i = 0; i < names->count; i++)
	{
		int			revision = mig_graph_lookup(graph, names->names[i]);

		if (revision < 0 || strcmp(graph->revisions[revision].id, names->names[i]) != 0)
		{
			mig_report(report, ERRCODE_MIG_UNKNOWN_REVISION,
					   "the database is at revision \"%s\", whose script is not known", names->names[i]);
			mig_report_detail(report, "The version table names it, but no script with this id was registered or found in the script location.");
			return mig_report_hint(report, "Deploy or register its script; if it is gone for good, set the version anew: SELECT migrate_stamp('head', purge => true);");
		}
		rows->items[rows->count++] = revision;
	}
	return true;
}

/* ----------
 * Up- and downgrades
 * ----------
 */

/*
 * What is applied, and on the line, and below nothing else of that kind.
 */
static MigRevisionSet
newest_on_line(const MigGraph *graph, const MigRows *rows, const bool *line)
{
	MigRevisionSet tips = mig_make_set(graph->nrevisions);
	bool	   *applied = mig_graph_ancestors(graph, rows->items, rows->count, MIG_ALL_PARENTS);
	bool	   *below = mig_alloc0_array(bool, graph->nrevisions);
	int			i,
				k;

	for (i = 0; i < graph->nrevisions; i++)
	{
		if (!applied[i] || !line[i])
			continue;
		mig_foreach_edge(k, &graph->parents, i)
			below[graph->parents.items[k]] = true;
	}
	for (i = 0; i < graph->nrevisions; i++)
	{
		if (applied[i] && line[i] && !below[i])
			tips.items[tips.count++] = i;
	}
	pfree(applied);
	pfree(below);
	return tips;
}

/*
 * The current revisions: the rows, and what they imply by dependencies where
 * it is the newest applied revision of its own line.  In load order.
 */
MigRevisionSet
mig_current_revisions(const MigGraph *graph, const MigRows *rows)
{
	MigRevisionSet current = mig_make_set(graph->nrevisions);
	bool	   *applied = mig_graph_ancestors(graph, rows->items, rows->count, MIG_ALL_PARENTS);
	int			i,
				k;

	for (i = 0; i < graph->nrevisions; i++)
	{
		bool		newest = applied[i];

		mig_foreach_edge(k, &graph->next, i)
			newest = newest && !applied[graph->next.items[k]];
		if (newest)
			current.items[current.count++] = i;
	}
	pfree(applied);
	return current;
}

/*
 * Where "+N" or "branch@+N" starts from: the row, on the branch if one is
 * given; else the newest applied revision on it; else below the bases.
 */
static bool
start_of_upgrade(const MigGraph *graph, const MigRows *rows, const char *text, const bool *line,
				 int *start, MigReport *report)
{
	MigRevisionSet from = *rows;

	if (line != NULL)
	{
		from = mig_filter_marked(rows->items, rows->count, line);
		if (from.count == 0)
			from = newest_on_line(graph, rows, line);
	}
	if (from.count > 1)
		return several_current(graph, text, &from, report);
	*start = from.count == 1 ? from.items[0] : MIG_BASE;
	return true;
}

/* The end of "+N", "X+N", "X-N" and the like in an upgrade. */
static bool
resolve_relative_upgrade(const MigGraph *graph, const MigRows *rows, const char *text, const MigTargetText *target,
						 bool overwalk, MigRevisionSet *result, MigReport *report)
{
	int			branch_revision;
	bool	   *line;
	int			start;
	int			revision;

	if (target->symbol == NULL && target->steps == 0)
		return too_few_steps(text, 0, report);
	if (target->symbol == NULL && target->steps < 0)
		return wrong_direction(text, "An upgrade", report);
	if (!mig_resolve_line(graph, target->branch, &branch_revision, &line, report))
		return false;
	if (target->symbol == NULL)
	{
		if (!start_of_upgrade(graph, rows, text, line, &start, report))
			return false;
	}
	else if (target->steps > 0)
	{
		/* the branch filters the steps, not where they start */
		if (!mig_resolve_revision(graph, target->symbol, &start, report))
			return false;
	}
	else if (!resolve_start(graph, target, &start, report))
		return false;

	if (!mig_walk(graph, text, start, target->steps, line, overwalk, &revision, report))
		return false;

	/* below a base there is nothing to upgrade to (here Alembic crashes) */
	if (revision == MIG_WALKED_OFF || (revision == MIG_BASE && target->steps < 0 && !overwalk))
		return too_few_steps(text, target->steps, report);
	*result = revision == MIG_BASE ? mig_make_set(0) : mig_make_singleton(revision);
	return true;
}

/*
 * The revisions that an upgrade is to reach.  Empty: nothing to do.  With
 * overwalk, which the ends of history ranges want, a relative form may ask
 * for more steps than there are.
 */
bool
mig_resolve_upgrade_target(const MigGraph *graph, const MigRows *rows, const char *text, bool overwalk,
						   MigRevisionSet *result, MigReport *report)
{
	MigTargetText target;

	mig_parse_target(text, true, &target);
	if (target.relative)
		return resolve_relative_upgrade(graph, rows, text, &target, overwalk, result, report);
	return mig_resolve_absolute(graph, &target, text, result, report);
}

/* Where "-N" or "branch@-N" starts from. */
static bool
start_of_downgrade(const MigGraph *graph, const MigRows *rows, const char *text, const char *branch,
				   const bool *line, int *start, MigReport *report)
{
	MigRevisionSet from = *rows;

	if (line != NULL)
	{
		from = mig_filter_marked(rows->items, rows->count, line);
		if (from.count == 0)
		{
			MigRevisionSet current = mig_current_revisions(graph, rows);

			from = mig_filter_marked(current.items, current.count, line);
		}
	}
	if (from.count > 1)
		return several_current(graph, text, &from, report);
	if (from.count == 0)
	{
		mig_report(report, ERRCODE_MIG_NOT_REACHABLE, "\"%s\" does not lead to a revision", text);
		if (line != NULL)
			mig_report_detail(report, "No current revision is on branch \"%s\".", branch);
		else
			mig_report_detail(report, "No revision is applied.");
		return mig_report_hint(report, "SELECT * FROM migrate_current() shows where the database is.");
	}
	*start = from.items[0];
	return true;
}

/* The end of "-N", "X-N", "X+N" and the like in a downgrade. */
static bool
resolve_relative_downgrade(const MigGraph *graph, const MigRows *rows, const char *text, const MigTargetText *target,
						   MigDowngradeTarget *result, MigReport *report)
{
	bool	   *line;
	int			start;

	if (!mig_resolve_line(graph, target->branch, &result->branch, &line, report))
		return false;
	if (target->symbol == NULL && target->steps == 0)
		return too_few_steps(text, 0, report);
	if (target->symbol == NULL && target->steps > 0)
		return wrong_direction(text, "A downgrade", report);
	if (target->symbol == NULL)
	{
		if (!start_of_downgrade(graph, rows, text, target->branch, line, &start, report))
			return false;
		if (target->branch == NULL)
			result->branch = start;
	}
	else if (target->steps < 0)
	{
		if (!resolve_start(graph, target, &start, report))
			return false;
	}
	else if (!mig_resolve_revision(graph, target->symbol, &start, report))
		return false;

	if (!mig_walk(graph, text, start, target->steps, line, false, &result->revision, report))
		return false;
	if (result->revision == MIG_WALKED_OFF)
		return too_few_steps(text, target->steps, report);
	return true;
}

/*
 * The revision that a downgrade is to go back to, and the branch that it is
 * restricted to.
 */
bool
mig_resolve_downgrade_target(const MigGraph *graph, const MigRows *rows, const char *text,
							 MigDowngradeTarget *result, MigReport *report)
{
	MigTargetText target;

	mig_parse_target(text, true, &target);
	if (target.relative)
		return resolve_relative_downgrade(graph, rows, text, &target, result, report);

	/* the branch says what to remove; it does not narrow the name */
	result->branch = MIG_BASE;
	if (target.branch != NULL && !mig_resolve_branch(graph, target.branch, &result->branch, report))
		return false;
	if (target.symbol == NULL)
		return mig_unknown_revision(NULL, report);
	return mig_resolve_revision(graph, target.symbol, &result->revision, report);
}

/*
 * The revisions whose lines, dependencies included, hold the rows that a
 * stamp to this destination may replace.  Empty: all rows.
 */
bool
mig_resolve_stamp_lines(const MigGraph *graph, const char *text, MigRevisionSet *result, MigReport *report)
{
	MigTargetText target;
	MigRevisionSet named;
	int			branch_revision;
	int			i;

	mig_parse_target(text, false, &target);
	if (!mig_resolve_absolute(graph, &target, text, &named, report))
		return false;
	*result = mig_make_set(named.count + 1);
	if (target.branch != NULL)
	{
		if (!mig_resolve_branch(graph, target.branch, &branch_revision, report))
			return false;
		result->items[result->count++] = branch_revision;
	}
	for (i = 0; i < named.count; i++)
		result->items[result->count++] = named.items[i];
	return true;
}
