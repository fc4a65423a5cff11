/*-------------------------------------------------------------------------
 *
 * target.c
 *	  What a user's text denotes in the graph of revisions.
 *
 * A name is an id, a branch label, a unique prefix of either, or one of the
 * symbols head, heads and base; "branch@name" narrows it to the line of a
 * branch: the revision that the branch denotes, and all that it descends
 * from or that descends from it by down_revision.  Relative forms add a sign
 * and a number of steps.  The rules are Alembic's, with two exceptions: the
 * whole text must match, and a branch that does not exist is always an error.
 *
 *-------------------------------------------------------------------------
 */
#ifdef FRONTEND
#include "postgres_fe.h"
#else
#include "postgres.h"
#endif

#include <limits.h>

#include "errcodes.h"
#include "graph.h"
#include "lib/stringinfo.h"
#include "purecore.h"
#include "report.h"
#include "target.h"

/* A prefix matches only names of at least this many characters (Alembic). */
#define MIN_PREFIX_NAME_CHARS	4

/* How many candidates an error message lists. */
#define MAX_LISTED				10

/* The parts of "branch@symbol+N". */
typedef struct TargetText
{
	char	   *branch;			/* NULL: none given */
	char	   *symbol;			/* NULL: empty, which only a relative form may */
	bool		relative;
	int			steps;
} TargetText;

/* ----------
 * Parsing
 * ----------
 */

/* The offset of the sign if the text ends in a sign and digits, else -1. */
static int
relative_part(const char *text)
{
	int			len = (int) strlen(text);
	int			i = len;

	while (i > 0 && text[i - 1] >= '0' && text[i - 1] <= '9')
		i--;
	return i > 0 && i < len && (text[i - 1] == '+' || text[i - 1] == '-') ? i - 1 : -1;
}

/* Does the text end in a number of steps? */
bool
mig_is_relative(const char *text)
{
	return relative_part(text) >= 0;
}

static char *
copy_or_null(const char *start, size_t len)
{
	return len > 0 ? pnstrdup(start, len) : NULL;
}

/* Split a text into its parts; allow_relative says whether to look for steps. */
static void
parse_target(const char *text, bool allow_relative, TargetText *result)
{
	int			sign = allow_relative ? relative_part(text) : -1;
	size_t		len = sign >= 0 ? (size_t) sign : strlen(text);
	const char *at = memchr(text, '@', len);

	MemSet(result, 0, sizeof(TargetText));
	if (sign >= 0)
	{
		long		steps = strtol(text + sign, NULL, 10);

		result->relative = true;
		result->steps = (int) Max(Min(steps, INT_MAX), -INT_MAX);
	}
	if (at != NULL)
	{
		result->branch = pnstrdup(text, at - text);
		result->symbol = copy_or_null(at + 1, len - (at + 1 - text));
	}
	else
		result->symbol = copy_or_null(text, len);
}

/* ----------
 * Errors
 * ----------
 */

static bool
unknown_revision(const char *name, MigReport *report)
{
	if (name == NULL || name[0] == '\0')
		mig_report(report, ERRCODE_MIG_UNKNOWN_REVISION, "revision name is empty");
	else
		mig_report(report, ERRCODE_MIG_UNKNOWN_REVISION, "revision \"%s\" does not exist", name);
	mig_report_detail(report, "No revision has this id or branch label, and none begins like it.");
	return mig_report_hint(report, "SELECT * FROM migrate_history() lists the revisions.");
}

static bool
multiple_heads(const MigGraph *graph, const char *text, const MigRevisionSet *heads, MigReport *report)
{
	mig_report(report, ERRCODE_MIG_MULTIPLE_HEADS, "\"%s\" denotes several revisions", text);
	mig_report_detail(report, "They are %s.", mig_graph_join_ids(graph, heads->items, heads->count));
	return mig_report_hint(report,
						   "Name one of them, write \"heads\" for all of them, or join them: SELECT * FROM migrate_merge('heads', 'merge').");
}

static bool
too_few_steps(const char *text, int steps, MigReport *report)
{
	mig_report(report, ERRCODE_MIG_NOT_REACHABLE, "\"%s\" does not lead to a revision", text);
	if (steps == 0)
		mig_report_detail(report, "No steps are asked for.");
	else
		mig_report_detail(report, "There are not %d steps to take from there.", abs(steps));
	return mig_report_hint(report, "SELECT * FROM migrate_current() shows where the database is, SELECT migrate_graph() where it can go.");
}

