/*-------------------------------------------------------------------------
 *
 * stmt.c
 *	  The statements of a revision script.
 *
 * PostgreSQL's own parser says where a statement begins and ends and what it
 * is; this is the only file that calls it.  A whole section is parsed before
 * its first statement runs, so that a syntax error in the last line stops the
 * script before the first one.  Of the parse trees only what is listed in
 * MigStatement is kept: they take about 25 times the space of the text, and
 * a statement must be analyzed anew after those before it have run.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/defrem.h"
#include "errcodes.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "pg_compat.h"
#include "report.h"
#include "sqlscan.h"
#include "stmt.h"
#include "stmtassert.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/memutils.h"

/* The part of a section that the parser is given at once. */
typedef struct Piece
{
	const MigScriptSource *source;
	const char *text;			/* what the parser sees */
	size_t		start;			/* offset in the script */
	size_t		len;
} Piece;

/* Where the statements of a section are collected. */
typedef struct Collector
{
	const MigScriptSource *source;
	const MigSection *section;
	MigStatementList *list;
	int			capacity;
	int			ncopies;		/* COPY FROM STDIN statements seen */
	size_t		rows_end;		/* of the last one of them */
	int			nasserts;		/* assertions seen */
	size_t		counted;		/* "line" is that of this offset */
	int			line;
} Collector;

/*
 * Parse the text of a script into header and sections.  An error names the
 * script, if it has a path yet.
 */
void
mig_parse_script(MigScriptSource *source)
{
	MigReport	report = {0};

	if (!mig_revscript_parse(source->text, source->len, MIG_STANDARD_STRINGS,
							 &source->script, &report))
	{
		report.message = source->path ?
			psprintf("revision script \"%s\": %s", source->path, report.message) :
			psprintf("revision script: %s", report.message);
		mig_report_throw(&report);
	}
}

/* The byte offset of the n-th character (from 1) of a text. */
static size_t
character_offset(const char *text, size_t len, int n)
{
	return pg_mbcharcliplen(text, (int) len, n - 1);
}

/*
 * Where the statement around an offset of a piece seems to begin and end.
 * The parser has not told: it found an error.
 */
static void
statement_around(const Piece *piece, size_t offset, size_t *start, size_t *end)
{
	MigScanner	scanner;
	MigToken	token;
	MigReport	report;
	bool		begun = false;
	int			depth = 0;

	*start = 0;
	*end = piece->len;
	mig_scan_init(&scanner, piece->text, piece->len, MIG_STANDARD_STRINGS);
	while (mig_scan_token(&scanner, &token, &report) && token.kind != MIG_TOKEN_EOF)
	{
		if (token.kind == MIG_TOKEN_LINE_COMMENT || token.kind == MIG_TOKEN_BLOCK_COMMENT)
			continue;
		if (!begun)
			*start = token.start;
		begun = true;
		if (mig_token_is_char(&scanner, &token, '('))
			depth++;
		else if (mig_token_is_char(&scanner, &token, ')'))
			depth--;
		else if (mig_token_is_char(&scanner, &token, ';') && (depth <= 0 || token.start >= offset))
		{
			if (token.start >= offset)
			{
				*end = token.start;
				return;
			}
			begun = false;
			depth = 0;
		}
	}
}

/* Move the position of a syntax error from the piece into the script. */
static void
parse_error_callback(void *arg)
{
	const Piece *piece = (const Piece *) arg;
	const MigScriptSource *source = piece->source;
	int			position = geterrposition();
	size_t		offset;
	size_t		start;
	size_t		end;
	const char *query;

	if (position <= 0)
	{
		errcontext("%s, in \"%s\"", mig_source_name(source), source->path);
		return;
	}
	offset = piece->start + character_offset(source->text + piece->start, piece->len, position);
	errcontext("%s, at %s:%d", mig_source_name(source), source->path, mig_line_number(source->text, offset));
	statement_around(piece, offset - piece->start, &start, &end);
	mig_report_position(source, piece->start + start, end - start, offset, &query, &position);
	errposition(0);
	internalerrposition(position);
	internalerrquery(query);
}

/* ----------
 * Kinds of statements
 * ----------
 */

/* An option of a utility statement, or NULL if it is not given. */
static DefElem *
find_option(List *options, const char *name)
{
	ListCell   *lc;

	foreach(lc, options)
	{
		DefElem    *option = lfirst_node(DefElem, lc);

		if (strcmp(option->defname, name) == 0)
			return option;
	}
	return NULL;
}

/* Is a boolean option given and true? */
static bool
has_true_option(List *options, const char *name)
{
	DefElem    *option = find_option(options, name);

	return option != NULL && (option->arg == NULL || defGetBoolean(option));
}

