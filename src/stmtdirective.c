/*-------------------------------------------------------------------------
 *
 * stmtdirective.c
 *	  Which statements of a section directives are about.
 *
 * The core has found the directives "-- migrate:assert" and "-- migrate:batch",
 * the parser the statements.  A directive is about the statement that begins
 * next, which must be of a kind that it can be about.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "errcodes.h"
#include "stmtdirective.h"

/* A directive of either kind. */
typedef struct Directive
{
	const char *name;
	size_t		start;
	int			line;
	const MigAssertDirective *assert;	/* this or that */
	const MigBatchDirective *batch;
} Directive;

/* Take the next directive of the section; false: there is none. */
static bool
next_directive(const MigSection *section, MigDirectivesTaken *taken, Directive *directive)
{
	const MigAssertDirective *assert = taken->nasserts < section->nasserts ? &section->asserts[taken->nasserts] : NULL;
	const MigBatchDirective *batch = taken->nbatches < section->nbatches ? &section->batches[taken->nbatches] : NULL;

	if (assert == NULL && batch == NULL)
		return false;
	if (batch == NULL || (assert != NULL && assert->start < batch->start))
	{
		*directive = (Directive) {"migrate:assert", assert->start, assert->line, assert, NULL};
		taken->nasserts++;
	}
	else
	{
		*directive = (Directive) {"migrate:batch", batch->start, batch->line, NULL, batch};
		taken->nbatches++;
	}
	return true;
}

/*
 * MG005 unless the directive stands before the statement, as the only one.
 * "taken" is about those that come after it.
 */
static void
check_place(const MigScriptSource *source, const MigSection *section, MigDirectivesTaken taken,
			const Directive *directive, const MigDirected *statement)
{
	Directive	second;
	bool		has_second = next_directive(section, &taken, &second) && second.start < statement->end;
	const Directive *last = has_second ? &second : directive;

	if (last->start > statement->start)
		ereport(ERROR,
				(errcode(ERRCODE_MIG_MALFORMED_SCRIPT),
				 errmsg("revision script \"%s\": directive \"%s\" in the middle of a statement", source->path, last->name),
				 errdetail("Line %d is in the statement that begins on line %d.", last->line, statement->line),
				 errhint("Put \"-- %s\" on a line before the statement.", last->name)));
	if (has_second)
		ereport(ERROR,
				(errcode(ERRCODE_MIG_MALFORMED_SCRIPT),
				 errmsg("revision script \"%s\": two directives about one statement", source->path),
				 errdetail("Lines %d and %d both stand before the statement on line %d.",
						   directive->line, second.line, statement->line),
				 errhint("Remove one of them, or write a statement after each.")));
}

/*
 * Why the statement cannot be an assertion, or NULL if it can.  One that
 * changes data would do so in one way of running and not in another: on a
 * shadow, assertions are skipped.
 */
static const char *
refuses_assertion(Node *stmt)
{
	SelectStmt *leftmost = (SelectStmt *) stmt;
	ListCell   *lc;

	if (!IsA(stmt, SelectStmt))
		return "is not a query";
	while (leftmost->op != SETOP_NONE)
		leftmost = leftmost->larg;
	if (leftmost->intoClause != NULL)
		return "makes a table";
	if (((SelectStmt *) stmt)->withClause == NULL)
		return NULL;
	foreach(lc, ((SelectStmt *) stmt)->withClause->ctes)
	{
		if (!IsA(lfirst_node(CommonTableExpr, lc)->ctequery, SelectStmt))
			return "changes data";
	}
	return NULL;
}

/* MG005 unless the statement can be an assertion. */
static void
check_assertion(const MigScriptSource *source, const Directive *directive, const MigDirected *statement)
{
	const char *refuses = refuses_assertion(statement->stmt);

	if (refuses == NULL)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_MIG_MALFORMED_SCRIPT),
			 errmsg("revision script \"%s\": statement cannot be an assertion", source->path),
			 errdetail("The statement on line %d %s, and line %d says \"migrate:assert\".",
					   statement->line, refuses, directive->line),
			 errhint("Put \"-- migrate:assert\" before a SELECT, VALUES or TABLE that only reads.")));
}

/*
 * MG005 unless the statement can be run in batches, as far as its kind says;
 * more is found out when it is run.
 */
static void
check_batch(const MigScriptSource *source, const Directive *directive, const MigDirected *statement)
{
	Node	   *stmt = statement->stmt;
	SelectStmt *query = IsA(stmt, InsertStmt) ? (SelectStmt *) ((InsertStmt *) stmt)->selectStmt : NULL;

	if (IsA(stmt, UpdateStmt) || IsA(stmt, DeleteStmt) || (query != NULL && query->valuesLists == NIL))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_MIG_MALFORMED_SCRIPT),
			 errmsg("revision script \"%s\": statement cannot be run in batches", source->path),
			 errdetail("The statement on line %d %s, and line %d says \"migrate:batch\".", statement->line,
					   IsA(stmt, InsertStmt) ? "inserts no rows of a query" : "is not an UPDATE, DELETE or INSERT",
					   directive->line),
			 errhint("Put \"-- migrate:batch\" before an UPDATE, DELETE or INSERT ... SELECT.")));
}

/*
 * What a directive says about a statement: what is asserted, or how it is run
 * in batches.  Statements must come in their order; *taken is zeroed before
 * the first one.
 *
 * Raises MG005 for a directive in a wrong place.
 */
void
mig_take_directive(const MigScriptSource *source, const MigSection *section, MigDirectivesTaken *taken,
				   const MigDirected *statement, MigAssertion *assertion, const MigBatchOptions **batch)
{
	MigDirectivesTaken after = *taken;
	Directive	directive;

	*assertion = MIG_ASSERT_NOTHING;
	*batch = NULL;
	if (!next_directive(section, &after, &directive) || directive.start >= statement->end)
		return;
	check_place(source, section, after, &directive, statement);
	if (directive.assert != NULL)
	{
		check_assertion(source, &directive, statement);
		*assertion = directive.assert->assertion;
	}
	else
	{
		check_batch(source, &directive, statement);
		*batch = &directive.batch->options;
	}
	*taken = after;
}

/* After the last statement: MG005 if a directive is left over. */
void
mig_check_directives_taken(const MigScriptSource *source, const MigSection *section, const MigDirectivesTaken *taken)
{
	MigDirectivesTaken after = *taken;
	Directive	directive;

	if (!next_directive(section, &after, &directive))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_MIG_MALFORMED_SCRIPT),
			 errmsg("revision script \"%s\": directive \"%s\" without a statement", source->path, directive.name),
			 errdetail("No statement of the section follows line %d.", directive.line),
			 errhint("Write the statement after \"-- %s\", or remove the line.", directive.name)));
}
