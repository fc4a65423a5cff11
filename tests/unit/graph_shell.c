/*-------------------------------------------------------------------------
 *
 * graph_shell.c
 *	  The pure core behind a line protocol, for tests outside the server.
 *
 * Reads lines of tab-separated fields from standard input:
 *
 *		graph						forget all revisions and rows
 *		rev	id	down	deps	labels	message
 *		rows	id, id
 *		<command>	target			upgrade, downgrade, stamp, resolve,
 *									history, draw, current, facts
 *
 * and answers each command with lines that end in an empty one: either
 * "error <sqlstate> <message>", or the facts asked for.  A step is printed as
 * "step <revision> <rows after it, sorted>", a
 * line of a drawing as "line <text>".
 *
 *-------------------------------------------------------------------------
 */
#include "postgres_fe.h"

#include "common/logging.h"
#include "drawing.h"
#include "errcodes.h"
#include "graph.h"
#include "history.h"
#include "lib/stringinfo.h"
#include "plan.h"
#include "report.h"
#include "target.h"

#define MAX_REVISIONS 200000

static MigRevision *revisions;
static int	nrevisions;
static MigNameList row_names;

static void
print_error(const MigReport *report)
{
	int			code = report->sqlerrcode;
	char		sqlstate[6];
	int			i;

	for (i = 0; i < 5; i++, code >>= 6)
		sqlstate[i] = (char) ((code & 0x3F) + '0');
	sqlstate[5] = '\0';
	printf("error %s %s | %s | %s\n", sqlstate, report->message,
		   report->detail ? report->detail : "", report->hint ? report->hint : "");
}

