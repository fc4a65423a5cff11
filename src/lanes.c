/*-------------------------------------------------------------------------
 *
 * lanes.c
 *	  The graph of revisions as text.
 *
 *		o f1 (head) merge
 *		|\
 *		o | d1
 *		| * d2 (current)
 *		| * c2
 *		|/
 *		* b1 (branchpoint)
 *		* a1
 *
 * A lane is a column of two characters.  It belongs to the revision that it
 * leads down to, and no two lanes lead to the same one: where a second lane
 * would, it is led into the first, at once, which keeps the picture narrow
 * however many branches leave one revision.  Since revisions come newest
 * first, a revision either ends the lane that leads to it, or, if nothing
 * shown comes after it, begins at the right margin.
 *
 * Lanes change only on lines of their own, between those of two revisions:
 * there a lane moves by one column, or an edge crosses lanes with the help of
 * a second line, whatever the distance.
 *
 *-------------------------------------------------------------------------
 */
#ifdef FRONTEND
#include "postgres_fe.h"
#else
#include "postgres.h"
#endif

#include "drawing.h"
#include "graph.h"
#include "lib/stringinfo.h"
#include "purecore.h"

#define NO_LANE			(-1)

#define APPLIED_MARK	'*'
#define PENDING_MARK	'o'

typedef struct Lanes
{
	MigDrawing *drawing;
	int		   *target;			/* of each lane: the revision it leads to */
	int			nlanes;
	int		   *lane_of;		/* of each revision: the lane, or NO_LANE */
	int			ended_in;		/* the lane where a revision without parents
								 * was just drawn, or NO_LANE */
	StringInfoData line;
} Lanes;

/* ----------
 * Lines
 * ----------
 */

/* Begin a line: each lane goes straight on, from the given one on blank. */
static void
begin_line(Lanes *lanes, int nstraight, int nlanes)
{
	int			i;

	resetStringInfo(&lanes->line);
	for (i = 0; i < nlanes; i++)
		appendStringInfoString(&lanes->line, i < nstraight ? "| " : "  ");
}

/*
 * Write over what the line has; a lane and the gap after it have two places.
 */
static void
put(Lanes *lanes, int place, char c)
{
	if (place >= 0 && place < lanes->line.len)
		lanes->line.data[place] = c;
}

/* The line is complete; blanks at its end are not. */
static void
finish_line(Lanes *lanes)
{
	StringInfo	line = &lanes->line;

	while (line->len > 0 && line->data[line->len - 1] == ' ')
		line->len--;
	mig_name_list_append(&lanes->drawing->lines, line->data, line->len);
}

/* ----------
 * Lanes
 * ----------
 */

/* The places right of this one changed hands. */
static void
renumber(Lanes *lanes, int from)
{
	int			i;

	for (i = from; i < lanes->nlanes; i++)
		lanes->lane_of[lanes->target[i]] = i;
}

/* Make room for a lane that leads to a revision. */
static void
insert_lane(Lanes *lanes, int at, int revision)
{
	memmove(&lanes->target[at + 1], &lanes->target[at], sizeof(int) * (lanes->nlanes - at));
	lanes->target[at] = revision;
	lanes->nlanes++;
	renumber(lanes, at);
}

/* Forget a lane.  Its revision may have another one by now. */
static void
remove_lane(Lanes *lanes, int at)
{
	if (lanes->lane_of[lanes->target[at]] == at)
		lanes->lane_of[lanes->target[at]] = NO_LANE;
	lanes->nlanes--;
	memmove(&lanes->target[at], &lanes->target[at + 1], sizeof(int) * (lanes->nlanes - at));
	renumber(lanes, at);
}

/*
 * The lane ends here; those right of it move up.  No line is needed if there
 * are none.
 */
static void
close_lane(Lanes *lanes, int at)
{
	int			i;

	if (at + 1 < lanes->nlanes)
	{
		begin_line(lanes, at, lanes->nlanes);
		for (i = at + 1; i < lanes->nlanes; i++)
			put(lanes, 2 * i - 1, '/');
		finish_line(lanes);
	}
	remove_lane(lanes, at);
}

/* Open a lane to a revision right of the given lane, and out of it. */
static void
fork_lane(Lanes *lanes, int from, int revision)
{
	int			i;

	begin_line(lanes, from + 1, lanes->nlanes + 1);
	for (i = from; i < lanes->nlanes; i++)
		put(lanes, 2 * i + 1, '\\');
	finish_line(lanes);
	insert_lane(lanes, from + 1, revision);
}

/*
 * Lead the right lane into the left one: "|/", or over lanes in between
 *
 *		| |_|/
 *		|/| |
 *
 * and let those right of it move up.
 */
static void
join_lanes(Lanes *lanes, int left, int right)
{
	int			i;

	begin_line(lanes, right, lanes->nlanes);
	for (i = right; i < lanes->nlanes; i++)
		put(lanes, 2 * i - 1, '/');
	for (i = left + 1; i < right - 1; i++)
		put(lanes, 2 * i + 1, '_');
	finish_line(lanes);
	remove_lane(lanes, right);
	if (right > left + 1)
	{
		begin_line(lanes, lanes->nlanes, lanes->nlanes);
		put(lanes, 2 * left + 1, '/');
		finish_line(lanes);
	}
}

