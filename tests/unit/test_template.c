/*-------------------------------------------------------------------------
 *
 * test_template.c
 *	  Names and contents of new revision scripts.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres_fe.h"

#include "errcodes.h"
#include "lib/stringinfo.h"
#include "revscript.h"
#include "tap.h"
#include "template.h"

static const MigFileTime file_time = {2026, 3, 4, 5, 6, 7, INT64CONST(1772600767)};
static MigReport report;

/* ----------
 * File names
 * ----------
 */

static void
names(const char *file_template, const char *want)
{
	char	   *result;
	bool		named = mig_file_name(file_template, "1975ea83b712", "create_account", &file_time, &result, &report);

	is(named ? result : report.message, want, psprintf("file name by \"%s\"", file_template));
}

static void
names_not(const char *file_template, const char *revision, const char *slug, const char *part)
{
	char	   *result;
	bool		named = mig_file_name(file_template, revision, slug, &file_time, &result, &report);

	fails(named, &report, ERRCODE_INVALID_PARAMETER_VALUE, part,
		  psprintf("no file name by \"%s\"", file_template));
}

static void
test_file_names(void)
{
	names("%(rev)s_%(slug)s", "1975ea83b712_create_account.sql");
	names("%(year)d_%(month).2d_%(day).2d_%(hour).2d%(minute).2d-%(rev)s_%(slug)s",
		  "2026_03_04_0506-1975ea83b712_create_account.sql");
	names("%(year)d/%(month)02d/%(second).2d%(rev)s", "2026/03/071975ea83b712.sql");
	names("%(year)04d%(month)d%(day)s", "202634.sql");
	names("%(epoch)s-%(epoch)d", "1772600767-1772600767.sql");
	names("%%(rev)s%(rev)s%%", "%(rev)s1975ea83b712%.sql");
	names("%(rev)s.sql", "1975ea83b712.sql");
	names("%(year)09d", "000002026.sql");
	names("\xc3\xa4 %(rev)s", "\xc3\xa4 1975ea83b712.sql");
	names("...%(rev)s/.x", "...1975ea83b712/.x.sql");

	names_not("%(nosuch)s", "r", "s", "The tokens are rev, slug, epoch, year");
	names_not("%(nosuch)s", "r", "s", "unrecognized token \"%(nosuch)\"");
	names_not("%(rev)d", "r", "s", "invalid file template");
	names_not("%(rev)", "r", "s", "invalid file template");
	names_not("%(rev", "r", "s", "invalid file template");
	names_not("%s", "r", "s", "invalid file template");
	names_not("x%", "r", "s", "invalid file template");
	names_not("%(year)5d", "r", "s", "invalid file template");
	names_not("%(rev).2s", "r", "s", "invalid file template");
	names_not("%(year)x", "r", "s", "invalid file template");
	names_not("%(year)0123d", "r", "s", "invalid file template");
	names_not("", "r", "s", "component of it is empty");
	names_not("%(slug)s", "r", "", "component of it is empty");
	names_not("a//%(rev)s", "r", "s", "component of it is empty");
	names_not("%(rev)s/", "r", "s", "component of it is empty");
	names_not("/%(rev)s", "r", "s", "absolute path");
	names_not("../%(rev)s", "r", "s", "\".\" or \"..\"");
	names_not("a/./%(rev)s", "r", "s", "\".\" or \"..\"");
	names_not("%(rev)s", "..", "s", "\".\" or \"..\"");
	names_not("%(rev)s", "../../etc/passwd", "s", "\".\" or \"..\"");
	names_not("%(rev)s", "a\\b", "s", "backslash");
	names_not("%(rev)s", "a\nb", "s", "control character");
}

/* ----------
 * Templates
 * ----------
 */

static MigNameList known;
static MigNameList values;

static void
set_value(const char *name, const char *value)
{
	mig_name_list_append(&known, name, strlen(name));
	mig_name_list_append(&values, value, strlen(value));
}

