/*-------------------------------------------------------------------------
 *
 * stmtassert.h
 *	  Which statements of a section are assertions.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_STMTASSERT_H
#define MIG_STMTASSERT_H

#include "nodes/parsenodes.h"
#include "place.h"

/* The statement at hand: its parse tree, its bounds, its line. */
typedef struct MigAssertable
{
	Node	   *stmt;
	size_t		start;			/* after blanks and comments */
	size_t		end;
	int			line;
} MigAssertable;

extern MigAssertion mig_take_assertion(const MigScriptSource *source, const MigSection *section, int *next,
									   const MigAssertable *statement);
extern void mig_check_assertions_taken(const MigScriptSource *source, const MigSection *section, int next);

#endif							/* MIG_STMTASSERT_H */
