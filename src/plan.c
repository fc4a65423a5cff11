/*-------------------------------------------------------------------------
 *
 * plan.c
 *	  What to run to get from here to there.
 *
 * The rows of the version table are the newest applied revisions: those that
 * are applied and that no applied revision comes after, by down_revision or
 * by depends_on.  A plan keeps it so: each step says which rows go and which
 * come.  (Alembic decides by cases how to change its table, and goes wrong in
 * some; see README.md, "Differences from Alembic".)
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
#include "order.h"
#include "plan.h"
#include "purecore.h"
#include "report.h"
#include "target.h"

/* An empty plan with room for so many steps. */
static void
begin_plan(MigPlan *plan, int max_steps)
{
	plan->steps = mig_alloc0_array(MigStep, max_steps);
	plan->nsteps = 0;
}

/* The next step of a plan. */
static MigStep *
add_step(MigPlan *plan, int revision)
{
	MigStep    *step = &plan->steps[plan->nsteps++];

	step->revision = revision;
	return step;
}

/* Add to a set that gets its space with the first member. */
static void
add_member(MigRevisionSet *set, int capacity, int revision)
{
	if (set->items == NULL)
		set->items = mig_alloc_array(int, capacity);
	set->items[set->count++] = revision;
}

/* The same set as an array of marks. */
static bool *
mark_members(const MigGraph *graph, const MigRevisionSet *set)
{
	bool	   *mark = mig_alloc0_array(bool, graph->nrevisions);
	int			i;

	for (i = 0; i < set->count; i++)
		mark[set->items[i]] = true;
	return mark;
}

/*
 * Is some member of the set below another one?  Then the table was edited by
 * hand, or one target includes another.
 */
static bool
check_overlap(const MigGraph *graph, const MigRevisionSet *set, const char *what, MigReport *report)
{
	MigRevisionSet parents = {NULL, 0};
	bool	   *below;
	int			nparents = 0;
	int			culprit = MIG_BASE;
	int			i,
				k;

	for (i = 0; i < set->count; i++)
		nparents += mig_edge_count(&graph->parents, set->items[i]);
	for (i = 0; i < set->count; i++)
	{
		mig_foreach_edge(k, &graph->parents, set->items[i])
			add_member(&parents, nparents, graph->parents.items[k]);
	}
	below = mig_graph_ancestors(graph, parents.items, parents.count, MIG_ALL_PARENTS);
	for (i = 0; i < set->count && culprit == MIG_BASE; i++)
	{
		if (below[set->items[i]])
			culprit = set->items[i];
	}
	pfree(below);
	if (culprit == MIG_BASE)
		return true;

	mig_report(report, ERRCODE_MIG_BROKEN_GRAPH, "%s overlap", what);
	mig_report_detail(report, "Revision %s is an ancestor of another one of %s.",
					  graph->revisions[culprit].id,
					  mig_graph_join_ids(graph, set->items, set->count));
	return mig_report_hint(report, "%s", strcmp(what, "rows of the version table") == 0 ?
						   "The table was changed by hand. Set it anew: SELECT migrate_stamp('...', purge => true);" :
						   "Name only the newest revision of each branch.");
}

/*
 * A range belongs to the functions that write scripts, not to those that
 * run.
 */
static bool
check_no_range(const char *target, MigDirection direction, MigReport *report)
{
	if (strchr(target, ':') == NULL)
		return true;
	mig_report(report, ERRCODE_INVALID_PARAMETER_VALUE, "\"%s\" is a range of revisions", target);
	mig_report_detail(report, "The database knows where it is, so only the end can be chosen.");
	return mig_report_hint(report, "Use migrate_%s_sql('%s') to get a script for the range.",
						   mig_direction_name(direction), target);
}

/* ----------
 * Upgrade
 * ----------
 */

/* Plan to run one revision up: it becomes a row in place of its parents. */
static void
add_upgrade_step(const MigGraph *graph, MigPlan *plan, int revision, bool *in_rows)
{
	MigStep    *step = add_step(plan, revision);
	int			nparents = mig_edge_count(&graph->parents, revision);
	int			k;

	/*
	 * A row below the new revision must be a parent: if it were below a
	 * parent, which is applied, it would not be a row.
	 */
	mig_foreach_edge(k, &graph->parents, revision)
	{
		int			parent = graph->parents.items[k];

		if (in_rows[parent])
		{
			add_member(&step->removed, nparents, parent);
			in_rows[parent] = false;
		}
	}
	add_member(&step->added, 1, revision);
	in_rows[revision] = true;
}

