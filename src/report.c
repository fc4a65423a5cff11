/*-------------------------------------------------------------------------
 *
 * report.c
 *	  Errors that are built first and raised later, or not at all.
 *
 * The pure core fills a MigReport and returns false.  Its caller decides:
 * raise it, collect it, or try something else.
 *
 *-------------------------------------------------------------------------
 */
#ifdef FRONTEND
#include "postgres_fe.h"
#else
#include "postgres.h"
#endif

#include "lib/stringinfo.h"
#include "purecore.h"
#include "report.h"

/* The text that a format makes of its arguments, in the current context. */
char *
mig_format(const char *fmt, va_list args)
{
	StringInfoData buf;

	initStringInfo(&buf);
	for (;;)
	{
		va_list		copy;
		int			needed;

		va_copy(copy, args);
		needed = appendStringInfoVA(&buf, fmt, copy);
		va_end(copy);
		if (needed == 0)
			return buf.data;
		enlargeStringInfo(&buf, needed);
	}
}

/*
 * Start a report: the primary message.  Always returns false, so that a
 * checker can say "return mig_report(...)".
 */
bool
mig_report(MigReport *report, int sqlerrcode, const char *fmt,...)
{
	va_list		args;

	report->sqlerrcode = sqlerrcode;
	report->detail = NULL;
	report->hint = NULL;
	va_start(args, fmt);
	report->message = mig_format(fmt, args);
	va_end(args);
	return false;
}

/* Add what was found.  Returns false, as mig_report(). */
bool
mig_report_detail(MigReport *report, const char *fmt,...)
{
	va_list		args;

	va_start(args, fmt);
	report->detail = mig_format(fmt, args);
	va_end(args);
	return false;
}

/* Add what to type next.  Returns false, as mig_report(). */
bool
mig_report_hint(MigReport *report, const char *fmt,...)
{
	va_list		args;

	va_start(args, fmt);
	report->hint = mig_format(fmt, args);
	va_end(args);
	return false;
}

#ifndef FRONTEND
/* Raise a report as an error. */
void
mig_report_throw(const MigReport *report)
{
	ereport(ERROR,
			(errcode(report->sqlerrcode),
			 errmsg_internal("%s", report->message),
			 report->detail ? errdetail_internal("%s", report->detail) : 0,
			 report->hint ? errhint("%s", report->hint) : 0));
}
#endif