/* Is a boolean option given and false? */
static bool
has_false_option(List *options, const char *name)
{
	DefElem    *option = find_option(options, name);

	return option != NULL && option->arg != NULL && !defGetBoolean(option);
}

/* What a REINDEX is, if it refuses a transaction. */
static const char *
reindex_refuses(ReindexStmt *stmt)
{
	if (has_true_option(stmt->params, "concurrently"))
		return "REINDEX CONCURRENTLY";
	switch (stmt->kind)
	{
		case REINDEX_OBJECT_SCHEMA:
			return "REINDEX SCHEMA";
		case REINDEX_OBJECT_SYSTEM:
			return "REINDEX SYSTEM";
		case REINDEX_OBJECT_DATABASE:
			return "REINDEX DATABASE";
		default:
			return NULL;
	}
}

/* What an ALTER TABLE is, if it refuses a transaction. */
static const char *
alter_table_refuses(AlterTableStmt *stmt)
{
	ListCell   *lc;

	foreach(lc, stmt->cmds)
	{
		AlterTableCmd *cmd = lfirst_node(AlterTableCmd, lc);

		if (cmd->subtype == AT_DetachPartition && ((PartitionCmd *) cmd->def)->concurrent)
			return "ALTER TABLE ... DETACH PARTITION CONCURRENTLY";
	}
	return NULL;
}

/* What an ALTER DATABASE is, if it refuses a transaction. */
static const char *
alter_database_refuses(AlterDatabaseStmt *stmt)
{
	return find_option(stmt->options, "tablespace") ? "ALTER DATABASE ... SET TABLESPACE" : NULL;
}

/* What an ALTER SUBSCRIPTION is, if it refuses a transaction. */
static const char *
alter_subscription_refuses(AlterSubscriptionStmt *stmt)
{
	bool		refreshes = !has_false_option(stmt->options, "refresh");

	switch (stmt->kind)
	{
		case ALTER_SUBSCRIPTION_REFRESH_PUBLICATION:
			return "ALTER SUBSCRIPTION ... REFRESH PUBLICATION";
		case ALTER_SUBSCRIPTION_SET_PUBLICATION:
			return refreshes ? "ALTER SUBSCRIPTION ... SET PUBLICATION" : NULL;
		case ALTER_SUBSCRIPTION_ADD_PUBLICATION:
			return refreshes ? "ALTER SUBSCRIPTION ... ADD PUBLICATION" : NULL;
		case ALTER_SUBSCRIPTION_DROP_PUBLICATION:
			return refreshes ? "ALTER SUBSCRIPTION ... DROP PUBLICATION" : NULL;
		default:
			return NULL;
	}
}

/*
 * What the statement is, if it is one of those that call
 * PreventInTransactionBlock() in the server; else NULL.  Some decide only
 * when they run (REINDEX of a partitioned table, DROP SUBSCRIPTION with a
 * slot): those fail then, with the server's own message.
 */
static const char *
refuses_transaction(Node *stmt)
{
	if (MIG_IS_CLUSTER_ALL(stmt))
		return "CLUSTER";
	switch (nodeTag(stmt))
	{
		case T_IndexStmt:
			return ((IndexStmt *) stmt)->concurrent ? "CREATE INDEX CONCURRENTLY" : NULL;
		case T_DropStmt:
			return ((DropStmt *) stmt)->concurrent ? "DROP INDEX CONCURRENTLY" : NULL;
		case T_ReindexStmt:
			return reindex_refuses((ReindexStmt *) stmt);
		case T_AlterTableStmt:
			return alter_table_refuses((AlterTableStmt *) stmt);
		case T_VacuumStmt:
			return ((VacuumStmt *) stmt)->is_vacuumcmd ? "VACUUM" : NULL;
		case T_AlterSystemStmt:
			return "ALTER SYSTEM";
		case T_CreatedbStmt:
			return "CREATE DATABASE";
		case T_DropdbStmt:
			return "DROP DATABASE";
		case T_AlterDatabaseStmt:
			return alter_database_refuses((AlterDatabaseStmt *) stmt);
		case T_AlterSubscriptionStmt:
			return alter_subscription_refuses((AlterSubscriptionStmt *) stmt);
		case T_CreateTableSpaceStmt:
			return "CREATE TABLESPACE";
		case T_DropTableSpaceStmt:
			return "DROP TABLESPACE";
		case T_DiscardStmt:
			return ((DiscardStmt *) stmt)->target == DISCARD_ALL ? "DISCARD ALL" : NULL;
		case T_CreateSubscriptionStmt:
			return has_false_option(((CreateSubscriptionStmt *) stmt)->options, "connect") ||
				has_false_option(((CreateSubscriptionStmt *) stmt)->options, "create_slot") ?
				NULL : "CREATE SUBSCRIPTION";
		default:
			return NULL;
	}
}

