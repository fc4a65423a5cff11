/*-------------------------------------------------------------------------
 *
 * toplevel.c
 *	  Running a statement as if a client had sent it.
 *
 * Only for background workers: a statement that ends the transaction, or
 * refuses to run in one that did something before, must be the outermost
 * thing that the process does.  The steps are those of exec_simple_query()
 * in the server.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "errcodes.h"
#include "lockwanted.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "parser/analyze.h"
#include "pg_compat.h"
#include "pgstat.h"
#include "storage/proc.h"
#include "tcop/cmdtag.h"
#include "tcop/dest.h"
#include "tcop/pquery.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "toplevel.h"
#include "utils/guc.h"
#include "utils/portal.h"
#include "utils/ps_status.h"
#include "utils/snapmgr.h"
#include "utils/timeout.h"

/*
 * Begin the transaction of a statement, under statement_timeout.  The text
 * is what others see; it must live until mig_end_statement().  The current
 * memory context stays what it is.
 */
void
mig_begin_statement(const char *text)
{
	MemoryContext oldcontext = CurrentMemoryContext;

	SetCurrentStatementStartTimestamp();
	debug_query_string = text;
	pgstat_report_activity(STATE_RUNNING, text);
	StartTransactionCommand();
	if (StatementTimeout > 0)
		enable_timeout_after(STATEMENT_TIMEOUT, StatementTimeout);
	MemoryContextSwitchTo(oldcontext);
}

/* Commit it.  The current memory context stays what it is. */
void
mig_end_statement(void)
{
	MemoryContext oldcontext = CurrentMemoryContext;

	disable_timeout(STATEMENT_TIMEOUT, false);
	CommitTransactionCommand();
	MemoryContextSwitchTo(oldcontext);
	pgstat_report_stat(false);
	pgstat_report_activity(STATE_IDLE, NULL);
	debug_query_string = NULL;
}

/*
 * After an error that has been copied: end the transaction, whatever state it
 * is in, as a session does.  The current memory context stays what it is.
 */
void
mig_abort_statement(void)
{
	MemoryContext oldcontext = CurrentMemoryContext;

	disable_all_timeouts(false);
	QueryCancelPending = false;
	AbortCurrentTransaction();
	MemoryContextSwitchTo(oldcontext);
}

/* Analyze and plan a statement, in the current memory context. */
static List *
plan_statement(RawStmt *raw, const char *text)
{
	bool		needs_snapshot = analyze_requires_snapshot(raw);
	List	   *plans;

	if (needs_snapshot)
		PushActiveSnapshot(GetTransactionSnapshot());
	plans = pg_plan_queries(pg_analyze_and_rewrite_fixedparams(raw, text, NULL, 0, NULL),
							text, CURSOR_OPT_PARALLEL_OK, NULL);
	if (needs_snapshot)
		PopActiveSnapshot();
	return plans;
}

/*
 * Parse the text of a statement.  A script is parsed as a whole before it
 * runs, and may by now have changed how strings are read.
 */
static RawStmt *
parse_statement(const char *text)
{
	List	   *statements = pg_parse_query(text);

	if (list_length(statements) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_MIG_MALFORMED_SCRIPT),
				 errmsg("statement is not one any more"),
				 errdetail("With the settings that the script has made, its text has %d statements.",
						   list_length(statements)),
				 errhint("A script must not change \"standard_conforming_strings\".")));
	return linitial_node(RawStmt, statements);
}

/*
 * Run a single statement at top level, between mig_begin_statement() and
 * mig_end_statement().  It may end the transaction and begin others: so the
 * current memory context must outlive it.  Rows that it returns are thrown
 * away.
 *
 * Returns how many rows it was about.
 */
uint64
mig_run_statement(const char *text)
{
	MemoryContext oldcontext = CurrentMemoryContext;
	RawStmt    *raw = parse_statement(text);
	CommandTag	tag = CreateCommandTag(raw->stmt);
	QueryCompletion qc;
	Portal		portal;
	List	   *plans;

	set_ps_display(GetCommandTagName(tag));
	plans = plan_statement(raw, text);
	CHECK_FOR_INTERRUPTS();
	portal = CreatePortal("", true, true);
	portal->visible = false;
	PortalDefineQuery(portal, NULL, text, tag, plans, NULL);
	PortalStart(portal, NULL, 0, InvalidSnapshot);
	InitializeQueryCompletion(&qc);
	mig_portal_run(portal, &qc);
	PortalDrop(portal, false);
	MemoryContextSwitchTo(oldcontext);
	return qc.nprocessed;
}

/*
 * Set lock_timeout for the session, since a local setting ends with the first
 * of the transactions of a CREATE INDEX CONCURRENTLY; and deadlock_timeout, so
 * that autovacuum steps aside in time.
 */
void
mig_set_lock_timeout(int milliseconds)
{
	SetConfigOption("lock_timeout", psprintf("%d", milliseconds), PGC_USERSET, PGC_S_SESSION);
	if (milliseconds > 0)
		SetConfigOption("deadlock_timeout", psprintf("%d", mig_deadlock_timeout(milliseconds)), PGC_SUSET, PGC_S_SESSION);
}
