/*-------------------------------------------------------------------------
 *
 * stmtassert.c
 *	  Which statements of a section are assertions.
 *
 * The core has found the directives "-- migrate:assert", the parser the
 * statements.  A directive is about the statement that begins next, which
 * must be a query.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "errcodes.h"
#include "stmtassert.h"

/* MG005 unless the directive stands before the statement, as the only one. */
static void
check_directives(const MigScriptSource *source, const MigSection *section, int first, const MigAssertable *statement)
{
	const MigAssertDirective *directives = &section->asserts[first];
	const MigAssertDirective *last = directives;

	if (first + 1 < section->nasserts && directives[1].start < statement->end)
		last = &directives[1];
	if (last->start > statement->start)
		ereport(ERROR,
				(errcode(ERRCODE_MIG_MALFORMED_SCRIPT),
				 errmsg("revision script \"%s\": assertion in the middle of a statement", source->path),
				 errdetail("Line %d is in the statement that begins on line %d.", last->line, statement->line),
				 errhint("Put \"-- migrate:assert\" on a line before a query.")));
	if (last != directives)
		ereport(ERROR,
				(errcode(ERRCODE_MIG_MALFORMED_SCRIPT),
				 errmsg("revision script \"%s\": two assertions about one statement", source->path),
				 errdetail("Lines %d and %d both stand before the statement on line %d.",
						   directives->line, last->line, statement->line),
				 errhint("Remove one of them, or write a query after each.")));
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

/*
 * What is asserted about a statement.  Statements must come in their order;
 * *next, from 0, is the directive that is next to be about one.
 *
 * Raises MG005 for a directive in a wrong place.
 */
MigAssertion
mig_take_assertion(const MigScriptSource *source, const MigSection *section, int *next,
				   const MigAssertable *statement)
{
	const MigAssertDirective *directive;
	const char *refuses;

	if (*next >= section->nasserts || section->asserts[*next].start >= statement->end)
		return MIG_ASSERT_NOTHING;
	directive = &section->asserts[*next];
	check_directives(source, section, *next, statement);
	refuses = refuses_assertion(statement->stmt);
	if (refuses != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_MIG_MALFORMED_SCRIPT),
				 errmsg("revision script \"%s\": statement cannot be an assertion", source->path),
				 errdetail("The statement on line %d %s, and line %d says \"migrate:assert\".",
						   statement->line, refuses, directive->line),
				 errhint("Put \"-- migrate:assert\" before a SELECT, VALUES or TABLE that only reads.")));
	(*next)++;
	return directive->assertion;
}

/* After the last statement: MG005 if a directive is left over. */
void
mig_check_assertions_taken(const MigScriptSource *source, const MigSection *section, int next)
{
	if (next >= section->nasserts)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_MIG_MALFORMED_SCRIPT),
			 errmsg("revision script \"%s\": assertion without a query", source->path),
			 errdetail("No statement of the section follows line %d.", section->asserts[next].line),
			 errhint("Write the query after \"-- migrate:assert\", or remove the line.")));
}
