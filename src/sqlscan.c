/*-------------------------------------------------------------------------
 *
 * sqlscan.c
 *	  Lexical scanner for SQL text.
 *
 * It follows the rules of the server's scan.l as to where a token begins and
 * ends, and has no opinion on grammar.  It exists beside core's scanner for
 * three reasons: it reports comments, which carry our directives; it can stop
 * in the middle of a text, where the rows of a COPY begin; and it works
 * outside the server.
 *
 * The parser has the last word on what a statement is.  A token boundary
 * that differs from core's can make a checksum differ or a directive be
 * missed, it cannot make other SQL run.
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
#include "sqlscan.h"

#define OPERATOR_CHARS		"~!@#^&|`?+-*/%<>="

/* an operator with one of these may end in + or - (see scan.l, operator) */
#define NON_MATH_CHARS		"~!@#^&|`?%"

#define IS_END(s)			((s)->pos >= (s)->len)
#define PEEK(s)				((s)->text[(s)->pos])
#define PEEK_AT(s, off)		((s)->pos + (off) < (s)->len ? (s)->text[(s)->pos + (off)] : '\0')

/*
 * scan.l's "space".  The vertical tab joined it in PostgreSQL 16; before that
 * the parser itself refuses one.
 */
bool
mig_is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

/* scan.l's ident_start; every byte of a multibyte character qualifies. */
bool
mig_is_ident_start(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || IS_HIGHBIT_SET(c);
}

/* scan.l's "digit". */
static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* scan.l's "ident_cont". */
static bool
is_ident_cont(char c)
{
	return mig_is_ident_start(c) || is_digit(c) || c == '$';
}

/* scan.l's "op_chars". */
static bool
is_operator_char(char c)
{
	return c != '\0' && strchr(OPERATOR_CHARS, c) != NULL;
}

/*
 * Begin to scan a text of len bytes.  standard_strings is the value of
 * standard_conforming_strings under which the text will be parsed.
 */
void
mig_scan_init(MigScanner *scanner, const char *text, size_t len, bool standard_strings)
{
	scanner->text = text;
	scanner->len = len;
	scanner->pos = 0;
	scanner->line = 1;
	scanner->line_start = true;
	scanner->standard_strings = standard_strings;
}

/* Step over one byte and count lines. */
static void
advance(MigScanner *s)
{
	if (s->text[s->pos++] == '\n')
		s->line++;
}

/* Step over some bytes and count lines. */
static void
advance_by(MigScanner *s, size_t n)
{
	while (n-- > 0)
		advance(s);
}

/* Step to the next token and note whether it begins a line. */
static void
skip_spaces(MigScanner *s)
{
	while (!IS_END(s) && mig_is_space(PEEK(s)))
	{
		if (PEEK(s) == '\n')
			s->line_start = true;
		advance(s);
	}
}

/* At "--": up to the end of the line. */
static void
skip_line_comment(MigScanner *s)
{
	while (!IS_END(s) && PEEK(s) != '\n' && PEEK(s) != '\r')
		s->pos++;
}

/* At the opening slash of a comment, which may contain others. */
static bool
scan_block_comment(MigScanner *s, const MigToken *token, MigReport *report)
{
	int			depth = 0;

	while (!IS_END(s))
	{
		if (PEEK(s) == '/' && PEEK_AT(s, 1) == '*')
		{
			depth++;
			s->pos += 2;
		}
		else if (PEEK(s) == '*' && PEEK_AT(s, 1) == '/')
		{
			s->pos += 2;
			if (--depth == 0)
				return true;
		}
		else
			advance(s);
	}
	mig_report(report, ERRCODE_MIG_MALFORMED_SCRIPT, "unterminated comment");
	mig_report_detail(report, "The comment that begins on line %d has no end.", token->line);
	return mig_report_hint(report, "Comments may be nested; each \"/*\" needs a \"*/\".");
}

/*
 * After the closing quote of a string: does it go on after a line break, as
 * the standard allows?  Then step to the next opening quote.
 */
static bool
skip_to_continuation(MigScanner *s)
{
	MigScanner	look = *s;
	bool		newline = false;

	while (!IS_END(&look))
	{
		char		c = PEEK(&look);

		if (c == '\n' || c == '\r')
			newline = true;
		if (mig_is_space(c))
			advance(&look);
		else if (c == '-' && PEEK_AT(&look, 1) == '-')
			skip_line_comment(&look);
		else
			break;
	}
	if (!newline || IS_END(&look) || PEEK(&look) != '\'')
		return false;
	s->pos = look.pos;
	s->line = look.line;
	return true;
}

/*
 * At the opening quote of a string.  A doubled quote needs no rule of its
 * own: it reads as the end of one string and the start of the next one.
 */
