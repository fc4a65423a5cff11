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
 * form stands for both.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>

#include "deparsed.h"
#include "lib/stringinfo.h"

#define ARRAY_START "ARRAY["

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

/* The next place that matters: past a quoted text as a whole. */
static const char *
skip_one(const char *start, const char *p)
{
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
	const char *element = p + strlen(ARRAY_START);
	const char *end = element;
	size_t		length;

	do
	{
		end = simple_element_end(start, *end == ',' ? end + 2 : end);
	} while (end && *end == ',' && end[1] == ' ');
	if (end == NULL || *end != ']')
		return NULL;
	length = array_cast_length(end + 1);
	if (length == 0)
		return NULL;
	appendStringInfoString(buf, ARRAY_START);
	for (;;)
	{
		const char *element_end = simple_element_end(start, element);

		appendBinaryStringInfo(buf, element, element_end - element);
		/* without its brackets */
		appendBinaryStringInfo(buf, end + 1, length - 2);
		if (*element_end == ']')
			break;
		appendStringInfoString(buf, ", ");
		element = element_end + 2;
	}
	appendStringInfoChar(buf, ']');
	return end + 1 + length;
}

/* An expression, or a statement, as the deparser prints it in its pretty form. */
const char *
mig_lasting_form(const char *text)
{
	StringInfoData buf;
	const char *p = text;

	if (text == NULL || strstr(text, "]::") == NULL)
		return text;
	initStringInfo(&buf);
	while (*p)
	{
		const char *next = NULL;

		if (strncmp(p, ARRAY_START, strlen(ARRAY_START)) == 0)
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
