/*-------------------------------------------------------------------------
 *
 * snapshotjson.h
 *	  Schema data as a document, and their fingerprint.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_SNAPSHOTJSON_H
#define MIG_SNAPSHOTJSON_H

#include "fact.h"

/* of the documents; a change of kinds or attributes is one, too */
#define MIG_SNAPSHOT_FORMAT	1

/* snapshotjson.c */
extern char *mig_schema_data_fingerprint(const MigSchemaData *data);
extern char *mig_schema_data_to_json(const MigSchemaData *data);

/* snapshotread.c */
extern MigSchemaData *mig_schema_data_from_json(const char *json);

#endif							/* MIG_SNAPSHOTJSON_H */
