/*-------------------------------------------------------------------------
 *
 * drawing.c
 *	  Pictures of the graph of revisions.
 *
 * Three formats: text with lanes, as version control tools draw it (the lanes
 * are in lanes.c); DOT for Graphviz; and Mermaid, which many Markdown viewers
 * draw.  All show the same: revisions with their marks and messages, edges
 * along down_revision, and dependencies in a lighter manner.  Time and space
 * are linear in revisions and edges, for text times the number of lanes.
 *
 *-------------------------------------------------------------------------
 */
#ifdef FRONTEND
#include "postgres_fe.h"
#else
#include "postgres.h"
#endif

#include "drawing.h"
#include "errcodes.h"
#include "graph.h"
#include "lib/stringinfo.h"
#include "purecore.h"
#include "report.h"

/* How a format writes a character that it cannot take as it is, or NULL. */
typedef const char *(*EscapeFunction) (char c);

/* ----------
 * What to say about a revision
 * ----------
 */

/* Append one mark to the list in parentheses. */
static void
append_mark(StringInfo buf, int *nmarks, const char *mark)
{
	appendStringInfo(buf, "%s%s", (*nmarks)++ == 0 ? " (" : ", ", mark);
}

/* The labels that the revision declares, sorted, as marks. */
static void
append_labels(StringInfo buf, int *nmarks, const MigNameList *labels)
{
	MigNameList sorted;
	int			i;

	if (labels->count == 0)
		return;
	sorted.count = labels->count;
	sorted.names = mig_alloc_array(char *, labels->count);
	memcpy(sorted.names, labels->names, sizeof(char *) * labels->count);
	mig_name_list_sort(&sorted);
	for (i = 0; i < sorted.count; i++)
		append_mark(buf, nmarks, sorted.names[i]);
	pfree(sorted.names);
}

/*
 * "id (marks) (depends on ...)".  The marks are Alembic's words, then the
 * branch labels.
 */
void
mig_describe_revision(const MigDrawing *drawing, int revision, StringInfo buf)
{
	const MigGraph *graph = drawing->graph;
	const MigRevision *rev = &graph->revisions[revision];
	int			nmarks = 0;

	appendStringInfoString(buf, rev->id);
	if (mig_graph_is_real_head(graph, revision))
		append_mark(buf, &nmarks, "head");
	else if (mig_graph_is_head(graph, revision))
		append_mark(buf, &nmarks, "effective head");
	if (drawing->current[revision])
		append_mark(buf, &nmarks, "current");
	if (mig_graph_is_branch_point(graph, revision))
		append_mark(buf, &nmarks, "branchpoint");
	if (mig_graph_is_merge_point(graph, revision))
		append_mark(buf, &nmarks, "mergepoint");
	append_labels(buf, &nmarks, &rev->branch_labels);
	if (nmarks > 0)
		appendStringInfoChar(buf, ')');
	if (rev->depends_on.count > 0)
	{
		char	   *names = mig_name_list_join(&rev->depends_on);

		appendStringInfo(buf, " (depends on %s)", names);
		pfree(names);
	}
}

/* ----------
 * DOT and Mermaid
 * ----------
 */

/* Move the line in the buffer to the drawing. */
static void
finish_line(MigDrawing *drawing, StringInfo buf)
{
	mig_name_list_append(&drawing->lines, buf->data, buf->len);
	resetStringInfo(buf);
}

/* Append a line that is always the same. */
static void
add_line(MigDrawing *drawing, const char *line)
{
	mig_name_list_add(&drawing->lines, line);
}

/* Append a text in a format's own spelling; control characters are blanks. */
static void
append_escaped(StringInfo buf, const char *text, EscapeFunction escape)
{
	const char *p;

	for (p = text; *p; p++)
	{
		const char *escaped = escape(*p);

		if (escaped != NULL)
			appendStringInfoString(buf, escaped);
		else
			appendStringInfoChar(buf, (unsigned char) *p < ' ' || *p == 0x7F ? ' ' : *p);
	}
}

/* The name of a node in DOT, a quoted string. */
static const char *
escape_dot_name(char c)
{
	return c == '"' ? "\\\"" : c == '\\' ? "\\\\" : NULL;
}

/* In labels Graphviz also reads character entities. */
static const char *
escape_dot_label(char c)
{
	return c == '&' ? "&amp;" : escape_dot_name(c);
}

/*
 * Mermaid knows no escape inside quotes but its own entities, whose numbers
 * are decimal.
 */
