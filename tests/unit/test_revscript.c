/*-------------------------------------------------------------------------
 *
 * test_revscript.c
 *	  Revision scripts: header, sections, assertions, rows, checksum.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres_fe.h"

#include "errcodes.h"
#include "lib/stringinfo.h"
#include "revscript.h"
#include "tap.h"

#define HEADER	"-- m\n--\n-- Revision ID: r1\n-- Revises: r0\n\n"
#define UP		HEADER "-- migrate:upgrade\n"
#define DOWN	"\n-- migrate:downgrade\n"

static MigRevisionScript script;
static MigReport report;

static bool
parse(const char *text)
{
	MemSet(&report, 0, sizeof(report));
	return mig_revscript_parse(text, strlen(text), true, &script, &report);
}

static bool
parses(const char *text, const char *name)
{
	bool		parsed = parse(text);

	if (!ok(parsed, name))
		diag("error:", report.message);
	return parsed;
}

static void
refused(const char *text, const char *part, const char *name)
{
	bool		parsed = parse(text);

	fails(parsed, &report, ERRCODE_MIG_MALFORMED_SCRIPT, part, name);
}

static char *
section(const char *text, const MigSection *part)
{
	return pnstrdup(text + part->start, part->len);
}

static char *
checksum(const char *text)
{
	if (!parse(text))
		return report.message;
	return pstrdup(script.checksum);
}

static void
cosmetic(const char *a, const char *b, const char *name)
{
	is(checksum(b), checksum(a), name);
}

static void
differ(const char *a, const char *b, const char *name)
{
	ok(strcmp(checksum(a), checksum(b)) != 0, name);
}

static void
test_header(void)
{
	MigRevision *rev = &script.revision;

	parses("-- create account\n-- and more\n--\n-- Revision ID: 1975ea83b712\n-- Revises: a1, b2\n"
		   "-- Branch Labels: billing,shop\n-- Depends On: auth\n-- Create Date: 2026-11-22 11:40:27+00\n"
		   "-- migrate:upgrade\n", "a whole header");
	is(rev->id, "1975ea83b712", "its id");
	is(rev->message, "create account and more", "its message");
	is(mig_name_list_join(&rev->down_revision), "a1, b2", "its parents");
	is(mig_name_list_join(&rev->branch_labels), "billing, shop", "its labels");
	is(mig_name_list_join(&rev->depends_on), "auth", "its dependencies");
	is(rev->create_date, "2026-11-22 11:40:27+00", "its date");

	parses("--REVISION id :x\r\n--revises:\r\n--migrate:UP\r\n", "a header in another style");
	is(rev->id, "x", "its id");
	is(rev->message, "", "no message");
	is_int(rev->down_revision.count, 0, "a base");
	ok(rev->create_date == NULL, "no date");
	parses("-- Revision ID: x\n-- Revises: <base>\n-- migrate:up\n", "Alembic's word for a base");
	is_int(rev->down_revision.count, 0, "is a base");
	parses("-- m: n\n\n-- Note: this is prose.\n-- Revision ID: x\n-- migrate:up\n", "prose with a colon");
	is(rev->message, "m: n", "the message has one, too");

	refused("", "It is empty", "an empty text");
	refused(" \n", "no revision id", "blanks");
	refused("-- migrate:upgrade\nSELECT 1;", "no revision id", "no header");
	refused("-- Revision ID: x\n", "no upgrade section", "only a header");
	refused("-- Revision ID: x\n-- migrate:downgrade\n", "no upgrade section", "only a downgrade");
	refused("-- Revision ID:\n-- migrate:up\n", "is empty", "an empty id");
	refused("-- Revision ID: a-b\n-- migrate:up\n", "not allowed", "a wrong id");
	refused("-- Revision ID: a\n-- Revision ID: a\n-- migrate:up\n", "given twice", "two ids");
	refused("-- Revision ID: a\n-- Revises: b\n-- Revises: c\n-- migrate:up\n", "given twice", "two lists of parents");
	refused("-- Revision ID: a\n-- Revises: b,,c\n-- migrate:up\n", "empty name", "an empty parent");
	refused("-- Revision ID: a\n-- Revises: head\n-- migrate:up\n", "line 2", "a symbol as parent");
	refused("-- Revision ID: a\n-- Branch Labels: x-1\n-- migrate:up\n", "line 2", "a wrong label");
	refused("-- m\n--\n-- Revision ID: a\n-- Revise: b\n-- migrate:up\n", "unrecognized header field \"Revise\"", "a misspelt field");
	refused("-- m\n--\n-- Revision ID: a\n-- Down revision: b\n-- migrate:up\n", "Down revision", "another one");
	refused("-- m\n--\n-- Revision ID: a\n-- Depends: b\n-- migrate:up\n", "Depends", "a third one");
	refused("-- Revision ID: a\nSELECT 1;\n-- migrate:up\n", "Line 2 stands before", "a statement in the header");
	parses("/* Revision ID: b */ -- Revision ID: a\n-- migrate:up\n", "a block comment is no header");
	is(rev->id, "a", "and sets no id");
}