static bool
scan_string(MigScanner *s, const MigToken *token, bool backslashes, MigReport *report)
{
	do
	{
		s->pos++;
		while (!IS_END(s) && PEEK(s) != '\'')
		{
			if (backslashes && PEEK(s) == '\\' && s->pos + 1 < s->len)
				s->pos++;
			advance(s);
		}
		if (IS_END(s))
		{
			mig_report(report, ERRCODE_MIG_MALFORMED_SCRIPT, "unterminated quoted string");
			mig_report_detail(report, "The string that begins on line %d has no closing quote.", token->line);
			return mig_report_hint(report, "Write a quote inside of a string twice.");
		}
		s->pos++;
	} while ((!IS_END(s) && PEEK(s) == '\'') || skip_to_continuation(s));
	return true;
}

/* At the opening double quote. */
static bool
scan_quoted_identifier(MigScanner *s, const MigToken *token, MigReport *report)
{
	do
	{
		s->pos++;
		while (!IS_END(s) && PEEK(s) != '"')
			advance(s);
		if (IS_END(s))
		{
			mig_report(report, ERRCODE_MIG_MALFORMED_SCRIPT, "unterminated quoted identifier");
			mig_report_detail(report, "The identifier that begins on line %d has no closing quote.", token->line);
			return mig_report_hint(report, "Write a quote inside of an identifier twice.");
		}
		s->pos++;
	} while (!IS_END(s) && PEEK(s) == '"');
	return true;
}

/*
 * At a dollar: the length of a $tag$ delimiter here, or 0 if there is none.
 */
static size_t
dollar_delimiter_length(const MigScanner *s)
{
	size_t		n = 1;

	if (mig_is_ident_start(PEEK_AT(s, n)))
	{
		do
			n++;
		while (mig_is_ident_start(PEEK_AT(s, n)) || is_digit(PEEK_AT(s, n)));
	}
	return PEEK_AT(s, n) == '$' ? n + 1 : 0;
}

/* At the delimiter that begins the string: up to the same one again. */
static bool
scan_dollar_string(MigScanner *s, const MigToken *token, size_t delimiter_len, MigReport *report)
{
	const char *delimiter = s->text + s->pos;

	s->pos += delimiter_len;
	while (s->pos + delimiter_len <= s->len)
	{
		if (PEEK(s) == '$' && memcmp(s->text + s->pos, delimiter, delimiter_len) == 0)
		{
			s->pos += delimiter_len;
			return true;
		}
		advance(s);
	}
	mig_report(report, ERRCODE_MIG_MALFORMED_SCRIPT, "unterminated dollar-quoted string");
	mig_report_detail(report, "The string that begins with %.*s on line %d has no end.",
					  (int) delimiter_len, delimiter, token->line);
	return mig_report_hint(report, "It ends with the same %.*s.", (int) delimiter_len, delimiter);
}

/* At a digit, or at a point before a digit. */
static void
scan_number(MigScanner *s)
{
	while (!IS_END(s))
	{
		char		c = PEEK(s);

		if (c == '.' && PEEK_AT(s, 1) == '.')
			break;				/* 1..10 is a range of PL/pgSQL */
		if ((c == 'e' || c == 'E') &&
			(PEEK_AT(s, 1) == '+' || PEEK_AT(s, 1) == '-') && is_digit(PEEK_AT(s, 2)))
			s->pos += 2;
		else if (c == '.' || is_ident_cont(c))
			s->pos++;
		else
			break;
	}
}

/*
 * At an operator character.  A comment ends an operator, and one of the
 * characters of standard SQL's operators may not end in + or -, so that
 * "a=-1" is three tokens.
 */
static void
scan_operator(MigScanner *s)
{
	size_t		n = 0;
	bool		keeps_sign = false;

	while (is_operator_char(PEEK_AT(s, n)))
	{
		char		c = PEEK_AT(s, n);
		char		next = PEEK_AT(s, n + 1);

		if ((c == '-' && next == '-') || (c == '/' && next == '*'))
			break;
		if (strchr(NON_MATH_CHARS, c) != NULL)
			keeps_sign = true;
		n++;
	}
	while (n > 1 && !keeps_sign &&
		   (PEEK_AT(s, n - 1) == '+' || PEEK_AT(s, n - 1) == '-'))
		n--;
	s->pos += n;
}

/*
 * At the letter that begins a word: if the word is a prefix glued to a
 * quote (E'..', B'..', X'..', N'..', U&'..', U&".."), the length of the
 * prefix, else 0.
 */
static size_t
quote_prefix_length(const MigScanner *s)
{
	char		c = PEEK(s);

	if (PEEK_AT(s, 1) == '\'' && strchr("eEbBxXnN", c) != NULL)
		return 1;
	if ((c == 'u' || c == 'U') && PEEK_AT(s, 1) == '&' &&
		(PEEK_AT(s, 2) == '\'' || PEEK_AT(s, 2) == '"'))
		return 2;
	return 0;
}

