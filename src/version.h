/*-------------------------------------------------------------------------
 *
 * version.h
 *	  The version table, and the summary of heads.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_VERSION_H
#define MIG_VERSION_H

#include "graph.h"
#include "plan.h"
#include "revision.h"
#include "security.h"

extern void mig_versions_read(const MigExtension *extension, const char *schema_name,
							  MigNameList *versions);
extern void mig_versions_check_snapshot(const MigExtension *extension, const char *schema_name,
										const MigNameList *versions);
extern void mig_versions_purge(const MigExtension *extension, const char *schema_name);
extern bool mig_is_at_heads(const MigExtension *extension, const char *schema_name, const char *target);
extern void mig_summary_write(const MigExtension *extension, const MigGraph *graph);

#endif							/* MIG_VERSION_H */