static void
test_sections(void)
{
	const char *text;

	text = UP "CREATE TABLE t ();\n" DOWN "DROP TABLE t;\n";
	parses(text, "both sections");
	is(section(text, &script.upgrade), "\nCREATE TABLE t ();\n\n", "the upgrade");
	is(section(text, &script.downgrade), "\nDROP TABLE t;\n", "the downgrade");
	ok(mig_revscript_section(&script, MIG_DOWNGRADE) == &script.downgrade, "found by direction");
	text = HEADER "-- migrate:down\nDROP TABLE t;\n--migrate:up\nCREATE TABLE t ()";
	parses(text, "short words, the other way around, no last semicolon");
	is(section(text, &script.upgrade), "\nCREATE TABLE t ()", "the upgrade");
	parses(UP "SELECT 1;", "no downgrade");
	ok(!script.downgrade.present, "is irreversible");
	parses(UP "SELECT 1;" DOWN, "an empty downgrade");
	ok(script.downgrade.present && !script.downgrade.none, "is reversible");
	parses(UP "\n-- migrate:downgrade none\n-- nothing to undo\n", "downgrade none");
	ok(script.downgrade.none, "is none");
	parses(HEADER "-- migrate:upgrade transaction:false\nVACUUM;\n-- migrate:downgrade transaction:true\n", "transactions");
	ok(script.upgrade.no_transaction && !script.downgrade.no_transaction, "as asked for");

	refused(UP "SELECT 1;\n-- migrate:up\nSELECT 2;", "two upgrade sections", "two upgrades");
	refused(UP DOWN DOWN, "two downgrade sections", "two downgrades");
	refused(UP "\n-- migrate:downgrade none\nSELECT 1;", "marked \"none\"", "none, but something");
	refused(HEADER "-- migrate:upgrade none\n", "unrecognized directive", "an upgrade of none");
	refused(HEADER "-- migrate:upgrad\n", "unrecognized directive \"migrate:upgrad\"", "a misspelt directive");
	refused(HEADER "-- migrate:\n", "unrecognized directive", "an empty directive");
	refused(HEADER "-- migrate:upgrade transaction:no\n", "unrecognized directive", "a misspelt option");
	refused(UP "SELECT 1; -- migrate:downgrade\n", "line of its own", "a directive behind a statement");
}

