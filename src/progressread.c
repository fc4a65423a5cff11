/*-------------------------------------------------------------------------
 *
 * progressread.c
 *	  What the runs of other sessions are doing, and asking them to pause.
 *
 * Who looks reads the list of locks, as pg_locks does, and attaches to the
 * segments that it finds (see progress.c).  Any of them may be gone, or be
 * somebody else's, by then.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "progress.h"

static const char *const phase_names[] = {
	[MIG_PHASE_STARTING] = "starting",
	[MIG_PHASE_WAITING_FOR_RUN] = "waiting for another run",
	[MIG_PHASE_WAITING_FOR_OTHERS] = "waiting for other transactions",
	[MIG_PHASE_PAUSING] = "pausing before the next attempt",
	[MIG_PHASE_PAUSED] = "paused",
	[MIG_PHASE_HELD_BACK] = "held back",
	[MIG_PHASE_LOCKING] = "asking for locks",
	[MIG_PHASE_RUNNING] = "running",
	[MIG_PHASE_RECORDING] = "recording",
	[MIG_PHASE_UNCOMMITTED] = "not committed",
};

/* The phase, in words. */
const char *
mig_phase_name(MigPhase phase)
{
	return phase_names[phase];
}

/* The name of the lock that tells of a segment. */
void
mig_progress_set_lock(LOCKTAG *tag, const MigExtension *extension, dsm_handle handle)
{
	SET_LOCKTAG_OBJECT(*tag, MyDatabaseId, mig_extension_table(extension, "migrate_log"), handle, 0);
}

/* Is it one of ours? */
static bool
is_segment(dsm_segment *mapping)
{
	return dsm_segment_map_length(mapping) >= sizeof(MigProgressSegment) &&
		((MigProgressSegment *) dsm_segment_address(mapping))->magic == MIG_PROGRESS_MAGIC;
}

/* What is in the segment; it may be gone, or be something else by now. */
bool
mig_progress_copy(dsm_segment *mapping, MigProgress *progress)
{
	MigProgressSegment *found = (MigProgressSegment *) dsm_segment_address(mapping);
	bool		valid;

	if (!is_segment(mapping))
		return false;
	SpinLockAcquire(&found->mutex);
	valid = found->valid;
	*progress = found->progress;
	SpinLockRelease(&found->mutex);
	return valid;
}

/* What is done with a segment, while it is mapped; false: it is of no use. */
typedef bool (*SegmentVisitor) (void *arg, dsm_segment *mapping, int pid);

/* Visit the segment of one backend. */
static bool
visit_segment(dsm_handle handle, int pid, SegmentVisitor visit, void *arg)
{
	dsm_segment *mapping = dsm_find_mapping(handle);
	bool		found;

	if (mapping != NULL)
		return visit(arg, mapping, pid);
	mapping = dsm_attach(handle);
	if (mapping == NULL)
		return false;
	found = visit(arg, mapping, pid);
	dsm_detach(mapping);
	return found;
}

/*
 * Visit the segments of all backends that run something in this database.
 * Waits for nothing and nobody.  Returns how many were of use.
 */
static int
visit_segments(const MigExtension *extension, SegmentVisitor visit, void *arg)
{
	LockData   *data = GetLockStatusData();
	LOCKTAG		tag;
	int			n = 0;
	int			i;

	mig_progress_set_lock(&tag, extension, 0);
	for (i = 0; i < data->nelements; i++)
	{
		const LockInstanceData *lock = &data->locks[i];

		CHECK_FOR_INTERRUPTS();
		tag.locktag_field3 = lock->locktag.locktag_field3;
		if (memcmp(&lock->locktag, &tag, sizeof(LOCKTAG)) == 0 &&
			(lock->holdMask & LOCKBIT_ON(AccessShareLock)) != 0 &&
			visit_segment(tag.locktag_field3, lock->pid, visit, arg))
			n++;
	}
	return n;
}

/* Append what a backend does to a list. */
static bool
read_segment(void *arg, dsm_segment *mapping, int pid)
{
	List	  **runs = (List **) arg;
	MigProgress *progress = palloc(sizeof(MigProgress));

	/* the lock of a prepared transaction is nobody's; handles come again */
	if (!mig_progress_copy(mapping, progress) || progress->pid != pid)
		return false;
	*runs = lappend(*runs, progress);
	return true;
}

/* The runs of this database, as a list of MigProgress. */
List *
mig_progress_read(const MigExtension *extension)
{
	List	   *runs = NIL;

	(void) visit_segments(extension, read_segment, &runs);
	return runs;
}

/* What is to be paused, or not. */
typedef struct Pause
{
	int64		run;
	bool		paused;
} Pause;

/* Ask a backend to pause, or to go on, if it is the run's. */
static bool
pause_segment(void *arg, dsm_segment *mapping, int pid)
{
	const Pause *pause = (const Pause *) arg;
	MigProgressSegment *found = (MigProgressSegment *) dsm_segment_address(mapping);
	bool		is_meant;

	if (!is_segment(mapping))
		return false;
	SpinLockAcquire(&found->mutex);
	is_meant = found->valid && found->progress.pid == pid && found->progress.run == pause->run;
	if (is_meant)
		found->paused_run = pause->paused ? pause->run : 0;
	SpinLockRelease(&found->mutex);
	return is_meant;
}

/*
 * Ask the backends of a run to pause, or to go on.  Returns how many there
 * are; they stop at the next place where they can.
 */
int
mig_progress_set_paused(const MigExtension *extension, int64 run, bool paused)
{
	Pause		pause = {run, paused};

	return visit_segments(extension, pause_segment, &pause);
}