static bool
wrong_direction(const char *text, const char *direction, MigReport *report)
{
	mig_report(report, ERRCODE_MIG_NOT_REACHABLE, "\"%s\" does not lead to a revision", text);
	mig_report_detail(report, "%s takes steps from the current revision in one direction only.", direction);
	return mig_report_hint(report, "%s", strcmp(direction, "An upgrade") == 0 ?
						   "Write +N; to go back, use migrate_downgrade('-N')." :
						   "Write -N; to go forward, use migrate_upgrade('+N').");
}

static bool
several_current(const MigGraph *graph, const char *text, const MigRevisionSet *rows, MigReport *report)
{
	mig_report(report, ERRCODE_MIG_NOT_REACHABLE, "\"%s\" could start from several current revisions", text);
	mig_report_detail(report, "They are %s.", mig_graph_join_ids(graph, rows->items, rows->count));
	return mig_report_hint(report, "Say which branch: write \"%s@%s\".",
						   graph->revisions[rows->items[0]].id,
						   strchr(text, '@') ? strchr(text, '@') + 1 : text);
}

/* ----------
 * Sets
 * ----------
 */

static MigRevisionSet
make_set(int capacity)
{
	MigRevisionSet set;

	set.items = mig_alloc_array(int, capacity);
	set.count = 0;
	return set;
}

static MigRevisionSet
make_singleton(int revision)
{
	MigRevisionSet set = make_set(1);

	set.items[set.count++] = revision;
	return set;
}

/* The members that are marked. */
static MigRevisionSet
filter_marked(const int *items, int count, const bool *mark)
{
	MigRevisionSet set = make_set(count);
	int			i;

	for (i = 0; i < count; i++)
	{
		if (mark[items[i]])
			set.items[set.count++] = items[i];
	}
	return set;
}

/* Mark the revision, its ancestors and its descendants. */
bool *
mig_graph_line(const MigGraph *graph, int revision, MigEdgeKind kind)
{
	bool	   *line = mig_graph_ancestors(graph, &revision, 1, kind);
	bool	   *down = mig_graph_descendants(graph, &revision, 1, kind);
	int			i;

	for (i = 0; i < graph->nrevisions; i++)
		line[i] |= down[i];
	pfree(down);
	return line;
}

/* ----------
 * Names
 * ----------
 */

static bool
is_prefix_of(const char *prefix, const char *name)
{
	int			nchars = 0;
	const char *p;

	if (strncmp(name, prefix, strlen(prefix)) != 0)
		return false;
	for (p = name; *p; p++)
	{
		if (((unsigned char) *p & 0xC0) != 0x80)
			nchars++;
	}
	return nchars >= MIN_PREFIX_NAME_CHARS;
}

/*
 * Find the revisions whose id or label begins with the prefix; with a line
 * given, only those on it.  Returns how many names there are; *result is the
 * last of them, and *names lists the first few.
 */
static int
match_prefix(const MigGraph *graph, const char *prefix, const bool *line, int *result, char **names)
{
	StringInfoData found;
	int			nfound = 0;
	int			i,
				j;

	initStringInfo(&found);
	for (i = 0; i < graph->nrevisions; i++)
	{
		const MigRevision *rev = &graph->revisions[i];

		if (line != NULL && !line[i])
			continue;
		for (j = -1; j < rev->branch_labels.count; j++)
		{
			const char *candidate = j < 0 ? rev->id : rev->branch_labels.names[j];

			if (!is_prefix_of(prefix, candidate))
				continue;
			if (++nfound <= MAX_LISTED)
				appendStringInfo(&found, "%s%s", nfound > 1 ? ", " : "", candidate);
			*result = i;
		}
	}
	if (nfound > MAX_LISTED)
		appendStringInfoString(&found, ", and others");
	*names = found.data;
	return nfound;
}

static bool
ambiguous_name(const char *name, const char *names, MigReport *report)
{
	mig_report(report, ERRCODE_MIG_UNKNOWN_REVISION, "revision \"%s\" is ambiguous", name);
	mig_report_detail(report, "It could be %s.", names);
	return mig_report_hint(report, "Write more of the name.");
}

/*
 * The revision that a plain name denotes: exactly, or as a unique prefix.
 * With a line given, only names on it count; branch is its name.
 */
