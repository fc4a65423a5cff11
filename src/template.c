/*-------------------------------------------------------------------------
 *
 * template.c
 *	  What a new revision script is called, and what is in it.
 *
 * A template is text with placeholders:
 *
 *		${name}		the value of that name
 *		${name?}	the same, but if the value is empty its whole line is
 *					left out
 *		$${			"${" itself
 *
 * Three rules make what comes out tidy, and safe to parse:
 *
 * - A line that consists of one placeholder is left out if its value is
 *   empty, with or without question mark; and a line end that its value ends
 *   in is not doubled.
 *
 * - Blanks that an empty value leaves at the end of a line are removed.
 *
 * - In a line that begins with "--" line ends within a value become blanks, so
 *   that a value cannot end the comment that it is in.
 *
 * A value is not searched for placeholders.
 *
 *-------------------------------------------------------------------------
 */
#ifdef FRONTEND
#include "postgres_fe.h"
#else
#include "postgres.h"
#endif

#include "errcodes.h"
#include "lib/stringinfo.h"
#include "purecore.h"
#include "report.h"
#include "revscript.h"
#include "template.h"

/* ----------
 * File names
 * ----------
 */

#define FILE_SUFFIX		".sql"
#define MAX_FIELD_WIDTH	20

/* A token of a file name, as "%(name).2d". */
typedef struct FileToken
{
	const char *start;			/* of the name */
	size_t		len;
	int			min_digits;
	char		conversion;		/* 's' or 'd' */
} FileToken;

/* The error of what looks like a token but is none. */
static bool
file_template_error(const char *file_template, const char *p, MigReport *report)
{
	mig_report(report, ERRCODE_INVALID_PARAMETER_VALUE, "invalid file template \"%s\"", file_template);
	mig_report_detail(report, "\"%s\" does not begin with a valid token.", p);
	return mig_report_hint(report, "A token is written like %%(rev)s, %%(year)d, %%(month).2d or %%(day)02d, and a percent sign %%%%.");
}

/* Read a number of at most two digits. */
static int
small_number(const char **p)
{
	int			n = 0;
	int			i;

	for (i = 0; i < 2 && **p >= '0' && **p <= '9'; i++)
		n = n * 10 + *(*p)++ - '0';
	return n;
}

/*
 * At a percent sign: read a token of Python's "%(name)s" kind and step behind
 * it.  Only zeros are padded with, so that a width without 0 is refused.
 */
static bool
parse_file_token(const char **position, FileToken *token)
{
	const char *p = *position + 1;
	const char *end;

	if (*p != '(' || (end = strchr(p, ')')) == NULL)
		return false;
	token->start = p + 1;
	token->len = end - token->start;
	token->min_digits = 0;
	p = end + 1;
	if (*p == '.' || *p == '0')
	{
		p++;
		token->min_digits = small_number(&p);
	}
	token->conversion = *p;
	*position = p + 1;
	return token->conversion == 'd' ||
		(token->conversion == 's' && token->min_digits == 0 && p == end + 1);
}

/* Append a number, with zeros before it. */
static void
append_padded(StringInfo buf, int64 number, int min_digits)
{
	appendStringInfo(buf, "%0*lld", Min(min_digits, MAX_FIELD_WIDTH), (long long) number);
}

/* Is it the token of this name? */
static bool
token_is(const FileToken *token, const char *name)
{
	return token->len == strlen(name) && memcmp(token->start, name, token->len) == 0;
}

/*
 * Append the value of a token.  Returns false if there is no such token, or
 * if it is a text and a number is asked for.
 */
