/*-------------------------------------------------------------------------
 *
 * stmtenum.h
 *	  New values of enum types, and their uses.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_STMTENUM_H
#define MIG_STMTENUM_H

#include "nodes/parsenodes.h"
#include "sqlsplit.h"
#include "utils/hsearch.h"

/* A value that ALTER TYPE ... ADD VALUE adds. */
typedef struct MigEnumValue
{
	char	   *name;
	int			statement;		/* that adds it: index in the section */
} MigEnumValue;

/* What is known so far of a section; zeroed before its first statement. */
typedef struct MigEnumWatch
{
	List	   *created;		/* names of the types that it creates */
	HTAB	   *added;			/* values of others, not used so far */
} MigEnumWatch;

extern void mig_enum_watch_statement(MigEnumWatch *watch, Node *stmt, int number);
extern List *mig_enum_watch_uses(MigEnumWatch *watch, const char *text, Node *stmt, size_t start, size_t len,
								 const MigCopyData *copy);

#endif							/* MIG_STMTENUM_H */
