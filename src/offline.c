/*-------------------------------------------------------------------------
 *
 * offline.c
 *	  A run as a script for psql.
 *
 * The script does on a server without the extension what a run does on one
 * that has it: the statements, and after each step the version table.  It is
 * one transaction, but for statements that refuse to run in one, or must be
 * committed before others.  Since it is written for a database that it cannot
 * see, it begins by checking that the database is where the script starts.
 *
 * The script for a schema has the search_path that a run would have, and the
 * version table is one of that schema's own: as there is no extension, the
 * schema may well be all that its owner can write to.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "assertion.h"
#include "errcodes.h"
#include "history.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "names.h"
#include "offline.h"
#include "plan.h"
#include "prepare.h"
#include "report.h"
#include "sqlscan.h"
#include "utils/builtins.h"

/* What the parts of a script have in common. */
typedef struct Offline
{
	const MigStore *store;
	const MigExtension *extension;
	MigDirection direction;
	const char *version_table;	/* quoted */
	const char *schema_literal;	/* what its rows have for schema_name */
	const char *set_search_path;	/* the statement; NULL: the path stays */
} Offline;

/* ----------
 * The version table
 * ----------
 */

/* The version table, as the extension has it. */
static void
append_create_table(StringInfo buf, const Offline *offline)
{
	appendStringInfo(buf,
					 "CREATE TABLE %s (\n"
					 "    schema_name name NOT NULL DEFAULT %s,\n"
					 "    version_num text NOT NULL,\n"
					 "    PRIMARY KEY (schema_name, version_num)\n"
					 ");\n\n",
					 offline->version_table, offline->schema_literal);
}

/* Stop the script unless the database is at the start of the range. */
static void
append_check(StringInfo buf, const Offline *offline, const MigRows *rows)
{
	const char *start = offline->store->graph->revisions[rows->items[0]].id;
	StringInfoData code;

	initStringInfo(&code);
	appendStringInfo(&code,
					 "\n"
					 "BEGIN\n"
					 "    IF pg_catalog.to_regclass(%s) IS NULL THEN\n"
					 "        RAISE EXCEPTION USING MESSAGE = %s;\n"
					 "    ELSIF (SELECT pg_catalog.array_agg(version_num) FROM %s\n"
					 "           WHERE schema_name = %s) IS DISTINCT FROM ARRAY[%s] THEN\n"
					 "        RAISE EXCEPTION USING MESSAGE = %s;\n"
					 "    END IF;\n"
					 "END\n",
					 quote_literal_cstr(offline->version_table),
					 quote_literal_cstr(psprintf("this script starts at a revision, and the database has no table %s",
												 offline->version_table)),
					 offline->version_table, offline->schema_literal, quote_literal_cstr(start),
					 quote_literal_cstr(psprintf("this script starts at revision %s, and the %s is not there", start,
												 offline->set_search_path ? "schema" : "database")));
	appendStringInfo(buf, "DO %s;\n\n", quote_literal_cstr(code.data));
}

/* The id of a revision as a literal of SQL. */
static const char *
version_literal(const MigGraph *graph, int revision)
{
	return quote_literal_cstr(graph->revisions[revision].id);
}

/* What a step does to the version table. */
static void
append_version_change(StringInfo buf, const Offline *offline, const MigStep *step)
{
	const MigGraph *graph = offline->store->graph;
	const char *table = offline->version_table;
	const char *schema = offline->schema_literal;
	int			common = Min(step->removed.count, step->added.count);
	int			i;

	for (i = 0; i < common; i++)
		appendStringInfo(buf, "UPDATE %s SET version_num = %s WHERE schema_name = %s AND version_num = %s;\n", table,
						 version_literal(graph, step->added.items[i]), schema,
						 version_literal(graph, step->removed.items[i]));
	for (i = common; i < step->removed.count; i++)
		appendStringInfo(buf, "DELETE FROM %s WHERE schema_name = %s AND version_num = %s;\n", table, schema,
						 version_literal(graph, step->removed.items[i]));
	for (i = common; i < step->added.count; i++)
		appendStringInfo(buf, "INSERT INTO %s (version_num) VALUES (%s);\n", table,
						 version_literal(graph, step->added.items[i]));
	appendStringInfoChar(buf, '\n');
}

/* ----------
 * Statements
 * ----------
 */

