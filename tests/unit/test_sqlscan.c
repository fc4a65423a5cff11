/*-------------------------------------------------------------------------
 *
 * test_sqlscan.c
 *	  Where tokens begin and end.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres_fe.h"

#include "errcodes.h"
#include "lib/stringinfo.h"
#include "sqlscan.h"
#include "tap.h"

/* One letter for each kind, in the order of MigTokenKind. */
static const char kind_letters[] = "ECBWQSNPOC\\";

/* All tokens as "kind:text", separated by blanks; or "error: message". */
static char *
scan_all(const char *text, bool standard_strings)
{
	MigScanner	scanner;
	MigToken	token;
	MigReport	report;
	StringInfoData buf;

	initStringInfo(&buf);
	mig_scan_init(&scanner, text, strlen(text), standard_strings);
	for (;;)
	{
		if (!mig_scan_token(&scanner, &token, &report))
			return psprintf("error: %s", report.message);
		if (token.kind == MIG_TOKEN_EOF)
			return buf.data;
		appendStringInfo(&buf, "%s%c:%.*s", buf.len > 0 ? " " : "",
						 token.kind == MIG_TOKEN_LINE_COMMENT ? 'L' :
						 token.kind == MIG_TOKEN_SELF ? 'C' : kind_letters[token.kind],
						 (int) token.len, text + token.start);
	}
}

static void
scans(const char *text, const char *want)
{
	is(scan_all(text, true), want, psprintf("tokens of: %s", strchr(text, '\n') ? "(several lines)" : text));
}

static void
test_words(void)
{
	scans("", "");
	scans(" \t\r\n\f\v ", "");
	scans("SELECT a$1, _b", "W:SELECT W:a$1 C:, W:_b");
	scans("\xc3\xa4\xc3\xb6 x", "W:\xc3\xa4\xc3\xb6 W:x");
	scans("\"a\"\"b\" U&\"x\"", "Q:\"a\"\"b\" Q:U&\"x\"");
	scans("\"a;--b\"", "Q:\"a;--b\"");
	scans("u & x", "W:u O:& W:x");
	scans("E 'x'", "W:E S:'x'");
	scans("foo$$bar$$", "W:foo$$bar$$");
	scans("a.b::int", "W:a C:. W:b C::: W:int");
	scans("a[1:2]", "W:a C:[ N:1 C:: N:2 C:]");
	scans("f(x := 1)", "W:f C:( W:x C::= N:1 C:)");
	scans("\\d x", "\\:\\ W:d W:x");
}

static void
test_strings(void)
{
	scans("'it''s' 'x'", "S:'it''s' S:'x'");
	scans("'a\\' b", "S:'a\\' W:b");
	scans("E'a\\'b' c", "S:E'a\\'b' W:c");
	scans("e'\\\\' c", "S:e'\\\\' W:c");
	scans("B'01' x'Ff' N'n' U&'\\0041'", "S:B'01' S:x'Ff' S:N'n' S:U&'\\0041'");
	scans("'a'\n  'b'", "S:'a'\n  'b'");
	scans("'a' -- c\n -- d\n 'b' x", "S:'a' -- c\n -- d\n 'b' W:x");
	scans("'a' /* c */\n 'b'", "S:'a' B:/* c */ S:'b'");
	scans("'a\n;--b' c", "S:'a\n;--b' W:c");
	is(scan_all("'a\\'b' c", false), "S:'a\\'b' W:c", "backslash without standard_conforming_strings");
	is(scan_all("N'a\\'b' c", false), "S:N'a\\'b' W:c", "backslash in N'' without standard_conforming_strings");
	scans("'x", "error: unterminated quoted string");
	scans("E'x\\'", "error: unterminated quoted string");
	scans("'x\\", "error: unterminated quoted string");
	scans("\"x", "error: unterminated quoted identifier");
}

static void
test_dollars(void)
{
	scans("$$a;'b$$ c", "S:$$a;'b$$ W:c");
	scans("$a$ $$ ; $b$ $a $a$ c", "S:$a$ $$ ; $b$ $a $a$ W:c");
	scans("$a$x$A$y$a$", "S:$a$x$A$y$a$");
	scans("$\xc3\xa4$x$\xc3\xa4$ y", "S:$\xc3\xa4$x$\xc3\xa4$ W:y");
	scans("$1 + $2", "P:$1 O:+ P:$2");
	scans("$1$2", "P:$1 P:$2");
	scans("$ a", "C:$ W:a");
	scans("$$", "error: unterminated dollar-quoted string");
	scans("$a$ $b$", "error: unterminated dollar-quoted string");
	scans("$$$", "error: unterminated dollar-quoted string");
	scans("$$$$", "S:$$$$");
}