/*
 * Plan an upgrade from the rows to a target: all that the target needs and
 * that is not applied, in order.
 */
bool
mig_plan_upgrade(const MigGraph *graph, const MigRows *rows, const char *target,
				 MigPlan *plan, MigReport *report)
{
	MigRevisionSet targets;
	MigRevisionSet order;
	bool	   *wanted;
	bool	   *applied;
	bool	   *in_rows;
	int			i;

	if (!check_no_range(target, MIG_UPGRADE, report) ||
		!mig_resolve_upgrade_target(graph, rows, target, false, &targets, report) ||
		!check_overlap(graph, &targets, "targets", report) ||
		!check_overlap(graph, rows, "rows of the version table", report))
		return false;

	wanted = mig_graph_ancestors(graph, targets.items, targets.count, MIG_ALL_PARENTS);
	applied = mig_graph_ancestors(graph, rows->items, rows->count, MIG_ALL_PARENTS);
	for (i = 0; i < graph->nrevisions; i++)
		wanted[i] &= !applied[i];
	order = mig_order(graph, wanted, &targets);

	begin_plan(plan, order.count);
	in_rows = mark_members(graph, rows);
	for (i = order.count - 1; i >= 0; i--)
		add_upgrade_step(graph, plan, order.items[i], in_rows);
	pfree(in_rows);
	pfree(wanted);
	pfree(applied);
	return true;
}

/* ----------
 * Downgrade
 * ----------
 */

/*
 * The revisions to begin removing at: those directly above the target, or
 * all bases; of several, only those below the branch, if one was given.
 */
static bool
downgrade_roots(const MigGraph *graph, const MigDowngradeTarget *target, const char *text,
				MigRevisionSet *roots, MigReport *report)
{
	const int  *candidates = graph->bases;
	int			ncandidates = graph->nbases;
	bool	   *below_branch = NULL;
	int			i;

	if (target->revision != MIG_BASE)
	{
		candidates = graph->next.items + graph->next.first[target->revision];
		ncandidates = mig_edge_count(&graph->next, target->revision);
	}
	if (target->branch != MIG_BASE && ncandidates > 1)
		below_branch = mig_graph_ancestors(graph, &target->branch, 1, MIG_DOWN_ONLY);

	roots->items = mig_alloc_array(int, ncandidates);
	roots->count = 0;
	for (i = 0; i < ncandidates; i++)
	{
		if (below_branch == NULL || below_branch[candidates[i]])
			roots->items[roots->count++] = candidates[i];
	}
	if (below_branch != NULL && roots->count == 0)
	{
		mig_report(report, ERRCODE_MIG_NOT_REACHABLE, "\"%s\" is not a target to downgrade to", text);
		mig_report_detail(report, "Revision %s, which names the branch, is not above any of %s.",
						  graph->revisions[target->branch].id,
						  mig_graph_join_ids(graph, candidates, ncandidates));
		return mig_report_hint(report, "Name the branch by one of its newer revisions.");
	}
	return true;
}

/* The error of a downgrade to where the database has never been. */
static bool
not_applied(const MigGraph *graph, const MigRows *rows, int revision, const char *text, MigReport *report)
{
	mig_report(report, ERRCODE_MIG_NOT_REACHABLE, "\"%s\" is not below the current revision", text);
	mig_report_detail(report, "Nothing that is applied comes after revision %s by down_revision. %s",
					  graph->revisions[revision].id,
					  rows->count == 0 ? "No revision is applied." :
					  psprintf("Current: %s.", mig_graph_join_ids(graph, rows->items, rows->count)));
	return mig_report_hint(report, "To go forward, use migrate_upgrade(); SELECT migrate_graph() shows where the database is.");
}

/*
 * Plan to run one revision down: parents that nothing applied needs become
 * rows.
 */
