/*-------------------------------------------------------------------------
 *
 * schemaqueue.h
 *	  The schemas that a run of many has before it, for its workers.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_SCHEMAQUEUE_H
#define MIG_SCHEMAQUEUE_H

#include "nodes/pg_list.h"
#include "storage/dsm.h"
#include "storage/spin.h"

typedef enum MigSchemaState
{
	MIG_SCHEMA_QUEUED,
	MIG_SCHEMA_RUNNING,
	MIG_SCHEMA_DONE,
	MIG_SCHEMA_FAILED,
	MIG_SCHEMA_GONE				/* dropped before its turn came, or in it */
} MigSchemaState;

typedef struct MigQueuedSchema
{
	char		schema_name[NAMEDATALEN];
	MigSchemaState state;
	int			worker;			/* that has taken it */
	int			nreturned;		/* how often the last worker has given it back */
} MigQueuedSchema;

#define MIG_QUEUE_TEXT	512

/* In a dynamic segment; all but the constants under the mutex. */
typedef struct MigSchemaQueue
{
	uint32		magic;
	int			count;
	int			canary;			/* of them, that must succeed first */
	int			max_failures;	/* -1: any number */
	int			jobs;			/* workers that are wanted */
	slock_t		mutex;
	int			max_workers;	/* as many as there is room for */
	bool		paused;
	bool		stopped;		/* nothing is begun any more */
	int			next;
	int			nreturned;		/* before that, and to be taken again */
	int			nended;
	int			nfailed;
	int			ngone;
	int			sqlstate;		/* of the first failure */
	char		failed_schema[NAMEDATALEN];
	char		error[MIG_QUEUE_TEXT];
	MigQueuedSchema items[FLEXIBLE_ARRAY_MEMBER];
} MigSchemaQueue;

/* What mig_queue_take() returns instead of an index. */
#define MIG_QUEUE_WAIT	(-1)
#define MIG_QUEUE_EMPTY (-2)

extern dsm_segment *mig_queue_create(const List *schema_names, int jobs, int canary, int max_failures);
extern MigSchemaQueue *mig_queue_attach(dsm_handle handle);
extern int	mig_queue_take(MigSchemaQueue *queue, int worker);
extern bool mig_queue_give_back(MigSchemaQueue *queue, int index);
extern void mig_queue_end(MigSchemaQueue *queue, int index, MigSchemaState state, const ErrorData *edata);
extern bool mig_queue_end_worker(MigSchemaQueue *queue, int worker, const ErrorData *edata);
extern bool mig_queue_is_over(MigSchemaQueue *queue);
extern void mig_queue_set_paused(MigSchemaQueue *queue, bool paused);
extern List *mig_queue_read(dsm_handle handle);
extern const char *mig_queue_state_name(MigSchemaState state);
extern void mig_queue_count(MigSchemaQueue *queue, int *nended, int *nfailed, int *ngone);

#endif							/* MIG_SCHEMAQUEUE_H */