static const char *
escape_mermaid(char c)
{
	switch (c)
	{
		case '"':
			return "#34;";
		case '#':
			return "#35;";
		case '&':
			return "#38;";
		case '<':
			return "#60;";
		case '>':
			return "#62;";
		case '\\':
			return "#92;";
		case '`':
			return "#96;";
		default:
			return NULL;
	}
}

/* The description and, on a line of its own, the message. */
static void
append_label(const MigDrawing *drawing, int revision, StringInfo buf, EscapeFunction escape, const char *newline)
{
	const char *message = drawing->graph->revisions[revision].message;
	StringInfoData description;

	initStringInfo(&description);
	mig_describe_revision(drawing, revision, &description);
	append_escaped(buf, description.data, escape);
	pfree(description.data);
	if (message != NULL && message[0] != '\0')
	{
		appendStringInfoString(buf, newline);
		append_escaped(buf, message, escape);
	}
}

/* Does the edge lead to something that is shown, and not twice? */
static bool
is_edge_shown(const MigDrawing *drawing, int revision, int parent, bool dependency)
{
	const MigEdges *down = &drawing->graph->down;
	int			k;

	if (!drawing->shown[parent])
		return false;
	if (dependency)
	{
		mig_foreach_edge(k, down, revision)
		{
			if (down->items[k] == parent)
				return false;
		}
	}
	return true;
}

/* Append a node's name, quoted. */
static void
append_dot_name(const MigDrawing *drawing, StringInfo buf, int revision)
{
	appendStringInfoChar(buf, '"');
	append_escaped(buf, drawing->graph->revisions[revision].id, escape_dot_name);
	appendStringInfoChar(buf, '"');
}

/* The edges of one kind from a revision's parents to it. */
static void
dot_edges(MigDrawing *drawing, StringInfo buf, int revision, const MigEdges *edges, bool dependency)
{
	int			k;

	mig_foreach_edge(k, edges, revision)
	{
		if (!is_edge_shown(drawing, revision, edges->items[k], dependency))
			continue;
		appendStringInfoString(buf, "    ");
		append_dot_name(drawing, buf, edges->items[k]);
		appendStringInfoString(buf, " -> ");
		append_dot_name(drawing, buf, revision);
		appendStringInfoString(buf, dependency ? " [style=dashed];" : ";");
		finish_line(drawing, buf);
	}
}

/*
 * One node: applied is filled, current drawn thick, a head has two borders.
 */
static void
dot_node(MigDrawing *drawing, StringInfo buf, int revision)
{
	appendStringInfoString(buf, "    ");
	append_dot_name(drawing, buf, revision);
	appendStringInfoString(buf, " [label=\"");
	append_label(drawing, revision, buf, escape_dot_label, "\\n");
	appendStringInfoChar(buf, '"');
	if (drawing->applied[revision])
		appendStringInfoString(buf, ", fillcolor=\"#d9ead3\"");
	if (drawing->current[revision])
		appendStringInfoString(buf, ", penwidth=3, color=\"#38761d\"");
	if (mig_graph_is_head(drawing->graph, revision))
		appendStringInfoString(buf, ", peripheries=2");
	appendStringInfoString(buf, "];");
	finish_line(drawing, buf);
}

/* Oldest at the bottom, and an edge points to what comes next. */
static void
draw_dot(MigDrawing *drawing)
{
	StringInfoData buf;
	int			i;

	initStringInfo(&buf);
	add_line(drawing, "digraph migrate {");
	add_line(drawing, "    rankdir=BT;");
	add_line(drawing, "    node [shape=box, style=filled, fillcolor=white];");
	for (i = 0; i < drawing->wanted->count; i++)
		dot_node(drawing, &buf, drawing->wanted->items[i]);
	for (i = 0; i < drawing->wanted->count; i++)
	{
		int			revision = drawing->wanted->items[i];

		dot_edges(drawing, &buf, revision, &drawing->graph->down, false);
		dot_edges(drawing, &buf, revision, &drawing->graph->deps, true);
	}
	add_line(drawing, "}");
	pfree(buf.data);
}

/*
 * The edges of one kind from a revision's parents to it.  Nodes are named by
 * their place in load order: Mermaid takes few characters in a name.
 */
static void
mermaid_edges(MigDrawing *drawing, StringInfo buf, int revision, const MigEdges *edges, bool dependency)
{
	int			k;

	mig_foreach_edge(k, edges, revision)
	{
		if (!is_edge_shown(drawing, revision, edges->items[k], dependency))
			continue;
		appendStringInfo(buf, "    r%d %s r%d", edges->items[k], dependency ? "-.->" : "-->", revision);
		finish_line(drawing, buf);
	}
}

