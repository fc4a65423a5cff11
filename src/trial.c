/*-------------------------------------------------------------------------
 *
 * trial.c
 *	  Doing something that may fail, so that nothing of it is left then.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "trial.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

/*
 * Do something in a subtransaction.  If it raises an error, the
 * subtransaction is rolled back, with the locks that it took, and the error
 * is returned, in the current memory context; else NULL.
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
		body(arg);
		ReleaseCurrentSubTransaction();
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
