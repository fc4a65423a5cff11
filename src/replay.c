/*-------------------------------------------------------------------------
 *
 * replay.c
 *	  Scripts that are run on a shadow.
 *
 * A shadow is a subtransaction, and its tables are empty: what refuses to run
 * in a transaction is run in its plain form where it has one (CREATE INDEX
 * without CONCURRENTLY), and else left out, as VACUUM is.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "execscript.h"
#include "miscadmin.h"
#include "pg_compat.h"
#include "purecore.h"
#include "replay.h"
#include "report.h"
#include "schemaread.h"
#include "spiutil.h"
#include "sqlscan.h"
#include "trust.h"
#include "utils/builtins.h"

/* Overwrite the word CONCURRENTLY by blanks; false: there is none. */
static bool
blank_concurrently(char *text, const MigStatement *statement)
{
	MigScanner	scanner;
	MigToken	token;
	MigReport	report;

	mig_scan_init(&scanner, text, statement->start + statement->len, MIG_STANDARD_STRINGS);
	scanner.pos = statement->start;
	while (mig_scan_token(&scanner, &token, &report) && token.kind != MIG_TOKEN_EOF)
	{
		if (token.len != strlen("concurrently") ||
			pg_strncasecmp(text + token.start, "concurrently", strlen("concurrently")) != 0)
			continue;
		memset(text + token.start, ' ', token.len);
		return true;
	}
	return false;
}

/* Make a prepared section one that can be run on a shadow. */
void
mig_replay_fit(MigPreparedStep *prepared)
{
	char	   *text = pnstrdup(prepared->source.text, prepared->source.len);
	MigStatementList *list = &prepared->statements;
	int			n = 0;
	int			i;

	for (i = 0; i < list->count; i++)
	{
		MigStatement statement = list->items[i];

		if (statement.refuses && !blank_concurrently(text, &statement))
			continue;
		list->items[n++] = statement;
	}
	list->count = n;
	prepared->source.text = text;
}

/* Note the schemas that a script creates. */
static void
add_created_schemas(MigNameList *created, const MigStatementList *statements)
{
	int			i;

	for (i = 0; i < statements->count; i++)
	{
		if (statements->items[i].creates_schema &&
			!mig_name_list_contains(created, statements->items[i].creates_schema))
			mig_name_list_add(created, statements->items[i].creates_schema);
	}
}

/*
 * Get ready to run the history from base up to a target: read and parse its
 * scripts, and let the scope have the schemas that they create.
 *
 * Raises what an upgrade would: MG001, MG002, MG012 for the target, the
 * parser's errors, 42501 for scripts of roles that the caller does not trust.
 */
void
mig_replay_open(MigReplay *replay, MigScope *scope, const char *target)
{
	MigOwnerScope owner;
	MigRows		none = {NULL, 0};
	MigReport	report = {0};
	int			i;

	MemSet(replay, 0, sizeof(MigReplay));
	mig_enter_owner(&owner);
	mig_store_open(&replay->store, &owner.extension, MIG_STORE_LOOK, scope->schema_name);
	mig_store_resolve_known_rows(&replay->store);
	if (strcmp(target, "base") != 0 &&
		!mig_plan_upgrade(replay->store.graph, &none, target, &replay->plan, &report))
		mig_report_throw(&report);
	replay->steps = mig_alloc0_array(MigPreparedStep, replay->plan.nsteps);
	for (i = 0; i < replay->plan.nsteps; i++)
	{
		CHECK_FOR_INTERRUPTS();
		mig_check_trusted(&replay->store.scripts[replay->plan.steps[i].revision], owner.userid);
		mig_prepare_step(&replay->steps[i], &replay->store, &owner.extension, &replay->plan.steps[i], MIG_UPGRADE);
		add_created_schemas(&replay->created, &replay->steps[i].statements);
		mig_replay_fit(&replay->steps[i]);
	}
	mig_leave_owner(&owner);
	mig_scope_add_schemas(scope, &replay->created);
}

