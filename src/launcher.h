/*-------------------------------------------------------------------------
 *
 * launcher.h
 *	  Interrupted jobs go on when the server starts.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_LAUNCHER_H
#define MIG_LAUNCHER_H

#include "fmgr.h"

extern void mig_register_launcher(void);

/* found by name */
extern PGDLLEXPORT void migrate_launcher_main(Datum main_arg);
extern PGDLLEXPORT void migrate_resume_main(Datum main_arg);

#endif							/* MIG_LAUNCHER_H */