static void
test_comments(void)
{
	scans("a -- b\nc", "W:a L:-- b W:c");
	scans("a -- b\r\nc", "W:a L:-- b W:c");
	scans("--", "L:--");
	scans("a--b", "W:a L:--b");
	scans("/* a /* b */ ; */ c", "B:/* a /* b */ ; */ W:c");
	scans("/**/a/*/**/*/b", "B:/**/ W:a B:/*/**/*/ W:b");
	scans("/* ' */ x", "B:/* ' */ W:x");
	scans("/* a /* b */", "error: unterminated comment");
	scans("/*/", "error: unterminated comment");
	scans("a+--b\nc", "W:a O:+ L:--b W:c");
	scans("a*/*b*/c", "W:a O:* B:/*b*/ W:c");
}

static void
test_operators(void)
{
	scans("a=-1", "W:a O:= O:- N:1");
	scans("a<-1", "W:a O:< O:- N:1");
	scans("a@-1", "W:a O:@- N:1");
	scans("a->>'b'", "W:a O:->> S:'b'");
	scans("a#>b", "W:a O:#> W:b");
	scans("a!=b<>c", "W:a O:!= W:b O:<> W:c");
	scans("a- -b", "W:a O:- O:- W:b");
	scans("+-", "O:+ O:-");
	scans("1.5e-3 .5 1..10 1e5", "N:1.5e-3 N:.5 N:1 C:.. N:10 N:1e5");
	scans("0x1F 1_000", "N:0x1F N:1_000");
	scans("1 . 5", "N:1 C:. N:5");
}

static void
test_positions(void)
{
	const char *text = "a\n/* x\n */ b 'c\n' -- d\n\n  -- e";
	static const int lines[] = {1, 2, 3, 3, 4, 6};
	static const bool first[] = {true, true, false, false, false, true};
	MigScanner	scanner;
	MigToken	token;
	MigReport	report;
	int			i;

	mig_scan_init(&scanner, text, strlen(text), true);
	for (i = 0; i < lengthof(lines); i++)
	{
		mig_scan_token(&scanner, &token, &report);
		ok(token.line == lines[i] && token.first_on_line == first[i], psprintf("place of token %d", i + 1));
	}
	mig_scan_token(&scanner, &token, &report);
	ok(token.kind == MIG_TOKEN_EOF && token.len == 0, "the end");

	mig_scan_init(&scanner, "Create ;", 8, true);
	mig_scan_token(&scanner, &token, &report);
	ok(mig_token_is_word(&scanner, &token, "create") && !mig_token_is_word(&scanner, &token, "creat"), "word");
	mig_scan_token(&scanner, &token, &report);
	ok(mig_token_is_char(&scanner, &token, ';') && !mig_token_is_char(&scanner, &token, ','), "character");
}

/* Every prefix of a text is scanned to its end, or refused. */
static void
test_prefixes(void)
{
	const char *text = "SELECT E'a\\'b', $x$ $$ $x$, \"q\", U&'x' /* /* */ */ -- c\n 'a'\n'b' 1.5e+3 $1 \\d :: ..";
	size_t		len;
	bool		all_end = true;

	for (len = 0; len <= strlen(text); len++)
	{
		char	   *copy = memcpy(palloc(len + 1), text, len);
		MigScanner	scanner;
		MigToken	token;
		MigReport	report;
		int			n = 0;

		/* no terminating zero: the sanitizer sees a step too far */
		copy = repalloc(copy, Max(len, 1));
		mig_scan_init(&scanner, copy, len, true);
		while (mig_scan_token(&scanner, &token, &report) && token.kind != MIG_TOKEN_EOF && n < 1000)
			n++;
		all_end &= n < 1000;
		pfree(copy);
	}
	ok(all_end, "prefixes");
}

int
main(void)
{
	test_words();
	test_strings();
	test_dollars();
	test_comments();
	test_operators();
	test_positions();
	test_prefixes();
	return done_testing();
}
