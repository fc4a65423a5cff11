/*-------------------------------------------------------------------------
 *
 * copyrows.c
 *	  COPY FROM STDIN with the rows in the script.
 *
 * SPI refuses COPY, since there is no client to talk to.  The steps below are
 * those of DoCopy() in the server, with the script in the client's place:
 * the same lock, the same permissions, the same refusal under row security.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "access/xact.h"
#include "commands/defrem.h"
#include "copyrows.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "parser/parse_collate.h"
#include "parser/parse_expr.h"
#include "parser/parse_relation.h"
#include "pg_compat.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"

/*
 * What read_rows() gives out next.  The callback has no argument to carry
 * it; each COPY sets it anew, so that an error leaves nothing behind.
 */
static const char *next_row;
static const char *rows_end;

/* Give COPY its next bytes; fewer than asked for at the end. */
static int
read_rows(void *outbuf, int minread, int maxread)
{
	int			n = (int) Min((size_t) maxread, (size_t) (rows_end - next_row));

	memcpy(outbuf, next_row, n);
	next_row += n;
	return n;
}

/* The WHERE clause, as DoCopy() prepares it. */
static Node *
transform_where(ParseState *pstate, ParseNamespaceItem *nsitem, Node *clause)
{
	if (clause == NULL)
		return NULL;
	addNSItemToQuery(pstate, nsitem, false, true, true);
	clause = transformExpr(pstate, clause, EXPR_KIND_COPY_WHERE);
	clause = coerce_to_boolean(pstate, clause, "WHERE");
	assign_expr_collations(pstate, clause);
	clause = eval_const_expressions(NULL, clause);
	clause = (Node *) canonicalize_qual((Expr *) clause, false);
	return (Node *) make_ands_implicit((Expr *) clause);
}

/*
 * The options of the statement, but for the encoding: the rows have that of
 * the script, which is the database's by now.
 */
static List *
copy_options(List *options)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, options)
	{
		if (strcmp(lfirst_node(DefElem, lc)->defname, "encoding") != 0)
			result = lappend(result, lfirst(lc));
	}
	return lappend(result, makeDefElem("encoding",
									   (Node *) makeString(pstrdup(GetDatabaseEncodingName())), -1));
}

/*
 * Run a COPY ... FROM STDIN statement over the given rows (len bytes, without
 * the end-of-data line), as the current user.
 *
 * Returns the number of rows copied.
 */
uint64
mig_copy_rows(const char *statement, const char *rows, size_t len)
{
	RawStmt    *raw = linitial_node(RawStmt, pg_parse_query(statement));
	CopyStmt   *stmt = castNode(CopyStmt, raw->stmt);
	Relation	rel;
	ParseState *pstate;
	ParseNamespaceItem *nsitem;
	Node	   *where;
	CopyFromState cstate;
	uint64		processed;

	CommandCounterIncrement();
	PushActiveSnapshot(GetTransactionSnapshot());
	rel = table_openrv(stmt->relation, RowExclusiveLock);
	if (!rel->rd_islocaltemp)
		PreventCommandIfReadOnly("COPY FROM");
	pstate = make_parsestate(NULL);
	pstate->p_sourcetext = statement;
	nsitem = addRangeTableEntryForRelation(pstate, rel, RowExclusiveLock, NULL, false, false);
	where = transform_where(pstate, nsitem, stmt->whereClause);
	mig_check_insert_permission(pstate, nsitem,
								CopyGetAttnums(RelationGetDescr(rel), rel, stmt->attlist));
	if (check_enable_rls(RelationGetRelid(rel), InvalidOid, false) == RLS_ENABLED)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("COPY FROM not supported with row-level security"),
				 errhint("Use INSERT statements instead.")));

	next_row = rows;
	rows_end = rows + len;
	cstate = BeginCopyFrom(pstate, rel, where, NULL, false, read_rows, stmt->attlist,
						   copy_options(stmt->options));
	processed = CopyFrom(cstate);
	EndCopyFrom(cstate);
	table_close(rel, NoLock);
	free_parsestate(pstate);
	PopActiveSnapshot();
	CommandCounterIncrement();
	return processed;
}
