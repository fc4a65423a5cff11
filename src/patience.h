/*-------------------------------------------------------------------------
 *
 * patience.h
 *	  Waiting for others without standing in anybody's way.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_PATIENCE_H
#define MIG_PATIENCE_H

#include "datatype/timestamp.h"
#include "lockwatch.h"
#include "stmt.h"

/* How long and how something waits for locks. */
typedef struct MigPatience
{
	int			lock_timeout;	/* milliseconds */
	int			lock_retry_for; /* milliseconds */
	TimestampTz started_at;		/* the first attempt */
	TimestampTz deadline;		/* of all attempts */
	int			nlooks;			/* since it was quiet */
	bool		has_failed;		/* an attempt, for want of this lock: */
	MigWantedLock failed;
} MigPatience;

extern void mig_patience_begin(MigPatience *patience, int lock_timeout, int lock_retry_for);
extern int	mig_patience_now(const MigPatience *patience);
extern bool mig_is_quiet(MigPatience *patience, const MigScriptSource *source, const MigStatement *statements,
						 int nstatements);
extern long mig_look_pause(const MigPatience *patience);
extern List *mig_locks_to_take(const MigStatementList *statements);
extern char *mig_failed_for(const MigPatience *patience);
extern bool mig_is_lock_failure(const ErrorData *edata);
extern ErrorData *mig_explain_lock_failure(const MigPatience *patience, ErrorData *edata, const char *blockers,
										   int attempts);

#endif							/* MIG_PATIENCE_H */
