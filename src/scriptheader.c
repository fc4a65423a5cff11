/*-------------------------------------------------------------------------
 *
 * scriptheader.c
 *	  The header of a revision script.
 *
 * The header is the line comments before the first section.  Its first
 * paragraph is the message; the fields have Alembic's names.
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
#include "revision.h"
#include "scriptheader.h"
#include "sqlscan.h"

/* The text of a line comment without its dashes and outer blanks. */
void
mig_comment_content(const char *text, const MigToken *token, const char **content, size_t *len)
{
	const char *start = text + token->start + 2;
	const char *end = text + token->start + token->len;

	while (start < end && mig_is_space(*start))
		start++;
	while (end > start && mig_is_space(end[-1]))
		end--;
	*content = start;
	*len = end - start;
}

/* Begin to read a header into *revision, which is all zeros. */
void
mig_header_begin(MigHeaderParser *parser, const char *text, MigRevision *revision, MigReport *report)
{
	MemSet(parser, 0, sizeof(MigHeaderParser));
	parser->text = text;
	parser->revision = revision;
	parser->report = report;
	initStringInfo(&parser->message);
}

/* The header is over, or the whole script. */
void
mig_header_end(MigHeaderParser *parser)
{
	parser->revision->message = parser->message.data;
}

/*
 * If the comment is "<field>: value", step to the value.  The case of the
 * field's name does not matter.
 */
static bool
match_field(const char **content, size_t *len, const char *field)
{
	size_t		field_len = strlen(field);
	const char *p = *content + field_len;
	const char *end = *content + *len;

	if (*len < field_len || pg_strncasecmp(*content, field, field_len) != 0)
		return false;
	while (p < end && mig_is_space(*p))
		p++;
	if (p == end || *p != ':')
		return false;
	for (p++; p < end && mig_is_space(*p);)
		p++;
	*content = p;
	*len = end - p;
	return true;
}

/* An error with its line. */
static bool
header_error(MigHeaderParser *parser, int line, const char *what, const char *hint)
{
	mig_report(parser->report, ERRCODE_MIG_MALFORMED_SCRIPT, "%s", what);
	mig_report_detail(parser->report, "The header says so on line %d.", line);
	return mig_report_hint(parser->report, "%s", hint);
}

/* Read a comma-separated field into a list; check each name. */
static bool
parse_name_list(MigHeaderParser *parser, const MigToken *token, const char *field, bool *seen,
				const char *value, size_t len, MigNameList *list,
				bool (*check) (const char *, MigReport *))
{
	int			i;

	if (*seen)
		return header_error(parser, token->line, psprintf("field \"%s\" is given twice", field),
							"Write all names on one line, with a comma between them.");
	*seen = true;
	if (!mig_name_list_split(list, value, len))
		return header_error(parser, token->line, psprintf("field \"%s\" has an empty name", field),
							"Write one comma between two names, and none at the end.");
	for (i = 0; i < list->count; i++)
	{
		if (!check(list->names[i], parser->report))
			return mig_report_detail(parser->report, "Field \"%s\" on line %d names it.", field, token->line);
	}
	return true;
}

/* Read the field that a script cannot do without. */
static bool
parse_revision_id(MigHeaderParser *parser, const MigToken *token, const char *value, size_t len)
{
	MigRevision *revision = parser->revision;

	if (revision->id != NULL)
		return header_error(parser, token->line, "field \"Revision ID\" is given twice",
							"A file has one revision; put the other one in a file of its own.");
	revision->id = pnstrdup(value, len);
	if (!mig_check_revision_id(revision->id, parser->report))
	{
		if (parser->report->detail == NULL)
			mig_report_detail(parser->report, "Field \"Revision ID\" on line %d says so.", token->line);
		return false;
	}
	return true;
}

/*
 * A misspelt field would be taken for prose, and its script for a new base:
 * so what looks like a field after the message must be one.
 */
static bool
check_misspelt_field(MigHeaderParser *parser, const MigToken *token, const char *content, size_t len)
{
	static const char *const lookalikes[] = {"revis", "down", "branch", "depend"};
	const char *colon = memchr(content, ':', len);
	int			i;

	if (!parser->message_done || colon == NULL)
		return true;
	for (i = 0; i < lengthof(lookalikes); i++)
	{
		if (len >= strlen(lookalikes[i]) &&
			pg_strncasecmp(content, lookalikes[i], strlen(lookalikes[i])) == 0)
		{
			mig_report(parser->report, ERRCODE_MIG_MALFORMED_SCRIPT,
					   "unrecognized header field \"%.*s\"", (int) (colon - content), content);
			mig_report_detail(parser->report, "It is on line %d.", token->line);
			return mig_report_hint(parser->report,
								   "The fields are \"Revision ID\", \"Revises\", \"Branch Labels\", \"Depends On\" and \"Create Date\".");
		}
	}
	return true;
}

/*
 * Read one line comment of the header.
 *
 * Returns false with MG005 in the parser's report.
 */
bool
mig_header_comment(MigHeaderParser *parser, const MigToken *token)
{
	MigRevision *revision = parser->revision;
	const char *content;
	size_t		len;

	mig_comment_content(parser->text, token, &content, &len);

	/* the message is the first paragraph of the comments */
	if (parser->message.len > 0 && (len == 0 || token->line > parser->last_comment_line + 1))
		parser->message_done = true;
	parser->last_comment_line = token->line;
	if (len == 0)
		return true;

	if (match_field(&content, &len, "Revision ID"))
	{
		parser->message_done = true;
		return parse_revision_id(parser, token, content, len);
	}
	if (match_field(&content, &len, "Revises"))
	{
		parser->message_done = true;
		if (len == strlen("<base>") && strncmp(content, "<base>", len) == 0)
			len = 0;
		return parse_name_list(parser, token, "Revises", &parser->seen_revises, content, len,
							   &revision->down_revision, mig_check_revision_id);
	}
	if (match_field(&content, &len, "Branch Labels"))
	{
		parser->message_done = true;
		return parse_name_list(parser, token, "Branch Labels", &parser->seen_labels, content, len,
							   &revision->branch_labels, mig_check_branch_label);
	}
	if (match_field(&content, &len, "Depends On"))
	{
		parser->message_done = true;
		return parse_name_list(parser, token, "Depends On", &parser->seen_depends, content, len,
							   &revision->depends_on, mig_check_dependency);
	}
	if (match_field(&content, &len, "Create Date"))
	{
		parser->message_done = true;
		revision->create_date = len > 0 ? pnstrdup(content, len) : NULL;
		return true;
	}
	if (!check_misspelt_field(parser, token, content, len))
		return false;
	if (!parser->message_done)
		appendStringInfo(&parser->message, "%s%.*s", parser->message.len > 0 ? " " : "", (int) len, content);
	return true;
}
