/*-------------------------------------------------------------------------
 *
 * tap.h
 *	  As much of the Test Anything Protocol as the unit tests need.
 *
 * A test program calls the checks, and returns done_testing() from main().
 *
 *-------------------------------------------------------------------------
 */
#ifndef TAP_H
#define TAP_H

#include "report.h"

static int	tap_run;
static int	tap_failed;

/*
 * The core allocates in memory contexts, and in the server these free what it
 * does not; outside of it nobody does, so leaks say nothing.
 */
extern const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return "detect_leaks=0";
}

/* One check. */
static bool pg_attribute_unused()
ok(bool passed, const char *name)
{
	printf("%sok %d - %s\n", passed ? "" : "not ", ++tap_run, name);
	if (!passed)
		tap_failed++;
	return passed;
}

/* Print a text as a comment, line by line. */
static void pg_attribute_unused()
diag(const char *what, const char *text)
{
	printf("# %s ", what);
	for (; *text; text++)
	{
		putchar(*text);
		if (*text == '\n')
			printf("# ");
	}
	putchar('\n');
}

/* Are two texts the same? */
static bool pg_attribute_unused()
is(const char *got, const char *want, const char *name)
{
	bool		same = got == want || (got != NULL && want != NULL && strcmp(got, want) == 0);

	if (!ok(same, name))
	{
		diag("got: ", got ? got : "(null)");
		diag("want:", want ? want : "(null)");
	}
	return same;
}

/* Are two numbers the same? */
static bool pg_attribute_unused()
is_int(long got, long want, const char *name)
{
	if (!ok(got == want, name))
		printf("# got %ld, want %ld\n", got, want);
	return got == want;
}

/* Did a call fail with this SQLSTATE, and does what it says contain a text? */
static bool pg_attribute_unused()
fails(bool succeeded, const MigReport *report, int sqlerrcode, const char *part, const char *name)
{
	bool		passed;

	passed = !succeeded && report->sqlerrcode == sqlerrcode &&
		(strstr(report->message, part) != NULL ||
		 (report->detail && strstr(report->detail, part) != NULL) ||
		 (report->hint && strstr(report->hint, part) != NULL));
	if (!ok(passed, name))
	{
		diag("want:", part);
		diag("got: ", succeeded ? "success" : report->message);
		if (!succeeded && report->detail)
			diag("     ", report->detail);
		if (!succeeded && report->hint)
			diag("     ", report->hint);
	}
	return passed;
}

/* The plan, and the exit status. */
static int pg_attribute_unused()
done_testing(void)
{
	printf("1..%d\n", tap_run);
	return tap_failed > 0 ? 1 : 0;
}

#endif							/* TAP_H */
