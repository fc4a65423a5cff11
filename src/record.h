/*-------------------------------------------------------------------------
 *
 * record.h
 *	  What a step leaves: rows of the version table and of the ledger.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_RECORD_H
#define MIG_RECORD_H

#include "datatype/timestamp.h"
#include "executor/spi.h"
#include "revision.h"
#include "security.h"

/* What running a statement came to; all zeros if it did not run. */
typedef struct MigStatementResult
{
	int			number;			/* from 1 */
	int			line;
	TimestampTz started_at;
	int64		duration;		/* microseconds */
	int64		lock_wait;		/* of it, seen waiting for locks */
	int64		rows;
	int64		wal_bytes;
	const char *sqlstate;		/* NULL: it succeeded */
	const char *error;
} MigStatementResult;

/* One row of the ledger: a revision that was run, or a stamp. */
typedef struct MigLogEntry
{
	int64		run;
	const char *direction;		/* upgrade, downgrade, stamp */
	const char *revision;		/* NULL: base */
	MigNameList removed;		/* rows of the version table */
	MigNameList added;
	const char *message;
	const char *path;
	const char *checksum;
	int			statements;		/* that have run, and stay */
	TimestampTz started_at;		/* of the first attempt */
	Interval   *duration;
	int			attempts;
	int64		lock_wait;		/* microseconds lost to locks: failed attempts,
								 * pauses, and waits of the last attempt */
	int64		rows;
	int64		wal_bytes;
	const char *role;			/* whose rights the script had */
	const char *sqlstate;		/* NULL: it succeeded */
	const char *error;
} MigLogEntry;

/* The statements, planned once for all steps of a session. */
typedef struct MigRecorder
{
	SPIPlanPtr	update_version;
	SPIPlanPtr	delete_version;
	SPIPlanPtr	insert_version;
	SPIPlanPtr	insert_log;
	SPIPlanPtr	insert_statements;
} MigRecorder;

extern int64 mig_next_run(const MigExtension *extension);
extern void mig_recorder_begin(MigRecorder *recorder, const MigExtension *extension);
extern void mig_record_versions(const MigRecorder *recorder, const char *schema_name, const MigNameList *removed,
								const MigNameList *added);
extern void mig_record_log(const MigRecorder *recorder, const char *schema_name, const MigLogEntry *entry);
extern void mig_record_statements(const MigRecorder *recorder, const char *schema_name, const MigLogEntry *entry,
								  const MigStatementResult *results, int nresults);

extern int	mig_count_results(const MigStatementResult *results, int nstatements);

#endif							/* MIG_RECORD_H */
