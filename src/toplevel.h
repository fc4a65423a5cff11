/*-------------------------------------------------------------------------
 *
 * toplevel.h
 *	  Running a statement as if a client had sent it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_TOPLEVEL_H
#define MIG_TOPLEVEL_H

extern void mig_begin_statement(const char *text);
extern uint64 mig_run_statement(const char *text);
extern void mig_end_statement(void);
extern void mig_abort_statement(void);
extern void mig_set_lock_timeout(int milliseconds);

#endif							/* MIG_TOPLEVEL_H */
