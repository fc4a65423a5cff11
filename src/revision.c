/*-------------------------------------------------------------------------
 *
 * revision.c
 *	  One node of the history, and the names it may have.
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

/* The characters of the grammar of revision identifiers, and our separator. */
#define ILLEGAL_ID_CHARS	"@-+:,"
#define ILLEGAL_LABEL_CHARS "@+:,"

/* The word for a direction, as the results and the ledger have it. */
const char *
mig_direction_name(MigDirection direction)
{
	return direction == MIG_UPGRADE ? "upgrade" : "downgrade";
}

/* Does the name mean something else wherever a revision is named? */
bool
mig_is_symbol(const char *name)
{
	return strcmp(name, "head") == 0 || strcmp(name, "heads") == 0 ||
		strcmp(name, "base") == 0 || strcmp(name, "current") == 0;
}

/* What ids and labels have in common. */
static bool
check_name(const char *what, const char *name, const char *illegal, MigReport *report)
{
	const char *p;

	if (name[0] == '\0')
	{
		mig_report(report, ERRCODE_MIG_MALFORMED_SCRIPT, "%s is empty", what);
		return mig_report_hint(report, "Write letters, digits, underscores or dots.");
	}
	if (mig_is_symbol(name))
	{
		mig_report(report, ERRCODE_MIG_MALFORMED_SCRIPT, "%s \"%s\" is reserved", what, name);
		mig_report_detail(report, "The words head, heads, base and current stand for positions in the history.");
		return mig_report_hint(report, "Choose another name.");
	}
	if (strcmp(name, "<base>") == 0)
	{
		mig_report(report, ERRCODE_MIG_MALFORMED_SCRIPT, "%s \"%s\" is reserved", what, name);
		return mig_report_hint(report, "Choose another name.");
	}
	if (name[0] == ' ' || name[strlen(name) - 1] == ' ')
	{
		mig_report(report, ERRCODE_MIG_MALFORMED_SCRIPT, "%s \"%s\" begins or ends with a blank", what, name);
		return mig_report_hint(report, "Remove the blank.");
	}
	for (p = name; *p; p++)
	{
		if (strchr(illegal, *p) == NULL && (unsigned char) *p >= ' ' && *p != 0x7F)
			continue;
		if ((unsigned char) *p < ' ' || *p == 0x7F)
		{
			mig_report(report, ERRCODE_MIG_MALFORMED_SCRIPT, "%s \"%s\" contains a control character", what, name);
			return mig_report_hint(report, "Letters, digits, underscores and dots are always allowed.");
		}
		mig_report(report, ERRCODE_MIG_MALFORMED_SCRIPT,
				   "character \"%c\" is not allowed in %s \"%s\"", *p, what, name);
		return mig_report_hint(report, "Letters, digits, underscores and dots are always allowed.");
	}
	return true;
}

/*
 * May this be the id of a revision?  Alembic refuses @ - + :, which its
 * grammar of identifiers uses; the comma separates names in our headers.
 */
bool
mig_check_revision_id(const char *id, MigReport *report)
{
	return check_name("revision id", id, ILLEGAL_ID_CHARS, report);
}

/*
 * Alembic takes anything as a label, and then reads "xy-1" as "one below
 * xy"; we refuse what the grammar would read so.
 */
static bool
check_label(const char *what, const char *label, MigReport *report)
{
	const char *p;

	if (!check_name(what, label, ILLEGAL_LABEL_CHARS, report))
		return false;
	for (p = label; *p; p++)
	{
		if (*p == '-' && p[1] >= '0' && p[1] <= '9')
		{
			mig_report(report, ERRCODE_MIG_MALFORMED_SCRIPT,
					   "%s \"%s\" has a sign before a digit", what, label);
			mig_report_detail(report, "It would be read as a number of steps below \"%.*s\".",
							  (int) (p - label), label);
			return mig_report_hint(report, "Write an underscore instead of the sign.");
		}
	}
	return true;
}

/* May this be a branch label? */
bool
mig_check_branch_label(const char *label, MigReport *report)
{
	return check_label("branch label", label, report);
}

/* May this be a dependency, an id or a label?  A label is the wider of the two. */
bool
mig_check_dependency(const char *name, MigReport *report)
{
	return check_label("dependency", name, report);
}

