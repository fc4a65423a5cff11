/*-------------------------------------------------------------------------
 *
 * options.c
 *	  Lists of options: of sequences, relations, foreign objects.
 *
 * The queries print lists of options sorted by name and separated by ", ";
 * values with anything but letters and digits in them are quoted.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "options.h"

/* ----------
 * Sequences
 * ----------
 */

/* The default bounds of a sequence, which go by type and direction. */
static void
default_bounds(const char *type, bool ascending, const char **minimum, const char **maximum)
{
	bool		is_small = strcmp(type, "smallint") == 0;
	bool		is_integer = strcmp(type, "integer") == 0;

	*minimum = ascending ? "1" : is_small ? "-32768" : is_integer ? "-2147483648" : "-9223372036854775808";
	*maximum = !ascending ? "-1" : is_small ? "32767" : is_integer ? "2147483647" : "9223372036854775807";
}

/* Append an option unless it has its default value. */
static void
append_option(StringInfo buf, const MigFact *fact, const char *attribute, const char *words, const char *usual)
{
	const char *value = mig_value(fact, attribute);

	if (value && strcmp(value, usual) != 0)
		appendStringInfo(buf, " %s %s", words, value);
}

/*
 * Append the options of a sequence, or of an identity column, that are not
 * what they would be anyway; each with a blank before it.  Type is that of
 * its values.
 */
void
mig_append_sequence_options(StringInfo buf, const MigFact *fact, const char *type)
{
	const char *increment = mig_value(fact, "increment");
	bool		ascending = increment == NULL || increment[0] != '-';
	const char *minimum;
	const char *maximum;

	default_bounds(type, ascending, &minimum, &maximum);
	append_option(buf, fact, "increment", "INCREMENT BY", "1");
	append_option(buf, fact, "minimum", "MINVALUE", minimum);
	append_option(buf, fact, "maximum", "MAXVALUE", maximum);
	/* it starts at its bound */
	append_option(buf, fact, "start", "START WITH",
				  ascending ? mig_value(fact, "minimum") : mig_value(fact, "maximum"));
	append_option(buf, fact, "cache", "CACHE", "1");
	if (mig_value(fact, "cycle"))
		appendStringInfoString(buf, " CYCLE");
}

/* The number that an attribute holds. */
static int64
number_of(const MigFact *fact, const char *attribute)
{
	return (int64) strtoll(mig_value(fact, attribute), NULL, 10);
}

/* Must a sequence, or that of an identity column, begin anew with its change? */
bool
mig_sequence_restarts(const MigFact *from, const MigFact *to)
{
	int64		start;

	if (mig_value(from, "start") == NULL || mig_value(to, "start") == NULL)
		return false;
	start = number_of(from, "start");
	return start < number_of(to, "minimum") || start > number_of(to, "maximum");
}

/* Append the options that differ; before each comes a word, such as " SET". */
void
mig_append_sequence_changes(StringInfo buf, const MigFact *from, const MigFact *to, const char *word)
{
	static const struct
	{
		const char *attribute;
		const char *words;
	}			options[] = {
		{"increment", "INCREMENT BY"},
		{"minimum", "MINVALUE"},
		{"maximum", "MAXVALUE"},
		{"start", "START WITH"},
		{"cache", "CACHE"}
	};
	int			i;

	for (i = 0; i < lengthof(options); i++)
	{
		if (!mig_same_value(from, to, options[i].attribute) && mig_value(to, options[i].attribute))
			appendStringInfo(buf, "%s %s %s", word, options[i].words, mig_value(to, options[i].attribute));
	}
	if (!mig_same_value(from, to, "cycle"))
		appendStringInfo(buf, "%s %s", word, mig_value(to, "cycle") ? "CYCLE" : "NO CYCLE");
	/* where it started is out of bounds now, and so may be where it is */
	if (mig_sequence_restarts(from, to))
		appendStringInfo(buf, " RESTART WITH %s", mig_value(to, "start"));
}

/*
 * Write that a sequence which is new goes on after the rows that are there.
 * Sequence is an SQL expression; options has its increment and start.
 */