static void
test_assertions(void)
{
	const char *text;
	const MigAssertDirective *asserts;
	StringInfoData buf;
	int			i;

	text = UP "-- migrate:assert\nSELECT true;\n--MIGRATE:Assert  Empty \r\nSELECT;\n" DOWN "/* */\n  -- migrate:assert\nVALUES (true);";
	parses(text, "assertions");
	asserts = script.upgrade.asserts;
	is_int(script.upgrade.nasserts, 2, "two in the upgrade");
	ok(asserts[0].assertion == MIG_ASSERT_TRUE && asserts[1].assertion == MIG_ASSERT_EMPTY, "as they say");
	ok(strncmp(text + asserts[1].start, "--MIGRATE:Assert", 16) == 0, "where they are");
	is_int(asserts[1].line, 9, "their line");
	is_int(script.downgrade.nasserts, 1, "one in the downgrade");
	parses(UP "SELECT '\n-- migrate:assert\n', $$\n-- migrate:assert\n$$ /*\n-- migrate:assert\n*/;\nCOPY t FROM STDIN;\n-- migrate:assert\n\\.\n",
		   "quoted assertions");
	is_int(script.upgrade.nasserts, 0, "are none");
	/* whether a query follows is for the parser to say */
	parses(UP "-- migrate:assert\n-- migrate:assert empty\n", "assertions without a query");
	is_int(script.upgrade.nasserts, 2, "are noted");

	initStringInfo(&buf);
	appendStringInfoString(&buf, UP);
	for (i = 0; i < 1000; i++)
		appendStringInfo(&buf, "-- migrate:assert%s\nSELECT %d;\n", i % 3 == 0 ? " empty" : "", i);
	parses(buf.data, "many assertions");
	is_int(script.upgrade.nasserts, 1000, "all of them");
	asserts = &script.upgrade.asserts[999];
	ok(asserts->assertion == MIG_ASSERT_EMPTY && asserts->line == 2 * 999 + 7, "the last one, too");

	refused("-- Revision ID: a\n-- migrate:assert\n-- migrate:up\n", "Line 2 stands before", "an assertion in the header");
	refused("-- Revision ID: a\n-- migrate:assert\n-- migrate:up\n", "assertion outside of a section", "it is called so");
	refused(UP "-- migrate:assert true\nSELECT 1;", "unrecognized directive \"migrate:assert true\"", "an unknown word");
	refused(UP "-- migrate:assert empty now\nSELECT 1;", "unrecognized directive \"migrate:assert empty now\"", "a word too many");
	refused(UP "-- migrate:assertion\nSELECT 1;", "unrecognized directive", "a misspelt assertion");
	refused(UP "SELECT 1; -- migrate:assert\nSELECT 2;", "line of its own", "an assertion behind a statement");
	refused(UP "\n-- migrate:downgrade none\n-- migrate:assert\n", "marked \"none\"", "an assertion in a section of none");
}

/* The options of a directive, whose only words these are. */
static void
batch(const char *words, const char *table, const char *key, int size, int pause, const char *name)
{
	const MigBatchOptions *options;

	if (!parses(psprintf(UP "-- migrate:batch%s\nUPDATE t SET a = 1;", words), name))
		return;
	options = &script.upgrade.batches[0].options;
	is(options->table, table, "its table");
	is(options->key, key, "its key");
	is_int(options->size, size, "its size");
	is_int(options->pause, pause, "its pause");
}

static void
bad_batch(const char *words, const char *part, const char *name)
{
	refused(psprintf(UP "-- migrate:batch %s\nUPDATE t SET a = 1;", words), part, name);
}

