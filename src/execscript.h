/*-------------------------------------------------------------------------
 *
 * execscript.h
 *	  Running the statements of a revision script.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_EXECSCRIPT_H
#define MIG_EXECSCRIPT_H

#include "record.h"
#include "stmt.h"

extern bool mig_script_is_running(void);
extern void mig_execute_statements(const MigScriptSource *source, const MigStatementList *statements,
								   MigStatementResult *results, int lock_timeout);
extern void mig_log_statement(const MigStatement *statement, const char *text);

#endif							/* MIG_EXECSCRIPT_H */
