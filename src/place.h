/*-------------------------------------------------------------------------
 *
 * place.h
 *	  Places in the text of scripts, and how errors tell them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_PLACE_H
#define MIG_PLACE_H

#include "revision.h"
#include "revscript.h"

/* One section of one script, or a part of the model, and where it is from. */
typedef struct MigScriptSource
{
	const char *revision;		/* NULL: it is a part of the model */
	const char *path;
	MigDirection direction;
	const char *text;			/* of the whole script */
	size_t		len;
	MigRevisionScript script;
} MigScriptSource;

/* A statement that is being run. */
typedef struct MigPlace
{
	const MigScriptSource *source;
	const char *text;			/* of the statement; NULL: none yet */
	size_t		start;			/* of it, in the script */
	size_t		len;
	int			line;			/* of its first character, from 1 */
	int			number;			/* from 1 */
} MigPlace;

extern char *mig_source_name(const MigScriptSource *source);
extern void mig_report_position(const MigScriptSource *source, size_t statement_start, size_t statement_len,
								size_t offset, const char **query, int *position);
extern void mig_place_error_callback(void *arg);
extern void mig_place_move_position(const MigPlace *place, ErrorData *edata);

#endif							/* MIG_PLACE_H */