static void
test_batches(void)
{
	StringInfoData buf;
	int			i;

	batch("", NULL, NULL, 0, 0, "a batch");
	batch(" key=id size=5000 pause=50ms table=item", "item", "id", 5000, 50, "all options");
	batch("\tTABLE=Shop.Item\t PAUSE=50\tSize=1  KEY=Tenant,ID ", "shop.item", "Tenant,ID", 1, 50, "in any case and order");
	batch(" key=\"Order Id\",b$2,\"a\"\"b\" table=\"A \"\"B.C\"", "A \"B.C", "\"Order Id\",b$2,\"a\"\"b\"", 0, 0, "quoted names");
	batch(" key=ctid table=\"S\".\"T\"", "S.T", "ctid", 0, 0, "without a key");
	batch(" key=gr\303\266\303\237e", NULL, "gr\303\266\303\237e", 0, 0, "other letters");
	batch(" size=2147483647 pause=1.5s", NULL, NULL, 2147483647, 1500, "the largest size");
	batch(" pause=2min", NULL, NULL, 0, 120000, "minutes");
	batch(" pause=1h", NULL, NULL, 0, 3600000, "an hour");
	batch(" pause=0", NULL, NULL, 0, 0, "no pause");
	batch("\r", NULL, NULL, 0, 0, "a line end of Windows");

	bad_batch("key", "invalid value for option \"key\" of directive \"migrate:batch\": \"\"", "no value");
	bad_batch("key=", "invalid value for option \"key\"", "an empty value");
	bad_batch("key=a,", "invalid value for option \"key\" of directive \"migrate:batch\": \"a,\"", "a comma too many");
	bad_batch("key=a, b", "invalid value for option \"key\"", "a blank after a comma");
	bad_batch("key=1", "invalid value for option \"key\"", "no name");
	bad_batch("key=a;b", "invalid value for option \"key\"", "not between commas");
	bad_batch("key=\"a", "invalid value for option \"key\"", "a quote without an end");
	bad_batch("key=\"\"", "invalid value for option \"key\"", "an empty name");
	bad_batch("key=\"", "invalid value for option \"key\"", "only a quote");
	bad_batch("key=\"a\"b", "invalid value for option \"key\"", "something after a quote");
	bad_batch("table=a.b.c", "invalid value for option \"table\"", "too many names");
	bad_batch("table=a,b", "invalid value for option \"table\"", "two tables");
	bad_batch("size=0", "invalid value for option \"size\"", "no rows");
	bad_batch("size=-1", "invalid value for option \"size\"", "less than none");
	bad_batch("size=1k", "invalid value for option \"size\"", "a unit of sizes");
	bad_batch("size=2147483648", "invalid value for option \"size\"", "too many rows");
	bad_batch("size=99999999999999999999999", "invalid value for option \"size\"", "far too many rows");
	bad_batch("size=", "invalid value for option \"size\"", "an empty size");
	bad_batch("pause=50 ms", "unrecognized option \"ms\" of directive \"migrate:batch\"", "a blank before a unit");
	bad_batch("pause=5us", "invalid value for option \"pause\"", "a unit that is too small");
	bad_batch("pause=ms", "invalid value for option \"pause\"", "a unit alone");
	bad_batch("pause=-1", "invalid value for option \"pause\"", "less than no time");
	bad_batch("pause=.", "invalid value for option \"pause\"", "a point");
	bad_batch("pause=inf", "invalid value for option \"pause\"", "for ever");
	bad_batch("pause=1e99", "invalid value for option \"pause\"", "much too long");
	bad_batch("pause=25d", "invalid value for option \"pause\"", "too long");
	bad_batch("sizes=1", "unrecognized option \"sizes\"", "an option that there is not");
	bad_batch("=1", "unrecognized option \"\"", "no option");
	bad_batch("key = id", "invalid value for option \"key\"", "blanks around the sign");
	bad_batch("size=1 SIZE=2", "option \"SIZE\" of directive \"migrate:batch\" is given twice", "an option twice");
	is(report.detail, "It is on line 7.", "the line is told");
	refused("-- Revision ID: a\n-- migrate:batch\n-- migrate:up\n", "batch outside of a section", "a batch in the header");
	refused(UP "\n-- migrate:downgrade none\n-- migrate:batch\n", "marked \"none\"", "a batch in a section of none");
	refused(UP "-- migrate:batches\n", "unrecognized directive \"migrate:batches\"", "a misspelt batch");

	initStringInfo(&buf);
	appendStringInfoString(&buf, UP);
	for (i = 1; i <= 1000; i++)
		appendStringInfo(&buf, "-- migrate:batch size=%d\nDELETE FROM t;\n", i);
	parses(buf.data, "many batches");
	is_int(script.upgrade.nbatches, 1000, "all of them");
	is_int(script.upgrade.batches[999].options.size, 1000, "the last one, too");

	cosmetic(UP "UPDATE t SET a = 1;", UP "-- migrate:batch size=5\nUPDATE t SET a = 1;", "how it is run is no part of the checksum");
}

