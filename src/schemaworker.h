/*-------------------------------------------------------------------------
 *
 * schemaworker.h
 *	  What a worker of a run of many schemas gets, and runs.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_SCHEMAWORKER_H
#define MIG_SCHEMAWORKER_H

#include "fmgr.h"
#include "revision.h"
#include "storage/dsm.h"

/* Keys of what lies in the worker's segment. */
typedef enum MigSchemaWorkerKey
{
	MIG_SCHEMA_WORKER_ORDER,	/* MigSchemaWorkerOrder */
	MIG_SCHEMA_WORKER_TARGET	/* string */
} MigSchemaWorkerKey;

typedef struct MigSchemaWorkerOrder
{
	dsm_handle	queue;
	int			number;			/* of the worker */
	int64		run;
	MigDirection direction;
	int			lock_timeout;
	int			lock_retry_for;
} MigSchemaWorkerOrder;

/* found by name */
extern PGDLLEXPORT void migrate_schema_worker_main(Datum main_arg);

#endif							/* MIG_SCHEMAWORKER_H */
