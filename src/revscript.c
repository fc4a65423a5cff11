/*-------------------------------------------------------------------------
 *
 * revscript.c
 *	  The text of a revision script: header, sections, directives, rows.
 *
 * A script is SQL.  What is ours is in its comments:
 *
 *		-- create account
 *		--
 *		-- Revision ID: 1975ea83b712
 *		-- Revises: ae1027a6acf
 *
 *		-- migrate:upgrade
 *		CREATE TABLE account (...);
 *
 *		-- migrate:downgrade
 *		DROP TABLE account;
 *
 * One pass over the tokens finds the header, the sections, their directives,
 * and the rows that follow a COPY ... FROM STDIN, and takes the checksum.
 * Where statements begin and end is the parser's business (stmt.c); this pass
 * follows them only so far as to know when a COPY is over, by the rules that
 * psql uses.
 *
 * The checksum is over tokens: comments that are no directives, blanks, the
 * case of unquoted words and the style of line ends do not change it.
 * Whatever else changes it is another script.
 *
 *-------------------------------------------------------------------------
 */
#ifdef FRONTEND
#include "postgres_fe.h"
#else
#include "postgres.h"
#endif

#include "common/cryptohash.h"
#include "common/sha2.h"
#include "errcodes.h"
#include "purecore.h"
#include "report.h"
#include "revscript.h"
#include "scriptheader.h"
#include "sqlscan.h"

#define DIRECTIVE_PREFIX	"migrate:"

/*
 * A section longer than this is handed to the parser in pieces, since a
 * parse tree takes about 25 times the space of its text.
 */
#define PIECE_LENGTH		(256 * 1024)

typedef struct ScriptParser
{
	MigScanner	scanner;
	MigRevisionScript *script;
	MigReport  *report;

	MigHeaderParser header;

	/* current section, NULL in the header */
	MigSection *section;
	pg_cryptohash_ctx *hash;
	uint8		digests[2][PG_SHA256_DIGEST_LENGTH];
	size_t		last_cut;
	MigStatementState statement;
} ScriptParser;

/* ----------
 * Checksum
 * ----------
 */

/* These calls fail only for want of memory, or in a crippled OpenSSL. */
static void
check_hash(ScriptParser *parser, bool ok)
{
	if (ok)
		return;
#ifdef FRONTEND
	fprintf(stderr, "could not compute SHA-256 hash\n");
	exit(1);
#else
	elog(ERROR, "could not compute SHA-256 hash: %s", pg_cryptohash_error(parser->hash));
#endif
}

/* Add to the current hash. */
static void
hash_bytes(ScriptParser *parser, const char *bytes, size_t len)
{
	check_hash(parser, pg_cryptohash_update(parser->hash, (const uint8 *) bytes, len) >= 0);
}

/* Hash one token, or the rows of a COPY: its kind, its text, and a zero byte. */
static void
hash_text(ScriptParser *parser, char kind, const char *text, size_t len, bool fold_case)
{
	char		buf[512];
	size_t		done = 0;
	size_t		n = 1;

	buf[0] = kind;
	do
	{
		n += mig_canonical_bytes(text, len, fold_case, &done, buf + n, sizeof(buf) - n);
		hash_bytes(parser, buf, n);
		n = 0;
	} while (done < len);
	/* which no text contains */
	hash_bytes(parser, "", 1);
}

/* Begin a hash. */
static void
hash_begin(ScriptParser *parser)
{
	parser->hash = pg_cryptohash_create(PG_SHA256);
	check_hash(parser, parser->hash != NULL && pg_cryptohash_init(parser->hash) >= 0);
}

/* Take the digest of the current hash. */
static void
hash_end(ScriptParser *parser, uint8 *digest)
{
	check_hash(parser, pg_cryptohash_final(parser->hash, digest, PG_SHA256_DIGEST_LENGTH) >= 0);
	pg_cryptohash_free(parser->hash);
	parser->hash = NULL;
}

/* The checksum of the script: the hash of the hashes of its sections. */
static void
finish_checksum(ScriptParser *parser)
{
	uint8		digest[PG_SHA256_DIGEST_LENGTH];
	char	   *out = parser->script->checksum;
	int			i;

	hash_begin(parser);
	hash_bytes(parser, (const char *) parser->digests, sizeof(parser->digests));
	hash_end(parser, digest);
	for (i = 0; i < PG_SHA256_DIGEST_LENGTH; i++, out += 2)
		snprintf(out, 3, "%02x", digest[i]);
}

/* ----------
 * Sections
 * ----------
 */

/* The section that a direction runs. */
const MigSection *
mig_revscript_section(const MigRevisionScript *script, MigDirection direction)
{
	return direction == MIG_UPGRADE ? &script->upgrade : &script->downgrade;
}

