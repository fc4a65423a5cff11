/*-------------------------------------------------------------------------
 *
 * keptstore.h
 *	  The store, and scripts once parsed, kept from schema to schema.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_KEPTSTORE_H
#define MIG_KEPTSTORE_H

#include "prepare.h"

typedef struct MigKeptStore
{
	MemoryContext context;
	bool		is_read;
	MigStore	store;			/* but for the versions */
	MigPreparedStep *prepared[2];	/* by direction, and index of the revision;
									 * not yet parsed where source.text is NULL */
} MigKeptStore;

extern void mig_kept_store_begin(MigKeptStore *kept);
extern void mig_kept_store_forget(MigKeptStore *kept);
extern void mig_kept_store_open(MigKeptStore *kept, MigStore *store, const MigExtension *extension,
								const char *schema_name);
extern MigPreparedStep *mig_kept_store_prepare(MigKeptStore *kept, const MigExtension *extension,
											   const MigPlan *plan, MigDirection direction, Oid caller);

#endif							/* MIG_KEPTSTORE_H */