/*
 * On the shadow, before the first step: the schemas that the scripts create
 * are there because they are there for real; take them away.  One that an
 * extension lives in stays, and all do if the caller could not make them anew.
 */
void
mig_replay_begin(const MigReplay *replay)
{
	MigSpiArgument arguments[2];
	MigOwnerScope owner;
	MigNameList dropped = {NULL, 0};
	uint64		n;
	uint64		row;
	int			i;

	mig_enter_owner(&owner);
	arguments[0] = mig_spi_name_list(&replay->created);
	arguments[1] = mig_spi_text(GetUserNameFromId(owner.userid, false));
	n = mig_spi_execute(SPI_OK_SELECT,
						"SELECT nspname::pg_catalog.text FROM pg_catalog.pg_namespace AS n"
						" WHERE nspname = ANY ($1) AND nspname <> 'public'"
						" AND pg_catalog.has_database_privilege($2, pg_catalog.current_database(), 'CREATE')"
						" AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d"
						" WHERE d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND d.refobjid = n.oid)",
						lengthof(arguments), arguments);
	for (row = 0; row < n; row++)
		mig_name_list_add(&dropped, mig_spi_get_text(row, 1));
	SPI_freetuptable(SPI_tuptable);
	mig_leave_owner(&owner);
	for (i = 0; i < dropped.count; i++)
		mig_run_text("schemas", psprintf("DROP SCHEMA %s", quote_identifier(dropped.names[i])));
}

/* On the shadow: run one step. */
void
mig_replay_step(const MigReplay *replay, int step)
{
	mig_execute_statements(&replay->steps[step].source, &replay->steps[step].statements, NULL, 0);
}

/*
 * On the shadow: run statements that we have written ourselves.  The name is
 * for the context of errors.
 */
void
mig_run_text(const char *name, const char *sql)
{
	MigPreparedStep prepared = {0};

	prepared.source.revision = name;
	prepared.source.path = name;
	prepared.source.direction = MIG_UPGRADE;
	prepared.source.text = psprintf("-- Revision ID: generated\n-- migrate:upgrade\n%s", sql);
	prepared.source.len = strlen(prepared.source.text);
	mig_parse_script(&prepared.source);
	mig_parse_section(&prepared.source, &prepared.statements);
	mig_execute_statements(&prepared.source, &prepared.statements, NULL, 0);
}

/* On the shadow: read what the history has made. */
MigSchemaData *
mig_read_replayed(const MigScope *scope)
{
	MigSchemaData *data = mig_schema_data_read(&scope->schemas, scope->path_schema);

	mig_declare(scope, data, false);
	return data;
}

/* What mig_read_revision() has to do on the shadow. */
typedef struct RevisionReading
{
	const MigScope *scope;
	const MigReplay *replay;
	MigSchemaData *data;
	MemoryContext context;
} RevisionReading;

static void
read_revision_body(void *arg)
{
	RevisionReading *reading = (RevisionReading *) arg;
	MemoryContext oldcontext;
	int			i;

	mig_replay_begin(reading->replay);
	for (i = 0; i < reading->replay->plan.nsteps; i++)
		mig_replay_step(reading->replay, i);
	oldcontext = MemoryContextSwitchTo(reading->context);
	reading->data = mig_read_replayed(reading->scope);
	MemoryContextSwitchTo(oldcontext);
}

/*
 * Run something on a shadow that runs scripts: they may make what the model
 * does not speak of.
 */
void
mig_on_replay_shadow(const MigScope *scope, MigShadowBody body, void *arg)
{
	MigShadow	shadow = scope->shadow;

	shadow.keep_servers = false;
	shadow.keep_wrappers = false;
	mig_on_shadow(&shadow, body, arg);
}

/* The schema data that the history up to a revision makes from nothing. */
MigSchemaData *
mig_read_revision(MigScope *scope, const char *revision)
{
	MigReplay	replay;
	RevisionReading reading = {scope, &replay, NULL, CurrentMemoryContext};

	mig_replay_open(&replay, scope, revision);
	mig_on_replay_shadow(scope, read_revision_body, &reading);
	return reading.data;
}