/* Close the current section, which ends before the given offset. */
static void
end_section(ScriptParser *parser, size_t offset)
{
	MigSection *section = parser->section;

	if (section == NULL)
		return;
	section->len = offset - section->start;
	hash_end(parser, parser->digests[section == &parser->script->upgrade ? 0 : 1]);
	parser->section = NULL;
}

/*
 * The error of a directive that is misspelt; ignored, what it says would
 * vanish.
 */
static bool
directive_error(ScriptParser *parser, const MigToken *token, const char *content, size_t len)
{
	mig_report(parser->report, ERRCODE_MIG_MALFORMED_SCRIPT,
			   "unrecognized directive \"%.*s\"", (int) len, content);
	mig_report_detail(parser->report, "It is on line %d.", token->line);
	return mig_report_hint(parser->report,
						   "The directives are \"-- migrate:upgrade\" and \"-- migrate:downgrade\", each with \"transaction:false\" if wanted, \"-- migrate:downgrade none\", \"-- migrate:assert\", \"-- migrate:assert empty\" and \"-- migrate:batch\" with options.");
}

/* Cut the next blank-separated word off a text. */
static bool
next_word(const char **text, const char *end, const char **word, size_t *word_len)
{
	while (*text < end && mig_is_space(**text))
		(*text)++;
	*word = *text;
	while (*text < end && !mig_is_space(**text))
		(*text)++;
	*word_len = *text - *word;
	return *word_len > 0;
}

/* Is the word this one, in any case? */
static bool
word_is(const char *word, size_t word_len, const char *expected)
{
	return word_len == strlen(expected) && pg_strncasecmp(word, expected, word_len) == 0;
}

/* The directive of a section, of which the words from "options" on are left. */
static bool
section_directive(ScriptParser *parser, const MigToken *token, const char *content, size_t len,
				  const char *options, bool downgrade)
{
	const char *end = content + len;
	const char *word;
	size_t		word_len;
	MigSection *section;

	end_section(parser, token->start);
	section = downgrade ? &parser->script->downgrade : &parser->script->upgrade;
	if (section->present)
	{
		mig_report(parser->report, ERRCODE_MIG_MALFORMED_SCRIPT,
				   "script has two %s sections", downgrade ? "downgrade" : "upgrade");
		mig_report_detail(parser->report, "The second one begins on line %d.", token->line);
		return mig_report_hint(parser->report, "Join the two sections, or make two revisions.");
	}
	hash_begin(parser);

	section->present = true;
	section->start = token->start + token->len;
	parser->section = section;
	parser->last_cut = section->start;
	MemSet(&parser->statement, 0, sizeof(MigStatementState));

	while (next_word(&options, end, &word, &word_len))
	{
		if (downgrade && word_is(word, word_len, "none"))
			section->none = true;
		else if (word_is(word, word_len, "transaction:false"))
			section->no_transaction = true;
		else if (!word_is(word, word_len, "transaction:true"))
			return directive_error(parser, token, content, len);
	}
	hash_text(parser, 'S', section->none ? "none" : "", section->none ? 4 : 0, false);
	if (section->no_transaction)
		hash_text(parser, 'S', "transaction:false", 17, false);
	return true;
}

/* Something is in a section that is marked "none". */
static bool
refuse_in_none(ScriptParser *parser, const MigToken *token)
{
	mig_report(parser->report, ERRCODE_MIG_MALFORMED_SCRIPT, "downgrade section is marked \"none\" but has statements");
	mig_report_detail(parser->report, "The first one begins on line %d.", token->line);
	return mig_report_hint(parser->report, "Remove the word \"none\", or the statements.");
}

/* Something that belongs into a section stands before the first one. */
static bool
refuse_in_header(ScriptParser *parser, const MigToken *token, const char *what)
{
	mig_report(parser->report, ERRCODE_MIG_MALFORMED_SCRIPT, "%s outside of a section", what);
	mig_report_detail(parser->report, "Line %d stands before \"-- migrate:upgrade\".", token->line);
	return mig_report_hint(parser->report, "Put \"-- migrate:upgrade\" on a line before the first statement.");
}

/*
 * "-- migrate:assert": note it for the statement that follows, which only the
 * parser knows.  It changes what the script does, so it is hashed.
 */
static bool
assert_directive(ScriptParser *parser, const MigToken *token, MigAssertion assertion)
{
	MigSection *section = parser->section;
	MigAssertDirective *noted;

	if (section == NULL)
		return refuse_in_header(parser, token, "assertion");
	if (section->none)
		return refuse_in_none(parser, token);
	/* as in mig_name_list_append(): grows by powers of two */
	if (section->nasserts == 0)
		section->asserts = mig_alloc_array(MigAssertDirective, 1);
	else if ((section->nasserts & (section->nasserts - 1)) == 0)
		section->asserts = repalloc(section->asserts, sizeof(MigAssertDirective) * section->nasserts * 2);
	noted = &section->asserts[section->nasserts++];
	noted->assertion = assertion;
	noted->start = token->start;
	noted->line = token->line;
	if (assertion == MIG_ASSERT_EMPTY)
		hash_text(parser, 'A', "empty", 5, false);
	else
		hash_text(parser, 'A', "true", 4, false);
	return true;
}

