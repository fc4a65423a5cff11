/*-------------------------------------------------------------------------
 *
 * place.c
 *	  Places in the text of scripts, and how errors tell them.
 *
 * An error that knows its place in a statement is given the place in the
 * script instead, so that psql's "LINE n:" and caret point into the file.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "place.h"

/*
 * An error message shows the whole script around the place of an error if
 * the script is no longer than this, else only the statement: psql prints
 * all of the text that a position points into.
 */
#define MAX_SHOWN_LENGTH	2048

/* What the text is, for a line of the context of an error. */
char *
mig_source_name(const MigScriptSource *source)
{
	if (source->revision == NULL)
		return pstrdup("model");
	return psprintf("%s of revision %s", mig_direction_name(source->direction), source->revision);
}

/*
 * For an error message: the text to show, and in it, in characters from 1,
 * the place that is at an offset of the script.
 */
void
mig_report_position(const MigScriptSource *source, size_t statement_start, size_t statement_len,
					size_t offset, const char **query, int *position)
{
	size_t		start = 0;
	size_t		len = source->len;

	if (len > MAX_SHOWN_LENGTH)
	{
		start = statement_start;
		len = statement_len;
	}
	*query = pnstrdup(source->text + start, len);
	*position = offset < start ? 0 :
		pg_mbstrlen_with_len(source->text + start, (int) (offset - start)) + 1;
}

/* The place that is the n-th character (from 1) of the statement. */
static void
place_position(const MigPlace *place, int n, const char **query, int *position)
{
	mig_report_position(place->source, place->start, place->len,
						place->start + pg_mbcharcliplen(place->text, (int) place->len, n - 1),
						query, position);
}

/*
 * For the stack of error contexts, with a MigPlace: say where in which
 * script, and put the position of the error there.
 */
void
mig_place_error_callback(void *arg)
{
	const MigPlace *place = (const MigPlace *) arg;
	int			position = geterrposition();

	if (place->text == NULL)
		return;
	if (position > 0)
	{
		const char *query;

		place_position(place, position, &query, &position);
		errposition(0);
		internalerrposition(position);
		internalerrquery(query);
	}
	errcontext("%s, statement %d, at %s:%d", mig_source_name(place->source), place->number,
			   place->source->path, place->line);
}

/*
 * If the position of a caught error is in the statement, move it to the
 * script.  SPI has by then made it an internal position, of which only the
 * copied error data tell whose text it belongs to: a function called by the
 * statement may have had its own.
 */
void
mig_place_move_position(const MigPlace *place, ErrorData *edata)
{
	const char *query;

	if (place->text == NULL || edata->internalpos <= 0 || edata->internalquery == NULL ||
		strcmp(edata->internalquery, place->text) != 0)
		return;
	place_position(place, edata->internalpos, &query, &edata->internalpos);
	edata->internalquery = unconstify(char *, query);
}