static void
add_downgrade_step(const MigGraph *graph, MigPlan *plan, int revision, bool *in_rows, int *applied_children)
{
	MigStep    *step = add_step(plan, revision);
	int			nparents = mig_edge_count(&graph->parents, revision);
	int			k;

	add_member(&step->removed, 1, revision);
	in_rows[revision] = false;
	mig_foreach_edge(k, &graph->parents, revision)
	{
		int			parent = graph->parents.items[k];

		if (--applied_children[parent] == 0 && !in_rows[parent])
		{
			add_member(&step->added, nparents, parent);
			in_rows[parent] = true;
		}
	}
}

/*
 * Plan a downgrade from the rows to a target: all that is applied and comes
 * after the target, newest first.  The target itself stays.
 */
bool
mig_plan_downgrade(const MigGraph *graph, const MigRows *rows, const char *target,
				   MigPlan *plan, MigReport *report)
{
	MigDowngradeTarget to;
	MigRevisionSet roots;
	MigRevisionSet order;
	bool	   *drop;
	bool	   *applied;
	bool	   *in_rows;
	int		   *applied_children;
	int			i,
				k;

	if (!check_no_range(target, MIG_DOWNGRADE, report) ||
		!mig_resolve_downgrade_target(graph, rows, target, &to, report) ||
		!downgrade_roots(graph, &to, target, &roots, report))
		return false;

	drop = mig_graph_descendants(graph, roots.items, roots.count, MIG_ALL_PARENTS);
	applied = mig_graph_ancestors(graph, rows->items, rows->count, MIG_ALL_PARENTS);
	in_rows = mark_members(graph, rows);
	for (i = 0; i < graph->nrevisions; i++)
		drop[i] &= applied[i];
	order = mig_order(graph, drop, rows);
	if (order.count == 0 && to.revision != MIG_BASE && !in_rows[to.revision])
		return not_applied(graph, rows, to.revision, target, report);

	applied_children = mig_alloc0_array(int, graph->nrevisions);
	for (i = 0; i < graph->nrevisions; i++)
	{
		if (!applied[i])
			continue;
		mig_foreach_edge(k, &graph->parents, i)
			applied_children[graph->parents.items[k]]++;
	}
	begin_plan(plan, order.count);
	for (i = 0; i < order.count; i++)
		add_downgrade_step(graph, plan, order.items[i], in_rows, applied_children);
	pfree(applied_children);
	pfree(in_rows);
	pfree(drop);
	pfree(applied);
	return true;
}

/*
 * Plan whatever leads to the target: an upgrade if there is something to run
 * up, else a downgrade.
 */
bool
mig_plan_either(const MigGraph *graph, const MigRows *rows, const char *target,
				MigPlan *plan, MigDirection *direction, MigReport *report)
{
	MigPlan		down;
	MigReport	down_report;
	bool		up_ok;
	bool		down_ok;

	*direction = MIG_UPGRADE;
	up_ok = mig_plan_upgrade(graph, rows, target, plan, report);
	if (up_ok && plan->nsteps > 0)
		return true;
	down_ok = mig_plan_downgrade(graph, rows, target, &down, &down_report);
	if (down_ok && (down.nsteps > 0 || !up_ok))
	{
		*direction = MIG_DOWNGRADE;
		*plan = down;
		return true;
	}
	if (!up_ok && mig_counts_down(target))
		*report = down_report;
	return up_ok;
}

/* ----------
 * Stamp
 * ----------
 */

/* The rows that a stamp may replace: those on the line of a destination. */
static bool
stampable_rows(const MigGraph *graph, const MigRows *rows, const MigNameList *targets,
			   MigRevisionSet *mine, MigReport *report)
{
	bool	   *stampable = mig_alloc0_array(bool, graph->nrevisions);
	MigRevisionSet named;
	int			i,
				j,
				k;

	for (i = 0; i < targets->count; i++)
	{
		if (!mig_resolve_stamp_lines(graph, targets->names[i], &named, report))
			return false;
		for (j = 0; j < Max(named.count, 1); j++)
		{
			bool	   *line = named.count > 0 ? mig_graph_line(graph, named.items[j], MIG_ALL_PARENTS) : NULL;

			for (k = 0; k < rows->count; k++)
				stampable[rows->items[k]] |= line == NULL || line[rows->items[k]];
		}
	}
	mine->items = mig_alloc_array(int, rows->count);
	mine->count = 0;
	for (k = 0; k < rows->count; k++)
	{
		if (stampable[rows->items[k]])
			mine->items[mine->count++] = rows->items[k];
	}
	pfree(stampable);
	return true;
}

