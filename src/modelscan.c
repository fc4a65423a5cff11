/*-------------------------------------------------------------------------
 *
 * modelscan.c
 *	  The text of a part of the model, before it is parsed.
 *
 * A model may be what pg_dump printed, and that is made for psql.  The rows
 * of COPY and psql's commands are blanked, but not their line ends, so that
 * positions stay what they are.  Hints are comments, which the parser does
 * not report: each is noted with the place of the token that it stands before.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "errcodes.h"
#include "miscadmin.h"
#include "modelscan.h"
#include "pg_compat.h"
#include "scriptheader.h"
#include "sqlsplit.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#define HINT_PREFIX		"migrate:"
#define RENAMED_FROM	"renamed_from"

/* A text longer than this is parsed in pieces (see revscript.c). */
#define PIECE_LENGTH	(256 * 1024)

typedef struct ModelScan
{
	MigScanner	scanner;
	MigModelText *result;
	MigReport  *report;
	MigStatementState statement;
	size_t		last_cut;
	int			nplaced;		/* hints whose target is known */
} ModelScan;

/* psql's commands that mean nothing here; others would, and are refused. */
static const char *const harmless_commands[] = {
	".", "restrict", "unrestrict", "c", "connect", "set", "unset", "pset", "echo", "qecho", "warn",
	"encoding", "timing", "x", "a", "t", "copy", "d", "dt", "prompt"
};

/* Blank a stretch of the text. */
static void
blank(MigModelText *result, size_t start, size_t end)
{
	size_t		i;

	for (i = start; i < end; i++)
	{
		if (result->text[i] != '\n' && result->text[i] != '\r')
			result->text[i] = ' ';
	}
}

/* At a backslash: a command of psql's, to the end of its line. */
static bool
psql_command(ModelScan *scan, const MigToken *token)
{
	MigScanner *s = &scan->scanner;
	const char *name = s->text + token->start + 1;
	size_t		len = 0;
	size_t		end = token->start;
	int			i;

	while (end < s->len && s->text[end] != '\n')
		end++;
	while (token->start + 1 + len < end && !mig_is_space(name[len]))
		len++;
	for (i = 0; i < lengthof(harmless_commands); i++)
	{
		if (strlen(harmless_commands[i]) == len && strncmp(harmless_commands[i], name, len) == 0)
		{
			blank(scan->result, token->start, end);
			s->pos = end;
			return true;
		}
	}
	mig_report(scan->report, ERRCODE_MIG_MALFORMED_SCRIPT, "psql meta-command \"\\%.*s\" is not supported",
			   (int) len, name);
	mig_report_detail(scan->report, "It is on line %d. The model is run by the server, which has no psql.",
					  token->line);
	return mig_report_hint(scan->report, "Remove the line. All files in the directory \"model\" of the script location belong to the model; none needs to be included.");
}

/* The old name of a hint; NULL if the comment is none. */
static char *
hint_old_name(const ModelScan *scan, const MigToken *token, bool *malformed)
{
	const char *content;
	size_t		len;
	size_t		skip = strlen(HINT_PREFIX);

	*malformed = false;
	mig_comment_content(scan->scanner.text, token, &content, &len);
	if (len < skip || pg_strncasecmp(content, HINT_PREFIX, skip) != 0)
		return NULL;
	*malformed = true;
	if (len < skip + strlen(RENAMED_FROM) ||
		pg_strncasecmp(content + skip, RENAMED_FROM, strlen(RENAMED_FROM)) != 0)
		return NULL;
	skip += strlen(RENAMED_FROM);
	if (skip == len || !mig_is_space(content[skip]))
		return NULL;
	while (skip < len && mig_is_space(content[skip]))
		skip++;
	while (len > skip && mig_is_space(content[len - 1]))
		len--;
	*malformed = skip == len;
	return pnstrdup(content + skip, len - skip);
}