/* "class a,b name", if some revision is of that class. */
static void
mermaid_class(MigDrawing *drawing, StringInfo buf, const bool *members, const char *name)
{
	int			n = 0;
	int			i;

	for (i = 0; i < drawing->wanted->count; i++)
	{
		int			revision = drawing->wanted->items[i];

		if (members ? members[revision] : mig_graph_is_head(drawing->graph, revision))
			appendStringInfo(buf, "%sr%d", n++ == 0 ? "    class " : ",", revision);
	}
	if (n == 0)
		return;
	appendStringInfo(buf, " %s", name);
	finish_line(drawing, buf);
}

/* Oldest at the bottom, as in DOT; classes instead of attributes. */
static void
draw_mermaid(MigDrawing *drawing)
{
	StringInfoData buf;
	int			i;

	initStringInfo(&buf);
	add_line(drawing, "flowchart BT");
	for (i = 0; i < drawing->wanted->count; i++)
	{
		int			revision = drawing->wanted->items[i];

		appendStringInfo(&buf, "    r%d[\"", revision);
		append_label(drawing, revision, &buf, escape_mermaid, "<br/>");
		appendStringInfoString(&buf, "\"]");
		finish_line(drawing, &buf);
	}
	for (i = 0; i < drawing->wanted->count; i++)
	{
		int			revision = drawing->wanted->items[i];

		mermaid_edges(drawing, &buf, revision, &drawing->graph->down, false);
		mermaid_edges(drawing, &buf, revision, &drawing->graph->deps, true);
	}
	add_line(drawing, "    classDef applied fill:#d9ead3");
	add_line(drawing, "    classDef head stroke-dasharray:6 2");
	add_line(drawing, "    classDef current stroke:#38761d,stroke-width:4px");
	mermaid_class(drawing, &buf, drawing->applied, "applied");
	mermaid_class(drawing, &buf, NULL, "head");
	mermaid_class(drawing, &buf, drawing->current, "current");
	pfree(buf.data);
}

/* ----------
 * The whole
 * ----------
 */

/*
 * The format that a name stands for.  Returns false, with 22023 in *report,
 * if there is none.
 */
bool
mig_parse_draw_format(const char *name, MigDrawFormat *format, MigReport *report)
{
	if (pg_strcasecmp(name, "text") == 0)
		*format = MIG_DRAW_TEXT;
	else if (pg_strcasecmp(name, "dot") == 0)
		*format = MIG_DRAW_DOT;
	else if (pg_strcasecmp(name, "mermaid") == 0)
		*format = MIG_DRAW_MERMAID;
	else
	{
		mig_report(report, ERRCODE_INVALID_PARAMETER_VALUE, "unrecognized graph format \"%s\"", name);
		mig_report_detail(report, "A graph is drawn as text, or written as DOT for Graphviz or as Mermaid for Markdown.");
		return mig_report_hint(report, "Use \"text\", \"dot\" or \"mermaid\".");
	}
	return true;
}

/* Mark the members of a set. */
static bool *
mark_set(const MigGraph *graph, const MigRevisionSet *set)
{
	bool	   *mark = mig_alloc0_array(bool, graph->nrevisions);
	int			i;

	for (i = 0; i < set->count; i++)
		mark[set->items[i]] = true;
	return mark;
}

/*
 * Draw the wanted revisions, which come newest first, as mig_order() and
 * mig_history() give them: each before its parents.  rows tells what is
 * applied.  One entry per line of output, without line end.
 */
MigNameList
mig_draw_graph(const MigGraph *graph, const MigRows *rows, const MigRevisionSet *wanted, MigDrawFormat format)
{
	MigDrawing	drawing;

	MemSet(&drawing, 0, sizeof(MigDrawing));
	drawing.graph = graph;
	drawing.wanted = wanted;
	drawing.shown = mark_set(graph, wanted);
	drawing.current = mark_set(graph, rows);
	drawing.applied = mig_graph_ancestors(graph, rows->items, rows->count, MIG_ALL_PARENTS);
	switch (format)
	{
		case MIG_DRAW_TEXT:
			mig_draw_lanes(&drawing);
			break;
		case MIG_DRAW_DOT:
			draw_dot(&drawing);
			break;
		case MIG_DRAW_MERMAID:
			draw_mermaid(&drawing);
			break;
	}
	pfree(drawing.shown);
	pfree(drawing.current);
	pfree(drawing.applied);
	return drawing.lines;
}
