/*-------------------------------------------------------------------------
 *
 * schemaqueue.c
 *	  The schemas that a run of many has before it, for its workers.
 *
 * The first ones may be canaries: the others wait until all of them have
 * succeeded.  After too many failures nothing is begun any more; what is
 * running goes on to its end.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "background.h"
#include "mb/pg_wchar.h"
#include "schemaqueue.h"

#define QUEUE_MAGIC		0x6d696703
#define MAX_RETURNED	3		/* times, by the last worker */

/*
 * Make the queue, in a segment that belongs to the current resource owner.
 */
dsm_segment *
mig_queue_create(const List *schema_names, int jobs, int canary, int max_failures)
{
	int			count = list_length(schema_names);
	dsm_segment *segment = dsm_create(offsetof(MigSchemaQueue, items) + sizeof(MigQueuedSchema) * count, 0);
	MigSchemaQueue *queue = dsm_segment_address(segment);
	ListCell   *lc;
	int			i = 0;

	memset(queue, 0, offsetof(MigSchemaQueue, items) + sizeof(MigQueuedSchema) * count);
	queue->magic = QUEUE_MAGIC;
	queue->count = count;
	queue->canary = Min(canary, count);
	queue->max_failures = max_failures;
	queue->jobs = queue->max_workers = jobs;
	SpinLockInit(&queue->mutex);
	foreach(lc, schema_names)
		strlcpy(queue->items[i++].schema_name, (const char *) lfirst(lc), NAMEDATALEN);
	return segment;
}

/* Called by a worker: the queue, to the end of the process. */
MigSchemaQueue *
mig_queue_attach(dsm_handle handle)
{
	dsm_segment *segment = mig_background_map(handle);
	MigSchemaQueue *queue;

	dsm_pin_mapping(segment);
	queue = dsm_segment_address(segment);
	if (queue->magic != QUEUE_MAGIC)
		elog(ERROR, "invalid magic number in dynamic shared memory segment");
	return queue;
}

/* Is nothing left to begin?  Called with the mutex. */
static bool
is_over(const MigSchemaQueue *queue)
{
	return queue->stopped || (queue->next >= queue->count && queue->nreturned == 0);
}

/* Take the first one that was given back.  Called with the mutex. */
static int
take_returned(MigSchemaQueue *queue)
{
	int			index = 0;

	while (queue->items[index].state != MIG_SCHEMA_QUEUED)
		index++;
	queue->nreturned--;
	return index;
}

/*
 * Take the next schema.  Returns its index, MIG_QUEUE_WAIT if there may be
 * one later, or MIG_QUEUE_EMPTY.
 */
int
mig_queue_take(MigSchemaQueue *queue, int worker)
{
	int			index;

	SpinLockAcquire(&queue->mutex);
	if (is_over(queue))
		index = MIG_QUEUE_EMPTY;
	else if (queue->paused ||
			 (queue->nreturned == 0 && queue->next >= queue->canary && queue->nended < queue->canary))
		index = MIG_QUEUE_WAIT;
	else
	{
		index = queue->nreturned > 0 ? take_returned(queue) : queue->next++;
		queue->items[index].state = MIG_SCHEMA_RUNNING;
		queue->items[index].worker = worker;
	}
	SpinLockRelease(&queue->mutex);
	return index;
}

/* May a schema be given back?  Called with the mutex. */
static bool
is_returnable(MigSchemaQueue *queue, MigQueuedSchema *item)
{
	if (queue->max_workers > 1)
	{
		queue->max_workers--;
		return true;
	}
	/* those that have made room before may not yet have ended */
	return queue->jobs > 1 && item->nreturned++ < MAX_RETURNED;
}

/*
 * A schema cannot be run while so many others are: somebody takes it again
 * when the calling worker, which is to end, has made room.  False if that
 * would not help.
 */
bool
mig_queue_give_back(MigSchemaQueue *queue, int index)
{
	bool		given_back;

	SpinLockAcquire(&queue->mutex);
	given_back = is_returnable(queue, &queue->items[index]);
	if (given_back)
	{
		queue->items[index].state = MIG_SCHEMA_QUEUED;
		queue->nreturned++;
	}
	SpinLockRelease(&queue->mutex);
	return given_back;
}