/* MG005: the caller, not the script, decides when the transaction ends. */
static void
refuse_transaction_control(const Collector *collector, TransactionStmt *stmt, int line)
{
	static const char *const names[] = {
		"BEGIN", "START TRANSACTION", "COMMIT or END", "ROLLBACK or ABORT", "SAVEPOINT", "RELEASE",
		"ROLLBACK TO SAVEPOINT", "PREPARE TRANSACTION", "COMMIT PREPARED", "ROLLBACK PREPARED"
	};

	ereport(ERROR,
			(errcode(ERRCODE_MIG_MALFORMED_SCRIPT),
			 errmsg("revision script \"%s\": transaction control is not allowed", collector->source->path),
			 errdetail("%s is on line %d. A script runs in the transaction of its caller.",
					   stmt->kind < lengthof(names) ? names[stmt->kind] : "The statement", line),
			 errhint("Remove the statement.")));
}

/*
 * The rows of a COPY statement.  That they follow it was found by the
 * scanner; that it is a COPY FROM STDIN, by the parser.  Both must agree.
 */
static const MigCopyData *
copy_rows(Collector *collector, CopyStmt *stmt, size_t statement_end, int line)
{
	const MigSection *section = collector->section;
	const MigCopyData *copy;

	if (stmt->filename != NULL)
		return NULL;
	if (!stmt->is_from)
		ereport(ERROR,
				(errcode(ERRCODE_MIG_MALFORMED_SCRIPT),
				 errmsg("revision script \"%s\": COPY TO STDOUT is not allowed", collector->source->path),
				 errdetail("It is on line %d. Nobody would receive the rows.", line),
				 errhint("Remove the statement.")));
	copy = collector->ncopies < section->ncopies ? &section->copies[collector->ncopies] : NULL;
	if (copy == NULL || copy->statement_end != statement_end + 1)
		ereport(ERROR,
				(errcode(ERRCODE_MIG_MALFORMED_SCRIPT),
				 errmsg("revision script \"%s\": COPY FROM STDIN without rows", collector->source->path),
				 errdetail("The statement on line %d is not followed by rows and a line with \"\\.\".", line),
				 errhint("Write the rows on the lines after the statement, as pg_dump does.")));
	collector->ncopies++;
	collector->rows_end = copy->start + copy->len + strlen("\\.");
	return copy;
}

/* ----------
 * Collecting
 * ----------
 */

/* The line of an offset; offsets must not decrease from call to call. */
static int
advance_line(Collector *collector, size_t offset)
{
	for (; collector->counted < offset; collector->counted++)
	{
		if (collector->source->text[collector->counted] == '\n')
			collector->line++;
	}
	return collector->line;
}

/* Skip blanks and comments: where a statement really starts. */
size_t
mig_skip_to_token(const MigScriptSource *source, size_t offset, size_t end)
{
	MigScanner	scanner;
	MigToken	token;
	MigReport	report;

	mig_scan_init(&scanner, source->text, end, MIG_STANDARD_STRINGS);
	scanner.pos = offset;
	do
	{
		if (!mig_scan_token(&scanner, &token, &report))
			return offset;
	} while (token.kind == MIG_TOKEN_LINE_COMMENT || token.kind == MIG_TOKEN_BLOCK_COMMENT);
	return token.start;
}

/* Make room for one more statement. */
static MigStatement *
add_statement(Collector *collector)
{
	MigStatementList *list = collector->list;

	if (list->count == collector->capacity)
	{
		Size		size;

		collector->capacity = Max(collector->capacity * 2, 16);
		size = sizeof(MigStatement) * collector->capacity;
		list->items = list->items ? repalloc_huge(list->items, size) : palloc(size);
	}
	MemSet(&list->items[list->count], 0, sizeof(MigStatement));
	return &list->items[list->count++];
}

/* Could the statement change settings?  What runs code may do it unseen. */
static void
note_settings(MigStatement *statement, Node *stmt)
{
	switch (nodeTag(stmt))
	{
		case T_VariableSetStmt:
			{
				const char *name = ((VariableSetStmt *) stmt)->name;

				statement->changes_settings = true;
				statement->changes_role = name != NULL &&
					(strcmp(name, "role") == 0 || strcmp(name, "session_authorization") == 0);
				break;
			}
		case T_DoStmt:
		case T_CallStmt:
		case T_SelectStmt:
		case T_ExecuteStmt:
			statement->changes_settings = true;
			break;
		default:
			break;
	}
}

/* What the statement creates that may be there already on a shadow. */
static void
note_creation(MigStatement *statement, Node *stmt)
{
	if (IsA(stmt, CreateSchemaStmt))
	{
		CreateSchemaStmt *create = (CreateSchemaStmt *) stmt;
		const char *name = create->schemaname ? create->schemaname :
			create->authrole && create->authrole->roletype == ROLESPEC_CSTRING ? create->authrole->rolename : NULL;

		statement->creates_schema = name ? pstrdup(name) : NULL;
		statement->has_elements = create->schemaElts != NIL;
	}
	else if (IsA(stmt, CreateExtensionStmt))
		statement->creates_extension = pstrdup(((CreateExtensionStmt *) stmt)->extname);
}