static int
compare_strings(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

static void
print_rows(const MigGraph *graph, const bool *in_rows)
{
	const char **ids = palloc(sizeof(char *) * (graph->nrevisions + 1));
	int			n = 0;
	int			i;

	for (i = 0; i < graph->nrevisions; i++)
	{
		if (in_rows[i])
			ids[n++] = graph->revisions[i].id;
	}
	qsort(ids, n, sizeof(char *), compare_strings);
	for (i = 0; i < n; i++)
		printf("%s%s", i > 0 ? "," : "", ids[i]);
	pfree(ids);
}

static void
print_plan(const MigGraph *graph, const MigRows *rows, const MigPlan *plan, bool quiet)
{
	bool	   *in_rows = palloc0(graph->nrevisions + 1);
	int			i,
				j;

	for (i = 0; i < rows->count; i++)
		in_rows[rows->items[i]] = true;
	for (i = 0; i < plan->nsteps; i++)
	{
		const MigStep *step = &plan->steps[i];

		for (j = 0; j < step->removed.count; j++)
		{
			if (!in_rows[step->removed.items[j]])
				printf("BUG: row removed that is not there\n");
			in_rows[step->removed.items[j]] = false;
		}
		for (j = 0; j < step->added.count; j++)
		{
			if (in_rows[step->added.items[j]])
				printf("BUG: row added that is there\n");
			in_rows[step->added.items[j]] = true;
		}
		if (quiet)
			continue;
		printf("step %s ", step->revision == MIG_BASE ? "-" : graph->revisions[step->revision].id);
		print_rows(graph, in_rows);
		printf("\n");
	}
	printf("steps %d\n", plan->nsteps);
	pfree(in_rows);
}

static void
print_set(const MigGraph *graph, const char *what, const int *items, int count)
{
	int			i;

	printf("%s", what);
	for (i = 0; i < count; i++)
		printf("%s%s", i > 0 ? "," : " ", graph->revisions[items[i]].id);
	printf("\n");
}

static void
print_edges(const MigGraph *graph, const char *what, const MigEdges *edges, int i)
{
	print_set(graph, what, edges->items + edges->first[i], mig_edge_count(edges, i));
}

static void
print_facts(const MigGraph *graph)
{
	MigNameList *labels = mig_graph_shown_labels(graph);
	int			i,
				j;

	print_set(graph, "heads", graph->heads, graph->nheads);
	print_set(graph, "real_heads", graph->real_heads, graph->nreal_heads);
	print_set(graph, "bases", graph->bases, graph->nbases);
	for (i = 0; i < graph->nrevisions; i++)
	{
		printf("revision %s\n", graph->revisions[i].id);
		print_edges(graph, "next", &graph->next, i);
		print_edges(graph, "all_next", &graph->all_next, i);
		print_edges(graph, "parents", &graph->parents, i);
		qsort(labels[i].names, labels[i].count, sizeof(char *), compare_strings);
		printf("labels");
		for (j = 0; j < labels[i].count; j++)
			printf("%s%s", j > 0 ? "," : " ", labels[i].names[j]);
		printf("\nflags %d%d%d%d\n",
			   mig_graph_is_head(graph, i), mig_graph_is_real_head(graph, i),
			   mig_graph_is_branch_point(graph, i), mig_graph_is_merge_point(graph, i));
	}
}

static void
print_drawing(const MigGraph *graph, const MigRows *rows, const MigRevisionSet *wanted)
{
	MigNameList lines = mig_draw_graph(graph, rows, wanted, MIG_DRAW_TEXT);
	int			i;

	for (i = 0; i < lines.count; i++)
		printf("line %s\n", lines.names[i]);
}

static bool
answer(const char *command, const char *target, MigReport *report)
{
	MigGraph   *graph = mig_graph_build(revisions, nrevisions, report);
	MigRevisionSet set;
	MigRows		rows;
	MigPlan		plan;
	MigNameList targets = {NULL, 0};

	if (report->sqlerrcode != 0)
		return false;
	if (strcmp(command, "facts") == 0)
	{
		print_facts(graph);
		return true;
	}
	if (strcmp(command, "resolve") == 0)
	{
		if (!mig_resolve_revisions(graph, target, &set, report))
			return false;
		print_set(graph, "resolved", set.items, set.count);
		return true;
	}
	if (!mig_resolve_rows(graph, &row_names, &rows, report))
	{
		/* a history that does not mention them does not look at the rows */
		if (strcmp(command, "history") != 0 || strstr(target, "current") != NULL)
			return false;
		MemSet(report, 0, sizeof(MigReport));
	}
	if (strcmp(command, "history") == 0 || strcmp(command, "draw") == 0)
	{
		if (!mig_history(graph, &rows, target[0] ? target : NULL, &set, report))
			return false;
		if (strcmp(command, "draw") == 0)
			print_drawing(graph, &rows, &set);
		else
			print_set(graph, "history", set.items, set.count);
		return true;
	}
	if (strcmp(command, "current") == 0)
	{
		set = mig_current_revisions(graph, &rows);
		print_set(graph, "current", set.items, set.count);
		return true;
	}
	if (strcmp(command, "stamp") == 0)
	{
		mig_name_list_split(&targets, target, strlen(target));
		if (!mig_plan_stamp(graph, &rows, &targets, &plan, report))
			return false;
	}
	else if (strncmp(command, "upgrade", 7) == 0)
	{
		if (!mig_plan_upgrade(graph, &rows, target, &plan, report))
			return false;
	}
	else if (strncmp(command, "downgrade", 9) == 0)
	{
		if (!mig_plan_downgrade(graph, &rows, target, &plan, report))
			return false;
	}
	else
		pg_fatal("unrecognized command \"%s\"", command);
	print_plan(graph, &rows, &plan, strstr(command, "_quietly") != NULL);
	return true;
}

/* Cut the next tab-separated field off a line. */
static char *
next_field(char **line)
{
	char	   *field = *line;
	char	   *tab;

	if (field == NULL)
		return "";
	tab = strchr(field, '\t');
	if (tab != NULL)
		*tab = '\0';
	*line = tab ? tab + 1 : NULL;
	return field;
}

static void
add_revision(char *line)
{
	MigRevision *rev = &revisions[nrevisions++];
	char	   *text;

	if (nrevisions > MAX_REVISIONS)
		pg_fatal("too many revisions");
	memset(rev, 0, sizeof(MigRevision));
	rev->id = pstrdup(next_field(&line));
	text = next_field(&line);
	mig_name_list_split(&rev->down_revision, text, strlen(text));
	text = next_field(&line);
	mig_name_list_split(&rev->depends_on, text, strlen(text));
	text = next_field(&line);
	mig_name_list_split(&rev->branch_labels, text, strlen(text));
	rev->message = pstrdup(next_field(&line));
	rev->path = psprintf("versions/%s_.sql", rev->id);
}

int
main(int argc, char **argv)
{
	StringInfoData buf;

	pg_logging_init(argv[0]);
	revisions = palloc(sizeof(MigRevision) * MAX_REVISIONS);
	initStringInfo(&buf);
	for (;;)
	{
		char	   *line;
		char	   *command;
		int			c;

		resetStringInfo(&buf);
		while ((c = getchar()) != EOF && c != '\n')
			appendStringInfoChar(&buf, (char) c);
		if (c == EOF && buf.len == 0)
			break;
		line = buf.data;
		command = next_field(&line);
		if (strcmp(command, "graph") == 0)
		{
			nrevisions = 0;
			row_names.count = 0;
		}
		else if (strcmp(command, "rev") == 0)
			add_revision(line);
		else if (strcmp(command, "rows") == 0)
		{
			row_names.count = 0;
			if (line)
				mig_name_list_split(&row_names, line, strlen(line));
		}
		else
		{
			MigReport	report;

			if (!answer(command, line ? line : "", &report))
				print_error(&report);
			printf("\n");
			fflush(stdout);
		}
	}
	return 0;
}