static bool
append_file_token(StringInfo buf, const FileToken *token, const char *revision, const char *slug,
				  const MigFileTime *file_time, bool *known)
{
	const char *text = NULL;
	int64		number = 0;

	*known = true;
	if (token_is(token, "rev"))
		text = revision;
	else if (token_is(token, "slug"))
		text = slug;
	else if (token_is(token, "epoch"))
		number = file_time->epoch;
	else if (token_is(token, "year"))
		number = file_time->year;
	else if (token_is(token, "month"))
		number = file_time->month;
	else if (token_is(token, "day"))
		number = file_time->day;
	else if (token_is(token, "hour"))
		number = file_time->hour;
	else if (token_is(token, "minute"))
		number = file_time->minute;
	else if (token_is(token, "second"))
		number = file_time->second;
	else
	{
		*known = false;
		return false;
	}

	if (text == NULL)
		append_padded(buf, number, token->min_digits);
	else if (token->conversion == 's')
		appendStringInfoString(buf, text);
	return text == NULL || token->conversion == 's';
}

/* The error of a token whose name is not known. */
static bool
unknown_file_token(const char *file_template, const FileToken *token, MigReport *report)
{
	mig_report(report, ERRCODE_INVALID_PARAMETER_VALUE,
			   "unrecognized token \"%%(%.*s)\" in file template", (int) token->len, token->start);
	mig_report_detail(report, "The file template is \"%s\".", file_template);
	return mig_report_hint(report, "The tokens are rev, slug, epoch, year, month, day, hour, minute and second.");
}

/* Does the path stay below the directory that it is in? */
static bool
check_file_name(const char *path, const char *file_template, MigReport *report)
{
	const char *problem = NULL;
	const char *component = path;
	const char *p;

	for (p = path; *p && problem == NULL; p++)
	{
		if ((unsigned char) *p < ' ' || *p == 0x7F)
			problem = "It contains a control character.";
		else if (*p == '\\')
			problem = "It contains a backslash.";
	}
	if (problem == NULL && path[0] == '/')
		problem = "It is an absolute path.";
	while (problem == NULL && component != NULL)
	{
		const char *slash = strchr(component, '/');
		size_t		len = slash ? (size_t) (slash - component) : strlen(component);

		if (len == 0)
			problem = "A component of it is empty.";
		else if (strspn(component, ".") >= len && len <= 2)
			problem = "A component of it is \".\" or \"..\".";
		component = slash ? slash + 1 : NULL;
	}
	if (problem == NULL)
		return true;
	mig_report(report, ERRCODE_INVALID_PARAMETER_VALUE, "invalid file name \"%s\"", path);
	mig_report_detail(report, "%s The file template is \"%s\".", problem, file_template);
	return mig_report_hint(report, "Change migrate.file_template, or choose another message or revision id.");
}

/*
 * The name of a new revision script, relative to its version location, by a
 * template with Alembic's tokens.  It may contain slashes.  ".sql" is
 * appended, unless the template ends so.
 *
 * Returns false, with 22023 in *report, if the template is invalid or the
 * name would not be one below the version location.
 */
bool
mig_file_name(const char *file_template, const char *revision, const char *slug,
			  const MigFileTime *file_time, char **result, MigReport *report)
{
	StringInfoData buf;
	const char *p = file_template;
	size_t		template_len = strlen(file_template);
	size_t		suffix_len = strlen(FILE_SUFFIX);

	initStringInfo(&buf);
	while (*p)
	{
		const char *start = p;
		FileToken	token;
		bool		known;

		if (*p != '%' || p[1] == '%')
		{
			appendStringInfoChar(&buf, *p);
			p += *p == '%' ? 2 : 1;
			continue;
		}
		if (!parse_file_token(&p, &token))
			return file_template_error(file_template, start, report);
		if (!append_file_token(&buf, &token, revision, slug, file_time, &known))
			return known ? file_template_error(file_template, start, report) :
				unknown_file_token(file_template, &token, report);
	}
	if (!check_file_name(buf.data, file_template, report))
		return false;
	if (template_len <= suffix_len || strcmp(file_template + template_len - suffix_len, FILE_SUFFIX) != 0)
		appendStringInfoString(&buf, FILE_SUFFIX);
	*result = buf.data;
	return true;
}

/* ----------
 * Messages
 * ----------
 */

/*
 * A message as the header of a script can hold it: on one line, without
 * blanks around it.  The parser of scripts says whether it is understood as
 * a message; "Revises: x" would not be.
 *
 * Returns false, with 22023 in *report, if it is not.
 */