static void
renders(const char *text, const char *want, const char *name)
{
	char	   *result;
	bool		rendered = mig_render_template(text, &known, &values, &result, &report);

	is(rendered ? result : report.message, want, name);
}

static void
renders_not(const char *text, const char *part, const char *name)
{
	char	   *result;
	bool		rendered = mig_render_template(text, &known, &values, &result, &report);

	fails(rendered, &report, ERRCODE_MIG_MALFORMED_SCRIPT, part, name);
}

static void
test_render(void)
{
	set_value("a", "1");
	set_value("b", "x\ny\n");
	set_value("none", "");
	set_value("trick", "${a}");

	renders("", "", "nothing");
	renders("x\n${a}${a} y", "x\n11 y", "values");
	renders("${ a }", "1", "blanks in a placeholder");
	renders("$${a} $$ $ {a} $a$$${a}", "${a} $$ $ {a} $a$${a}", "no placeholders");
	renders("${trick}", "${a}", "a value that looks like a placeholder");
	renders("p\n${none}\nq\n", "p\nq\n", "a line without value");
	renders("p\n \t${none?}\r\nq\n", "p\nq\n", "another one");
	renders("p\n${none}", "p\n", "the last line");
	renders("-- A: ${none}\n-- B: ${none?}\n-- C: ${a?}\n", "-- A:\n-- C: 1\n", "optional comments");
	renders("x ${none} \r\n${none}${none}\n", "x\r\n\n", "blanks at the end");
	renders("${b}\nz\n", "x\ny\nz\n", "lines");
	renders("${b}", "x\ny", "lines at the end");
	renders("f(${b})", "f(x\ny\n)", "lines within a line");
	renders("-- ${b}z\n  --${b}\n", "-- x y z\n  --x y \n", "lines in a comment");

	renders_not("a\nb ${nosuch}", "\"${nosuch}\"", "an unknown name");
	renders_not("a\nb ${nosuch}", "on line 2", "its line");
	renders_not("a\nb ${nosuch}", "placeholders are a, b, none, trick", "the known ones");
	renders_not("${}", "unrecognized placeholder", "no name");
	renders_not("${a|n}", "\"${a|n}\"", "a filter");
	renders_not("${a\n}", "has no end", "no end");
	renders_not("${", "has no end", "no end of the text");
}

/* ----------
 * What is rendered can be parsed
 * ----------
 */

static void
message(const char *text, const char *want)
{
	char	   *result;
	bool		accepted = mig_message_line(text, &result, &report);

	is(accepted ? result : report.message, want, psprintf("message line of \"%s\"", want));
}

static void
test_messages(void)
{
	message("create account", "create account");
	message(" two\n lines\r\n\tand  blanks ", "two lines and blanks");
	message("", "");
	message("drop: the 'x' -- ${a} /* \\d $$", "drop: the 'x' -- ${a} /* \\d $$");
	message("Revisions", "Revisions");
	message("-- dashes", "-- dashes");
	message("Revises: a", "invalid message \"Revises: a\"");
	message("x\n-- migrate:upgrade\nDROP TABLE t", "x -- migrate:upgrade DROP TABLE t");
	message("\n\nmigrate:downgrade", "invalid message \"migrate:downgrade\"");
	message("Revision ID: evil", "invalid message \"Revision ID: evil\"");
}

