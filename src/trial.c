/*-------------------------------------------------------------------------
 *
 * trial.c
 *	  Doing something that may fail, so that nothing of it is left then.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "executor/spi.h"
#include "trial.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

/*
 * Do something in a subtransaction.  If it raises an error, the
 * subtransaction is rolled back, with the locks that it took, and the error
 * is returned, in the current memory context; else NULL.  Without an error it
 * is rolled back if the body says so.
 *
 * Which errors are not to be swallowed is for the caller to know: he throws
 * them again (ReThrowError).
 */
ErrorData *
mig_try(MigTrialBody body, void *arg)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile edata = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		if (body(arg))
			ReleaseCurrentSubTransaction();
		else
			RollbackAndReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		edata = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return edata;
}

/*
 * Commit the transaction of a procedure, which may fail for a deferred
 * constraint.  Returns NULL, or the error, in the current memory context; in
 * any case the next transaction has begun.  The session's locks are gone with
 * a transaction that failed.
 */
ErrorData *
mig_try_commit(void)
{
	MemoryContext context = CurrentMemoryContext;
	ErrorData  *volatile edata = NULL;

	PG_TRY();
	{
		SPI_commit();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		edata = CopyErrorData();
		FlushErrorState();
	}
	PG_END_TRY();
	return edata;
}

/*
 * Is it an error of the moment, which says nothing of what was tried: a
 * cancel, a lock timeout, a lack of memory?
 */
bool
mig_is_of_the_moment(const ErrorData *edata)
{
	int			category = ERRCODE_TO_CATEGORY(edata->sqlerrcode);

	return edata->sqlerrcode == ERRCODE_QUERY_CANCELED || edata->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE ||
		category == ERRCODE_INSUFFICIENT_RESOURCES || category == ERRCODE_OPERATOR_INTERVENTION;
}
