/*-------------------------------------------------------------------------
 *
 * progress.h
 *	  What a run is doing, for other sessions to see while it does it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_PROGRESS_H
#define MIG_PROGRESS_H

#include "datatype/timestamp.h"
#include "nodes/pg_list.h"
#include "revision.h"
#include "security.h"
#include "storage/dsm.h"

typedef enum MigPhase
{
	MIG_PHASE_STARTING,			/* reading and parsing scripts */
	MIG_PHASE_WAITING_FOR_RUN,	/* another run is active */
	MIG_PHASE_WAITING_FOR_OTHERS,	/* not queueing behind a long transaction */
	MIG_PHASE_PAUSING,			/* between two attempts */
	MIG_PHASE_LOCKING,			/* asking for locks before the first statement */
	MIG_PHASE_RUNNING,			/* statements of a script */
	MIG_PHASE_RECORDING,		/* version table and ledger */
	MIG_PHASE_UNCOMMITTED		/* done; the caller's transaction is open */
} MigPhase;

#define MIG_PROGRESS_TEXT	128

/* One run, as it lies in shared memory. */
typedef struct MigProgress
{
	int64		run;
	int			pid;			/* of the caller */
	int			worker_pid;		/* of its worker, or 0 */
	MigDirection direction;
	char		schema_name[NAMEDATALEN];
	char		target[MIG_PROGRESS_TEXT];
	char		revision[MIG_PROGRESS_TEXT];
	char		message[MIG_PROGRESS_TEXT];
	int			step;			/* from 1; 0: none yet */
	int			nsteps;
	int			statement;		/* from 1; 0: none yet */
	int			nstatements;
	int			line;
	int			attempt;		/* from 1 */
	MigPhase	phase;
	TimestampTz run_started_at;
	TimestampTz step_started_at;
	TimestampTz statement_started_at;
	TimestampTz phase_started_at;
} MigProgress;

/* for who runs */
extern void mig_progress_begin(const MigExtension *extension, int64 run, const char *schema_name,
							   MigDirection direction, const char *target, bool across_transactions);
extern void mig_progress_run(int64 run);
extern void mig_progress_plan(int nsteps);
extern void mig_progress_step(int step, const char *revision, const char *message, int nstatements);
extern void mig_progress_statement(int statement, int line);
extern void mig_progress_phase(MigPhase phase);
extern void mig_progress_attempt(int attempt);
extern void mig_progress_end(void);

/* for its worker */
extern dsm_handle mig_progress_handle(void);
extern void mig_progress_join(dsm_handle handle);
extern void mig_progress_leave(void);

/* for who looks */
extern List *mig_progress_read(const MigExtension *extension);
extern const char *mig_phase_name(MigPhase phase);

#endif							/* MIG_PROGRESS_H */
