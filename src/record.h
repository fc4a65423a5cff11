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

/* One row of the ledger. */
typedef struct MigLogEntry
{
	const char *direction;		/* upgrade, downgrade, stamp */
	const char *revision;		/* NULL: base */
	MigNameList removed;		/* rows of the version table */
	MigNameList added;
	const char *message;
	const char *path;
	const char *checksum;
	int			statements;
	TimestampTz started_at;
	Interval   *duration;
	const char *role;			/* whose rights the script had */
} MigLogEntry;

/* The statements, planned once for all steps of a run. */
typedef struct MigRecorder
{
	SPIPlanPtr	update_version;
	SPIPlanPtr	delete_version;
	SPIPlanPtr	insert_version;
	SPIPlanPtr	insert_log;
} MigRecorder;

extern void mig_recorder_begin(MigRecorder *recorder, const MigExtension *extension);
extern void mig_record_versions(const MigRecorder *recorder, const char *schema_name, const MigNameList *removed,
								const MigNameList *added);
extern void mig_record_log(const MigRecorder *recorder, const char *schema_name, const MigLogEntry *entry);

#endif							/* MIG_RECORD_H */