static void
test_statements(void)
{
	const char *text;

	parses(UP "SELECT $a$\n-- migrate:downgrade\n$$ ; $$\n$a$;", "a directive in a dollar quote");
	ok(!script.downgrade.present, "is none");
	parses(UP "SELECT '\n-- migrate:downgrade\n';", "a directive in a string");
	ok(!script.downgrade.present, "is none");
	parses(UP "/* /* */\n-- migrate:downgrade\n*/ SELECT 1;", "a directive in a nested comment");
	ok(!script.downgrade.present, "is none");
	parses(UP "SELECT \"\n-- migrate:downgrade\n\";", "a directive in an identifier");
	ok(!script.downgrade.present, "is none");
	parses(UP "SELECT 1 -- ' \" $$ /*\n;SELECT 2--\n;" DOWN "SELECT 3;", "comments in hard places");
	ok(script.downgrade.present, "end with their lines");

	text = UP "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC\n"
		"SELECT CASE WHEN true THEN 1 END; SELECT x.end FROM (SELECT 1 AS end) x; SELECT CASE 1 WHEN 2 THEN CASE 3 WHEN 4 THEN 5 END END; END;\n"
		"COPY t FROM STDIN;\n1\n\\.\n";
	parses(text, "BEGIN ATOMIC with CASE and END, then rows");
	is_int(script.upgrade.ncopies, 1, "the rows were found");
	text = UP "CREATE OR REPLACE PROCEDURE p() BEGIN ATOMIC INSERT INTO t VALUES (1); END;\nCOPY t FROM stdin;\n\\.\n";
	parses(text, "a procedure, then no rows");
	is_int(script.upgrade.copies[0].len, 0, "none");
	parses(UP "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2);\nCOPY t FROM STDIN;\nx\n\\.\n", "a rule, then rows");
	is_int(script.upgrade.ncopies, 1, "the rows were found");

	refused(UP "\\d t\n", "psql meta-command \"\\d\"", "a meta-command");
	refused(UP "SELECT 1 \\gset\n", "psql meta-command \"\\gset\"", "a meta-command behind a query");
	refused(UP "SELECT 1;\n\n\\echo x", "It is on line 9", "its line");
	parses(UP "SELECT '\\d', $$\\d$$; -- \\d\n", "quoted meta-commands are none");
	refused(UP "SELECT 'x;", "line 7", "an open string");
	refused(UP "SELECT $x$ $$;", "begins with $x$", "an open dollar quote");
	refused(UP "/* x", "unterminated comment", "an open comment");
}

static void
test_copy(void)
{
	const char *text;
	const MigCopyData *copy;

	text = UP "COPY t (a) FROM STDIN; -- rows\n-- migrate:downgrade\n';$$\n\\N\n\\.\nSELECT 1;" DOWN;
	parses(text, "rows that look like something else");
	ok(script.downgrade.present && script.upgrade.ncopies == 1, "are rows");
	copy = &script.upgrade.copies[0];
	is(pnstrdup(text + copy->start, copy->len), "-- migrate:downgrade\n';$$\n\\N\n", "all of them");
	is_int(copy->line, 8, "from their line on");
	is_int(mig_line_number(text, copy->start), 8, "which is counted so");
	ok(strncmp(text + copy->statement_end - 1, "; -- rows", 9) == 0, "behind the statement");

	text = HEADER "-- migrate:up\r\ncopy t from stdin;\r\n1\t2\r\n\\.\r\nSELECT 1;\r\n";
	parses(text, "rows with Windows' line ends");
	copy = &script.upgrade.copies[0];
	is(pnstrdup(text + copy->start, copy->len), "1\t2\r\n", "as they are");
	parses(UP "COPY t FROM STDIN (FORMAT csv);\n\"a;\n\\d\"\n\\.", "csv, no last line end");
	is_int(script.upgrade.copies[0].len, 8, "its rows");
	parses(UP "COPY t FROM STDIN;\n1\n\\.\nCOPY t FROM STDIN;\n2\n\\.\n"
		   "COPY t FROM STDIN;\n3\n\\.\n", "three times rows");
	is_int(script.upgrade.ncopies, 3, "found three times");
	is_int(script.upgrade.copies[2].line, 14, "in their place");
	parses(UP "COPY t FROM '/x'; COPY (SELECT 1) TO STDOUT; SELECT a FROM stdin; COPY t FROM PROGRAM 'x';", "no rows");
	is_int(script.upgrade.ncopies, 0, "none found");
	refused(UP "COPY t FROM STDIN;\n1\n", "have no end", "rows without end");
	refused(UP "COPY t FROM STDIN;", "have no end", "no rows and no end");
	refused(UP "COPY t FROM STDIN; SELECT 1;\n\\.\n", "last statement on its line", "something behind the semicolon");
	refused(UP "COPY t FROM STDIN;\n1\n\\.\n\\.\n", "psql meta-command", "two ends");
}

