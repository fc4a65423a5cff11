/*-------------------------------------------------------------------------
 *
 * assertion.h
 *	  Running a query whose result decides whether the revision goes on.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_ASSERTION_H
#define MIG_ASSERTION_H

#include "revscript.h"

#define MIG_ASSERTION_FAILED	"assertion failed"
#define MIG_ASSERTION_HINT		"Correct the data or the script, then run it again."

extern uint64 mig_execute_assertion(MigAssertion assertion, const char *text);

#endif							/* MIG_ASSERTION_H */
