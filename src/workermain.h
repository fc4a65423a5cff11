/*-------------------------------------------------------------------------
 *
 * workermain.h
 *	  What the background worker runs.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_WORKERMAIN_H
#define MIG_WORKERMAIN_H

#include "fmgr.h"

/* found by name */
extern PGDLLEXPORT void migrate_worker_main(Datum main_arg);

#endif							/* MIG_WORKERMAIN_H */
