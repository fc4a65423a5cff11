/*-------------------------------------------------------------------------
 *
 * scriptheader.h
 *	  The header of a revision script.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_SCRIPTHEADER_H
#define MIG_SCRIPTHEADER_H

#include "lib/stringinfo.h"
#include "report.h"
#include "revision.h"
#include "sqlscan.h"

typedef struct MigHeaderParser
{
	const char *text;			/* of the whole script */
	MigRevision *revision;
	MigReport  *report;
	StringInfoData message;
	bool		message_done;
	int			last_comment_line;
	bool		seen_revises;
	bool		seen_labels;
	bool		seen_depends;
} MigHeaderParser;

extern void mig_header_begin(MigHeaderParser *parser, const char *text, MigRevision *revision, MigReport *report);
extern bool mig_header_comment(MigHeaderParser *parser, const MigToken *token);
extern void mig_header_end(MigHeaderParser *parser);
extern void mig_comment_content(const char *text, const MigToken *token, const char **content, size_t *len);

#endif							/* MIG_SCRIPTHEADER_H */