bool
mig_message_line(const char *message, char **result, MigReport *report)
{
	MigRevisionScript script;
	MigReport	inner;
	StringInfoData line;
	char	   *text;
	const char *p;
	bool		understood;

	initStringInfo(&line);
	for (p = message; *p; p++)
	{
		bool		is_blank = (unsigned char) *p <= ' ' || *p == 0x7F;

		if (!is_blank)
			appendStringInfoChar(&line, *p);
		else if (line.len > 0 && line.data[line.len - 1] != ' ')
			appendStringInfoChar(&line, ' ');
	}
	while (line.len > 0 && line.data[line.len - 1] == ' ')
		line.data[--line.len] = '\0';

	text = psprintf("-- %s\n--\n-- Revision ID: x\n-- migrate:upgrade\n", line.data);
	understood = mig_revscript_parse(text, strlen(text), true, &script, &inner) &&
		strcmp(script.revision.message, line.data) == 0;
	pfree(text);
	*result = line.data;
	if (understood)
		return true;
	mig_report(report, ERRCODE_INVALID_PARAMETER_VALUE, "invalid message \"%s\"", line.data);
	mig_report_detail(report, "In the header of a revision script it would not be read as a message.");
	return mig_report_hint(report, "Begin it with another word.");
}

/* ----------
 * Scripts
 * ----------
 */

/* One line of a template, while it is rendered. */
typedef struct LineState
{
	const char *start;
	const char *end;			/* of the line, its line end excluded */
	int			number;
	bool		is_comment;
	bool		dropped;		/* an optional value on it is empty */
	bool		ends_empty;		/* its last placeholder has no value */
	bool		only_placeholder;
} LineState;

static const char *const default_template =
"-- ${message}\n"
"--\n"
"-- Revision ID: ${up_revision}\n"
"-- Revises: ${down_revision}\n"
"-- Branch Labels: ${branch_labels?}\n"
"-- Depends On: ${depends_on?}\n"
"-- Create Date: ${create_date}\n"
"\n"
"-- migrate:upgrade\n"
"${upgrades}\n"
"\n"
"-- migrate:downgrade\n"
"${downgrades}\n";

/* The template that is used where the script location has none. */
const char *
mig_default_template(void)
{
	return default_template;
}

/* A blank within a line; a carriage return is part of the line's end. */
static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* The error of a placeholder whose name is not known. */
static bool
unknown_placeholder(const LineState *line, const char *name, size_t len, const MigNameList *names, MigReport *report)
{
	char	   *known = mig_name_list_join(names);

	mig_report(report, ERRCODE_MIG_MALFORMED_SCRIPT,
			   "unrecognized placeholder \"${%.*s}\" in template", (int) len, name);
	mig_report_detail(report, "It is on line %d.", line->number);
	mig_report_hint(report, "The placeholders are %s. Write $${ for the characters ${ themselves.", known);
	pfree(known);
	return false;
}

/* The value of a name, or NULL. */
static const char *
lookup_value(const MigNameList *names, const MigNameList *values, const char *name, size_t len)
{
	int			i;

	for (i = 0; i < names->count; i++)
	{
		if (strlen(names->names[i]) == len && memcmp(names->names[i], name, len) == 0)
			return values->names[i];
	}
	return NULL;
}

/* Append a value as its line can take it. */
static void
append_value(StringInfo buf, LineState *line, const char *value)
{
	size_t		len = strlen(value);
	size_t		i;

	line->ends_empty = len == 0;
	if (line->only_placeholder)
	{
		line->dropped |= len == 0;
		while (len > 0 && (value[len - 1] == '\n' || value[len - 1] == '\r'))
			len--;
	}
	for (i = 0; i < len; i++)
	{
		bool		is_line_end = value[i] == '\n' || value[i] == '\r';

		appendStringInfoChar(buf, line->is_comment && is_line_end ? ' ' : value[i]);
	}
}