/* At a letter. */
static bool
scan_word(MigScanner *s, MigToken *token, MigReport *report)
{
	char		c = PEEK(s);
	size_t		prefix = quote_prefix_length(s);

	if (prefix > 0)
	{
		s->pos += prefix;
		if (PEEK(s) == '"')
		{
			token->kind = MIG_TOKEN_QUOTED;
			return scan_quoted_identifier(s, token, report);
		}
		token->kind = MIG_TOKEN_STRING;
		return scan_string(s, token,
						   c == 'e' || c == 'E' ||
						   ((c == 'n' || c == 'N') && !s->standard_strings),
						   report);
	}
	token->kind = MIG_TOKEN_WORD;
	while (!IS_END(s) && is_ident_cont(PEEK(s)))
		s->pos++;
	return true;
}

/* At a dollar: a string, a parameter, or just the character. */
static bool
scan_dollar(MigScanner *s, MigToken *token, MigReport *report)
{
	size_t		delimiter_len = dollar_delimiter_length(s);

	if (delimiter_len > 0)
	{
		token->kind = MIG_TOKEN_STRING;
		return scan_dollar_string(s, token, delimiter_len, report);
	}
	token->kind = is_digit(PEEK_AT(s, 1)) ? MIG_TOKEN_PARAM : MIG_TOKEN_SELF;
	s->pos++;
	while (!IS_END(s) && is_digit(PEEK(s)))
		s->pos++;
	return true;
}

/* Dispatch on the first character of a token. */
static bool
scan_one(MigScanner *s, MigToken *token, MigReport *report)
{
	char		c = PEEK(s);
	char		next = PEEK_AT(s, 1);

	if (c == '-' && next == '-')
	{
		token->kind = MIG_TOKEN_LINE_COMMENT;
		skip_line_comment(s);
		return true;
	}
	if (c == '/' && next == '*')
	{
		token->kind = MIG_TOKEN_BLOCK_COMMENT;
		return scan_block_comment(s, token, report);
	}
	if (mig_is_ident_start(c))
		return scan_word(s, token, report);
	if (c == '\'')
	{
		token->kind = MIG_TOKEN_STRING;
		return scan_string(s, token, !s->standard_strings, report);
	}
	if (c == '"')
	{
		token->kind = MIG_TOKEN_QUOTED;
		return scan_quoted_identifier(s, token, report);
	}
	if (c == '$')
		return scan_dollar(s, token, report);
	if (is_digit(c) || (c == '.' && is_digit(next)))
	{
		token->kind = MIG_TOKEN_NUMBER;
		scan_number(s);
		return true;
	}
	if (is_operator_char(c))
	{
		token->kind = MIG_TOKEN_OPERATOR;
		scan_operator(s);
		return true;
	}

	token->kind = c == '\\' ? MIG_TOKEN_BACKSLASH : MIG_TOKEN_SELF;
	advance_by(s, (c == ':' && (next == ':' || next == '=')) || (c == '.' && next == '.') ? 2 : 1);
	return true;
}

/*
 * Read the next token, a comment included.  At the end the kind is
 * MIG_TOKEN_EOF.
 *
 * Returns false, with MG005 in *report, when a quote or comment has no end.
 */
bool
mig_scan_token(MigScanner *scanner, MigToken *token, MigReport *report)
{
	skip_spaces(scanner);
	token->start = scanner->pos;
	token->line = scanner->line;
	token->first_on_line = scanner->line_start;
	token->len = 0;
	if (IS_END(scanner))
	{
		token->kind = MIG_TOKEN_EOF;
		return true;
	}
	scanner->line_start = false;
	if (!scan_one(scanner, token, report))
		return false;
	token->len = scanner->pos - token->start;
	return true;
}

/* Is the token this word?  The word is given in lower case. */
bool
mig_token_is_word(const MigScanner *scanner, const MigToken *token, const char *word)
{
	return token->kind == MIG_TOKEN_WORD && token->len == strlen(word) &&
		pg_strncasecmp(scanner->text + token->start, word, token->len) == 0;
}

/* Is the token this one character? */
bool
mig_token_is_char(const MigScanner *scanner, const MigToken *token, char c)
{
	return token->kind == MIG_TOKEN_SELF && token->len == 1 && scanner->text[token->start] == c;
}

/*
 * What is hashed of a token, or of the rows of a COPY: its text with Windows'
 * line ends made plain, and small letters if the case does not matter.  Puts
 * up to size bytes into buf and returns their number; *done, 0 at first, is
 * how far it has come.
 */
size_t
mig_canonical_bytes(const char *text, size_t len, bool fold_case, size_t *done, char *buf, size_t size)
{
	size_t		n = 0;

	for (; *done < len && n < size; (*done)++)
	{
		char		c = text[*done];

		if (c == '\r' && *done + 1 < len && text[*done + 1] == '\n')
			continue;
		if (fold_case && c >= 'A' && c <= 'Z')
			c += 'a' - 'A';
		buf[n++] = c;
	}
	return n;
}
