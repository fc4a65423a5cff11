/*-------------------------------------------------------------------------
 *
 * runlock.c
 *	  The lock of a production run, and waiting for that of others.
 *
 * It is held at session level, across transactions (mutex.c), and got by
 * trying again and again: who waits here does so without a snapshot, so that
 * it does not matter what the other run waits for.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "errcodes.h"
#include "executor/spi.h"
#include "lockwatch.h"
#include "mutex.h"
#include "patience.h"
#include "progress.h"
#include "runlock.h"
#include "trial.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

/* Scripts do not change while they are kept for several schemas. */
static bool
try_keep_scripts(const MigRunOptions *options, const MigExtension *extension, MigKeptStore *kept)
{
	if (options->kept != NULL && mig_scripts_are_kept(extension))
		return true;
	mig_kept_store_forget(kept);
	return options->kept == NULL || mig_try_keep_scripts(extension);
}

/*
 * Try to get the lock; if not, *holder is the process that has it, if known,
 * and others see that we wait.
 */
static bool
try_lock(const MigRunOptions *options, int64 run, MigKeptStore *kept, int *holder)
{
	MigOwnerScope scope;
	bool		locked;

	mig_enter_owner(&scope);
	locked = try_keep_scripts(options, &scope.extension, kept) &&
		mig_try_lock_run(&scope.extension, options->schema_name);
	*holder = locked ? 0 : mig_run_holder(&scope.extension, options->schema_name);
	if (!locked)
		mig_progress_begin(&scope.extension, run, options->schema_name, options->direction, options->target, true);
	mig_progress_phase(locked ? MIG_PHASE_STARTING : MIG_PHASE_WAITING_FOR_RUN);
	mig_leave_owner(&scope);
	return locked;
}

/* The end of the time that a run waits for another one. */
static void
give_up(const MigRunOptions *options, int holder)
{
	ereport(ERROR,
			(errcode(ERRCODE_MIG_RUN_ACTIVE),
			 errmsg("another run is active"),
			 holder != 0 ?
			 errdetail("That of process %d has not ended within %d ms.", holder, options->lock_retry_for) :
			 errdetail("It has not ended within %d ms.", options->lock_retry_for),
			 errhint("SELECT * FROM migrate_progress shows what it does. Call again later, or with a longer lock_retry_for.")));
}

/*
 * Lock the run, at the beginning of a transaction; ends transactions.  What
 * is kept of the store is forgotten if it may have changed.
 */
void
mig_run_lock(const MigRunOptions *options, int64 run, MigKeptStore *kept)
{
	TimestampTz deadline = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), options->lock_retry_for);
	long		wait = MIG_FIRST_LOOK;
	bool		told = false;
	int			holder;

	while (!try_lock(options, run, kept, &holder))
	{
		if (GetCurrentTimestamp() >= deadline)
			give_up(options, holder);
		if (!told && holder != 0)
		{
			ereport(NOTICE,
					(errmsg("waiting for the run of process %d", holder)));
			told = true;
		}
		SPI_commit();
		mig_pause(wait);
		wait = Min(wait * 2, MIG_LAST_LOOK);
	}
	/* where the snapshot is fixed, it must not be older than the lock */
	SPI_commit();
}

/* The run of a schema has ended. */
void
mig_run_unlock(const char *schema_name)
{
	MigOwnerScope scope;

	mig_enter_owner(&scope);
	mig_unlock_run(&scope.extension, schema_name);
	mig_leave_owner(&scope);
	SPI_commit();
}

/* Give the lock to whoever waits for it, in the middle of the run. */
void
mig_run_yield(const char *schema_name)
{
	MigOwnerScope scope;

	mig_enter_owner(&scope);
	mig_unlock_run(&scope.extension, schema_name);
	mig_release_scripts(&scope.extension);
	mig_leave_owner(&scope);
	SPI_commit();
}

/* Does somebody wait for it? */
bool
mig_run_should_yield(const char *schema_name)
{
	MigOwnerScope scope;
	bool		waited_for;

	mig_enter_owner(&scope);
	waited_for = mig_run_is_waited_for(&scope.extension, schema_name);
	mig_leave_owner(&scope);
	return waited_for;
}

/* ----------
 * The script location
 * ----------
 */

/* For mig_try(): read the script location, under the patience of the run. */
static bool
refresh(void *arg)
{
	const MigRunOptions *options = (const MigRunOptions *) arg;
	int			guc_nestlevel = NewGUCNestLevel();

	mig_set_lock_patience(options->lock_timeout);
	mig_store_refresh();
	AtEOXact_GUC(false, guc_nestlevel);
	return true;
}

/*
 * Read the script location.  Known scripts that have changed are not replaced
 * while another run is active; we wait for its end without a snapshot.
 */
void
mig_run_refresh_store(const MigRunOptions *options)
{
	TimestampTz deadline = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), options->lock_retry_for);
	ErrorData  *edata;

	while ((edata = mig_try(refresh, unconstify(MigRunOptions *, options))) != NULL)
	{
		if ((edata->sqlerrcode != ERRCODE_MIG_RUN_ACTIVE && !mig_is_lock_failure(edata)) ||
			GetCurrentTimestamp() >= deadline)
			ReThrowError(edata);
		SPI_commit();
		mig_pause(MIG_LAST_LOOK);
	}
	SPI_commit();
}