/* At "${": append the value and step behind the closing brace. */
static bool
render_placeholder(StringInfo buf, LineState *line, const char **position,
				   const MigNameList *names, const MigNameList *values, MigReport *report)
{
	const char *name = *position + 2;
	const char *brace = memchr(name, '}', line->end - name);
	const char *stop = brace;
	const char *value;
	bool		optional;

	if (brace == NULL)
	{
		mig_report(report, ERRCODE_MIG_MALFORMED_SCRIPT, "placeholder in template has no end");
		mig_report_detail(report, "A \"${\" on line %d has no \"}\".", line->number);
		return mig_report_hint(report, "Write $${ for the characters ${ themselves.");
	}
	while (name < stop && is_blank(*name))
		name++;
	while (stop > name && is_blank(stop[-1]))
		stop--;
	optional = stop > name && stop[-1] == '?';
	if (optional)
		stop--;
	value = lookup_value(names, values, name, stop - name);
	if (value == NULL)
		return unknown_placeholder(line, name, stop - name, names, report);
	line->dropped |= optional && value[0] == '\0';
	append_value(buf, line, value);
	*position = brace + 1;
	return true;
}

/* Find out what matters about a line before its placeholders are replaced. */
static void
begin_line(LineState *line, const char *start, int number)
{
	const char *newline = strchr(start, '\n');
	const char *first = start;
	const char *last;
	const char *brace;

	MemSet(line, 0, sizeof(LineState));
	line->start = start;
	line->end = newline ? newline : start + strlen(start);
	line->number = number;
	while (first < line->end && is_blank(*first))
		first++;
	for (last = line->end; last > first && is_blank(last[-1]);)
		last--;
	line->is_comment = last - first >= 2 && first[0] == '-' && first[1] == '-';
	if (last - first > 2 && first[0] == '$' && first[1] == '{')
	{
		brace = memchr(first, '}', last - first);
		line->only_placeholder = brace == last - 1;
	}
}

/* Append one line, without its line end. */
static bool
render_line(StringInfo buf, LineState *line, const MigNameList *names, const MigNameList *values, MigReport *report)
{
	const char *p = line->start;

	while (p < line->end)
	{
		if (line->end - p >= 3 && memcmp(p, "$${", 3) == 0)
		{
			appendStringInfoString(buf, "${");
			p += 3;
			line->ends_empty = false;
		}
		else if (line->end - p >= 2 && memcmp(p, "${", 2) == 0)
		{
			if (!render_placeholder(buf, line, &p, names, values, report))
				return false;
		}
		else
		{
			line->ends_empty &= is_blank(*p);
			appendStringInfoChar(buf, *p++);
		}
	}
	return true;
}

/* Remove the blanks after which nothing came, but not a carriage return. */
static void
trim_line(StringInfo buf, int line_start)
{
	bool		carriage_return = buf->len > line_start && buf->data[buf->len - 1] == '\r';

	while (buf->len > line_start && is_blank(buf->data[buf->len - 1]))
		buf->data[--buf->len] = '\0';
	if (carriage_return)
		appendStringInfoChar(buf, '\r');
}

/*
 * Replace the placeholders of a template; the rules are at the top of this
 * file.  values has one entry for each of names.
 *
 * Returns false, with MG005 in *report, if the template is malformed.
 */
bool
mig_render_template(const char *text, const MigNameList *names, const MigNameList *values,
					char **result, MigReport *report)
{
	StringInfoData buf;
	const char *p = text;
	int			number = 0;

	initStringInfo(&buf);
	while (*p)
	{
		LineState	line;
		int			line_start = buf.len;

		begin_line(&line, p, ++number);
		if (!render_line(&buf, &line, names, values, report))
			return false;
		p = line.end + (*line.end == '\n' ? 1 : 0);
		if (line.dropped)
		{
			buf.len = line_start;
			buf.data[buf.len] = '\0';
			continue;
		}
		if (line.ends_empty)
			trim_line(&buf, line_start);
		if (*line.end == '\n')
			appendStringInfoChar(&buf, '\n');
	}
	*result = buf.data;
	return true;
}