static void
test_checksum(void)
{
	const char *base = UP "CREATE TABLE t (a int DEFAULT 'x');\n" DOWN "DROP TABLE t;\n";

	is_int(strlen(checksum(base)), MIG_CHECKSUM_LENGTH, "length of the checksum");
	cosmetic(base, "-- other\n-- Revision ID: r1\n-- migrate:up\ncreate  table\nT(a INT default 'x') /* c */;\n"
			 "-- migrate:down\n\tDrop -- x\nTABLE t;", "case, blanks, comments, header");
	cosmetic(base, "-- m\r\n-- Revision ID: r1\r\n-- migrate:upgrade\r\nCREATE TABLE t (a int DEFAULT 'x');\r\n"
			 "-- migrate:downgrade\r\nDROP TABLE t;\r\n", "line ends");
	cosmetic(base, HEADER "-- migrate:down\nDROP TABLE t;\n-- migrate:up\nCREATE TABLE t (a int DEFAULT 'x');\n", "order of the sections");
	cosmetic(UP "SELECT $$a\nb$$;", UP "SELECT $$a\r\nb$$;", "line ends in a string");
	cosmetic(UP "COPY t FROM STDIN;\n1\n\\.\n", HEADER "-- migrate:up\r\nCOPY t FROM STDIN;\r\n1\r\n\\.\r\n", "line ends of rows");
	differ(base, UP "CREATE TABLE t (a int DEFAULT 'X');\n" DOWN "DROP TABLE t;\n", "case in a string");
	differ(base, UP "CREATE TABLE \"t\" (a int DEFAULT 'x');\n" DOWN "DROP TABLE t;\n", "a quoted name");
	differ(base, UP "CREATE TABLE t (a int DEFAULT 'x');\n" DOWN, "a statement less");
	differ(base, UP "CREATE TABLE t (a int DEFAULT 'x');\n", "no downgrade");
	differ(UP DOWN, UP, "an empty downgrade and none");
	differ(UP DOWN, UP "\n-- migrate:downgrade none\n", "an empty downgrade and \"none\"");
	differ(UP "SELECT 1;" DOWN, UP DOWN "SELECT 1;", "the other section");
	differ(UP "VACUUM;", HEADER "-- migrate:upgrade transaction:false\nVACUUM;", "no transaction");
	differ(UP "SELECT 1;", UP "-- migrate:assert\nSELECT 1;", "an assertion");
	differ(UP "-- migrate:assert\nSELECT 1;", UP "-- migrate:assert empty\nSELECT 1;", "another assertion");
	differ(UP "-- migrate:assert\nSELECT 1; SELECT 1;", UP "SELECT 1;\n-- migrate:assert\nSELECT 1;", "the place of an assertion");
	cosmetic(UP "-- migrate:assert empty\nSELECT 1;", UP "--MIGRATE:Assert  Empty\n-- why\n\nselect 1;", "style of an assertion");
	/* a change of how it is taken would make every script that is applied another one */
	is(checksum(base), "52630c098989799dcb6d0d7b36a4bb24543b7adc6b3fea44b439873a1808bf7c", "the checksum itself");
	differ(UP "SELECT 'a' 'b';", UP "SELECT 'ab';", "two strings and one");
	differ(UP "SELECT a b;", UP "SELECT ab;", "two words and one");
	differ(UP "SELECT $$ a $$;", UP "SELECT $$ a  $$;", "a blank in a string");
	differ(UP "SELECT $$ -- x\n$$;", UP "SELECT $$ -- y\n$$;", "a comment in a function's body");
	differ(UP "COPY t FROM STDIN;\n1\n\\.\n", UP "COPY t FROM STDIN;\n1 \n\\.\n", "a blank in a row");
	differ(UP "COPY t FROM STDIN;\na\n\\.\n", UP "COPY t FROM STDIN;\nA\n\\.\n", "case in a row");
}