/* A comment: note the hint, if it is one. */
static bool
comment(ModelScan *scan, const MigToken *token)
{
	MigModelText *result = scan->result;
	MigHintComment *hint;
	bool		malformed;
	char	   *old_name = hint_old_name(scan, token, &malformed);

	if (malformed || (old_name != NULL && !token->first_on_line))
	{
		mig_report(scan->report, ERRCODE_MIG_MALFORMED_SCRIPT,
				   malformed ? "malformed hint" : "a hint must stand on a line of its own");
		mig_report_detail(scan->report, "It is on line %d.", token->line);
		return mig_report_hint(scan->report, "Write it on the line before what it is about: \"-- migrate:renamed_from old_name\".");
	}
	if (old_name == NULL)
		return true;
	/* grows by powers of two */
	if (result->nhints == 0)
		result->hints = palloc(sizeof(MigHintComment));
	else if ((result->nhints & (result->nhints - 1)) == 0)
		result->hints = repalloc(result->hints, sizeof(MigHintComment) * result->nhints * 2);
	hint = &result->hints[result->nhints++];
	hint->old_name = old_name;
	hint->line = token->line;
	hint->target = scan->scanner.len;
	hint->used = false;
	return true;
}

/* Note where the statement that just ended could be cut from the next one. */
static void
maybe_cut(ModelScan *scan)
{
	MigModelText *result = scan->result;
	size_t		end = scan->scanner.pos;

	if (end - scan->last_cut < PIECE_LENGTH)
		return;
	result->cuts = result->cuts ?
		repalloc(result->cuts, sizeof(size_t) * (result->ncuts + 1)) : palloc(sizeof(size_t));
	result->cuts[result->ncuts++] = end;
	scan->last_cut = end;
}

/* A token of a statement. */
static bool
statement_token(ModelScan *scan, const MigToken *token)
{
	MigModelText *result = scan->result;
	MigCopyData copy;

	for (; scan->nplaced < result->nhints; scan->nplaced++)
		result->hints[scan->nplaced].target = token->start;
	if (!mig_split_token(&scan->statement, &scan->scanner, token))
		return true;
	if (scan->statement.from_stdin)
	{
		if (!mig_scan_copy_rows(&scan->scanner, token, &copy, scan->report))
			return false;
		blank(result, copy.statement_end, scan->scanner.pos);
	}
	MemSet(&scan->statement, 0, sizeof(MigStatementState));
	maybe_cut(scan);
	return true;
}

/*
 * Prepare a text for the parser, and find its hints.
 *
 * Returns false, with MG005 in *report, for what cannot be in a model.
 */
bool
mig_model_scan(const char *text, MigModelText *result, MigReport *report)
{
	ModelScan	scan = {0};
	MigToken	token;

	MemSet(result, 0, sizeof(MigModelText));
	result->len = strlen(text);
	result->text = MemoryContextAllocHuge(CurrentMemoryContext, result->len + 1);
	memcpy(result->text, text, result->len + 1);
	scan.result = result;
	scan.report = report;
	/* not the copy: a command that is blanked is still to be scanned */
	mig_scan_init(&scan.scanner, text, result->len, MIG_STANDARD_STRINGS);
	for (;;)
	{
		bool		ok;

		CHECK_FOR_INTERRUPTS();
		if (!mig_scan_token(&scan.scanner, &token, report))
			return false;
		switch (token.kind)
		{
			case MIG_TOKEN_EOF:
				return true;
			case MIG_TOKEN_LINE_COMMENT:
				ok = comment(&scan, &token);
				break;
			case MIG_TOKEN_BLOCK_COMMENT:
				ok = true;
				break;
			case MIG_TOKEN_BACKSLASH:
				ok = psql_command(&scan, &token);
				break;
			default:
				ok = statement_token(&scan, &token);
				break;
		}
		if (!ok)
			return false;
	}
}

/* Find a word, outside of parentheses, in a stretch of a text that parses. */
bool
mig_find_word(const char *text, size_t start, size_t end, const char *word, size_t *found)
{
	MigScanner	scanner;
	MigToken	token;
	MigReport	report;
	int			depth = 0;

	mig_scan_init(&scanner, text, end, MIG_STANDARD_STRINGS);
	scanner.pos = start;
	while (mig_scan_token(&scanner, &token, &report) && token.kind != MIG_TOKEN_EOF)
	{
		if (mig_token_is_char(&scanner, &token, '('))
			depth++;
		else if (mig_token_is_char(&scanner, &token, ')'))
			depth--;
		else if (depth == 0 && mig_token_is_word(&scanner, &token, word))
		{
			*found = token.start;
			return true;
		}
	}
	return false;
}
