/*-------------------------------------------------------------------------
 *
 * arguments.c
 *	  What procedures and functions that run something are called with.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>

#include "arguments.h"
#include "errcodes.h"
#include "nodes/parsenodes.h"
#include "utils/timestamp.h"

/*
 * MG008, with the detail and hint given, unless the procedure may end the
 * transaction of its caller.
 */
void
mig_require_own_transactions(FunctionCallInfo fcinfo, const char *procedure, const char *detail, const char *hint)
{
	if (fcinfo->context != NULL && IsA(fcinfo->context, CallContext) && !castNode(CallContext, fcinfo->context)->atomic)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_MIG_NO_TRANSACTION),
			 errmsg("%s cannot be called in a transaction block or from a function", procedure),
			 errdetail("%s", detail),
			 errhint("%s", hint)));
}

/*
 * A time in milliseconds, at least "least", that an argument says; if that is
 * null, what a setting says.
 */
int
mig_milliseconds_argument(FunctionCallInfo fcinfo, int argument, const char *name, int setting, int least)
{
	Interval   *interval;
	int64		ms;

	if (PG_ARGISNULL(argument))
		return setting;
	interval = PG_GETARG_INTERVAL_P(argument);
	ms = (interval->month * (int64) DAYS_PER_MONTH + interval->day) * (USECS_PER_DAY / 1000) + interval->time / 1000;
	if (ms < least || ms > INT_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s is out of range", name),
				 errdetail("It must be from %d ms to %d ms, about 24 days.", least, INT_MAX),
				 errhint("Write %s => '2 s', for instance.", name)));
	return (int) ms;
}