/*
 * "-- migrate:batch": note it for the statement that follows.  It changes how
 * the script does something, not what: so it is not hashed.
 */
static bool
batch_directive(ScriptParser *parser, const MigToken *token, const char *options, size_t len)
{
	MigSection *section = parser->section;
	MigBatchDirective *noted;

	if (section == NULL)
		return refuse_in_header(parser, token, "batch");
	if (section->none)
		return refuse_in_none(parser, token);
	/* as in mig_name_list_append(): grows by powers of two */
	if (section->nbatches == 0)
		section->batches = mig_alloc_array(MigBatchDirective, 1);
	else if ((section->nbatches & (section->nbatches - 1)) == 0)
		section->batches = repalloc(section->batches, sizeof(MigBatchDirective) * section->nbatches * 2);
	noted = &section->batches[section->nbatches++];
	noted->start = token->start;
	noted->line = token->line;
	return mig_batch_options_parse(options, len, token->line, &noted->options, parser->report);
}

/*
 * A comment that begins with "migrate:": a new section, or something about
 * the next statement.
 */
static bool
directive(ScriptParser *parser, const MigToken *token, const char *content, size_t len)
{
	const char *p = content + strlen(DIRECTIVE_PREFIX);
	const char *end = content + len;
	const char *word;
	size_t		word_len;
	bool		downgrade;

	if (!token->first_on_line)
	{
		mig_report(parser->report, ERRCODE_MIG_MALFORMED_SCRIPT,
				   "directive \"%.*s\" must stand on a line of its own", (int) len, content);
		mig_report_detail(parser->report, "It is on line %d.", token->line);
		return mig_report_hint(parser->report, "Begin a new line before it.");
	}
	if (!next_word(&p, end, &word, &word_len))
		return directive_error(parser, token, content, len);
	if (word_is(word, word_len, "assert"))
	{
		bool		empty = next_word(&p, end, &word, &word_len);

		if (empty && (!word_is(word, word_len, "empty") || next_word(&p, end, &word, &word_len)))
			return directive_error(parser, token, content, len);
		return assert_directive(parser, token, empty ? MIG_ASSERT_EMPTY : MIG_ASSERT_TRUE);
	}
	if (word_is(word, word_len, "batch"))
		return batch_directive(parser, token, p, end - p);
	downgrade = word_is(word, word_len, "downgrade") || word_is(word, word_len, "down");
	if (!downgrade && !word_is(word, word_len, "upgrade") && !word_is(word, word_len, "up"))
		return directive_error(parser, token, content, len);
	return section_directive(parser, token, content, len, p, downgrade);
}

/* After the semicolon of COPY ... FROM STDIN: note the rows. */
static bool
copy_data(ScriptParser *parser, const MigToken *semicolon)
{
	MigSection *section = parser->section;
	MigCopyData *copy;

	/* as in mig_name_list_append(): grows by powers of two */
	if (section->ncopies == 0)
		section->copies = mig_alloc_array(MigCopyData, 1);
	else if ((section->ncopies & (section->ncopies - 1)) == 0)
		section->copies = repalloc(section->copies, sizeof(MigCopyData) * section->ncopies * 2);
	copy = &section->copies[section->ncopies++];
	if (!mig_scan_copy_rows(&parser->scanner, semicolon, copy, parser->report))
		return false;
	hash_text(parser, 'D', parser->scanner.text + copy->start, copy->len, false);
	return true;
}

/* Note where the statement that just ended could be cut from the next one. */
static void
maybe_cut(ScriptParser *parser, size_t statement_end)
{
	MigSection *section = parser->section;

	if (statement_end - parser->last_cut < PIECE_LENGTH)
		return;
	if (section->ncuts == 0)
		section->cuts = mig_alloc_array(size_t, 1);
	else if ((section->ncuts & (section->ncuts - 1)) == 0)
		section->cuts = repalloc(section->cuts, sizeof(size_t) * section->ncuts * 2);
	section->cuts[section->ncuts++] = statement_end;
	parser->last_cut = statement_end;
}

