/*-------------------------------------------------------------------------
 *
 * attempt.h
 *	  One attempt at a step of a production run.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_ATTEMPT_H
#define MIG_ATTEMPT_H

#include "patience.h"
#include "step.h"

/* A step, and what became of it so far. */
typedef struct MigAttempt
{
	const MigStore *store;		/* as it was read last, */
	const MigPreparedStep *prepared;	/* and the step in it */
	const MigRecorder *recorder;
	MigPatience patience;
	int64		run;
	bool		is_one_of_many; /* schemas: the run does not end with it */
	bool		atomic;			/* in one transaction */
	bool		is_begun;		/* it has a row in migrate_unfinished */
	int			done;			/* statements that have run before, if it is not */
	int			number;			/* of attempts, this one included */
	TimestampTz step_started_at;	/* the first one */
	TimestampTz started_at;		/* this one */
	MigStatementResult *results;	/* of this attempt, if it is atomic */
	bool		has_yielded;	/* it was not made: somebody waits for the end
								 * of the run, and must not, while a worker is
								 * at work */
} MigAttempt;

extern ErrorData *mig_attempt(MigAttempt *attempt);
extern void mig_attempt_record_failure(MigAttempt *attempt, const ErrorData *edata);

#endif							/* MIG_ATTEMPT_H */
