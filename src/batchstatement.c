/*-------------------------------------------------------------------------
 *
 * batchstatement.c
 *	  A statement that is run for a part of its rows at a time.
 *
 * Which part is said by a condition that is put into the WHERE clause: into
 * the parse tree, not into the text, so that it does not matter how the
 * statement is written.  What the result would depend on the whole, such as
 * DISTINCT or LIMIT, is refused.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "batchstatement.h"
#include "errcodes.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "parser/analyze.h"
#include "parser/parser.h"
#include "pg_compat.h"
#include "tcop/pquery.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/portal.h"
#include "utils/snapmgr.h"

static const char *const has_rows_together = "Its query has aggregates or window functions.";

/* 0A000: the statement, for this reason, is one that runs as a whole or not at all. */
static void
refuse(const char *why)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("statement cannot be run in batches"),
			 errdetail("%s", why),
			 errhint("UPDATE, DELETE, and INSERT from a plain SELECT can. Any other runs as a whole, or not at all: leave out \"migrate:batch\", or execute it by itself.")));
}

/* ----------
 * What the statement is
 * ----------
 */

/* For raw_expression_tree_walker(): is there a parameter? */
static bool
has_parameter(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, ParamRef))
		return true;
	return raw_expression_tree_walker(node, has_parameter, context);
}

/* WITH is run again for each batch, so it may only read. */
static void
check_with(const WithClause *with)
{
	ListCell   *lc;

	if (with == NULL)
		return;
	foreach(lc, with->ctes)
	{
		if (!IsA(lfirst_node(CommonTableExpr, lc)->ctequery, SelectStmt))
			refuse("A part of its WITH clause changes data, and would do so in each batch.");
	}
}

/* Is the table what the caller means by a name; NULL: any? */
static bool
is_meant(const RangeVar *table, const char *name)
{
	if (name == NULL)
		return true;
	if (table->alias != NULL && strcmp(table->alias->aliasname, name) == 0)
		return true;
	return strcmp(table->relname, name) == 0 ||
		(table->schemaname != NULL && strcmp(psprintf("%s.%s", table->schemaname, table->relname), name) == 0);
}

/*
 * Find the table in an item of FROM.  On the nullable side of an outer join
 * rows would come without it in every batch.
 */
static RangeVar *
find_in_from(Node *item, const char *name)
{
	JoinExpr   *join;
	RangeVar   *found = NULL;

	if (IsA(item, RangeVar))
		return is_meant((RangeVar *) item, name) ? (RangeVar *) item : NULL;
	if (!IsA(item, JoinExpr))
		return NULL;
	join = (JoinExpr *) item;
	if (join->jointype == JOIN_INNER || join->jointype == JOIN_LEFT)
		found = find_in_from(join->larg, name);
	if (found == NULL && (join->jointype == JOIN_INNER || join->jointype == JOIN_RIGHT))
		found = find_in_from(join->rarg, name);
	return found;
}

/* For raw_expression_tree_walker(): is there a call over several rows? */
static bool
has_aggregate(Node *node, void *context)
{
	if (node == NULL || IsA(node, SubLink))
		return false;
	if (IsA(node, FuncCall))
	{
		FuncCall   *call = (FuncCall *) node;

		if (call->over != NULL || call->agg_star || call->agg_distinct || call->agg_order != NIL ||
			call->agg_filter != NULL || call->agg_within_group)
			return true;
	}
	return raw_expression_tree_walker(node, has_aggregate, context);
}

/* The query of an INSERT must give each row by itself. */
static void
check_query(const SelectStmt *query)
{
	if (query == NULL || query->valuesLists != NIL)
		refuse("It inserts no rows of a table.");
	if (query->op != SETOP_NONE)
		refuse("Its query has UNION, INTERSECT or EXCEPT.");
	if (query->distinctClause != NIL)
		refuse("Its query has DISTINCT.");
	if (query->groupClause != NIL || query->havingClause != NULL)
		refuse("Its query has GROUP BY or HAVING.");
	if (query->limitCount != NULL || query->limitOffset != NULL)
		refuse("Its query has LIMIT or OFFSET.");
	if (query->windowClause != NIL || has_aggregate((Node *) query->targetList, NULL))
		refuse(has_rows_together);
	check_with(query->withClause);
}

/* Take the parts of an INSERT. */
static void
take_insert(MigBatchStatement *statement, InsertStmt *insert, const char *table)
{
	SelectStmt *query = (SelectStmt *) insert->selectStmt;
	ListCell   *lc;

	check_with(insert->withClause);
	check_query(query);
	foreach(lc, query->fromClause)
	{
		statement->table = find_in_from((Node *) lfirst(lc), table);
		if (statement->table != NULL)
			break;
	}
	statement->on_conflict = insert->onConflictClause != NULL;
}

/* Take the parts of an UPDATE. */
static void
take_update(MigBatchStatement *statement, UpdateStmt *update)
{
	ListCell   *lc;

	check_with(update->withClause);
	statement->table = update->relation;
	statement->changes_table = true;
	statement->is_update = true;
	foreach(lc, update->targetList)
		statement->set_columns = lappend(statement->set_columns, lfirst_node(ResTarget, lc)->name);
}

/* Take the parts of a DELETE. */
static void
take_delete(MigBatchStatement *statement, DeleteStmt *delete)
{
	check_with(delete->withClause);
	statement->table = delete->relation;
	statement->changes_table = true;
}

