/*-------------------------------------------------------------------------
 *
 * test_drawing.c
 *	  Pictures of graphs.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres_fe.h"

#include <time.h>

#include "drawing.h"
#include "errcodes.h"
#include "graphs.h"
#include "history.h"
#include "lib/stringinfo.h"
#include "tap.h"

static MigReport report;

/* All lines of a drawing as one text. */
static char *
draw(const char *text, const char *row_names, const char *range, MigDrawFormat format)
{
	MigGraph   *graph = make_graph(text, &report);
	MigRows		rows = make_rows(graph, row_names);
	MigRevisionSet wanted;
	MigNameList lines;
	StringInfoData buf;
	int			i;

	if (report.sqlerrcode != 0 || !mig_history(graph, &rows, range, &wanted, &report))
		return report.message;
	lines = mig_draw_graph(graph, &rows, &wanted, format);
	initStringInfo(&buf);
	for (i = 0; i < lines.count; i++)
		appendStringInfo(&buf, "%s\n", lines.names[i]);
	return buf.data;
}

static void
draws(const char *text, const char *rows, const char *range, const char *want, const char *name)
{
	is(draw(text, rows, range, MIG_DRAW_TEXT), want, name);
}

static void
test_formats(void)
{
	MigDrawFormat format;

	ok(mig_parse_draw_format("text", &format, &report) && format == MIG_DRAW_TEXT, "text");
	ok(mig_parse_draw_format("dot", &format, &report) && format == MIG_DRAW_DOT, "dot");
	ok(mig_parse_draw_format("Mermaid", &format, &report) && format == MIG_DRAW_MERMAID, "mermaid");
	fails(mig_parse_draw_format("svg", &format, &report), &report, ERRCODE_INVALID_PARAMETER_VALUE,
		  "\"text\", \"dot\" or \"mermaid\"", "no such format");
}

static void
test_text(void)
{
	draws("", "", NULL, "", "nothing");
	draws("a; b:a", "a", NULL,
		  "o b (head) message b\n"
		  "* a (current) message a\n", "a line");
	draws("a; b:a; c1:b#L1; d1:c1; c2:b; d2:c2; e:d1,d2; f:e", "d2", NULL,
		  "o f (head) message f\n"
		  "o e (mergepoint) message e\n"
		  "|\\\n"
		  "o | d1 message d1\n"
		  "o | c1 (L1) message c1\n"
		  "| * d2 (current) message d2\n"
		  "| * c2 message c2\n"
		  "|/\n"
		  "* b (branchpoint) message b\n"
		  "* a message a\n", "a branch and a merge");
	draws("a; b; c", "b", NULL,
		  "o a (head) message a\n"
		  "\n"
		  "* b (head, current) message b\n"
		  "\n"
		  "o c (head) message c\n", "bases without anything");
	draws("a; x; m:a,x; y:x", "", NULL,
		  "o m (head, mergepoint) message m\n"
		  "|\\\n"
		  "o | a message a\n"
		  " /\n"
		  "| o y (head) message y\n"
		  "|/\n"
		  "o x (branchpoint) message x\n", "a lane moves up when one ends");
	draws("a; p:a; q:a; r:a; m:p,q,r", "a", NULL,
		  "o m (head, mergepoint) message m\n"
		  "|\\\n"
		  "|\\ \\\n"
		  "o | | p message p\n"
		  "| o | q message q\n"
		  "|/ /\n"
		  "| o r message r\n"
		  "|/\n"
		  "* a (current, branchpoint) message a\n", "a merge of three");
	draws("a; b:a; c:a; d:a; m:b,c,d; n:m,a", "", "a:n",
		  "o n (head, mergepoint) message n\n"
		  "|\\\n"
		  "o | m (mergepoint) message m\n"
		  "|\\ \\\n"
		  "|\\ \\ \\\n"
		  "o | | | b message b\n"
		  "| |_|/\n"
		  "|/| |\n"
		  "| o | c message c\n"
		  "|/ /\n"
		  "| o d message d\n"
		  "|/\n"
		  "o a (branchpoint) message a\n", "an edge that crosses lanes");
	draws("a; b:a; x; y:x>b", "b", NULL,
		  "o y (head) (depends on b) message y\n"
		  "o x message x\n"
		  "\n"
		  "* b (effective head, current) message b\n"
		  "* a message a\n", "a dependency");
	draws("a; b:a; c:b; d:c; y:c", "", "c:d",
		  "o d (head) message d\n"
		  "o c (branchpoint) message c\n", "a range");
}

