/*-------------------------------------------------------------------------
 *
 * stmtdirective.h
 *	  Which statements of a section directives are about.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_STMTDIRECTIVE_H
#define MIG_STMTDIRECTIVE_H

#include "nodes/parsenodes.h"
#include "place.h"

/* The statement at hand: its parse tree, its bounds, its line. */
typedef struct MigDirected
{
	Node	   *stmt;
	size_t		start;			/* after blanks and comments */
	size_t		end;
	int			line;
} MigDirected;

/* How many directives of a section have found their statements. */
typedef struct MigDirectivesTaken
{
	int			nasserts;
	int			nbatches;
} MigDirectivesTaken;

extern void mig_take_directive(const MigScriptSource *source, const MigSection *section, MigDirectivesTaken *taken,
							   const MigDirected *statement, MigAssertion *assertion, const MigBatchOptions **batch);
extern void mig_check_directives_taken(const MigScriptSource *source, const MigSection *section,
									   const MigDirectivesTaken *taken);

#endif							/* MIG_STMTDIRECTIVE_H */
