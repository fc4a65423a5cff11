/*-------------------------------------------------------------------------
 *
 * scriptmerge.h
 *	  What the files of the script location make of the known scripts.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_SCRIPTMERGE_H
#define MIG_SCRIPTMERGE_H

#include "scriptdir.h"
#include "scripttable.h"
#include "security.h"
#include "stmt.h"

/* The scripts of the table while those of the location are merged into them. */
typedef struct MigScriptMerge
{
	const MigExtension *extension;
	bool		accept_changes;
	bool		warn_only;		/* leave changed applied scripts as they were */
	MigStoredScript *scripts;
	int			nscripts;
	int			capacity;
	int			nknown;			/* scripts[0 .. nknown - 1] were in the table */
	int		   *by_id;			/* the known ones, sorted */
	bool	   *seen;			/* a file has this known script */
	MigScriptFile *files;
	int			nfiles;
	bool	   *unchanged;		/* the table knows this file as it is */
	bool		have_applied;
	MigNameList applied;		/* sorted */
} MigScriptMerge;

extern const char *mig_script_action_name(MigScriptAction action);
extern MigScriptAction mig_classify_change(const MigStoredScript *old_script, const char *old_text,
										   const MigStoredScript *new_script);
extern void mig_refuse_applied_change(const MigStoredScript *script, const char *function);
extern void mig_fill_stored_script(MigStoredScript *stored, const MigScriptSource *source);
extern bool mig_merge_begin(MigScriptMerge *merge, const MigExtension *extension, bool whole);
extern void mig_merge_finish(MigScriptMerge *merge);

#endif							/* MIG_SCRIPTMERGE_H */