/* All destinations, each once. */
static bool
stamp_destinations(const MigGraph *graph, const MigNameList *targets, MigRevisionSet *destinations,
				   MigReport *report)
{
	bool	   *seen = mig_alloc0_array(bool, graph->nrevisions);
	MigRevisionSet named;
	int			i,
				j;

	destinations->items = mig_alloc_array(int, graph->nrevisions);
	destinations->count = 0;
	for (i = 0; i < targets->count; i++)
	{
		if (mig_is_relative(targets->names[i]))
		{
			mig_report(report, ERRCODE_MIG_UNKNOWN_REVISION, "revision \"%s\" does not exist", targets->names[i]);
			mig_report_detail(report, "A stamp does not take steps.");
			return mig_report_hint(report, "Name the revision.");
		}
		if (!mig_resolve_revisions(graph, targets->names[i], &named, report))
			return false;
		for (j = 0; j < named.count; j++)
		{
			if (!seen[named.items[j]])
				destinations->items[destinations->count++] = named.items[j];
			seen[named.items[j]] = true;
		}
	}
	pfree(seen);
	return check_overlap(graph, destinations, "destinations", report);
}

/* Is some row of mine marked? */
static bool
meets(const MigRevisionSet *mine, const bool *mark)
{
	int			i;

	for (i = 0; i < mine->count; i++)
	{
		if (mark[mine->items[i]])
			return true;
	}
	return false;
}

/*
 * Move the rows of mine that are still there to the destination, or add it.
 * Rows that are destinations themselves stay: a stamp leads to all of them.
 */
static void
add_stamp_step(const MigGraph *graph, MigPlan *plan, const MigRevisionSet *mine, int destination,
			   const bool *is_destination, bool *in_rows)
{
	bool	   *above;
	bool	   *below;
	int			i;
	MigStep    *step;

	if (in_rows[destination])
		return;
	above = mig_graph_descendants(graph, &destination, 1, MIG_ALL_PARENTS);
	below = mig_graph_ancestors(graph, &destination, 1, MIG_ALL_PARENTS);
	step = add_step(plan, destination);
	if (meets(mine, above) || meets(mine, below))
	{
		for (i = 0; i < mine->count; i++)
		{
			int			row = mine->items[i];

			if (!in_rows[row] || is_destination[row])
				continue;
			add_member(&step->removed, mine->count, row);
			in_rows[row] = false;
		}
	}
	add_member(&step->added, 1, destination);
	in_rows[destination] = true;
	pfree(above);
	pfree(below);
}

/*
 * Plan a stamp: rows change, nothing runs.  Each destination replaces those
 * rows that are on its line, or is added; base removes them.  No targets at
 * all means base.
 */
bool
mig_plan_stamp(const MigGraph *graph, const MigRows *rows, const MigNameList *targets,
			   MigPlan *plan, MigReport *report)
{
	MigNameList base = {NULL, 0};
	MigRevisionSet mine;
	MigRevisionSet destinations;
	bool	   *is_destination;
	bool	   *in_rows;
	int			i;

	if (targets->count == 0)
	{
		mig_name_list_append(&base, "base", 4);
		targets = &base;
	}
	if (!stamp_destinations(graph, targets, &destinations, report) ||
		!stampable_rows(graph, rows, targets, &mine, report))
		return false;

	begin_plan(plan, Max(destinations.count, mine.count));
	in_rows = mark_members(graph, rows);
	is_destination = mark_members(graph, &destinations);
	for (i = 0; i < destinations.count; i++)
		add_stamp_step(graph, plan, &mine, destinations.items[i], is_destination, in_rows);
	for (i = 0; destinations.count == 0 && i < mine.count; i++)
		add_member(&add_step(plan, MIG_BASE)->removed, 1, mine.items[i]);
	pfree(is_destination);
	pfree(in_rows);
	return true;
}
