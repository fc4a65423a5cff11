/*-------------------------------------------------------------------------
 *
 * test_graph.c
 *	  Where plans and ranges of the history deviate from Alembic's.
 *
 * That they agree everywhere else is what graph_fuzz.py checks.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres_fe.h"

#include "errcodes.h"
#include "graphs.h"
#include "history.h"
#include "lib/stringinfo.h"
#include "plan.h"
#include "tap.h"

#define LINE5	"a; b:a; c:b; d:c; e:d"
#define MERGED	"a; b:a; c1:b#L1; d1:c1; c2:b#L2; d2:c2; e:d1,d2; f:e"

static MigReport report;

static void
history(const char *text, const char *row_names, const char *range, const char *want)
{
	MigGraph   *graph = make_graph(text, &report);
	MigRows		rows = make_rows(graph, row_names);
	MigRevisionSet set;
	bool		found = mig_history(graph, &rows, range, &set, &report);

	is(found ? mig_graph_join_ids(graph, set.items, set.count) : report.message, want,
	   psprintf("history %s", range));
}

static void
history_fails(const char *text, const char *row_names, const char *range, int sqlerrcode, const char *part)
{
	MigGraph   *graph = make_graph(text, &report);
	MigRows		rows = make_rows(graph, row_names);
	MigRevisionSet set;
	bool		found = mig_history(graph, &rows, range, &set, &report);

	fails(found, &report, sqlerrcode, part, psprintf("no history %s", range));
}

/* Plan, and list the steps; NULL if it fails. */
static char *
plan(const char *text, const char *row_names, MigDirection direction, const char *target)
{
	MigGraph   *graph = make_graph(text, &report);
	MigRows		rows = make_rows(graph, row_names);
	MigPlan		steps;
	StringInfoData buf;
	int			i;

	if (report.sqlerrcode != 0 ||
		!(direction == MIG_UPGRADE ?
		  mig_plan_upgrade(graph, &rows, target, &steps, &report) :
		  mig_plan_downgrade(graph, &rows, target, &steps, &report)))
		return NULL;
	initStringInfo(&buf);
	for (i = 0; i < steps.nsteps; i++)
		appendStringInfo(&buf, "%s%s", i > 0 ? " " : "", graph->revisions[steps.steps[i].revision].id);
	return buf.data;
}

static void
plan_is(const char *text, const char *rows, MigDirection direction, const char *target, const char *want)
{
	is(plan(text, rows, direction, target), want,
	   psprintf("%s %s from {%s}", mig_direction_name(direction), target, rows));
}

static void
plan_fails(const char *text, const char *rows, MigDirection direction, const char *target,
		   int sqlerrcode, const char *part)
{
	char	   *steps = plan(text, rows, direction, target);

	fails(steps != NULL, &report, sqlerrcode, part,
		  psprintf("no %s %s from {%s}", mig_direction_name(direction), target, rows));
}

static void
test_history(void)
{
	history(LINE5, "c", "-2:current", "c, b, a");
	history(LINE5, "c", "-1:d", "d, c");
	history(LINE5, "c", "-1:", "e, d");
	history(LINE5, "c", "-9:", "e, d, c, b, a");
	history(LINE5, "c", "-2:+1", "d, c");
	history(LINE5, "c", "+1:", "e, d");
	history(LINE5, "", "d-2:d", "d, c, b");
	history(LINE5, "", "b+1:", "e, d, c");
	history(LINE5, "", "base+2:head-1", "d, c, b");
	history(LINE5, "", "head-1:", "e, d");
	history(LINE5, "", ":b-2", "");
	history(MERGED, "d1, d2", "-1:current", "d1, c1, d2, c2");
	history(MERGED, "d1, d2", "L1@-1:current", "d1, c1");
	history("a; b:a; c; d:c; e:d; f:e", "", "-2:", "b, a, f, e, d");
	history_fails(LINE5, "c", "+0:", ERRCODE_MIG_NOT_REACHABLE, "No steps");
	history_fails(LINE5, "c", "d:b", ERRCODE_MIG_NOT_REACHABLE, "not an ancestor");
	history_fails(LINE5, "c", "a:b:c", ERRCODE_INVALID_PARAMETER_VALUE, "more than one colon");
	history_fails(LINE5, "c", "a", ERRCODE_INVALID_PARAMETER_VALUE, "no colon");
	history_fails(MERGED, "", "-2:e", ERRCODE_MIG_NOT_REACHABLE, "d1, d2");
	history_fails(LINE5, "c", "b+9:", ERRCODE_MIG_NOT_REACHABLE, "does not lead to a revision");
}

static void
test_upgrade(void)
{
	plan_is(LINE5, "b", MIG_UPGRADE, "+2", "c d");
	plan_fails(LINE5, "b", MIG_UPGRADE, "e+1", ERRCODE_MIG_NOT_REACHABLE, "does not lead to a revision");
	plan_fails(LINE5, "b", MIG_UPGRADE, "b-3", ERRCODE_MIG_NOT_REACHABLE, "does not lead to a revision");
	plan_fails(LINE5, "b", MIG_UPGRADE, "a-1", ERRCODE_MIG_NOT_REACHABLE, "does not lead to a revision");
	plan_fails(LINE5, "b", MIG_UPGRADE, "-1", ERRCODE_MIG_NOT_REACHABLE, "one direction");
	plan_fails(LINE5, "b", MIG_UPGRADE, "c+1x", ERRCODE_MIG_UNKNOWN_REVISION, "does not exist");
	plan_fails(LINE5, "b", MIG_UPGRADE, "nosuch@head", ERRCODE_MIG_UNKNOWN_REVISION, "branch \"nosuch\"");
	plan_fails(LINE5, "b", MIG_UPGRADE, "", ERRCODE_MIG_UNKNOWN_REVISION, "name is empty");
	plan_fails(LINE5, "b", MIG_UPGRADE, "b:d", ERRCODE_INVALID_PARAMETER_VALUE, "migrate_upgrade_sql('b:d')");
	plan_fails("abcd1; abcd2:abcd1", "", MIG_UPGRADE, "abcd", ERRCODE_MIG_UNKNOWN_REVISION, "abcd1, abcd2");
	plan_fails("a; b:a; c:a", "", MIG_UPGRADE, "head", ERRCODE_MIG_MULTIPLE_HEADS, "b, c");
	plan_fails("a; b:a; c:b", "a, b", MIG_UPGRADE, "c", ERRCODE_MIG_BROKEN_GRAPH, "overlap");
}

