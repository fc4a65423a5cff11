/*-------------------------------------------------------------------------
 *
 * scripttable.h
 *	  Rows of the table migrate_script.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_SCRIPTTABLE_H
#define MIG_SCRIPTTABLE_H

#include "graph.h"
#include "revision.h"
#include "revscript.h"
#include "security.h"
#include "datatype/timestamp.h"

/* What became of a script. */
typedef enum MigScriptAction
{
	MIG_SCRIPT_KEPT,			/* nothing was looked at */
	MIG_SCRIPT_UNCHANGED,
	MIG_SCRIPT_ADDED,
	MIG_SCRIPT_REPLACED,
	MIG_SCRIPT_COSMETIC,		/* other comments, blanks, message or path */
	MIG_SCRIPT_REMOVED
} MigScriptAction;

/* A row, without its script. */
typedef struct MigStoredScript
{
	MigRevision revision;
	char	   *checksum;
	char	   *file_stamp;		/* NULL: pushed */
	char	   *registered_by;	/* NULL: a file of the script location */
	TimestampTz registered_at;
	char	   *text;			/* NULL: in the table */
	MigScriptAction action;
} MigStoredScript;

extern void mig_lock_store(const MigExtension *extension);
extern bool mig_try_lock_store(const MigExtension *extension);
extern void mig_scripts_read(const MigExtension *extension, bool whole, MigStoredScript **scripts, int *nscripts);
extern int	mig_scripts_find(const MigExtension *extension, const char *revision, const char *path,
							 MigStoredScript *scripts, int max);
extern char *mig_script_read_text(const MigExtension *extension, const char *revision);
extern void mig_script_write(const MigExtension *extension, const MigStoredScript *script);
extern void mig_script_delete(const MigExtension *extension, const char *revision);
extern void mig_script_set_owner(const MigExtension *extension, const char *revision, const char *role);
extern MigGraph *mig_scripts_graph(const MigStoredScript *scripts, int nscripts, MigReport *report);
extern void mig_applied_revisions(const MigExtension *extension, MigNameList *applied);

#endif							/* MIG_SCRIPTTABLE_H */
