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
#include "tenant.h"

typedef enum MigStoreAccess
{
	MIG_STORE_LOOK,				/* files are seen, the table is not changed */
	MIG_STORE_CHANGE			/* files are written into the table */
} MigStoreAccess;

/* What is known; scripts and graph->revisions have the same index. */
typedef struct MigStore
{
	MemoryContext context;
	const char *schema_name;	/* whose lineage it is */
	MigStoredScript *scripts;	/* in load order */
	int			nscripts;
	MigGraph   *graph;
	MigNameList versions;		/* rows of the version table */
	MigRows		rows;			/* the same, resolved; see
								 * mig_store_resolve_rows() */
} MigStore;

extern void mig_store_load(const MigExtension *extension, bool accept_changes, MigStoredScript **scripts, int *nscripts);
extern void mig_store_refresh(void);
extern void mig_store_read(MigStore *store, const MigExtension *extension, MigStoreAccess access,
						   const char *schema_name);
extern void mig_store_open(MigStore *store, const MigExtension *extension, MigStoreAccess access,
						   const char *schema_name);
extern void mig_store_check_snapshot(const MigStore *store, const MigExtension *extension);
extern void mig_store_resolve_rows(MigStore *store);
extern void mig_store_resolve_known_rows(MigStore *store);
extern bool mig_rows_are_heads(const MigGraph *graph, const MigRows *rows);
extern void mig_store_check_at_heads(const MigStore *store);
extern void mig_store_look(MigStore *store, const char *schema_name);
extern void mig_store_summarize(const MigExtension *extension);
extern char *mig_store_text(const MigStore *store, const MigExtension *extension, int revision);

#endif							/* MIG_STORE_H */
