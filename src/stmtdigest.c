/*-------------------------------------------------------------------------
 *
 * stmtdigest.c
 *	  Checksums of statements.
 *
 * By them a run that goes on where another one stopped knows that what has
 * run is still what the script says.  As with the checksum of a script
 * (revscript.c), comments, blanks, the case of unquoted words and the style
 * of line ends do not count.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "digest.h"
#include "pg_compat.h"
#include "sqlscan.h"
#include "stmtdigest.h"

/* Append a token, or the rows of a COPY: its kind, its text, and a zero byte. */
static void
add_text(StringInfo buf, char kind, const char *text, size_t len, bool fold_case)
{
	size_t		done = 0;

	enlargeStringInfo(buf, len + 2);
	appendStringInfoCharMacro(buf, kind);
	buf->len += mig_canonical_bytes(text, len, fold_case, &done, buf->data + buf->len, len);
	appendStringInfoCharMacro(buf, '\0');
}

/*
 * The checksum of a statement, in hexadecimal digits: of its tokens, the rows
 * that follow it, and what is asserted of its result.
 */
char *
mig_statement_checksum(const MigScriptSource *source, const MigStatement *statement)
{
	MigScanner	scanner;
	MigToken	token;
	MigReport	report;
	StringInfoData buf;
	char	   *checksum;

	initStringInfo(&buf);
	mig_scan_init(&scanner, source->text + statement->start, statement->len, MIG_STANDARD_STRINGS);
	while (mig_scan_token(&scanner, &token, &report) && token.kind != MIG_TOKEN_EOF)
	{
		if (token.kind != MIG_TOKEN_LINE_COMMENT && token.kind != MIG_TOKEN_BLOCK_COMMENT)
			add_text(&buf, (char) ('a' + token.kind), scanner.text + token.start, token.len,
					 token.kind == MIG_TOKEN_WORD);
	}
	if (statement->copy != NULL)
		add_text(&buf, 'D', source->text + statement->copy->start, statement->copy->len, false);
	if (statement->assertion != MIG_ASSERT_NOTHING)
		add_text(&buf, (char) ('0' + statement->assertion), "", 0, false);
	checksum = mig_digest(&buf);
	pfree(buf.data);
	return checksum;
}
