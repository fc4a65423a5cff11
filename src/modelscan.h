/*-------------------------------------------------------------------------
 *
 * modelscan.h
 *	  The text of a part of the model, before it is parsed.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_MODELSCAN_H
#define MIG_MODELSCAN_H

#include "report.h"

/* A comment "-- migrate:renamed_from old_name". */
typedef struct MigHintComment
{
	char	   *old_name;		/* as written */
	int			line;
	size_t		target;			/* where the token after it begins */
	bool		used;
} MigHintComment;

/* Offsets are those of the text as it was given. */
typedef struct MigModelText
{
	char	   *text;			/* with blanks for what the parser must not
								 * see */
	size_t		len;
	size_t	   *cuts;			/* ends of statements, far apart */
	int			ncuts;
	MigHintComment *hints;
	int			nhints;
} MigModelText;

extern bool mig_model_scan(const char *text, MigModelText *result, MigReport *report);
extern bool mig_find_word(const char *text, size_t start, size_t end, const char *word, size_t *found);

#endif							/* MIG_MODELSCAN_H */
