/*-------------------------------------------------------------------------
 *
 * drawing.h
 *	  Pictures of the graph of revisions.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_DRAWING_H
#define MIG_DRAWING_H

#include "graph.h"
#include "lib/stringinfo.h"
#include "target.h"

typedef enum MigDrawFormat
{
	MIG_DRAW_TEXT,				/* for a terminal, one row per line */
	MIG_DRAW_DOT,				/* for Graphviz */
	MIG_DRAW_MERMAID			/* for Markdown */
} MigDrawFormat;

extern bool mig_parse_draw_format(const char *name, MigDrawFormat *format, MigReport *report);
extern MigNameList mig_draw_graph(const MigGraph *graph, const MigRows *rows, const MigRevisionSet *wanted,
								  MigDrawFormat format);

/* What drawing.c and lanes.c share. */
typedef struct MigDrawing
{
	const MigGraph *graph;
	const MigRevisionSet *wanted;	/* newest first */
	bool	   *shown;			/* is it wanted? */
	bool	   *applied;		/* at or below a row */
	bool	   *current;		/* is it a row? */
	MigNameList lines;
} MigDrawing;

extern void mig_draw_lanes(MigDrawing *drawing);
extern void mig_describe_revision(const MigDrawing *drawing, int revision, StringInfo buf);

#endif							/* MIG_DRAWING_H */
