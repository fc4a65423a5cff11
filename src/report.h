/*-------------------------------------------------------------------------
 *
 * report.h
 *	  Errors that are built first and raised later, or not at all.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_REPORT_H
#define MIG_REPORT_H

/*
 * One error.  sqlerrcode 0 means that there is none.  detail and hint may be
 * NULL.  All strings live in the memory context of the call that made them.
 */
typedef struct MigReport
{
	int			sqlerrcode;
	char	   *message;
	char	   *detail;
	char	   *hint;
} MigReport;

extern char *mig_format(const char *fmt, va_list args) pg_attribute_printf(1, 0);
extern bool mig_report(MigReport *report, int sqlerrcode, const char *fmt,...) pg_attribute_printf(3, 4);
extern bool mig_report_detail(MigReport *report, const char *fmt,...) pg_attribute_printf(2, 3);
extern bool mig_report_hint(MigReport *report, const char *fmt,...) pg_attribute_printf(2, 3);

#ifndef FRONTEND
extern void mig_report_throw(const MigReport *report);
#endif

#endif							/* MIG_REPORT_H */