static bool
resolve_name(const MigGraph *graph, const char *name, const bool *line, const char *branch,
			 int *result, MigReport *report)
{
	char	   *names;
	int			nfound;

	if (name == NULL)
		return unknown_revision(name, report);
	*result = mig_graph_lookup(graph, name);
	if (*result >= 0)
	{
		if (line == NULL || line[*result])
			return true;
		mig_report(report, ERRCODE_MIG_UNKNOWN_REVISION, "revision \"%s\" is not on branch \"%s\"", name, branch);
		mig_report_detail(report, "A branch is a revision with its ancestors and descendants by down_revision; dependencies do not count.");
		return mig_report_hint(report, "Write \"%s\" alone.", name);
	}
	nfound = match_prefix(graph, name, line, result, &names);
	if (nfound == 0)
		return unknown_revision(name, report);
	return nfound == 1 || ambiguous_name(name, names, report);
}

/* The revision that stands for a branch. */
static bool
resolve_branch(const MigGraph *graph, const char *branch, int *result, MigReport *report)
{
	char	   *names;
	int			nfound;

	*result = mig_graph_lookup(graph, branch);
	if (*result >= 0)
		return true;
	nfound = branch[0] ? match_prefix(graph, branch, NULL, result, &names) : 0;
	if (nfound == 0)
	{
		mig_report(report, ERRCODE_MIG_UNKNOWN_REVISION, "branch \"%s\" does not exist", branch);
		mig_report_detail(report, "No revision has this branch label or id, and none begins like it.");
		return mig_report_hint(report, "SELECT * FROM migrate_heads() lists the branches.");
	}
	return nfound == 1 || ambiguous_name(branch, names, report);
}

/*
 * The line of a branch, marked, or NULL if no branch is given.  *revision is
 * the one that the branch denotes, or MIG_BASE.
 */
static bool
resolve_line(const MigGraph *graph, const char *branch, int *revision, bool **line, MigReport *report)
{
	*line = NULL;
	*revision = MIG_BASE;
	if (branch == NULL)
		return true;
	if (!resolve_branch(graph, branch, revision, report))
		return false;
	*line = mig_graph_line(graph, *revision, MIG_DOWN_ONLY);
	return true;
}

/* ----------
 * Walking
 * ----------
 */

/*
 * Take steps along down_revision, up if steps is positive, from a revision or
 * MIG_BASE; going up only to revisions on the line, if one is given.  A walk
 * that runs out of revisions gives MIG_WALKED_OFF, or, with overwalk, the
 * place where it ran out.  text is what to call the walk in an error.
 *
 * Walking down from MIG_BASE leads to the heads.  Alembic has it so.
 */
bool
mig_walk(const MigGraph *graph, const char *text, int start, int steps, const bool *line, bool overwalk,
		 int *result, MigReport *report)
{
	int			at = start;
	bool		below_base = false;
	int			i;

	for (i = 0; i < abs(steps); i++)
	{
		MigRevisionSet next = {NULL, 0};

		if (steps > 0 && at == MIG_BASE)
			next = (MigRevisionSet) {graph->bases, graph->nbases};
		else if (steps > 0)
			next = (MigRevisionSet) {graph->next.items + graph->next.first[at], mig_edge_count(&graph->next, at)};
		else if (at == MIG_BASE && !below_base)
			next = (MigRevisionSet) {graph->heads, graph->nheads};
		else if (at != MIG_BASE)
			next = (MigRevisionSet) {graph->down.items + graph->down.first[at], mig_edge_count(&graph->down, at)};
		if (steps > 0 && line != NULL)
			next = filter_marked(next.items, next.count, line);

		if (next.count > 1)
		{
			mig_report(report, ERRCODE_MIG_NOT_REACHABLE, "\"%s\" is ambiguous", text);
			mig_report_detail(report, "Step %d could go to %s.", i + 1,
							  mig_graph_join_ids(graph, next.items, next.count));
			return mig_report_hint(report, "Name the revision to go to.");
		}
		if (next.count == 1)
			at = next.items[0];
		else if (steps < 0 && at != MIG_BASE)
		{
			at = MIG_BASE;
			below_base = true;
		}
		else
		{
			*result = overwalk ? at : MIG_WALKED_OFF;
			return true;
		}
	}
	*result = at;
	return true;
}

/* ----------
 * Absolute names
 * ----------
 */

