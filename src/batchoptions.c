/*-------------------------------------------------------------------------
 *
 * batchoptions.c
 *	  How a statement is run in batches: the options of "-- migrate:batch".
 *
 *		-- migrate:batch key=tenant,id size=1000 pause=50ms table=o
 *
 * Options are separated by blanks, and have none in them but between double
 * quotes.  Names are written as in SQL, times as in postgresql.conf.
 *
 *-------------------------------------------------------------------------
 */
#ifdef FRONTEND
#include "postgres_fe.h"
#else
#include "postgres.h"
#endif

#include <limits.h>

#include "batchoptions.h"
#include "errcodes.h"
#include "purecore.h"
#include "sqlscan.h"

typedef enum OptionKind
{
	OPTION_KEY,
	OPTION_SIZE,
	OPTION_PAUSE,
	OPTION_TABLE,
	N_OPTIONS
} OptionKind;

static const char *const option_names[N_OPTIONS] = {
	[OPTION_KEY] = "key",
	[OPTION_SIZE] = "size",
	[OPTION_PAUSE] = "pause",
	[OPTION_TABLE] = "table",
};

/* An option as it is written. */
typedef struct Option
{
	const char *name;
	size_t		name_len;
	const char *value;
	size_t		value_len;
} Option;

/* The units of times. */
static const struct
{
	const char *name;
	double		milliseconds;
}			units[] =
{
	{"ms", 1},
	{"s", 1000},
	{"min", 60 * 1000},
	{"h", 60 * 60 * 1000},
	{"d", 24 * 60 * 60 * 1000},
};

/* What follows a quoted name from its opening quote on; NULL if it has no end. */
static const char *
skip_quoted(const char *p, const char *end)
{
	for (p++; p < end; p++)
	{
		if (*p != '"')
			continue;
		if (p + 1 == end || p[1] != '"')
			return p + 1;
		p++;
	}
	return NULL;
}

/* Cut the next option off a text.  False: there is none. */
static bool
next_option(const char **text, const char *end, Option *option)
{
	const char *p = *text;

	while (p < end && mig_is_space(*p))
		p++;
	option->name = p;
	while (p < end && !mig_is_space(*p) && *p != '=')
		p++;
	option->name_len = p - option->name;
	option->value = NULL;
	option->value_len = 0;
	if (p < end && *p == '=')
	{
		option->value = ++p;
		while (p < end && !mig_is_space(*p))
		{
			const char *after = *p == '"' ? skip_quoted(p, end) : p + 1;

			p = after ? after : end;
		}
		option->value_len = p - option->value;
	}
	*text = p;
	return option->name_len > 0 || option->value != NULL;
}

/*
 * Read a name as SQL does: in lower case, or between double quotes.  Returns
 * what follows it, or NULL if there is none.  The name is appended to *name,
 * which has room for it.
 */
static const char *
read_identifier(const char *p, const char *end, char **name)
{
	const char *start = p;

	if (p < end && *p == '"')
	{
		end = skip_quoted(p, end);
		if (end == NULL || end - start <= 2)
			return NULL;
		for (p++; p < end - 1; p++)
		{
			*(*name)++ = *p;
			if (*p == '"')
				p++;
		}
		return end;
	}
	if (p == end || !mig_is_ident_start(*p))
		return NULL;
	while (p < end && (mig_is_ident_start(*p) || (*p >= '0' && *p <= '9') || *p == '$'))
	{
		*(*name)++ = *p >= 'A' && *p <= 'Z' ? *p + 'a' - 'A' : *p;
		p++;
	}
	return p;
}

/*
 * Read names with a character between them, which stays there, as one text,
 * without their quotes.  At most so many; NULL if it is something else.
 */
static char *
read_names(const Option *option, char separator, int max)
{
	const char *p = option->value;
	const char *end = p + option->value_len;
	char	   *result = palloc(option->value_len + 1);
	char	   *name = result;
	int			n = 0;

	for (;;)
	{
		p = read_identifier(p, end, &name);
		if (p == NULL || ++n > max)
			return NULL;
		if (p == end)
			break;
		if (*p++ != separator)
			return NULL;
		*name++ = separator;
	}
	*name = '\0';
	return result;
}

/* The columns of a key, which stay as they are written. */
static bool
set_key(const Option *option, MigBatchOptions *options)
{
	char	   *names = read_names(option, ',', INT_MAX);

	if (names == NULL)
		return false;
	pfree(names);
	options->key = pnstrdup(option->value, option->value_len);
	return true;
}