/* A backslash outside of quotes: whoever wrote it meant psql. */
static bool
refuse_meta_command(ScriptParser *parser, const MigToken *token)
{
	const MigScanner *s = &parser->scanner;
	const char *command = s->text + token->start;
	size_t		len = 1;

	while (token->start + len < s->len && !mig_is_space(command[len]))
		len++;
	mig_report(parser->report, ERRCODE_MIG_MALFORMED_SCRIPT,
			   "psql meta-command \"%.*s\" is not supported", (int) len, command);
	mig_report_detail(parser->report, "It is on line %d. A revision script is run by the server, which has no psql.",
					  token->line);
	return mig_report_hint(parser->report, "Remove the line, or write it as SQL.");
}

/* One token of a section, comments excepted. */
static bool
section_token(ScriptParser *parser, const MigToken *token)
{
	MigStatementState *state = &parser->statement;
	const MigScanner *s = &parser->scanner;
	bool		ok;

	if (parser->section->none)
		return refuse_in_none(parser, token);
	hash_text(parser, (char) ('a' + token->kind), s->text + token->start, token->len,
			  token->kind == MIG_TOKEN_WORD);
	if (!mig_split_token(state, s, token))
		return true;
	ok = !state->from_stdin || copy_data(parser, token);
	MemSet(state, 0, sizeof(MigStatementState));
	maybe_cut(parser, parser->scanner.pos);
	return ok;
}

/* ----------
 * The whole
 * ----------
 */

/* Dispatch on one token.  Sets *done at the end of the text. */
static bool
script_token(ScriptParser *parser, const MigToken *token)
{
	if (token->kind == MIG_TOKEN_LINE_COMMENT)
	{
		const char *content;
		size_t		len;

		mig_comment_content(parser->scanner.text, token, &content, &len);
		if (len >= strlen(DIRECTIVE_PREFIX) &&
			pg_strncasecmp(content, DIRECTIVE_PREFIX, strlen(DIRECTIVE_PREFIX)) == 0)
			return directive(parser, token, content, len);
		return parser->section != NULL || mig_header_comment(&parser->header, token);
	}
	if (token->kind == MIG_TOKEN_BLOCK_COMMENT)
		return true;
	if (token->kind == MIG_TOKEN_BACKSLASH)
		return refuse_meta_command(parser, token);
	if (parser->section == NULL)
		return refuse_in_header(parser, token, "statement");
	return section_token(parser, token);
}

/* What must be there, is it? */
static bool
check_complete(ScriptParser *parser)
{
	const char *example = "A script begins like this: \"-- Revision ID: 1975ea83b712\", \"-- Revises: \", \"-- migrate:upgrade\", each on a line of its own.";

	if (parser->script->revision.id == NULL)
	{
		mig_report(parser->report, ERRCODE_MIG_MALFORMED_SCRIPT, "script has no revision id");
		mig_report_detail(parser->report, parser->scanner.len == 0 ? "It is empty." :
						  "No comment before the first section says \"Revision ID:\".");
		return mig_report_hint(parser->report, "%s", example);
	}
	if (!parser->script->upgrade.present)
	{
		mig_report(parser->report, ERRCODE_MIG_MALFORMED_SCRIPT, "script has no upgrade section");
		mig_report_detail(parser->report, "No line says \"-- migrate:upgrade\".");
		return mig_report_hint(parser->report, "Add the line, even if nothing follows it.");
	}
	return true;
}

/* Read all tokens of the script. */
static bool
parse_tokens(ScriptParser *parser)
{
	MigToken	token;

	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		if (!mig_scan_token(&parser->scanner, &token, parser->report))
			return false;
		if (token.kind == MIG_TOKEN_EOF)
			break;
		if (!script_token(parser, &token))
			return false;
	}

	end_section(parser, parser->scanner.len);
	if (!check_complete(parser))
		return false;
	finish_checksum(parser);
	return true;
}

/*
 * Parse the text of a revision script, len bytes in the database's encoding
 * (an ASCII superset), without byte-order mark.
 *
 * Returns false, with MG005 in *report, if it is malformed.  Strings are
 * allocated in the current memory context; sections refer to the text.
 */
bool
mig_revscript_parse(const char *text, size_t len, bool standard_strings,
					MigRevisionScript *script, MigReport *report)
{
	ScriptParser parser;
	bool		ok;

	MemSet(script, 0, sizeof(MigRevisionScript));
	MemSet(&parser, 0, sizeof(ScriptParser));
	parser.script = script;
	parser.report = report;
	mig_header_begin(&parser.header, text, &script->revision, report);
	mig_scan_init(&parser.scanner, text, len, standard_strings);

	ok = parse_tokens(&parser);
	if (parser.hash != NULL)
		pg_cryptohash_free(parser.hash);
	mig_header_end(&parser.header);
	return ok;
}

/* The line, from 1, that the byte at this offset is on. */
int
mig_line_number(const char *text, size_t offset)
{
	int			line = 1;
	size_t		i;

	for (i = 0; i < offset; i++)
	{
		if (text[i] == '\n')
			line++;
	}
	return line;
}
