/*-------------------------------------------------------------------------
 *
 * schemaread.h
 *	  Reading schema data from the catalogs.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_SCHEMAREAD_H
#define MIG_SCHEMAREAD_H

#include "fact.h"
#include "revision.h"

extern const char *mig_unqualified_schema(void);
extern MigSchemaData *mig_schema_data_read(const MigNameList *schemas, const char *path_schema);

#endif							/* MIG_SCHEMAREAD_H */