/*
 * Draw an edge from one lane to another; both go on.
 */
static void
connect_lanes(Lanes *lanes, int from, int to)
{
	int			left = Min(from, to);
	int			right = Max(from, to);
	char		slope = from > to ? '/' : '\\';
	int			i;

	begin_line(lanes, lanes->nlanes, lanes->nlanes);
	put(lanes, from > to ? 2 * from - 1 : 2 * from + 1, slope);
	for (i = left + 1; i < right - 1; i++)
		put(lanes, 2 * i + 1, '_');
	finish_line(lanes);
	if (right == left + 1)
		return;
	begin_line(lanes, lanes->nlanes, lanes->nlanes);
	put(lanes, from > to ? 2 * to + 1 : 2 * to - 1, slope);
	finish_line(lanes);
}

/* ----------
 * Revisions
 * ----------
 */

/* The lane that leads to the revision, or a new one. */
static int
enter_lane(Lanes *lanes, int revision)
{
	int			lane = lanes->lane_of[revision];

	if (lane == NO_LANE)
	{
		/* do not let it look like the parent of what ended just above */
		lane = lanes->nlanes;
		if (lanes->ended_in == lane)
		{
			begin_line(lanes, lane, lane);
			finish_line(lanes);
		}
		insert_lane(lanes, lane, revision);
	}
	return lane;
}

/* The line of the revision itself. */
static void
draw_revision(Lanes *lanes, int revision, int lane)
{
	const MigDrawing *drawing = lanes->drawing;
	const char *message = drawing->graph->revisions[revision].message;
	int			i;

	begin_line(lanes, lanes->nlanes, lanes->nlanes);
	put(lanes, 2 * lane, drawing->applied[revision] ? APPLIED_MARK : PENDING_MARK);
	mig_describe_revision(drawing, revision, &lanes->line);
	if (message != NULL && message[0] != '\0')
		appendStringInfo(&lanes->line, " %s", message);
	for (i = 0; i < lanes->line.len; i++)
	{
		if ((unsigned char) lanes->line.data[i] < ' ')
			lanes->line.data[i] = ' ';
	}
	finish_line(lanes);
}

/*
 * Lead the lane, which has nowhere else to go, into the one that leads to a
 * revision already.  The left one of the two stays.
 */
static void
merge_into_lane_of(Lanes *lanes, int lane, int parent)
{
	int			other = lanes->lane_of[parent];

	if (other > lane)
	{
		lanes->target[lane] = parent;
		lanes->lane_of[parent] = lane;
	}
	join_lanes(lanes, Min(lane, other), Max(lane, other));
}

/*
 * From a revision on to those of its parents that are shown.  The first of
 * them that no lane leads to takes over the lane; others like it get lanes
 * right of it, in order.  To the rest there are lanes already.
 */
static void
leave_lane(Lanes *lanes, int revision, int lane)
{
	const MigEdges *down = &lanes->drawing->graph->down;
	int			nparents = mig_edge_count(down, revision);
	int		   *fresh = mig_alloc_array(int, nparents);
	int		   *known = mig_alloc_array(int, nparents);
	int			nfresh = 0;
	int			nknown = 0;
	int			k;

	mig_foreach_edge(k, down, revision)
	{
		int			parent = down->items[k];

		if (!lanes->drawing->shown[parent])
			continue;
		if (lanes->lane_of[parent] == NO_LANE)
			fresh[nfresh++] = parent;
		else
			known[nknown++] = parent;
	}

	lanes->lane_of[revision] = NO_LANE;
	lanes->ended_in = NO_LANE;
	for (k = nfresh - 1; k > 0; k--)
		fork_lane(lanes, lane, fresh[k]);
	if (nfresh > 0)
	{
		lanes->target[lane] = fresh[0];
		lanes->lane_of[fresh[0]] = lane;
	}
	for (k = 0; k < nknown - (nfresh == 0 ? 1 : 0); k++)
		connect_lanes(lanes, lane, lanes->lane_of[known[k]]);
	if (nfresh == 0 && nknown > 0)
		merge_into_lane_of(lanes, lane, known[nknown - 1]);
	else if (nfresh == 0)
	{
		lanes->ended_in = lane;
		close_lane(lanes, lane);
	}
	pfree(fresh);
	pfree(known);
}

/*
 * Draw all wanted revisions.
 */
void
mig_draw_lanes(MigDrawing *drawing)
{
	int			n = drawing->graph->nrevisions;
	Lanes		lanes;
	int			i;

	lanes.drawing = drawing;
	lanes.nlanes = 0;
	lanes.target = mig_alloc_array(int, n + 1);
	lanes.lane_of = mig_alloc_array(int, n);
	lanes.ended_in = NO_LANE;
	initStringInfo(&lanes.line);
	for (i = 0; i < n; i++)
		lanes.lane_of[i] = NO_LANE;

	for (i = 0; i < drawing->wanted->count; i++)
	{
		int			revision = drawing->wanted->items[i];
		int			lane;

		CHECK_FOR_INTERRUPTS();
		lane = enter_lane(&lanes, revision);
		draw_revision(&lanes, revision, lane);
		leave_lane(&lanes, revision, lane);
	}
	pfree(lanes.target);
	pfree(lanes.lane_of);
	pfree(lanes.line.data);
}