/* The place of the WHERE clause that the condition goes into. */
static Node **
where_clause(Node *stmt)
{
	switch (nodeTag(stmt))
	{
		case T_InsertStmt:
			return &((SelectStmt *) ((InsertStmt *) stmt)->selectStmt)->whereClause;
		case T_UpdateStmt:
			return &((UpdateStmt *) stmt)->whereClause;
		case T_DeleteStmt:
			return &((DeleteStmt *) stmt)->whereClause;
		default:
			refuse("It is no UPDATE, DELETE or INSERT.");
	}
	return NULL;
}

/* Find the table that is gone through, which the caller may have named. */
static void
check_table(MigBatchStatement *statement, const char *table)
{
	if (statement->table == NULL || !is_meant(statement->table, table))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 table ? errmsg("statement cannot be run in batches over \"%s\"", table) :
				 errmsg("statement cannot be run in batches"),
				 statement->changes_table ?
				 errdetail("The table that it changes is \"%s\".", statement->table->relname) :
				 errdetail("A table of the query's FROM is needed that is not on the nullable side of an outer join."),
				 errhint("Name the table, or its alias, or leave the name out.")));
	statement->name = quote_identifier(statement->table->alias ? statement->table->alias->aliasname :
									   statement->table->relname);
}

/*
 * Parse a statement, and find out how it can be run in batches; "table" is
 * the name, or alias, of the table to go through, or NULL.  The result lives
 * in the current memory context.
 */
void
mig_batch_parse(MigBatchStatement *statement, const char *text, const char *table)
{
	List	   *list = raw_parser(text, RAW_PARSE_DEFAULT);
	Node	   *stmt;

	MemSet(statement, 0, sizeof(MigBatchStatement));
	statement->text = text;
	if (list_length(list) != 1)
		refuse(list == NIL ? "There is no statement." : "There is more than one statement.");
	statement->raw = linitial_node(RawStmt, list);
	stmt = statement->raw->stmt;
	if (IsA(stmt, InsertStmt))
		take_insert(statement, (InsertStmt *) stmt, table);
	else if (IsA(stmt, UpdateStmt))
		take_update(statement, (UpdateStmt *) stmt);
	else if (IsA(stmt, DeleteStmt))
		take_delete(statement, (DeleteStmt *) stmt);
	else
		refuse("It is no UPDATE, DELETE or INSERT.");
	if (*where_clause(stmt) != NULL && IsA(*where_clause(stmt), CurrentOfExpr))
		refuse("It is about the row of a cursor.");
	if (has_parameter(stmt, NULL))
		refuse("It has a parameter, to which nothing gives a value.");
	check_table(statement, table);
}

/* ----------
 * Running it
 * ----------
 */

/* Parse a condition. */
static Node *
parse_condition(const char *condition)
{
	List	   *list = raw_parser(psprintf("SELECT WHERE %s", condition), RAW_PARSE_DEFAULT);

	return ((SelectStmt *) linitial_node(RawStmt, list)->stmt)->whereClause;
}

/* The statement with the condition, for the analyzer to take apart. */
static RawStmt *
restrict_statement(const MigBatchStatement *statement, const char *condition)
{
	RawStmt    *raw = copyObject(statement->raw);
	Node	  **where = where_clause(raw->stmt);
	Node	   *added = parse_condition(condition);

	*where = *where == NULL ? added : (Node *) makeBoolExpr(AND_EXPR, list_make2(*where, added), -1);
	return raw;
}

/* Only the analyzer knows which functions are aggregates. */
static void
check_analyzed(const Query *query)
{
	ListCell   *lc;

	if (query->commandType != CMD_INSERT)
		return;
	foreach(lc, query->rtable)
	{
		const RangeTblEntry *rte = lfirst_node(RangeTblEntry, lc);

		if (rte->rtekind == RTE_SUBQUERY && (rte->subquery->hasAggs || rte->subquery->hasWindowFuncs))
			refuse(has_rows_together);
	}
}

/* The values of parameters, which the planner may look at. */
static ParamListInfo
make_parameters(int nvalues, const Oid *types, const Datum *values)
{
	ParamListInfo params = makeParamList(nvalues);
	int			i;

	for (i = 0; i < nvalues; i++)
	{
		params->params[i].value = values[i];
		params->params[i].isnull = false;
		params->params[i].pflags = PARAM_FLAG_CONST;
		params->params[i].ptype = types[i];
	}
	return params;
}

/*
 * Run the statement, as the current user, for the rows that fulfil a
 * condition, which knows the values as $1 and so on.  It is planned each
 * time: for these values, and with the statistics of now.
 *
 * Returns the number of rows that were made, changed or deleted.
 */
uint64
mig_batch_execute(const MigBatchStatement *statement, const char *condition, int nvalues, const Oid *types,
				  const Datum *values)
{
	RawStmt    *raw = restrict_statement(statement, condition);
	ParamListInfo params = make_parameters(nvalues, types, values);
	CommandTag	tag = CreateCommandTag(raw->stmt);
	QueryCompletion qc;
	Portal		portal;
	Query	   *query;
	List	   *plans;

	PushActiveSnapshot(GetTransactionSnapshot());
	query = parse_analyze_fixedparams(raw, statement->text, types, nvalues, NULL);
	check_analyzed(query);
	plans = pg_plan_queries(pg_rewrite_query(query), statement->text, CURSOR_OPT_PARALLEL_OK, params);
	PopActiveSnapshot();
	portal = CreateNewPortal();
	portal->visible = false;
	PortalDefineQuery(portal, NULL, statement->text, tag, plans, NULL);
	PortalStart(portal, params, 0, InvalidSnapshot);
	InitializeQueryCompletion(&qc);
	mig_portal_run(portal, &qc);
	PortalDrop(portal, false);
	/* what follows in the transaction sees it */
	CommandCounterIncrement();
	return qc.nprocessed;
}
