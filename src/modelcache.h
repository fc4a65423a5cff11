/*-------------------------------------------------------------------------
 *
 * modelcache.h
 *	  Schema data of models that were executed before.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_MODELCACHE_H
#define MIG_MODELCACHE_H

#include "fact.h"
#include "revision.h"
#include "security.h"

extern char *mig_model_cache_key(const char *model_hash, const char *path_schema, const MigNameList *schemas);
extern MigSchemaData *mig_model_cache_get(const MigExtension *extension, const char *hash);
extern void mig_model_cache_put(const MigExtension *extension, const char *hash, const MigSchemaData *data);

#endif							/* MIG_MODELCACHE_H */
