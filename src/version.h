/*-------------------------------------------------------------------------
 *
 * version.h
 *	  The version table, the summary of heads, and the ledger.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_VERSION_H
#define MIG_VERSION_H

#include "graph.h"
#include "plan.h"
#include "revision.h"
#include "security.h"
#include "datatype/timestamp.h"

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

extern void mig_lock_versions(const MigExtension *extension, const char *schema_name);
extern void mig_lock_out_runs(const MigExtension *extension);
extern void mig_versions_read(const MigExtension *extension, const char *schema_name,
							  MigNameList *versions);
extern void mig_versions_check_snapshot(const MigExtension *extension, const char *schema_name,
										const MigNameList *versions);
extern void mig_versions_apply(const MigExtension *extension, const char *schema_name, const MigNameList *removed,
							   const MigNameList *added);
extern void mig_versions_purge(const MigExtension *extension, const char *schema_name);
extern bool mig_is_at_heads(const MigExtension *extension, const char *schema_name, const char *target);
extern void mig_summary_write(const MigExtension *extension, const MigGraph *graph);
extern void mig_log_append(const MigExtension *extension, const char *schema_name, const MigLogEntry *entry);

#endif							/* MIG_VERSION_H */
