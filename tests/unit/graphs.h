/*-------------------------------------------------------------------------
 *
 * graphs.h
 *	  Graphs for the unit tests, written shortly.
 *
 * "a; b:a; c1:b#L1; e:c1,d2>x,y" has the base a, then b on it, then c1 on b
 * with the label L1, then e that merges c1 and d2 and depends on x and y.
 *
 *-------------------------------------------------------------------------
 */
#ifndef GRAPHS_H
#define GRAPHS_H

#include "graph.h"
#include "target.h"

/* The names that follow a separator, if it is there. */
static void
graph_field(char *part, char separator, MigNameList *list)
{
	char	   *start = strchr(part, separator);

	if (start == NULL)
		return;
	start++;
	mig_name_list_split(list, start, strcspn(start, ":>#"));
}

/* Build a graph; *report tells whether it is sound. */
static MigGraph *
make_graph(const char *text, MigReport *report)
{
	MigRevision *revisions = palloc0(sizeof(MigRevision) * (strlen(text) + 1));
	char	   *copy = pstrdup(text);
	char	   *part;
	int			n = 0;

	for (part = strtok(copy, "; "); part != NULL; part = strtok(NULL, "; "))
	{
		MigRevision *rev = &revisions[n++];

		rev->id = pnstrdup(part, strcspn(part, ":>#"));
		graph_field(part, ':', &rev->down_revision);
		graph_field(part, '>', &rev->depends_on);
		graph_field(part, '#', &rev->branch_labels);
		rev->message = psprintf("message %s", rev->id);
		rev->path = psprintf("versions/%s_.sql", rev->id);
	}
	return mig_graph_build(revisions, n, report);
}

/* The rows of the version table, which must be revisions of the graph. */
static MigRows
make_rows(const MigGraph *graph, const char *text)
{
	MigNameList names = {NULL, 0};
	MigReport	report;
	MigRows		rows;

	mig_name_list_split(&names, text, strlen(text));
	if (!mig_resolve_rows(graph, &names, &rows, &report))
		printf("Bail out! %s\n", report.message);
	return rows;
}

#endif							/* GRAPHS_H */