static void
test_downgrade(void)
{
	plan_fails(MERGED, "f", MIG_DOWNGRADE, "-2", ERRCODE_MIG_NOT_REACHABLE, "d1, d2");
	plan_fails(MERGED, "d1, d2", MIG_DOWNGRADE, "-1", ERRCODE_MIG_NOT_REACHABLE, "d1@-1");
	plan_is(MERGED, "d1, d2", MIG_DOWNGRADE, "L1@-1", "d1");
	plan_fails(LINE5, "c", MIG_DOWNGRADE, "nosuch@base", ERRCODE_MIG_UNKNOWN_REVISION, "branch \"nosuch\"");
	plan_fails(LINE5, "c", MIG_DOWNGRADE, "nosuch@a", ERRCODE_MIG_UNKNOWN_REVISION, "branch \"nosuch\"");
	plan_is(LINE5, "c", MIG_DOWNGRADE, "-3", "c b a");
	plan_fails(LINE5, "c", MIG_DOWNGRADE, "-4", ERRCODE_MIG_NOT_REACHABLE, "4 steps");
	plan_fails(LINE5, "c", MIG_DOWNGRADE, "d", ERRCODE_MIG_NOT_REACHABLE, "not below");
	plan_is(LINE5, "", MIG_DOWNGRADE, "base", "");
}

/* Stamp, and list the rows afterwards. */
static void
stamp_is(const char *text, const char *row_names, const char *target, const char *want)
{
	MigGraph   *graph = make_graph(text, &report);
	MigRows		rows = make_rows(graph, row_names);
	MigNameList targets = {NULL, 0};
	MigPlan		steps;
	bool	   *in_rows = palloc0(graph->nrevisions + 1);
	MigRevisionSet after = mig_make_set(graph->nrevisions);
	int			i,
				j;

	mig_name_list_split(&targets, target, strlen(target));
	for (i = 0; i < rows.count; i++)
		in_rows[rows.items[i]] = true;
	if (!mig_plan_stamp(graph, &rows, &targets, &steps, &report))
	{
		is(report.message, want, psprintf("stamp %s", target));
		return;
	}
	for (i = 0; i < steps.nsteps; i++)
	{
		for (j = 0; j < steps.steps[i].removed.count; j++)
			in_rows[steps.steps[i].removed.items[j]] = false;
		for (j = 0; j < steps.steps[i].added.count; j++)
			in_rows[steps.steps[i].added.items[j]] = true;
	}
	for (i = 0; i < graph->nrevisions; i++)
	{
		if (in_rows[i])
			after.items[after.count++] = i;
	}
	is(mig_graph_join_ids(graph, after.items, after.count), want,
	   psprintf("stamp %s from {%s}", target, row_names));
}

static void
test_stamp(void)
{
	stamp_is(LINE5, "", "head", "e");
	stamp_is(LINE5, "d", "b", "b");
	stamp_is(LINE5, "d", "base", "");
	stamp_is("a; b:a; c:b; x; y:x", "b, y", "heads", "c, y");
	stamp_is("a; b:a; c:b; d:a; e:b", "d, e", "heads", "c, d, e");
	stamp_is("a; b:a; c:b; d:a; e:d; f:b", "b, d", "heads", "c, e, f");
	stamp_is("a; p:a; q:a; h1:p; h2:q; h3:p,q", "p, h2", "heads", "h1, h2, h3");
	stamp_is(LINE5, "", "b, d", "destinations overlap");
	stamp_is(LINE5, "c", "-1", "revision \"-1\" does not exist");
}

static void
broken(const char *text, const char *part)
{
	make_graph(text, &report);
	fails(report.sqlerrcode == 0, &report, ERRCODE_MIG_BROKEN_GRAPH, part, psprintf("no graph: %s", text));
}

static void
test_broken(void)
{
	broken("a:a", "revises itself");
	broken("a>a", "depends on itself");
	broken("a#L>L", "depends on itself");
	broken("a; b:a,d; c:b; d:c; e:d", "cycle of down revisions");
	broken("a; b:a>c; c:b", "cycle of down revisions and dependencies");
	broken("a; b:a,d; c:b; d:c; e:d", "b -> d -> c -> b");
	broken("a; b:x", "revision x, which revision b revises");
	broken("a; b:a>x", "revision x, which revision b depends on");
	broken("a; a", "used twice");
	broken("a#L; b:a#L", "label \"L\"");
	broken("a#b; b:a", "id of the revision");
}

static void
test_facts(void)
{
	MigGraph   *graph = make_graph("a; b:a#zz; c:b#aa; d:c", &report);
	MigNameList *labels = mig_graph_shown_labels(graph);

	is(mig_name_list_join(&labels[3]), "aa, zz", "labels are sorted");
	is(mig_name_list_join(&labels[0]), "aa, zz", "and shown below, on a plain line");
}

int
main(void)
{
	test_history();
	test_upgrade();
	test_downgrade();
	test_stamp();
	test_broken();
	test_facts();
	return done_testing();
}
