/*-------------------------------------------------------------------------
 *
 * store.h
 *	  The script store: known scripts, their graph, and where the database is.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_STORE_H
#define MIG_STORE_H

#include "graph.h"
#include "revscript.h"
#include "scripttable.h"
#include "security.h"
#include "stmt.h"
#include "target.h"

typedef enum MigStoreAccess
{
	MIG_STORE_LOOK,				/* files are seen, the table is not changed */
	MIG_STORE_CHANGE			/* files are written into the table */
} MigStoreAccess;

/* What is known; scripts and graph->revisions have the same index. */
typedef struct MigStore
{
	MemoryContext context;
	MigStoredScript *scripts;	/* in load order */
	int			nscripts;
	MigGraph   *graph;
	MigNameList versions;		/* rows of the version table */
	MigRows		rows;			/* the same, resolved; see mig_store_resolve_rows() */
} MigStore;

extern void mig_store_load(const MigExtension *extension, bool accept_changes, MigStoredScript **scripts, int *nscripts);
extern void mig_store_refresh(void);
extern void mig_store_open(MigStore *store, const MigExtension *extension, MigStoreAccess access,
						   const char *schema_name);
extern void mig_store_resolve_rows(MigStore *store);
extern void mig_store_look(MigStore *store, const char *schema_name);
extern void mig_store_summarize(const MigExtension *extension);
extern char *mig_store_text(const MigStore *store, const MigExtension *extension, int revision);
extern const char *mig_script_action_name(MigScriptAction action);
extern MigScriptAction mig_classify_change(const MigStoredScript *old_script, const char *old_text,
										   const MigStoredScript *new_script);
extern void mig_refuse_applied_change(const MigStoredScript *script, const char *function);
extern void mig_fill_stored_script(MigStoredScript *stored, const MigScriptSource *source);

#endif							/* MIG_STORE_H */
