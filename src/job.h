/*-------------------------------------------------------------------------
 *
 * job.h
 *	  What is known of a run as a whole: rows of the table migrate_job.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_JOB_H
#define MIG_JOB_H

#include "revision.h"
#include "security.h"

typedef enum MigJobState
{
	MIG_JOB_RUNNING,			/* or was, when its process ended */
	MIG_JOB_PAUSED,				/* somebody asked for it */
	MIG_JOB_DONE,
	MIG_JOB_FAILED,
	MIG_JOB_CANCELLED
} MigJobState;

typedef struct MigJob
{
	int64		run;			/* its number; 0: none yet */
	MigJobState state;
	bool		resumable;		/* the same call goes on where it stopped */
	const char *command;		/* the CALL */
	Oid			session_role;	/* whose session, */
	Oid			role;			/* and of SET ROLE, or InvalidOid */
	MigNameList settings;		/* see settings.h */
	int			restarts;		/* by the server, since somebody started or resumed it */
	const char *sqlstate;		/* of its error, or NULL */
	const char *error;
} MigJob;

/* for who runs */
extern int64 mig_job_run(void);
extern int64 mig_job_begin(int64 run, const char *command, bool resumable);
extern void mig_job_end(int64 run, const ErrorData *edata);

/* for the process of a job */
extern void mig_job_take(MigJob *job);
extern void mig_job_finish(int64 run, const ErrorData *edata);

/* for others */
extern void mig_job_of_session(MigJob *job);
extern bool mig_job_read(const MigExtension *extension, int64 run, MigJob *job);
extern bool mig_job_set_state(const MigExtension *extension, int64 run, MigJobState state, const char *sqlstate,
							  const char *error);

#endif							/* MIG_JOB_H */
