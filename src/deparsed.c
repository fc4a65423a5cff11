/*-------------------------------------------------------------------------
 *
 * deparsed.c
 *	  Expressions as the deparser prints them, in a form that lasts.
 *
 * What the deparser prints of an expression is not always what it would print
 * after the parser has read that again.  The common case is a list of strings,
 * v IN ('a', 'b'), for a column of type varchar: the array is converted as a
 * whole, ARRAY['a'::character varying, ...]::text[], but the parser, reading
 * this, converts each element, ARRAY['a'::character varying::text, ...].  Both
 * are the same expression; an object that was made by IN, and one that was made
 * of its printed form, as a restored dump is, must not differ.  So the second
 * form stands for both.  Bodies of functions are printed with all parentheses,
 * (ARRAY['a'::character varying, ...])::text[]; there, each element gets its own.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>

#include "deparsed.h"
#include "lib/stringinfo.h"

#define ARRAY_START "ARRAY["

/* What is printed only of what was never read from a printed form. */
static const char *const fleeting[][2] = {
	{"(VALUES (", "( VALUES ("},	/* of a view that is nothing else */
	{" ON TRUE", " ON true"}	/* of a natural join without common columns */
};

/* The end of a quoted text that begins at p. */
static const char *
skip_quoted(const char *p)
{
	char		quote = *p++;

	while (*p && (*p != quote || p[1] == quote))
		p += *p == quote ? 2 : 1;
	return *p ? p + 1 : p;
}

/* Does an escape string begin at p?  Its end is found by other rules. */
static bool
is_escape_string(const char *start, const char *p)
{
	return *p == 'E' && p[1] == '\'' && (p == start || !(isalnum((unsigned char) p[-1]) || p[-1] == '_'));
}

static const char *
skip_escape_string(const char *p)
{
	for (p += 2; *p; p++)
	{
		if (*p == '\\' && p[1])
			p++;
		else if (*p == '\'' && p[1] == '\'')
			p++;
		else if (*p == '\'')
			return p + 1;
	}
	return p;
}

/* The end of what is quoted with dollars at p, or NULL if it is a parameter. */
static const char *
skip_dollar_quoted(const char *p)
{
	const char *end = p + 1;
	char	   *tag;

	while (isalnum((unsigned char) *end) || *end == '_' || IS_HIGHBIT_SET(*end))
		end++;
	if (*end != '$' || isdigit((unsigned char) p[1]))
		return NULL;
	tag = pnstrdup(p, end + 1 - p);
	end = strstr(end + 1, tag);
	return end ? end + strlen(tag) : p + strlen(p);
}

/* The next place that matters: past a quoted text as a whole. */
static const char *
skip_one(const char *start, const char *p)
{
	const char *end = *p == '$' ? skip_dollar_quoted(p) : NULL;

	if (end)
		return end;
	if (*p == '\'' || *p == '"')
		return skip_quoted(p);
	if (is_escape_string(start, p))
		return skip_escape_string(p);
	return p + 1;
}

/*
 * The end of an element of an array to which a cast can be appended as it is:
 * a constant or a name, with casts.  NULL if it is anything else.
 */
static const char *
simple_element_end(const char *start, const char *p)
{
	const char *element = p;
	bool		cast = false;

	while (*p && *p != ',' && *p != ']')
	{
		if (*p == '\'' || *p == '"' || is_escape_string(start, p))
		{
			p = skip_one(start, p);
			continue;
		}
		if (*p == ':' && p[1] == ':')
		{
			cast = true;
			p += 2;
			continue;
		}
		/* names of types have blanks: "character varying" */
		if (!isalnum((unsigned char) *p) && *p != '_' && *p != '.' && !(cast && *p == ' ') &&
			!IS_HIGHBIT_SET(*p))
			return NULL;
		p++;
	}
	return *p && p > element ? p : NULL;
}

/* The length of a cast to an array type at p, "::text[]"; 0 if there is none. */
static size_t
array_cast_length(const char *p)
{
	const char *start = p;

	if (p[0] != ':' || p[1] != ':')
		return 0;
	for (p += 2; *p && *p != '['; p++)
	{
		if (*p == '"')
			p = skip_quoted(p) - 1;
		else if (!isalnum((unsigned char) *p) && strchr("_. (),", *p) == NULL && !IS_HIGHBIT_SET(*p))
			return 0;
	}
	return p[0] == '[' && p[1] == ']' && p[2] != '[' ? p + 2 - start : 0;
}

/*
 * If an array of simple elements that is cast as a whole begins at p, append it
 * with its elements cast, and return its end; else return NULL.
 */
static const char *
cast_elements(StringInfo buf, const char *start, const char *p)
{
	bool		parentheses = *p == '(';
	const char *element = p + strlen(ARRAY_START) + parentheses;
	const char *end = element;
	const char *cast;
	size_t		length;

	do
	{
		end = simple_element_end(start, *end == ',' ? end + 2 : end);
	} while (end && *end == ',' && end[1] == ' ');
	if (end == NULL || *end != ']' || (parentheses && end[1] != ')'))
		return NULL;
	cast = end + 1 + parentheses;
	length = array_cast_length(cast);
	if (length == 0)
		return NULL;
	appendStringInfoString(buf, ARRAY_START);
	for (;;)
	{
		const char *element_end = simple_element_end(start, element);

		if (parentheses)
			appendStringInfoChar(buf, '(');
		appendBinaryStringInfo(buf, element, element_end - element);
		if (parentheses)
			appendStringInfoChar(buf, ')');
		/* without its brackets */
		appendBinaryStringInfo(buf, cast, length - 2);
		if (*element_end == ']')
			break;
		appendStringInfoString(buf, ", ");
		element = element_end + 2;
	}
	appendStringInfoChar(buf, ']');
	return cast + length;
}

/* If something fleeting begins at p, append what lasts, and return its end. */
static const char *
replace_fleeting(StringInfo buf, const char *p)
{
	int			i;

	for (i = 0; i < lengthof(fleeting); i++)
	{
		if (strncmp(p, fleeting[i][0], strlen(fleeting[i][0])) == 0)
		{
			appendStringInfoString(buf, fleeting[i][1]);
			return p + strlen(fleeting[i][0]);
		}
	}
	return NULL;
}

/* Has the text anything that may have to be replaced? */
static bool
is_suspicious(const char *text)
{
	int			i;

	for (i = 0; i < lengthof(fleeting); i++)
	{
		if (strstr(text, fleeting[i][0]))
			return true;
	}
	return strstr(text, ARRAY_START) != NULL;
}

/* An expression, or a statement, as the deparser prints it. */
const char *
mig_lasting_form(const char *text)
{
	StringInfoData buf;
	const char *p = text;

	if (text == NULL || !is_suspicious(text))
		return text;

	initStringInfo(&buf);
	while (*p)
	{
		const char *next = replace_fleeting(&buf, p);

		if (strncmp(p, ARRAY_START, strlen(ARRAY_START)) == 0 ||
			(*p == '(' && strncmp(p + 1, ARRAY_START, strlen(ARRAY_START)) == 0))
			next = cast_elements(&buf, text, p);
		if (next == NULL)
		{
			next = skip_one(text, p);
			appendBinaryStringInfo(&buf, p, next - p);
		}
		p = next;
	}
	return buf.data;
}