/* Note the first failure, and stop after too many.  Called with the mutex. */
static void
note_failure(MigSchemaQueue *queue, int index, int sqlstate, const char *error)
{
	if (queue->nfailed++ == 0)
	{
		queue->sqlstate = sqlstate;
		strlcpy(queue->failed_schema, queue->items[index].schema_name, NAMEDATALEN);
		strlcpy(queue->error, error, MIG_QUEUE_TEXT);
	}
	if (index < queue->canary || (queue->max_failures >= 0 && queue->nfailed > queue->max_failures))
		queue->stopped = true;
}

/* A schema has come to its end; if it failed, edata says how. */
void
mig_queue_end(MigSchemaQueue *queue, int index, MigSchemaState state, const ErrorData *edata)
{
	char		error[MIG_QUEUE_TEXT] = "";

	/* not under a spinlock: it looks at the characters */
	if (state == MIG_SCHEMA_FAILED)
	{
		const char *message = edata->message ? edata->message : "";

		strlcpy(error, message, pg_mbcliplen(message, strlen(message), MIG_QUEUE_TEXT - 1) + 1);
	}
	SpinLockAcquire(&queue->mutex);
	queue->items[index].state = state;
	queue->nended++;
	if (state == MIG_SCHEMA_GONE)
		queue->ngone++;
	if (state == MIG_SCHEMA_FAILED)
		note_failure(queue, index, edata->sqlerrcode, error);
	SpinLockRelease(&queue->mutex);
}

/*
 * A worker has ended by an error: what it was at has failed.  Returns whether
 * it was at something.
 */
bool
mig_queue_end_worker(MigSchemaQueue *queue, int worker, const ErrorData *edata)
{
	int			i;

	/* nobody else changes the items of this worker */
	for (i = 0; i < queue->count; i++)
	{
		if (queue->items[i].state == MIG_SCHEMA_RUNNING && queue->items[i].worker == worker)
		{
			mig_queue_end(queue, i, MIG_SCHEMA_FAILED, edata);
			return true;
		}
	}
	return false;
}

/* Is nothing left to begin? */
bool
mig_queue_is_over(MigSchemaQueue *queue)
{
	bool		over;

	SpinLockAcquire(&queue->mutex);
	over = is_over(queue);
	SpinLockRelease(&queue->mutex);
	return over;
}

/* Nothing is begun while somebody wants the run to pause. */
void
mig_queue_set_paused(MigSchemaQueue *queue, bool paused)
{
	SpinLockAcquire(&queue->mutex);
	queue->paused = paused;
	SpinLockRelease(&queue->mutex);
}

/* The state of a schema, in words. */
const char *
mig_queue_state_name(MigSchemaState state)
{
	switch (state)
	{
		case MIG_SCHEMA_QUEUED:
			return "queued";
		case MIG_SCHEMA_RUNNING:
			return "running";
		case MIG_SCHEMA_DONE:
			return "done";
		case MIG_SCHEMA_FAILED:
			return "failed";
		case MIG_SCHEMA_GONE:
			return "dropped";
	}
	return NULL;
}

/*
 * For who looks: the schemas, as a list of MigQueuedSchema.  They may be
 * somewhat out of date, and none if the run has ended meanwhile.
 */
List *
mig_queue_read(dsm_handle handle)
{
	dsm_segment *mapping = dsm_find_mapping(handle);
	dsm_segment *attached = mapping == NULL ? dsm_attach(handle) : NULL;
	List	   *schemas = NIL;
	MigSchemaQueue *queue;
	int			i;

	if (mapping == NULL && attached == NULL)
		return NIL;
	queue = dsm_segment_address(mapping ? mapping : attached);
	if (dsm_segment_map_length(mapping ? mapping : attached) >= offsetof(MigSchemaQueue, items) &&
		queue->magic == QUEUE_MAGIC)
	{
		MigQueuedSchema *copy = palloc(sizeof(MigQueuedSchema) * queue->count);

		memcpy(copy, queue->items, sizeof(MigQueuedSchema) * queue->count);
		for (i = 0; i < queue->count; i++)
			schemas = lappend(schemas, &copy[i]);
	}
	if (attached != NULL)
		dsm_detach(attached);
	return schemas;
}

/* How far is it? */
void
mig_queue_count(MigSchemaQueue *queue, int *nended, int *nfailed, int *ngone)
{
	SpinLockAcquire(&queue->mutex);
	*nended = queue->nended;
	*nfailed = queue->nfailed;
	*ngone = queue->ngone;
	SpinLockRelease(&queue->mutex);
}
