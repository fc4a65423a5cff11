/*-------------------------------------------------------------------------
 *
 * stmtenum.c
 *	  New values of enum types, and their uses.
 *
 * A value that ALTER TYPE ... ADD VALUE has added cannot be used before that
 * is committed, unless the type is new, too.  Whether a later statement uses
 * it only its analysis would tell, which comes too late.  So a string in it
 * that is equal to the value is taken for a use.  That finds none that is
 * hidden in the body of a function or a DO block, and some that are none.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "pg_compat.h"
#include "sqlscan.h"
#include "stmtenum.h"

/* An entry of the table of values. */
typedef struct EnumEntry
{
	char		name[NAMEDATALEN];	/* key; a value cannot be longer */
	int			statement;
} EnumEntry;

/* Can two names, lists of strings, with or without a schema, be of one type? */
static bool
may_be_same_type(List *a, List *b)
{
	if (strcmp(strVal(llast(a)), strVal(llast(b))) != 0)
		return false;
	return list_length(a) < 2 || list_length(b) < 2 ||
		strcmp(strVal(list_nth(a, list_length(a) - 2)), strVal(list_nth(b, list_length(b) - 2))) == 0;
}

/* Does the section create the type? */
static bool
is_created(const MigEnumWatch *watch, List *name)
{
	ListCell   *lc;

	foreach(lc, watch->created)
	{
		if (may_be_same_type(lfirst(lc), name))
			return true;
	}
	return false;
}

/*
 * Note what the statement, the one of that number in its section, adds to an
 * enum type.  What is kept is in the current memory context.
 */
void
mig_enum_watch_statement(MigEnumWatch *watch, Node *stmt, int number)
{
	AlterEnumStmt *alter = (AlterEnumStmt *) stmt;
	EnumEntry  *entry;

	if (IsA(stmt, CreateEnumStmt))
		watch->created = lappend(watch->created, copyObject(((CreateEnumStmt *) stmt)->typeName));
	if (!IsA(stmt, AlterEnumStmt) || alter->oldVal != NULL || is_created(watch, alter->typeName))
		return;
	if (watch->added == NULL)
	{
		HASHCTL		ctl = {0};

		ctl.keysize = NAMEDATALEN;
		ctl.entrysize = sizeof(EnumEntry);
		ctl.hcxt = CurrentMemoryContext;
		watch->added = hash_create("new enum values", 16, &ctl, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
	}
	entry = hash_search(watch->added, alter->newVal, HASH_ENTER, NULL);
	entry->statement = number;
}

/* If the characters are a new value, add it to the list, once. */
static void
check_value(MigEnumWatch *watch, const char *value, List **uses)
{
	EnumEntry  *entry = hash_search(watch->added, value, HASH_FIND, NULL);
	MigEnumValue *use;

	if (entry == NULL)
		return;
	use = palloc(sizeof(MigEnumValue));
	use->name = pstrdup(entry->name);
	use->statement = entry->statement;
	*uses = lappend(*uses, use);
	(void) hash_search(watch->added, value, HASH_REMOVE, NULL);
}

/*
 * The value of a string token, if it is short enough for an enum value.
 * Escapes, which hardly anybody writes in those, are taken as they stand.
 */
static bool
string_value(const char *token, size_t len, char *value)
{
	const char *end = token + len;
	const char *p = token;
	size_t		n = 0;
	char		quote;

	/* skip E, N, U& and the like, or $tag$ */
	while (p < end && *p != '\'' && *p != '$')
		p++;
	if (p == end)
		return false;
	quote = *p++;
	if (quote == '$')
	{
		size_t		tag_len;

		while (p < end && *p != '$')
			p++;
		tag_len = ++p - token;
		if (len < 2 * tag_len)
			return false;
		end -= tag_len;
	}
	else
		end--;
	while (p < end)
	{
		if (n == NAMEDATALEN - 1)
			return false;
		if (quote == '\'' && p[0] == '\'' && p + 1 < end && p[1] == '\'')
			p++;
		value[n++] = *p++;
	}
	value[n] = '\0';
	return true;
}

/* Find values among the strings of a statement. */
static void
scan_statement(MigEnumWatch *watch, const char *text, size_t start, size_t len, List **uses)
{
	MigScanner	scanner;
	MigToken	token;
	MigReport	report;
	char		value[NAMEDATALEN];

	mig_scan_init(&scanner, text + start, len, MIG_STANDARD_STRINGS);
	while (mig_scan_token(&scanner, &token, &report) && token.kind != MIG_TOKEN_EOF)
	{
		if (token.kind == MIG_TOKEN_STRING && string_value(scanner.text + token.start, token.len, value))
			check_value(watch, value, uses);
	}
}

/* Find values among the fields of rows, whatever separates these. */
static void
scan_rows(MigEnumWatch *watch, const char *text, const MigCopyData *copy, List **uses)
{
	const char *p = text + copy->start;
	const char *end = p + copy->len;
	char		value[NAMEDATALEN];

	while (p < end)
	{
		size_t		n = 0;

		while (p + n < end && strchr("\t\r\n,;|\"", p[n]) == NULL)
			n++;
		if (n > 0 && n < NAMEDATALEN)
		{
			memcpy(value, p, n);
			value[n] = '\0';
			check_value(watch, value, uses);
		}
		p += n + 1;
	}
}

/*
 * Which of the new values does the statement use for the first time?  A list
 * of MigEnumValue.  Those that change enum types, and comments, use none.
 */
List *
mig_enum_watch_uses(MigEnumWatch *watch, const char *text, Node *stmt, size_t start, size_t len,
					const MigCopyData *copy)
{
	List	   *uses = NIL;

	if (watch->added == NULL || hash_get_num_entries(watch->added) == 0)
		return NIL;
	if (IsA(stmt, AlterEnumStmt) || IsA(stmt, CommentStmt))
		return NIL;
	scan_statement(watch, text, start, len, &uses);
	if (copy != NULL)
		scan_rows(watch, text, copy, &uses);
	return uses;
}
