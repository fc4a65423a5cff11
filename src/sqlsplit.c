/*-------------------------------------------------------------------------
 *
 * sqlsplit.c
 *	  Where statements end in SQL text, and the rows that follow some.
 *
 * As psql, it takes a semicolon outside of parentheses for the end of a
 * statement, unless it is in a routine's BEGIN ATOMIC ... END.
 *
 *-------------------------------------------------------------------------
 */
#ifdef FRONTEND
#include "postgres_fe.h"
#else
#include "postgres.h"
#endif

#include "errcodes.h"
#include "purecore.h"
#include "report.h"
#include "sqlsplit.h"

/* An unquoted word of a statement, outside parentheses. */
static void
statement_word(MigStatementState *state, const MigScanner *s, const MigToken *token)
{
	bool		is_label;

#define WORD(w)		mig_token_is_word(s, token, w)
#define PREVIOUS(w)	mig_token_is_word(s, &state->previous, w)

	state->nwords++;
	if (state->ntokens == 1)
		state->is_copy = WORD("copy");
	else if (state->is_copy && WORD("stdin") && PREVIOUS("from"))
		state->from_stdin = true;

	if (state->nwords == 3 && PREVIOUS("or") && WORD("replace"))
		state->or_replace = true;
	if ((WORD("function") || WORD("procedure")) &&
		((state->nwords == 2 && PREVIOUS("create")) ||
		 (state->nwords == 4 && state->or_replace)))
		state->creates_routine = true;

	/* "x.end" and "AS end" are names */
	is_label = PREVIOUS("as") || mig_token_is_char(s, &state->previous, '.');
	if (state->creates_routine && !is_label)
	{
		if (state->atomic_depth == 0)
		{
			if (WORD("atomic") && PREVIOUS("begin"))
				state->atomic_depth = 1;
		}
		else if (WORD("case"))
			state->atomic_depth++;
		else if (WORD("end"))
			state->atomic_depth--;
	}
#undef WORD
#undef PREVIOUS
}

/*
 * Take the next token of a statement, comments excepted.  Returns whether it
 * is the semicolon that ends it.
 */
bool
mig_split_token(MigStatementState *state, const MigScanner *scanner, const MigToken *token)
{
	state->ntokens++;
	if (mig_token_is_char(scanner, token, '('))
		state->paren_depth++;
	else if (mig_token_is_char(scanner, token, ')'))
		state->paren_depth = Max(state->paren_depth - 1, 0);
	else if (token->kind == MIG_TOKEN_WORD && state->paren_depth == 0)
		statement_word(state, scanner, token);
	else if (mig_token_is_char(scanner, token, ';') && state->paren_depth == 0 && state->atomic_depth == 0)
		return true;
	state->previous = *token;
	return false;
}

/*
 * After the semicolon of COPY ... FROM STDIN: the rows begin on the next
 * line, and end before a line that consists of a backslash and a dot.  The
 * scanner goes on after that.
 */
bool
mig_scan_copy_rows(MigScanner *scanner, const MigToken *semicolon, MigCopyData *copy, MigReport *report)
{
	const char *end = scanner->text + scanner->len;
	const char *p = scanner->text + scanner->pos;
	const char *line_end;
	int			line = scanner->line;

	while (p < end && *p != '\n' && mig_is_space(*p))
		p++;
	if (p < end && *p != '\n' && !(end - p >= 2 && p[0] == '-' && p[1] == '-'))
	{
		mig_report(report, ERRCODE_MIG_MALFORMED_SCRIPT,
				   "COPY FROM STDIN must be the last statement on its line");
		mig_report_detail(report, "Something follows its semicolon on line %d.", semicolon->line);
		return mig_report_hint(report, "The rows begin on the next line.");
	}
	line_end = memchr(p, '\n', end - p);
	p = line_end ? line_end + 1 : end;

	copy->statement_end = semicolon->start + semicolon->len;
	copy->start = p - scanner->text;
	copy->line = line + 1;

	for (; p < end; p = line_end + 1)
	{
		size_t		line_len;

		CHECK_FOR_INTERRUPTS();
		line++;
		line_end = memchr(p, '\n', end - p);
		if (line_end == NULL)
			line_end = end;
		line_len = line_end - p;
		if (line_len > 0 && p[line_len - 1] == '\r')
			line_len--;
		if (line_len == 2 && p[0] == '\\' && p[1] == '.')
		{
			copy->len = p - (scanner->text + copy->start);
			scanner->pos = p + 2 - scanner->text;
			scanner->line = line;
			scanner->line_start = false;
			return true;
		}
		if (line_end == end)
			break;
	}
	mig_report(report, ERRCODE_MIG_MALFORMED_SCRIPT, "rows of COPY FROM STDIN have no end");
	mig_report_detail(report, "They begin on line %d.", copy->line);
	return mig_report_hint(report, "Write a line with \"\\.\" after the last row.");
}
