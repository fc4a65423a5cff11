/*-------------------------------------------------------------------------
 *
 * jobstart.h
 *	  Starting a background worker that does what a CALL says.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_JOBSTART_H
#define MIG_JOBSTART_H

#include "job.h"

extern int64 mig_job_start(const MigJob *job);
extern int64 mig_job_start_call(const char *command);

/*
 * What lies in the shared memory segment; jobmain.c is the other side.
 */
typedef enum MigJobKey
{
	MIG_JOB_ORDER,				/* MigJobOrder */
	MIG_JOB_COMMAND,			/* a string */
	MIG_JOB_SETTINGS			/* by mig_pack_strings() */
} MigJobKey;

typedef struct MigJobOrder
{
	int64		run;			/* 0: the worker gives it a number */
	Oid			session_role;
	Oid			role;
	int			restarts;
} MigJobOrder;

#endif							/* MIG_JOBSTART_H */
