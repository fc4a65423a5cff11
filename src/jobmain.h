/*-------------------------------------------------------------------------
 *
 * jobmain.h
 *	  A background worker that does what a CALL says.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_JOBMAIN_H
#define MIG_JOBMAIN_H

/* found by name */
extern PGDLLEXPORT void migrate_job_main(Datum main_arg);

#endif							/* MIG_JOBMAIN_H */