/*
 * The part of a file name that tells what the revision is about: the words
 * of the message in lower case, joined by underscores.  If it is longer than
 * max_length (characters) it is cut back to the last whole word, and an
 * underscore shows that something is missing (Alembic's rule).
 */
char *
mig_message_slug(const char *message, int max_length)
{
	StringInfoData slug;
	bool		pending = false;
	int			nchars = 0;
	const char *p;

	initStringInfo(&slug);
	for (p = message; *p; p++)
	{
		unsigned char c = (unsigned char) *p;

		/* ASCII only is folded; letters beyond it stay as they are */
		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || IS_HIGHBIT_SET(c))
			 /* as it is */ ;
		else if (c >= 'A' && c <= 'Z')
			c += 'a' - 'A';
		else
		{
			pending = slug.len > 0;
			continue;
		}
		if (pending)
			appendStringInfoChar(&slug, '_');
		pending = false;
		appendStringInfoChar(&slug, (char) c);
	}

	for (p = slug.data; *p; p++)
	{
		if (((unsigned char) *p & 0xC0) == 0x80)
			continue;			/* the inside of a UTF-8 character */
		if (++nchars > max_length)
		{
			slug.len = (int) (p - slug.data);
			slug.data[slug.len] = '\0';
			p = strrchr(slug.data, '_');
			if (p != NULL)
				slug.len = (int) (p - slug.data);
			slug.data[slug.len] = '\0';
			appendStringInfoChar(&slug, '_');
			break;
		}
	}
	return slug.data;
}

/* Append a copy of a name. */
void
mig_name_list_append(MigNameList *list, const char *name, size_t len)
{
	/* grows by powers of two, so that the capacity need not be kept */
	if (list->count == 0)
		list->names = mig_alloc_array(char *, 1);
	else if ((list->count & (list->count - 1)) == 0)
		list->names = repalloc(list->names, sizeof(char *) * list->count * 2);
	list->names[list->count++] = pnstrdup(name, len);
}

/* Append a copy of a whole string. */
void
mig_name_list_add(MigNameList *list, const char *name)
{
	mig_name_list_append(list, name, strlen(name));
}

/* Compare two names by bytes, for qsort() and bsearch(). */
static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

/* Sort the names by bytes. */
void
mig_name_list_sort(MigNameList *list)
{
	if (list->count > 1)
		qsort(list->names, list->count, sizeof(char *), compare_names);
}

/* Is the name in a list that has been sorted? */
bool
mig_name_list_sorted_contains(const MigNameList *list, const char *name)
{
	return list->count > 0 &&
		bsearch(&name, list->names, list->count, sizeof(char *), compare_names) != NULL;
}

/* Is the name in the list? */
bool
mig_name_list_contains(const MigNameList *list, const char *name)
{
	int			i;

	for (i = 0; i < list->count; i++)
	{
		if (strcmp(list->names[i], name) == 0)
			return true;
	}
	return false;
}

/* Are the names the same, in the same order? */
bool
mig_name_list_equal(const MigNameList *a, const MigNameList *b)
{
	int			i;

	if (a->count != b->count)
		return false;
	for (i = 0; i < a->count; i++)
	{
		if (strcmp(a->names[i], b->names[i]) != 0)
			return false;
	}
	return true;
}

/*
 * Append the comma-separated names in a text, blanks around them removed.
 * Returns false if one of them is empty; a text of blanks has none.
 */
bool
mig_name_list_split(MigNameList *list, const char *text, size_t len)
{
	const char *end = text + len;
	bool		ok = true;

	while (text < end && (*text == ' ' || *text == '\t'))
		text++;
	if (text == end)
		return true;
	for (;;)
	{
		const char *comma = memchr(text, ',', end - text);
		const char *stop = comma ? comma : end;

		while (text < stop && (*text == ' ' || *text == '\t'))
			text++;
		while (stop > text && (stop[-1] == ' ' || stop[-1] == '\t'))
			stop--;
		if (stop == text)
			ok = false;
		else
			mig_name_list_append(list, text, stop - text);
		if (comma == NULL)
			return ok;
		text = comma + 1;
	}
}

/* The names joined by ", ", as Alembic prints them; "" if there are none. */
char *
mig_name_list_join(const MigNameList *list)
{
	StringInfoData buf;
	int			i;

	initStringInfo(&buf);
	for (i = 0; i < list->count; i++)
		appendStringInfo(&buf, "%s%s", i > 0 ? ", " : "", list->names[i]);
	return buf.data;
}