/* Where a statement ends in the script, with its semicolon and its rows. */
static size_t
statement_end(const MigScriptSource *source, const MigStatement *statement, size_t section_end, bool *terminated)
{
	size_t		end = statement->start + statement->len;

	*terminated = end < section_end && source->text[end] == ';';
	if (statement->copy != NULL)
		return statement->copy->start + statement->copy->len + strlen("\\.");
	return end + (*terminated ? 1 : 0);
}

/* Append a text without blanks at its ends. */
static void
append_trimmed(StringInfo buf, const char *text, size_t len)
{
	while (len > 0 && mig_is_space(text[0]))
	{
		text++;
		len--;
	}
	while (len > 0 && mig_is_space(text[len - 1]))
		len--;
	appendBinaryStringInfo(buf, text, (int) len);
}

/*
 * A block that runs the query of an assertion, and fails as a run would.
 * ARRAY() takes nothing but one column, and IS TRUE nothing but a boolean.
 */
static void
append_assertion(StringInfo buf, const MigScriptSource *source, const MigStatement *statement)
{
	bool		empty = statement->assertion == MIG_ASSERT_EMPTY;
	const char *detail = psprintf("The query of revision %s, at %s:%d, returned %s.",
								  source->revision, source->path, statement->line,
								  empty ? "a row" : "a row that is not true, or none");
	StringInfoData code;

	initStringInfo(&code);
	/* the query may end in a comment, and have a column "found" */
	appendStringInfo(&code,
					 "\n"
					 "#variable_conflict use_column\n"
					 "BEGIN\n"
					 "    IF %s(\n"
					 "%.*s\n"
					 "    )%s THEN\n"
					 "        RAISE EXCEPTION USING ERRCODE = 'MG010', MESSAGE = %s,\n"
					 "            DETAIL = %s,\n"
					 "            HINT = %s;\n"
					 "    END IF;\n"
					 "END\n",
					 empty ? "EXISTS " : "(SELECT pg_catalog.bool_and(answer IS TRUE) FROM pg_catalog.unnest(ARRAY",
					 (int) statement->len, source->text + statement->start,
					 empty ? "" : ") AS answer) IS NOT TRUE",
					 quote_literal_cstr(MIG_ASSERTION_FAILED), quote_literal_cstr(detail),
					 quote_literal_cstr(MIG_ASSERTION_HINT));
	appendStringInfo(buf, "DO %s;", quote_literal_cstr(code.data));
}

/* Could the section change settings, as far as can be told? */
static bool
changes_settings(const MigPreparedStep *prepared, bool *role)
{
	const MigScriptSource *source = &prepared->source;
	const MigSection *section = mig_revscript_section(&source->script, source->direction);
	bool		changes = false;
	int			i;

	*role = false;
	for (i = 0; i < prepared->statements.count; i++)
	{
		changes |= prepared->statements.items[i].changes_settings;
		*role |= prepared->statements.items[i].changes_role;
	}
	return changes || strstr(pnstrdup(source->text + section->start, section->len), "set_config") != NULL;
}

/* The statements of a step, with the comments between them. */
static void
append_statements(StringInfo buf, const Offline *offline, const MigPreparedStep *prepared)
{
	const MigScriptSource *source = &prepared->source;
	const MigSection *section = mig_revscript_section(&source->script, source->direction);
	size_t		section_end = section->start + section->len;
	size_t		done = section->start;
	bool		in_transaction = true;
	bool		role;
	int			i;

	for (i = 0; i < prepared->statements.count; i++)
	{
		const MigStatement *statement = &prepared->statements.items[i];
		bool		terminated;
		size_t		end = statement_end(source, statement, section_end, &terminated);

		if (in_transaction == (mig_stands_alone(statement) || section->no_transaction))
		{
			appendStringInfoString(buf, in_transaction ? "COMMIT;\n\n" : "BEGIN;\n\n");
			in_transaction = !in_transaction;
		}
		if (statement->assertion != MIG_ASSERT_NOTHING)
		{
			append_trimmed(buf, source->text + done, statement->start - done);
			appendStringInfoChar(buf, '\n');
			append_assertion(buf, source, statement);
		}
		else
		{
			append_trimmed(buf, source->text + done, end - done);
			/* the last statement may end in a comment */
			appendStringInfoString(buf, terminated ? "" : "\n;");
		}
		/* psql wants the end-of-data line to end as the rows do */
		if (statement->copy != NULL && end < source->len && source->text[end] == '\r')
			appendStringInfoChar(buf, '\r');
		appendStringInfoString(buf, "\n\n");
		done = end;
	}
	if (!in_transaction)
		appendStringInfoString(buf, "BEGIN;\n\n");
	/* what a run confines to the script by itself */
	if (changes_settings(prepared, &role))
		appendStringInfo(buf, "%sRESET ALL;\n%s\n", role ? "RESET SESSION AUTHORIZATION;\nRESET ROLE;\n" : "",
						 offline->set_search_path ? offline->set_search_path : "");
}