static void
test_dot(void)
{
	is(draw("a\"x; b\\:a\"x#L&1; c>b\\", "b\\", NULL, MIG_DRAW_DOT),
	   "digraph migrate {\n"
	   "    rankdir=BT;\n"
	   "    node [shape=box, style=filled, fillcolor=white];\n"
	   "    \"c\" [label=\"c (head) (depends on b\\\\)\\nmessage c\", peripheries=2];\n"
	   "    \"b\\\\\" [label=\"b\\\\ (effective head, current, L&amp;1)\\nmessage b\\\\\","
	   " fillcolor=\"#d9ead3\", penwidth=3, color=\"#38761d\", peripheries=2];\n"
	   "    \"a\\\"x\" [label=\"a\\\"x\\nmessage a\\\"x\", fillcolor=\"#d9ead3\"];\n"
	   "    \"b\\\\\" -> \"c\" [style=dashed];\n"
	   "    \"a\\\"x\" -> \"b\\\\\";\n"
	   "}\n", "DOT");
	is(draw("", "", NULL, MIG_DRAW_DOT),
	   "digraph migrate {\n"
	   "    rankdir=BT;\n"
	   "    node [shape=box, style=filled, fillcolor=white];\n"
	   "}\n", "DOT of nothing");
}

static void
test_mermaid(void)
{
	is(draw("a\"x; b`:a\"x#L<1; c>b`", "b`", NULL, MIG_DRAW_MERMAID),
	   "flowchart BT\n"
	   "    r2[\"c (head) (depends on b#96;)<br/>message c\"]\n"
	   "    r1[\"b#96; (effective head, current, L#60;1)<br/>message b#96;\"]\n"
	   "    r0[\"a#34;x<br/>message a#34;x\"]\n"
	   "    r1 -.-> r2\n"
	   "    r0 --> r1\n"
	   "    classDef applied fill:#d9ead3\n"
	   "    classDef head stroke-dasharray:6 2\n"
	   "    classDef current stroke:#38761d,stroke-width:4px\n"
	   "    class r1,r0 applied\n"
	   "    class r2,r1 head\n"
	   "    class r1 current\n", "Mermaid");
}

/* A history of some thousands, with branches and merges. */
static char *
random_history(int n, uint32 seed)
{
	StringInfoData buf;
	int			i;

	initStringInfo(&buf);
	for (i = 0; i < n; i++)
	{
		uint32		dice;

		seed = seed * 1103515245 + 12345;
		dice = (seed >> 8) % 100;
		if (i == 0 || dice == 0)
			appendStringInfo(&buf, "r%d; ", i);
		else if (dice < 12 && i > 20)
			appendStringInfo(&buf, "r%d:r%d; ", i, i - 1 - (int) ((seed >> 16) % 20));
		else if (dice < 22 && i > 20)
			appendStringInfo(&buf, "r%d:r%d,r%d; ", i, i - 1, i - 2 - (int) ((seed >> 16) % 15));
		else if (dice < 24 && i > 20)
			appendStringInfo(&buf, "r%d:r%d,r%d,r%d,r%d; ", i, i - 1, i - 3, i - 6, i - 10);
		else
			appendStringInfo(&buf, "r%d:r%d; ", i, i - 1);
	}
	return buf.data;
}

/*
 * What must hold of any drawing: each revision once, after all that come
 * after it, and at a lane that the line above, if it is one of lanes only,
 * leads to.
 */
static bool
check_drawing(const char *text)
{
	MigGraph   *graph = make_graph(text, &report);
	MigRows		rows = make_rows(graph, "r10");
	MigRevisionSet wanted;
	MigNameList lines;
	int			seen = 0;
	int			i;

	mig_history(graph, &rows, NULL, &wanted, &report);
	lines = mig_draw_graph(graph, &rows, &wanted, MIG_DRAW_TEXT);
	for (i = 0; i < lines.count; i++)
	{
		const char *line = lines.names[i];
		size_t		lanes = strspn(line, "|/\\_ ");

		if (line[lanes] == '\0')
			continue;
		if (lanes % 2 != 0 || (line[lanes] != 'o' && line[lanes] != '*') || seen >= wanted.count ||
			strstr(line, psprintf(" %s ", graph->revisions[wanted.items[seen]].id)) == NULL)
		{
			diag("line:", line);
			return false;
		}
		seen++;
	}
	return seen == wanted.count;
}

static void
test_large(void)
{
	bool		right = true;
	clock_t		start;
	int			i;

	for (i = 0; i < 300; i++)
		right &= check_drawing(random_history(60, i * 7919));
	ok(right, "random graphs");
	ok(check_drawing(random_history(2000, 1)), "two thousand revisions");
	start = clock();
	ok(check_drawing(random_history(20000, 2)), "twenty thousand revisions");
	ok((clock() - start) / CLOCKS_PER_SEC < 20, "within seconds");
}

int
main(void)
{
	test_formats();
	test_text();
	test_dot();
	test_mermaid();
	test_large();
	return done_testing();
}
