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

#include "errcodes.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "pg_compat.h"
#include "report.h"
#include "sqlscan.h"
#include "stmt.h"
#include "stmtdirective.h"
#include "stmtenum.h"
#include "stmtkind.h"
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
	MigDirectivesTaken directives;
	size_t		counted;		/* "line" is that of this offset */
	int			line;
	MigEnumWatch enums;
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
 * What a script must not contain
 * ----------
 */

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
			 errdetail("%s is on line %d. A script does not decide where transactions end.",
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

				statement->sets = true;
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

/*
 * Note new values of enum types, and where they are used: that takes a commit
 * between.
 */
static void
note_enum_values(Collector *collector, const MigStatement *statement, Node *stmt)
{
	ListCell   *lc;

	foreach(lc, mig_enum_watch_uses(&collector->enums, collector->source->text, stmt, statement->start, statement->len,
									statement->copy))
	{
		const MigEnumValue *value = lfirst(lc);
		MigStatement *adds = &collector->list->items[value->statement];

		if (adds->new_enum_value == NULL)
		{
			adds->new_enum_value = value->name;
			adds->new_enum_value_line = statement->line;
		}
	}
	mig_enum_watch_statement(&collector->enums, stmt, collector->list->count - 1);
}

/* Note one statement. */
static void
collect_statement(void *arg, Node *stmt, size_t location, size_t end)
{
	Collector  *collector = (Collector *) arg;
	MigStatement *statement = add_statement(collector);
	MigDirected directed;

	statement->start = mig_skip_to_token(collector->source, Max(location, collector->rows_end), end);
	statement->len = end - statement->start;
	statement->line = advance_line(collector, statement->start);
	statement->log_level = GetCommandLogLevel(stmt);
	statement->refuses = mig_refuses_transaction(stmt);
	statement->is_concurrent = mig_is_concurrent(stmt);
	if (IsA(stmt, TransactionStmt))
		refuse_transaction_control(collector, (TransactionStmt *) stmt, statement->line);
	if (IsA(stmt, CopyStmt))
		statement->copy = copy_rows(collector, (CopyStmt *) stmt, end, statement->line);
	directed = (MigDirected) {stmt, statement->start, end, statement->line};
	mig_take_directive(collector->source, collector->section, &collector->directives, &directed,
					   &statement->assertion, &statement->batch);
	note_settings(statement, stmt);
	note_creation(statement, stmt);
	note_enum_values(collector, statement, stmt);
	mig_find_lock_targets(stmt, &statement->targets);
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
	mig_check_directives_taken(source, section, &collector.directives);
}
