/*-------------------------------------------------------------------------
 *
 * namepattern.c
 *	  Patterns of object names: migrate.include, migrate.exclude.
 *
 * A pattern is [type:][schema.]name, in which "*" stands for any characters
 * and "?" for any one; as in psql's patterns, but names are matched as they
 * are stored, and nothing is folded.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "namepattern.h"

/* Does the text match the pattern? */
static bool
glob_matches(const char *pattern, const char *text)
{
	const char *star = NULL;
	const char *retry = NULL;

	while (*text)
	{
		if (*pattern == '*')
		{
			star = ++pattern;
			retry = text;
		}
		else if (*pattern == '?')
		{
			pattern++;
			text += pg_mblen(text);
		}
		else if (*pattern == *text)
		{
			pattern++;
			text++;
		}
		else if (star)
		{
			pattern = star;
			retry += pg_mblen(retry);
			text = retry;
		}
		else
			return false;
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

/* Cut blanks off both ends, in place. */
static char *
trim(char *text)
{
	char	   *end;

	while (isspace((unsigned char) *text))
		text++;
	end = text + strlen(text);
	while (end > text && isspace((unsigned char) end[-1]))
		*--end = '\0';
	return text;
}

/* One pattern of the list. */
static void
parse_pattern(const char *setting, char *text, MigNamePattern *pattern)
{
	char	   *colon;
	char	   *dot;

	text = trim(text);
	colon = strchr(text, ':');
	if (colon)
	{
		*colon = '\0';
		pattern->type = trim(text);
		text = trim(colon + 1);
	}
	dot = strchr(text, '.');
	if (dot)
	{
		*dot = '\0';
		pattern->schema = text;
		text = dot + 1;
	}
	pattern->name = text;
	if (text[0] == '\0' || (pattern->type && pattern->type[0] == '\0') ||
		(pattern->schema && pattern->schema[0] == '\0'))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value of \"%s\"", setting),
				 errdetail("A pattern has no name, or an empty type or schema."),
				 errhint("Write a comma-separated list of patterns, each as [type:][schema.]name, such as \"audit.*, view:*_legacy\".")));
}

/*
 * Parse the value of a setting, whose name is for messages.
 */
const MigNamePatterns *
mig_parse_name_patterns(const char *setting, const char *text)
{
	MigNamePatterns *patterns = palloc0(sizeof(MigNamePatterns));
	char	   *copy = pstrdup(text);
	char	   *next;

	if (trim(copy)[0] == '\0')
		return patterns;
	patterns->items = palloc0(sizeof(MigNamePattern) * (strlen(copy) + 1));
	for (; copy; copy = next)
	{
		next = strchr(copy, ',');
		if (next)
			*next++ = '\0';
		parse_pattern(setting, copy, &patterns->items[patterns->count++]);
	}
	return patterns;
}

/* Does the object, in a schema or (NULL) in none, match one of the patterns? */
bool
mig_name_matches(const MigNamePatterns *patterns, const char *type, const char *schema, const char *name)
{
	int			i;

	for (i = 0; i < patterns->count; i++)
	{
		const MigNamePattern *pattern = &patterns->items[i];

		if ((pattern->type == NULL || glob_matches(pattern->type, type)) &&
			(pattern->schema == NULL || glob_matches(pattern->schema, schema ? schema : "")) &&
			glob_matches(pattern->name, name))
			return true;
	}
	return false;
}
