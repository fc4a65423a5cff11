/*-------------------------------------------------------------------------
 *
 * names.c
 *	  Names of revisions: parsing and resolving them, and walking from them.
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
#include "names.h"
#include "purecore.h"
#include "report.h"

/* A prefix matches only names of at least this many characters (Alembic). */
#define MIN_PREFIX_NAME_CHARS	4

/* How many candidates an error message lists. */
#define MAX_LISTED				10

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

/* Is it "-N" or "branch@-N", which counts down from somewhere? */
bool
mig_counts_down(const char *text)
{
	MigTargetText target;

	mig_parse_target(text, true, &target);
	return target.relative && target.symbol == NULL && target.steps < 0;
}

/* Is it one of those, or "base" or "branch@base", which no upgrade leads to? */
bool
mig_leads_down(const char *text)
{
	MigTargetText target;

	mig_parse_target(text, true, &target);
	return mig_counts_down(text) || (!target.relative && target.symbol != NULL && strcmp(target.symbol, "base") == 0);
}

/* A copy of a part of a text; NULL if it is empty. */
static char *
copy_or_null(const char *start, size_t len)
{
	return len > 0 ? pnstrdup(start, len) : NULL;
}

/*
 * Split a text into its parts; allow_relative says whether to look for
 * steps.
 */
