/*-------------------------------------------------------------------------
 *
 * stmt.h
 *	  The statements of a revision script.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_STMT_H
#define MIG_STMT_H

#include "revision.h"
#include "revscript.h"
#include "tcop/utility.h"

/* One section of one script, and where it is from. */
typedef struct MigScriptSource
{
	const char *revision;
	const char *path;
	MigDirection direction;
	const char *text;			/* of the whole script */
	size_t		len;
	MigRevisionScript script;
} MigScriptSource;

/* One statement; offsets are into the text of the whole script. */
typedef struct MigStatement
{
	size_t		start;			/* after blanks and comments */
	size_t		len;			/* up to, not including, the semicolon */
	int			line;			/* of its first character, from 1 */
	int			log_level;		/* LogStmtLevel */
	const char *refuses;		/* what it is, if it cannot run in a
								 * transaction block; else NULL */
	bool		changes_settings;	/* SET, or something that may do it */
	bool		changes_role;	/* SET ROLE or SET SESSION AUTHORIZATION */
	const MigCopyData *copy;	/* rows of COPY FROM STDIN, or NULL */
} MigStatement;

typedef struct MigStatementList
{
	MigStatement *items;
	int			count;
} MigStatementList;

extern void mig_parse_script(MigScriptSource *source);
extern void mig_parse_section(const MigScriptSource *source, MigStatementList *list);
extern void mig_report_position(const MigScriptSource *source, size_t statement_start, size_t statement_len,
								size_t offset, const char **query, int *position);

#endif							/* MIG_STMT_H */