/* The revisions that "-N" denotes outside of up- and downgrades. */
static bool
steps_below_heads(const MigGraph *graph, const char *text, const TargetText *target,
				  MigRevisionSet *result, MigReport *report)
{
	MigNameList *labels = NULL;
	int			branch_revision;
	int			i;

	if (target->branch != NULL)
	{
		if (!resolve_branch(graph, target->branch, &branch_revision, report))
			return false;
		labels = mig_graph_shown_labels(graph);
	}
	*result = make_set(graph->nreal_heads);
	for (i = 0; i < graph->nreal_heads; i++)
	{
		int			revision;

		if (labels != NULL && !mig_name_list_contains(&labels[graph->real_heads[i]], target->branch))
			continue;
		if (!mig_walk(graph, text, graph->real_heads[i], target->steps, NULL, false, &revision, report))
			return false;
		if (revision == MIG_WALKED_OFF)
		{
			mig_report(report, ERRCODE_MIG_UNKNOWN_REVISION, "revision \"%s\" does not exist", text);
			mig_report_detail(report, "%d steps down from head %s lead below the first revision.",
							  -target->steps, graph->revisions[graph->real_heads[i]].id);
			return mig_report_hint(report, "Take fewer steps, or write \"base\".");
		}
		if (revision != MIG_BASE)
			result->items[result->count++] = revision;
	}
	return true;
}

/* Resolve what is not relative. */
static bool
resolve_absolute(const MigGraph *graph, const TargetText *target, const char *text,
				 MigRevisionSet *result, MigReport *report)
{
	int			branch_revision;
	bool	   *line;
	int			revision;

	if (!resolve_line(graph, target->branch, &branch_revision, &line, report))
		return false;
	if (target->symbol != NULL && strcmp(target->symbol, "base") == 0)
		*result = make_set(0);
	else if (target->symbol != NULL && strcmp(target->symbol, "heads") == 0)
	{
		/* without a branch, heads that something depends on do not count */
		if (line == NULL)
			*result = (MigRevisionSet) {graph->real_heads, graph->nreal_heads};
		else
			*result = filter_marked(graph->heads, graph->nheads, line);
	}
	else if (target->symbol != NULL && strcmp(target->symbol, "head") == 0)
	{
		if (line == NULL)
			*result = (MigRevisionSet) {graph->heads, graph->nheads};
		else
			*result = filter_marked(graph->heads, graph->nheads, line);
		if (result->count > 1)
			return multiple_heads(graph, text, result, report);
	}
	else
	{
		if (!resolve_name(graph, target->symbol, line, target->branch, &revision, report))
			return false;
		*result = make_singleton(revision);
	}
	return true;
}

/*
 * The revisions that a text denotes, without regard to the database:
 * a name, "branch@name", or "-N", which counts from the heads.  The result is
 * empty for "base", and for "head" and "heads" of an empty graph.
 *
 * Returns false with MG001, MG002 or MG012 in *report.
 */
bool
mig_resolve_revisions(const MigGraph *graph, const char *text, MigRevisionSet *result, MigReport *report)
{
	TargetText	target;

	parse_target(text, true, &target);
	if (target.relative && target.symbol == NULL && target.steps < 0)
		return steps_below_heads(graph, text, &target, result, report);
	parse_target(text, false, &target);
	return resolve_absolute(graph, &target, text, result, report);
}

/* The one revision that a text denotes, or MIG_BASE.  No relative forms. */
bool
mig_resolve_revision(const MigGraph *graph, const char *text, int *result, MigReport *report)
{
	MigRevisionSet set;
	TargetText	target;

	parse_target(text, false, &target);
	if (!resolve_absolute(graph, &target, text, &set, report))
		return false;
	if (set.count > 1)
		return multiple_heads(graph, text, &set, report);
	*result = set.count == 1 ? set.items[0] : MIG_BASE;
	return true;
}