void
mig_sequence_goes_on(MigSqlList *sql, const MigFact *column, const MigFact *options, const char *sequence)
{
	bool		ascending = mig_value(options, "increment")[0] != '-';
	const char *last = psprintf("pg_catalog.%s(%s)", ascending ? "max" : "min", mig_sql_local_name(column));

	mig_sql_statement(sql, "SELECT pg_catalog.setval(%s, %s) FROM %s HAVING %s %s %s", sequence, last,
					  mig_sql_name(column->parent), last, ascending ? ">=" : "<=", mig_value(options, "start"));
}

/* ----------
 * Lists of options
 * ----------
 */

/* An option of a printed list. */
typedef struct Option
{
	char	   *name;
	const char *value;
} Option;

/* The end of a name or a value: quotes hide separators. */
static const char *
skip_word(const char *p, const char *stop)
{
	char		quote = '\0';

	for (; *p; p++)
	{
		if (quote)
			quote = *p == quote ? '\0' : quote;
		else if (*p == '"' || *p == '\'')
			quote = *p;
		else if (strncmp(p, stop, strlen(stop)) == 0)
			break;
	}
	return p;
}

/* Split a printed list, whose names and values are separated by a character. */
static List *
split_options(const char *text, const char *separator)
{
	List	   *options = NIL;

	while (text && *text)
	{
		const char *end = skip_word(text, ", ");
		const char *middle = skip_word(text, separator);
		Option	   *option = palloc(sizeof(Option));

		if (middle > end)
			middle = end;
		option->name = pnstrdup(text, middle - text);
		option->value = middle < end ? pnstrdup(middle + 1, end - middle - 1) : "";
		options = lappend(options, option);
		text = *end ? end + strlen(", ") : end;
	}
	return options;
}

/* The option of that name, or NULL. */
static const Option *
find_option(List *options, const char *name)
{
	ListCell   *lc;

	foreach(lc, options)
	{
		const Option *option = lfirst(lc);

		if (strcmp(option->name, name) == 0)
			return option;
	}
	return NULL;
}

/* The names of storage parameters that one list has and the other has not, or NULL. */
const char *
mig_option_names(const char *from, const char *to)
{
	List	   *kept = split_options(to, "=");
	StringInfoData buf;
	ListCell   *lc;

	initStringInfo(&buf);
	foreach(lc, split_options(from, "="))
	{
		const Option *option = lfirst(lc);

		if (find_option(kept, option->name) == NULL)
			appendStringInfo(&buf, "%s%s", buf.len > 0 ? ", " : "", option->name);
	}
	return buf.len > 0 ? buf.data : NULL;
}

/* What follows OPTIONS of a foreign object to turn one list into the other. */
const char *
mig_generic_option_changes(const char *from, const char *to)
{
	List	   *old_options = split_options(from, " ");
	List	   *new_options = split_options(to, " ");
	StringInfoData buf;
	ListCell   *lc;

	initStringInfo(&buf);
	foreach(lc, old_options)
	{
		const Option *option = lfirst(lc);

		if (find_option(new_options, option->name) == NULL)
			appendStringInfo(&buf, "%sDROP %s", buf.len > 0 ? ", " : "", option->name);
	}
	foreach(lc, new_options)
	{
		const Option *option = lfirst(lc);
		const Option *old_option = find_option(old_options, option->name);

		if (old_option == NULL || strcmp(old_option->value, option->value) != 0)
			appendStringInfo(&buf, "%s%s %s %s", buf.len > 0 ? ", " : "", old_option ? "SET" : "ADD",
							 option->name, option->value);
	}
	return buf.data;
}

/* The elements of one ", " separated list that another has not. */
List *
mig_list_missing(const char *from, const char *to)
{
	List	   *kept = split_options(to, ", ");
	List	   *missing = NIL;
	ListCell   *lc;

	foreach(lc, split_options(from, ", "))
	{
		Option	   *option = lfirst(lc);

		if (find_option(kept, option->name) == NULL)
			missing = lappend(missing, option->name);
	}
	return missing;
}