static void
round_trip(const char *text, const char *id, const char *down, const char *labels, const char *deps,
		   const char *upgrades, const char *downgrades, const char *name)
{
	MigRevisionScript script;
	char	   *line;
	char	   *result;

	known.count = values.count = 0;
	if (!mig_message_line(text, &line, &report))
	{
		ok(false, name);
		return;
	}
	set_value("message", line);
	set_value("up_revision", id);
	set_value("down_revision", down);
	set_value("branch_labels", labels);
	set_value("depends_on", deps);
	set_value("create_date", "2026-11-22 11:40:27.089406+00");
	set_value("upgrades", upgrades);
	set_value("downgrades", downgrades);
	if (!mig_render_template(mig_default_template(), &known, &values, &result, &report) ||
		!mig_revscript_parse(result, strlen(result), true, &script, &report))
	{
		ok(false, name);
		diag("error:", report.message);
		return;
	}
	if (!ok(strcmp(script.revision.message, line) == 0 &&
			strcmp(script.revision.id, id) == 0 &&
			strcmp(mig_name_list_join(&script.revision.down_revision), down) == 0 &&
			strcmp(mig_name_list_join(&script.revision.branch_labels), labels) == 0 &&
			strcmp(mig_name_list_join(&script.revision.depends_on), deps) == 0 &&
			strcmp(script.revision.create_date, "2026-11-22 11:40:27.089406+00") == 0 &&
			script.upgrade.present && script.downgrade.present &&
			strstr(pnstrdup(result + script.upgrade.start, script.upgrade.len), upgrades) != NULL &&
			strstr(pnstrdup(result + script.downgrade.start, script.downgrade.len), downgrades) != NULL, name))
		diag("text:", result);
}

/* Texts of characters that mean something somewhere. */
static void
test_random_messages(void)
{
	static const char *const pieces[] = {
		"-", "--", ":", " ", "a", "Revises", "migrate", "up", "\n", "/*", "*/", "'", "$", "${", "}", "\\", ",",
		"depends on", "x", "\xc3\xa4", "branch", "\t", "?", "#"
	};
	uint32		seed = 42;
	int			naccepted = 0;
	bool		same = true;
	int			i,
				j;

	for (i = 0; i < 20000; i++)
	{
		StringInfoData buf;
		MigRevisionScript script;
		char	   *line;
		char	   *result;

		initStringInfo(&buf);
		for (j = 0; j < 6; j++)
		{
			seed = seed * 1103515245 + 12345;
			appendStringInfoString(&buf, pieces[(seed >> 16) % lengthof(pieces)]);
		}
		if (!mig_message_line(buf.data, &line, &report))
			continue;
		naccepted++;
		values.names[0] = line;
		if (!mig_render_template(mig_default_template(), &known, &values, &result, &report) ||
			!mig_revscript_parse(result, strlen(result), true, &script, &report) ||
			strcmp(script.revision.message, line) != 0)
		{
			same = false;
			diag("message:", line);
		}
	}
	ok(same && naccepted > 10000, "random messages come back");
}

static void
test_default_template(void)
{
	char	   *result;

	round_trip("create account", "1975ea83b712", "ae1027a6acf", "", "", "CREATE TABLE t ();", "DROP TABLE t;", "a revision");
	mig_render_template(mig_default_template(), &known, &values, &result, &report);
	is(result,
	   "-- create account\n"
	   "--\n"
	   "-- Revision ID: 1975ea83b712\n"
	   "-- Revises: ae1027a6acf\n"
	   "-- Create Date: 2026-11-22 11:40:27.089406+00\n"
	   "\n"
	   "-- migrate:upgrade\n"
	   "CREATE TABLE t ();\n"
	   "\n"
	   "-- migrate:downgrade\n"
	   "DROP TABLE t;\n", "its text");
	round_trip("", "x", "", "", "", "", "", "an empty base without message");
	mig_render_template(mig_default_template(), &known, &values, &result, &report);
	is(result,
	   "--\n"
	   "--\n"
	   "-- Revision ID: x\n"
	   "-- Revises:\n"
	   "-- Create Date: 2026-11-22 11:40:27.089406+00\n"
	   "\n"
	   "-- migrate:upgrade\n"
	   "\n"
	   "-- migrate:downgrade\n", "its text");
	round_trip("join\nthem", "m 1/2", "a, b c", "l-x, \xc3\xa4", "d, e", "SELECT '${x}';\nSELECT 2;", "SELECT $$\n$$;", "a merge with everything");
	test_random_messages();
}

int
main(void)
{
	test_file_names();
	test_render();
	test_messages();
	test_default_template();
	return done_testing();
}
