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
#include "storage/lock.h"
#include "storage/spin.h"

typedef enum MigPhase
{
	MIG_PHASE_STARTING,			/* reading and parsing scripts */
	MIG_PHASE_WAITING_FOR_RUN,	/* another run is active */
	MIG_PHASE_WAITING_FOR_OTHERS,	/* not queueing behind a long transaction */
	MIG_PHASE_PAUSING,			/* between two attempts */
	MIG_PHASE_PAUSED,			/* somebody asked for it */
	MIG_PHASE_HELD_BACK,		/* a backfill, for the reason in held_by */
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
	int64		rows;			/* that a backfill has gone through, */
	int64		rows_total;		/* estimated; 0: it is none */
	int64		rows_before;	/* of rows, before an interruption */
	TimestampTz rows_started_at;	/* since then */
	char		held_by[MIG_PROGRESS_TEXT];
	int			schemas;		/* of a run of many schemas; 0: of one */
	int			schemas_done;
	int			schemas_failed;
	dsm_handle	queue;			/* of them: see schemaqueue.h */
	TimestampTz run_started_at;
	TimestampTz step_started_at;
	TimestampTz statement_started_at;
	TimestampTz phase_started_at;
} MigProgress;

/* What is in the segment of a backend. */
typedef struct MigProgressSegment
{
	uint32		magic;
	slock_t		mutex;
	bool		valid;			/* there is a run */
	int64		paused_run;		/* if it is this one, it is to pause; or 0 */
	MigProgress progress;
} MigProgressSegment;

#define MIG_PROGRESS_MAGIC	0x6d696702	/* changes with the struct */

/* for who runs */
extern void mig_progress_begin(const MigExtension *extension, int64 run, const char *schema_name,
							   MigDirection direction, const char *target, bool across_transactions);
extern void mig_progress_run(int64 run);
extern void mig_progress_plan(int nsteps);
extern void mig_progress_step(int step, const char *revision, const char *message, int nstatements);
extern void mig_progress_statement(int statement, int line);
extern void mig_progress_phase(MigPhase phase);
extern void mig_progress_attempt(int attempt);
extern void mig_progress_rows(int64 rows, int64 rows_before, int64 rows_total);
extern void mig_progress_held_back(const char *reason);
extern void mig_progress_queue(dsm_handle queue);
extern void mig_progress_schemas(int done, int failed, int total);
extern bool mig_progress_is_paused(void);
extern void mig_progress_end(void);

/* for its worker */
extern dsm_handle mig_progress_handle(void);
extern void mig_progress_join(dsm_handle handle);
extern void mig_progress_leave(void);

/* for who looks (progressread.c) */
extern void mig_progress_set_lock(LOCKTAG *tag, const MigExtension *extension, dsm_handle handle);
extern bool mig_progress_copy(dsm_segment *mapping, MigProgress *progress);
extern List *mig_progress_read(const MigExtension *extension);
extern int	mig_progress_set_paused(const MigExtension *extension, int64 run, bool paused);
extern const char *mig_phase_name(MigPhase phase);

#endif							/* MIG_PROGRESS_H */