/* One step.  Its comment has ids only: a message may have anything in it. */
static void
append_step(StringInfo buf, const Offline *offline, const MigStep *step)
{
	MigDirection direction = offline->direction;
	const MigRevision *revision = &offline->store->graph->revisions[step->revision];
	const char *parents = mig_name_list_join(&revision->down_revision);
	MigPreparedStep prepared;

	mig_prepare_step(&prepared, offline->store, offline->extension, step, direction);
	appendStringInfo(buf, "-- running %s %s -> %s\n\n", mig_direction_name(direction),
					 direction == MIG_UPGRADE ? parents : revision->id,
					 direction == MIG_UPGRADE ? revision->id : parents);
	append_statements(buf, offline, &prepared);
	append_version_change(buf, offline, step);
}

/* ----------
 * The whole
 * ----------
 */

/* Split the range, and find the revision that takes the place of the rows. */
static char *
resolve_start(const MigGraph *graph, MigDirection direction, const char *range, MigRows *rows)
{
	MigReport	report = {0};
	char	   *start = "";
	char	   *end = pstrdup(range);
	int			revision = MIG_BASE;

	if (range[0] == '\0')
	{
		(void) mig_unknown_revision(NULL, &report);
		mig_report_throw(&report);
	}
	if (strchr(range, ':') == NULL && direction == MIG_DOWNGRADE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" is not a range of revisions", range),
				 errdetail("A script cannot see where the database is, so both ends must be given."),
				 errhint("Write from:to, for instance SELECT migrate_downgrade_sql('head:base');")));
	if ((strchr(range, ':') != NULL && !mig_split_range(range, &start, &end, &report)) ||
		(start[0] != '\0' && !mig_resolve_revision(graph, start, &revision, &report)))
		mig_report_throw(&report);
	*rows = mig_make_set(1);
	if (revision != MIG_BASE)
		rows->items[rows->count++] = revision;
	if (end[0] == '\0')
		end = direction == MIG_UPGRADE ? "heads" : "base";
	return end;
}

/* Where the script keeps versions, and under which search_path it runs. */
static void
set_schema(Offline *offline, const char *schema_name, const char *search_path)
{
	offline->version_table = "migrate_version";
	offline->schema_literal = quote_literal_cstr(schema_name);
	if (schema_name[0] == '\0')
		return;
	offline->version_table = quote_qualified_identifier(schema_name, offline->version_table);
	offline->set_search_path = psprintf("SET search_path = %s;\n", search_path);
}

/*
 * The script for a range "start:end"; for an upgrade "end" alone begins with
 * an empty database.  search_path is what is set if the store is that of a
 * schema; before the transaction, since what stands alone needs it, too, even
 * if psql goes on after an error.  Called in an owner scope.
 *
 * Raises what planning and parsing raise, and MG007 for an irreversible
 * revision.
 */
char *
mig_offline_script(const MigStore *store, const MigExtension *extension, MigDirection direction, const char *range,
				   const char *search_path)
{
	Offline		offline = {store, extension, direction};
	MigReport	report = {0};
	MigRows		rows;
	MigPlan		plan;
	char	   *end = resolve_start(store->graph, direction, range, &rows);
	StringInfoData buf;
	bool		ok;
	int			i;

	if (direction == MIG_UPGRADE)
		ok = mig_plan_upgrade(store->graph, &rows, end, &plan, &report);
	else
		ok = mig_plan_downgrade(store->graph, &rows, end, &plan, &report);
	if (!ok)
		mig_report_throw(&report);

	set_schema(&offline, store->schema_name, search_path);
	initStringInfo(&buf);
	appendStringInfo(&buf, "%s%sBEGIN;\n\n", offline.set_search_path ? offline.set_search_path : "",
					 offline.set_search_path ? "\n" : "");
	if (rows.count > 0)
		append_check(&buf, &offline, &rows);
	else if (direction == MIG_UPGRADE)
		append_create_table(&buf, &offline);
	for (i = 0; i < plan.nsteps; i++)
	{
		CHECK_FOR_INTERRUPTS();
		append_step(&buf, &offline, &plan.steps[i]);
	}
	appendStringInfo(&buf, "COMMIT;\n%s", offline.set_search_path ? "\nRESET search_path;\n" : "");
	return buf.data;
}