/* Note one statement. */
static void
collect_statement(void *arg, Node *stmt, size_t location, size_t end)
{
	Collector  *collector = (Collector *) arg;
	MigStatement *statement = add_statement(collector);
	MigAssertable assertable;

	statement->start = mig_skip_to_token(collector->source, Max(location, collector->rows_end), end);
	statement->len = end - statement->start;
	statement->line = advance_line(collector, statement->start);
	statement->log_level = GetCommandLogLevel(stmt);
	statement->refuses = refuses_transaction(stmt);
	if (IsA(stmt, TransactionStmt))
		refuse_transaction_control(collector, (TransactionStmt *) stmt, statement->line);
	if (IsA(stmt, CopyStmt))
		statement->copy = copy_rows(collector, (CopyStmt *) stmt, end, statement->line);
	assertable = (MigAssertable) {stmt, statement->start, end, statement->line};
	statement->assertion = mig_take_assertion(collector->source, collector->section, &collector->nasserts, &assertable);
	note_settings(statement, stmt);
	note_creation(statement, stmt);
}

/*
 * The text of a piece for the parser: the rows of its COPY statements are
 * blanked, but not their line ends, so that positions stay what they are.
 */
static char *
section_text(const MigScriptSource *source, const MigSection *section, size_t start, size_t len)
{
	char	   *piece = MemoryContextAllocHuge(CurrentMemoryContext, len + 1);
	int			i;

	memcpy(piece, source->text + start, len);
	piece[len] = '\0';
	for (i = 0; i < section->ncopies; i++)
	{
		const MigCopyData *copy = &section->copies[i];
		size_t		offset = copy->statement_end;
		size_t		end = copy->start + copy->len + strlen("\\.");

		if (offset < start || offset >= start + len)
			continue;
		for (; offset < end; offset++)
		{
			if (piece[offset - start] != '\n')
				piece[offset - start] = ' ';
		}
	}
	return piece;
}

/*
 * Parse a piece of a text that ends where a statement does, in a memory
 * context of its own.  "text" is what the parser is to see of it: the same
 * characters, some of them blanked.
 */
void
mig_parse_text(const MigScriptSource *source, const char *text, size_t start, size_t len,
			   MigStatementVisitor visit, void *arg)
{
	Piece		piece = {source, text, start, len};
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "migrate parse", ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	ErrorContextCallback callback;
	List	   *statements;
	ListCell   *lc;

	callback.callback = parse_error_callback;
	callback.arg = &piece;
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	statements = pg_parse_query(text);
	error_context_stack = callback.previous;

	MemoryContextSwitchTo(oldcontext);
	foreach(lc, statements)
	{
		RawStmt    *raw = lfirst_node(RawStmt, lc);
		size_t		location = start + Max(raw->stmt_location, 0);

		visit(arg, raw->stmt, location, raw->stmt_len > 0 ? location + raw->stmt_len : start + len);
	}
	MemoryContextDelete(context);
}

/*
 * Find the statements of the section that the source's direction says.
 *
 * Raises the parser's errors, with positions in the script, and MG005 for
 * what a script must not contain.  The list is allocated in the current
 * memory context.
 */
void
mig_parse_section(const MigScriptSource *source, MigStatementList *list)
{
	const MigSection *section = mig_revscript_section(&source->script, source->direction);
	Collector	collector = {0};
	size_t		start = section->start;
	int			i;

	collector.source = source;
	collector.section = section;
	collector.list = list;
	collector.line = 1;
	list->items = NULL;
	list->count = 0;
	if (!section->present || section->none)
		return;
	for (i = 0; i <= section->ncuts; i++)
	{
		size_t		end = i < section->ncuts ? section->cuts[i] : section->start + section->len;

		char	   *text;

		CHECK_FOR_INTERRUPTS();
		text = section_text(source, section, start, end - start);
		mig_parse_text(source, text, start, end - start, collect_statement, &collector);
		pfree(text);
		start = end;
	}
	if (collector.ncopies < section->ncopies)
		ereport(ERROR,
				(errcode(ERRCODE_MIG_MALFORMED_SCRIPT),
				 errmsg("revision script \"%s\": rows without COPY FROM STDIN", source->path),
				 errdetail("The rows that begin on line %d follow something else.",
						   section->copies[collector.ncopies].line),
				 errhint("Remove the rows and the line with \"\\.\".")));
	mig_check_assertions_taken(source, section, collector.nasserts);
}
