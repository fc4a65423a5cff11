/*-------------------------------------------------------------------------
 *
 * stmtoption.c
 *	  Options of utility statements.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/defrem.h"
#include "stmtoption.h"

/*
 * An option of a utility statement, or NULL if it is not given.  Of several
 * the last one counts, as in the server.
 */
DefElem *
mig_find_option(List *options, const char *name)
{
	DefElem    *found = NULL;
	ListCell   *lc;

	foreach(lc, options)
	{
		DefElem    *option = lfirst_node(DefElem, lc);

		if (strcmp(option->defname, name) == 0)
			found = option;
	}
	return found;
}

/* Is a boolean option given and true? */
bool
mig_has_true_option(List *options, const char *name)
{
	DefElem    *option = mig_find_option(options, name);

	return option != NULL && defGetBoolean(option);
}

/* Is a boolean option given and false? */
bool
mig_has_false_option(List *options, const char *name)
{
	DefElem    *option = mig_find_option(options, name);

	return option != NULL && !defGetBoolean(option);
}