/* The one revision that branch@symbol denotes, each of them optional. */
static bool
resolve_start(const MigGraph *graph, const TargetText *target, int *result, MigReport *report)
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

	*rows = make_set(names->count);
	for (i = 0; i < names->count; i++)
	{
		int			revision = mig_graph_lookup(graph, names->names[i]);

		if (revision < 0 || strcmp(graph->revisions[revision].id, names->names[i]) != 0)
		{
			mig_report(report, ERRCODE_MIG_UNKNOWN_REVISION,
					   "the database is at revision \"%s\", whose script is not known", names->names[i]);
			mig_report_detail(report, "The version table names it, but no script with this id was registered or found in the script location.");
			return mig_report_hint(report, "Deploy or register its script; if it is gone for good, set the version anew: SELECT migrate_stamp('head', purge => true).");
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
	MigRevisionSet tips = make_set(graph->nrevisions);
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
	MigRevisionSet current = make_set(graph->nrevisions);
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
		from = filter_marked(rows->items, rows->count, line);
		if (from.count == 0)
			from = newest_on_line(graph, rows, line);
	}
	if (from.count > 1)
		return several_current(graph, text, &from, report);
	*start = from.count == 1 ? from.items[0] : MIG_BASE;
	return true;
}

static bool
resolve_relative_upgrade(const MigGraph *graph, const MigRows *rows, const char *text, const TargetText *target,
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
	if (!resolve_line(graph, target->branch, &branch_revision, &line, report))
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
	if (revision == MIG_WALKED_OFF)
		return too_few_steps(text, target->steps, report);
	*result = revision == MIG_BASE ? make_set(0) : make_singleton(revision);
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
	TargetText	target;

	parse_target(text, true, &target);
	if (target.relative)
		return resolve_relative_upgrade(graph, rows, text, &target, overwalk, result, report);
	return resolve_absolute(graph, &target, text, result, report);
}

/* Where "-N" or "branch@-N" starts from. */
static bool
start_of_downgrade(const MigGraph *graph, const MigRows *rows, const char *text, const bool *line,
				   int *start, MigReport *report)
{
	MigRevisionSet from = *rows;

	if (line != NULL)
	{
		from = filter_marked(rows->items, rows->count, line);
		if (from.count == 0)
		{
			MigRevisionSet current = mig_current_revisions(graph, rows);

			from = filter_marked(current.items, current.count, line);
		}
	}
	if (from.count > 1)
		return several_current(graph, text, &from, report);
	if (from.count == 0)
	{
		mig_report(report, ERRCODE_MIG_NOT_REACHABLE, "\"%s\" does not lead to a revision", text);
		mig_report_detail(report, line ? "No revision of this branch is applied." : "No revision is applied.");
		return mig_report_hint(report, "SELECT * FROM migrate_current() shows where the database is.");
	}
	*start = from.items[0];
	return true;
}

static bool
resolve_relative_downgrade(const MigGraph *graph, const MigRows *rows, const char *text, const TargetText *target,
						   MigDowngradeTarget *result, MigReport *report)
{
	bool	   *line;
	int			start;

	if (!resolve_line(graph, target->branch, &result->branch, &line, report))
		return false;
	if (target->symbol == NULL && target->steps == 0)
		return too_few_steps(text, 0, report);
	if (target->symbol == NULL && target->steps > 0)
		return wrong_direction(text, "A downgrade", report);
	if (target->symbol == NULL)
	{
		if (!start_of_downgrade(graph, rows, text, line, &start, report))
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
	TargetText	target;

	parse_target(text, true, &target);
	if (target.relative)
		return resolve_relative_downgrade(graph, rows, text, &target, result, report);

	/* the branch says what to remove; it does not narrow the name */
	result->branch = MIG_BASE;
	if (target.branch != NULL && !resolve_branch(graph, target.branch, &result->branch, report))
		return false;
	if (target.symbol == NULL)
		return unknown_revision(NULL, report);
	return mig_resolve_revision(graph, target.symbol, &result->revision, report);
}

/*
 * The revisions whose lines, dependencies included, hold the rows that a
 * stamp to this destination may replace.  Empty: all rows.
 */
bool
mig_resolve_stamp_lines(const MigGraph *graph, const char *text, MigRevisionSet *result, MigReport *report)
{
	TargetText	target;
	MigRevisionSet named;
	int			branch_revision;
	int			i;

	parse_target(text, false, &target);
	if (!resolve_absolute(graph, &target, text, &named, report))
		return false;
	*result = make_set(named.count + 1);
	if (target.branch != NULL)
	{
		if (!resolve_branch(graph, target.branch, &branch_revision, report))
			return false;
		result->items[result->count++] = branch_revision;
	}
	for (i = 0; i < named.count; i++)
		result->items[result->count++] = named.items[i];
	return true;
}