/* The name of a table, perhaps with that of its schema, or an alias. */
static bool
set_table(const Option *option, MigBatchOptions *options)
{
	options->table = read_names(option, '.', 2);
	return options->table != NULL;
}

/* A number of rows. */
static bool
set_size(const Option *option, MigBatchOptions *options)
{
	int64		size = 0;
	size_t		i;

	for (i = 0; i < option->value_len && size <= INT_MAX; i++)
	{
		if (option->value[i] < '0' || option->value[i] > '9')
			return false;
		size = size * 10 + (option->value[i] - '0');
	}
	options->size = (int) size;
	return size >= 1 && size <= INT_MAX;
}

/* A time; a number without a unit is milliseconds. */
static bool
set_pause(const Option *option, MigBatchOptions *options)
{
	char	   *value = pnstrdup(option->value, option->value_len);
	char	   *unit;
	double		pause;
	int			i;

	/* strtod() takes more than numbers */
	if (strspn(value, "0123456789.") == 0)
		return false;
	pause = strtod(value, &unit);
	for (i = 0; *unit != '\0' && i < lengthof(units); i++)
	{
		if (strcmp(unit, units[i].name) != 0)
			continue;
		pause *= units[i].milliseconds;
		unit += strlen(unit);
	}
	if (*unit != '\0' || pause > INT_MAX)
		return false;
	options->pause = (int) pause;
	pfree(value);
	return true;
}

/* Which option it is, or N_OPTIONS. */
static OptionKind
option_kind(const Option *option)
{
	int			i;

	for (i = 0; i < N_OPTIONS; i++)
	{
		if (option->name_len == strlen(option_names[i]) &&
			pg_strncasecmp(option->name, option_names[i], option->name_len) == 0)
			break;
	}
	return (OptionKind) i;
}

/* MG005: an option is not what it should be. */
static bool
refuse_value(const Option *option, OptionKind kind, int line, MigReport *report)
{
	static const char *const hints[N_OPTIONS] = {
		[OPTION_KEY] = "Write columns, separated by commas, as in key=id or key=tenant,\"Id\"; or key=ctid to go without.",
		[OPTION_SIZE] = "Write a number of rows, as in size=5000.",
		[OPTION_PAUSE] = "Write a time, as in pause=50ms, pause=2s or pause=1min.",
		[OPTION_TABLE] = "Write the name or the alias of a table, as in table=item or table=shop.\"Item\".",
	};

	mig_report(report, ERRCODE_MIG_MALFORMED_SCRIPT, "invalid value for option \"%s\" of directive \"migrate:batch\": \"%.*s\"",
			   option_names[kind], (int) option->value_len, option->value ? option->value : "");
	mig_report_detail(report, "It is on line %d.", line);
	return mig_report_hint(report, "%s", hints[kind]);
}

/* Set an option. */
static bool
set_option(const Option *option, OptionKind kind, MigBatchOptions *options)
{
	if (option->value == NULL)
		return false;
	switch (kind)
	{
		case OPTION_KEY:
			return set_key(option, options);
		case OPTION_SIZE:
			return set_size(option, options);
		case OPTION_PAUSE:
			return set_pause(option, options);
		case OPTION_TABLE:
			return set_table(option, options);
		default:
			return false;
	}
}

/*
 * Read the options that follow the word "batch" of a directive, which is on
 * that line.  False, with MG005 in *report, if one of them is wrong.
 */
bool
mig_batch_options_parse(const char *text, size_t len, int line, MigBatchOptions *options, MigReport *report)
{
	bool		seen[N_OPTIONS] = {false};
	const char *end = text + len;
	Option		option;

	MemSet(options, 0, sizeof(MigBatchOptions));
	while (next_option(&text, end, &option))
	{
		OptionKind	kind = option_kind(&option);

		if (kind == N_OPTIONS || seen[kind])
		{
			mig_report(report, ERRCODE_MIG_MALFORMED_SCRIPT,
					   kind == N_OPTIONS ? "unrecognized option \"%.*s\" of directive \"migrate:batch\"" :
					   "option \"%.*s\" of directive \"migrate:batch\" is given twice",
					   (int) option.name_len, option.name);
			mig_report_detail(report, "It is on line %d.", line);
			return mig_report_hint(report, "The options are \"key=\", \"size=\", \"pause=\" and \"table=\", without blanks in them.");
		}
		seen[kind] = true;
		if (!set_option(&option, kind, options))
			return refuse_value(&option, kind, line, report);
	}
	return true;
}
