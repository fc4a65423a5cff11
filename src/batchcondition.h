/*-------------------------------------------------------------------------
 *
 * batchcondition.h
 *	  Which rows a batch is about, in SQL.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_BATCHCONDITION_H
#define MIG_BATCHCONDITION_H

#include "batchkey.h"
#include "revision.h"

/* Values of parameters, all of type text or text[]. */
typedef struct MigBatchValues
{
	int			count;
	Oid			types[3 * MIG_BATCH_MAX_COLUMNS];
	Datum		values[3 * MIG_BATCH_MAX_COLUMNS];
} MigBatchValues;

extern int mig_batch_add_value(MigBatchValues *values, Oid type, Datum value);
extern char *mig_batch_range(const MigBatchKey *key, const char *name, const MigNameList *from,
							 const MigNameList *to, MigBatchValues *values);
extern char *mig_batch_nulls(const MigBatchKey *key, const char *name);
extern char *mig_batch_keys(const MigBatchKey *key, const char *name, const MigNameList *columns,
							MigBatchValues *values);
extern char *mig_batch_blocks(const char *name, uint32 from, uint32 to, MigBatchValues *values);
extern uint64 mig_batch_select(const char *sql, const MigBatchValues *values);
extern char *mig_batch_columns(const MigBatchKey *key, const char *suffix);
extern MigNameList mig_batch_get_key(const MigBatchKey *key, uint64 row);

#endif							/* MIG_BATCHCONDITION_H */