void
mig_parse_target(const char *text, bool allow_relative, MigTargetText *result)
{
	int			sign = allow_relative ? relative_part(text) : -1;
	size_t		len = sign >= 0 ? (size_t) sign : strlen(text);
	const char *at = memchr(text, '@', len);

	MemSet(result, 0, sizeof(MigTargetText));
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

/*
 * Split a list of names that a user gave; what says what they are names of.
 *
 * Returns false with 22023 in *report if one of them is empty.
 */
bool
mig_split_names(const char *what, const char *text, MigNameList *names, MigReport *report)
{
	if (mig_name_list_split(names, text, strlen(text)))
		return true;
	mig_report(report, ERRCODE_INVALID_PARAMETER_VALUE, "list of %s \"%s\" has an empty name", what, text);
	return mig_report_hint(report, "Write the names with a comma between them.");
}

/* ----------
 * Errors
 * ----------
 */

/*
 * The error of a name that denotes nothing. Returns false, as mig_report().
 */
bool
mig_unknown_revision(const char *name, MigReport *report)
{
	if (name != NULL && strcmp(name, "current") == 0)
	{
		mig_report(report, ERRCODE_MIG_UNKNOWN_REVISION, "\"current\" is not a revision");
		mig_report_detail(report, "The word stands for the current revisions in a range, and for migrate_show().");
		return mig_report_hint(report, "SELECT * FROM migrate_current() names them.");
	}
	if (name != NULL && strchr(name, ':') != NULL)
	{
		mig_report(report, ERRCODE_MIG_UNKNOWN_REVISION, "\"%s\" is not a revision", name);
		mig_report_detail(report, "It is a range of revisions.");
		return mig_report_hint(report, "Name one of its ends.");
	}
	if (name == NULL || name[0] == '\0')
		mig_report(report, ERRCODE_MIG_UNKNOWN_REVISION, "revision name is empty");
	else
	{
		mig_report(report, ERRCODE_MIG_UNKNOWN_REVISION, "revision \"%s\" does not exist", name);
		mig_report_detail(report, "No revision has this id or branch label, and none begins like it.");
	}
	return mig_report_hint(report, "SELECT * FROM migrate_history() lists the revisions.");
}

/* The error of a name that denotes several revisions where one is wanted. */
static bool
multiple_heads(const MigGraph *graph, const char *text, const MigRevisionSet *heads, bool one_wanted,
			   MigReport *report)
{
	mig_report(report, ERRCODE_MIG_MULTIPLE_HEADS, "\"%s\" denotes several revisions", text);
	mig_report_detail(report, "They are %s.", mig_graph_join_ids(graph, heads->items, heads->count));
	if (one_wanted)
		return mig_report_hint(report, "Name one of them.");
	return mig_report_hint(report,
						   "Name one of them, write \"heads\" for all of them, or join them: SELECT * FROM migrate_merge('heads', 'merge');");
}

/* ----------
 * Sets
 * ----------
 */

/* An empty set with room for some members. */
MigRevisionSet
mig_make_set(int capacity)
{
	MigRevisionSet set;

	set.items = mig_alloc_array(int, capacity);
	set.count = 0;
	return set;
}

/* A set of one. */
MigRevisionSet
mig_make_singleton(int revision)
{
	MigRevisionSet set = mig_make_set(1);

	set.items[set.count++] = revision;
	return set;
}

/* The members that are marked. */
MigRevisionSet
mig_filter_marked(const int *items, int count, const bool *mark)
{
	MigRevisionSet set = mig_make_set(count);
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

/* Is the name long enough to be abbreviated, and does it begin so? */
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

/* The error of a prefix of several names; unlike Alembic we list them. */
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
		return mig_unknown_revision(name, report);
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
	if (nfound == 0 && line != NULL && name[0] != '\0')
	{
		mig_report(report, ERRCODE_MIG_UNKNOWN_REVISION, "revision \"%s\" does not exist on branch \"%s\"", name, branch);
		mig_report_detail(report, "No revision of this branch has this id or branch label, and none begins like it.");
		return mig_report_hint(report, "SELECT * FROM migrate_history() lists the revisions.");
	}
	if (nfound == 0)
		return mig_unknown_revision(name, report);
	return nfound == 1 || ambiguous_name(name, names, report);
}

/* The revision that stands for a branch. */
bool
mig_resolve_branch(const MigGraph *graph, const char *branch, int *result, MigReport *report)
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
bool
mig_resolve_line(const MigGraph *graph, const char *branch, int *revision, bool **line, MigReport *report)
{
	*line = NULL;
	*revision = MIG_BASE;
	if (branch == NULL)
		return true;
	if (!mig_resolve_branch(graph, branch, revision, report))
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
			next = mig_filter_marked(next.items, next.count, line);

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
steps_below_heads(const MigGraph *graph, const char *text, const MigTargetText *target,
				  MigRevisionSet *result, MigReport *report)
{
	MigNameList *labels = NULL;
	int			branch_revision;
	int			i;

	if (target->branch != NULL)
	{
		if (!mig_resolve_branch(graph, target->branch, &branch_revision, report))
			return false;
		labels = mig_graph_shown_labels(graph);
	}
	*result = mig_make_set(graph->nreal_heads);
	for (i = 0; i < graph->nreal_heads; i++)
	{
		int			revision;

		if (labels != NULL && !mig_name_list_contains(&labels[graph->real_heads[i]], target->branch))
			continue;
		if (!mig_walk(graph, text, graph->real_heads[i], target->steps, NULL, false, &revision, report))
			return false;
		if (revision == MIG_WALKED_OFF)
		{
			mig_report(report, ERRCODE_MIG_NOT_REACHABLE, "\"%s\" does not lead to a revision", text);
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
bool
mig_resolve_absolute(const MigGraph *graph, const MigTargetText *target, const char *text,
					 MigRevisionSet *result, MigReport *report)
{
	int			branch_revision;
	bool	   *line;
	int			revision;

	if (!mig_resolve_line(graph, target->branch, &branch_revision, &line, report))
		return false;
	if (target->symbol != NULL && strcmp(target->symbol, "base") == 0)
		*result = mig_make_set(0);
	else if (target->symbol != NULL && strcmp(target->symbol, "heads") == 0)
	{
		/* without a branch, heads that something depends on do not count */
		if (line == NULL)
			*result = (MigRevisionSet) {graph->real_heads, graph->nreal_heads};
		else
			*result = mig_filter_marked(graph->heads, graph->nheads, line);
	}
	else if (target->symbol != NULL && strcmp(target->symbol, "head") == 0)
	{
		if (line == NULL)
			*result = (MigRevisionSet) {graph->heads, graph->nheads};
		else
			*result = mig_filter_marked(graph->heads, graph->nheads, line);
		if (result->count > 1)
			return multiple_heads(graph, text, result, false, report);
	}
	else
	{
		if (!resolve_name(graph, target->symbol, line, target->branch, &revision, report))
			return false;
		*result = mig_make_singleton(revision);
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
	MigTargetText target;

	mig_parse_target(text, true, &target);
	if (target.relative && target.symbol == NULL && target.steps < 0)
		return steps_below_heads(graph, text, &target, result, report);
	mig_parse_target(text, false, &target);
	return mig_resolve_absolute(graph, &target, text, result, report);
}

/* The one revision that a text denotes, or MIG_BASE.  No relative forms. */
bool
mig_resolve_revision(const MigGraph *graph, const char *text, int *result, MigReport *report)
{
	MigRevisionSet set;
	MigTargetText target;

	mig_parse_target(text, false, &target);
	if (!mig_resolve_absolute(graph, &target, text, &set, report))
		return report->sqlerrcode == ERRCODE_MIG_MULTIPLE_HEADS ?
			multiple_heads(graph, text, &set, true, report) : false;
	if (set.count > 1)
		return multiple_heads(graph, text, &set, true, report);
	*result = set.count == 1 ? set.items[0] : MIG_BASE;
	return true;
}