/* Long sections are cut between statements, never inside of one. */
static void
test_cuts(void)
{
	StringInfoData buf;
	bool		at_end = true;
	int			i;

	initStringInfo(&buf);
	appendStringInfoString(&buf, UP);
	for (i = 0; i < 40000; i++)
		appendStringInfo(&buf, "INSERT INTO t VALUES (%d);\n", i);
	appendStringInfoString(&buf, "COPY t FROM STDIN;\n");
	for (i = 0; i < 60000; i++)
		appendStringInfo(&buf, "row %d;\n", i);
	appendStringInfoString(&buf, "\\.\nSELECT 1;\n");
	parses(buf.data, "a long script");
	ok(script.upgrade.ncuts >= 3, "is cut");
	for (i = 0; i < script.upgrade.ncuts; i++)
	{
		size_t		cut = script.upgrade.cuts[i];

		at_end &= buf.data[cut] == '\n' && (buf.data[cut - 1] == ';' || buf.data[cut - 1] == '.');
		at_end &= cut <= script.upgrade.copies[0].statement_end ||
			cut >= script.upgrade.copies[0].start + script.upgrade.copies[0].len;
	}
	ok(at_end, "behind statements and rows");
}

/* Every prefix of a script is parsed or refused, and none is read beyond. */
static void
test_prefixes(void)
{
	const char *text = HEADER "-- Branch Labels: b\n-- migrate:up transaction:false\nCREATE FUNCTION f() BEGIN ATOMIC SELECT CASE WHEN $$x$$ THEN 1 END; END;\n"
		"COPY t FROM STDIN;\n1\r\n\\.\n-- migrate:down none\n/* x */";
	size_t		len;
	int			nparsed = 0;

	for (len = 0; len <= strlen(text); len++)
	{
		char	   *copy = palloc(Max(len, 1));

		memcpy(copy, text, len);
		nparsed += mig_revscript_parse(copy, len, true, &script, &report);
		pfree(copy);
	}
	ok(nparsed > 0 && nparsed < (int) strlen(text), "prefixes");
}

/*
 * Random texts of pieces that mean something: nothing is read beyond the end,
 * and sections and rows lie within.
 */
static void
test_random(void)
{
	static const char *const pieces[] = {
		"-- migrate:up\n", "\n-- migrate:down\n", "COPY t FROM STDIN;\n", "\\.\n", "\n\\.", "$$", "$a$", "'", "\"", "E'\\",
		"/*", "*/", "--", "\n", "\r\n", ";", "(", ")", "BEGIN ATOMIC ", "END;", " CASE ", "CREATE FUNCTION f() ", "a",
		"-- Revision ID: x\n", "-- Revises: a, b\n", "\n-- migrate:assert\n", "\n-- migrate:assert empty\n", "\\", "none", " transaction:false", "1.", "::", "U&", "\xc3\xa4", "\t"
	};
	uint32		seed = 7;
	int			nparsed = 0;
	bool		within = true;
	int			i,
				j;

	for (i = 0; i < 100000; i++)
	{
		char		buf[512];
		size_t		len = 0;
		char	   *text;

		if (i % 2 == 0)
			len = snprintf(buf, sizeof(buf), "%s", UP);
		for (j = 0; j < 14; j++)
		{
			seed = seed * 1103515245 + 12345;
			len += snprintf(buf + len, sizeof(buf) - len, "%s", pieces[(seed >> 16) % lengthof(pieces)]);
		}
		text = memcpy(palloc(len), buf, len);
		if (mig_revscript_parse(text, len, true, &script, &report))
		{
			nparsed++;
			within &= script.upgrade.start + script.upgrade.len <= len;
			within &= script.downgrade.start + script.downgrade.len <= len;
			for (j = 0; j < script.upgrade.ncopies; j++)
				within &= script.upgrade.copies[j].start + script.upgrade.copies[j].len <=
					script.upgrade.start + script.upgrade.len;
			for (j = 0; j < script.upgrade.nasserts; j++)
				within &= script.upgrade.asserts[j].start >= script.upgrade.start &&
					script.upgrade.asserts[j].start < script.upgrade.start + script.upgrade.len;
		}
		pfree(text);
	}
	ok(within && nparsed > 1000, psprintf("random texts, of which %d are scripts", nparsed));
}

int
main(void)
{
	test_header();
	test_sections();
	test_assertions();
	test_batches();
	test_statements();
	test_copy();
	test_checksum();
	test_cuts();
	test_prefixes();
	test_random();
	return done_testing();
}
