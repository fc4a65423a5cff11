/*-------------------------------------------------------------------------
 *
 * autogen.c
 *	  The sections of a revision that makes the database what the model says.
 *
 * The model is executed on a shadow and read; the plan from the database to
 * the model is the upgrade, that from the model to the database the
 * downgrade.  There both are proved: the downgrade is run, and must leave
 * what the database has; then the upgrade, and must leave what the model has.
 * Only then is the script handed over.
 *
 * A script is proved first as a person would write it, then with the bodies
 * of routines unchecked, then without folding statements together; the first
 * that does what it should is taken.
 *
 * Renames.  What mentions a renamed object follows by itself, and only the
 * server knows how its text reads then.  So the objects of the database are
 * made on a shadow of their own, renamed there, and read again; the plan then
 * begins from those.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "autogen.h"
#include "changescript.h"
#include "errcodes.h"
#include "guc.h"
#include "kinds.h"
#include "miscadmin.h"
#include "proposals.h"
#include "replay.h"
#include "schemaread.h"
#include "spiutil.h"
#include "trial.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"

/* how often renames may lead to more of them: table, its index, ... */
#define MAX_RENAME_ROUNDS	5

/* how many differences an error message lists */
#define MAX_SHOWN_DIFFERENCES	10

/* ----------
 * Differences
 * ----------
 */

/* MG011 if the plan is refused anything. */
void
mig_refuse_plan(const MigChangePlan *plan)
{
	StringInfoData buf;
	int			i;

	if (plan->nrefusals == 0)
		return;
	initStringInfo(&buf);
	for (i = 0; i < plan->nrefusals && i < MAX_SHOWN_DIFFERENCES; i++)
		appendStringInfo(&buf, "%s%s %s: %s.", i > 0 ? "\n" : "", plan->refusals[i].fact->kind->name,
						 plan->refusals[i].fact->identity, plan->refusals[i].reason);
	ereport(ERROR,
			(errcode(ERRCODE_MIG_WOULD_DESTROY),
			 errmsg("a difference cannot be made without destroying data"),
			 errdetail("%s", buf.data),
			 errhint("Write this change by hand, in a revision of its own: SELECT * FROM migrate_revision('message');")));
}

/* A plan is large; this is for those who only want to know what is in it. */
static MemoryContext
begin_short_plan(void)
{
	return MemoryContextSwitchTo(AllocSetContextCreate(CurrentMemoryContext, "migrate short plan",
													   ALLOCSET_DEFAULT_SIZES));
}

static void
end_short_plan(MemoryContext oldcontext)
{
	MemoryContext context = MemoryContextSwitchTo(oldcontext);

	MemoryContextDelete(context);
}

/*
 * How many things are to be done from one to the other; *ndrops (may be NULL)
 * is how many of them only drop something.
 */
int
mig_count_differences(MigSchemaData *from, MigSchemaData *to, int *ndrops)
{
	MemoryContext oldcontext = begin_short_plan();
	MigChangePlan *plan = mig_change_plan(from, to);
	int			count = plan->noperations + plan->nrefusals;
	int			i;

	if (ndrops)
	{
		*ndrops = 0;
		for (i = 0; i < plan->noperations; i++)
			*ndrops += plan->operations[i]->type == MIG_OPERATION_DROP;
	}
	end_short_plan(oldcontext);
	return count;
}

/* Is there nothing to be done from one to the other? */
bool
mig_same_schema_data(MigSchemaData *a, MigSchemaData *b)
{
	return mig_count_differences(a, b, NULL) == 0;
}

/* Append one difference, on a line of its own. */
static void
append_difference(StringInfo buf, const char *operation, const MigFact *fact)
{
	appendStringInfo(buf, "%s%s %s %s", buf->len > 0 ? "\n" : "", operation, fact->kind->name, fact->identity);
}

/* The differences in words, a line each, but not more than that many. */
char *
mig_describe_difference(MigSchemaData *from, MigSchemaData *to, int max)
{
	StringInfoData buf;
	MemoryContext oldcontext;
	MigChangePlan *plan;
	int			n;
	int			i;

	initStringInfo(&buf);
	oldcontext = begin_short_plan();
	plan = mig_change_plan(from, to);
	n = plan->noperations + plan->nrefusals;
	for (i = 0; i < n && i < max; i++)
	{
		if (i < plan->noperations)
			append_difference(&buf, mig_operation_name(plan->operations[i]->type),
							  plan->operations[i]->to ? plan->operations[i]->to : plan->operations[i]->from);
		else
			append_difference(&buf, "alter", plan->refusals[i - plan->noperations].fact);
	}
	if (n > max)
		appendStringInfo(&buf, "\nand %d more", n - max);
	end_short_plan(oldcontext);
	return buf.data;
}

/* ----------
 * Running what was written
 * ----------
 */

/* Run statements, with the bodies of routines checked as they will be. */
static void
run_checked(const char *name, const char *sql)
{
	int			guc_nestlevel = NewGUCNestLevel();

	mig_set_for_now("check_function_bodies", "on");
	mig_run_text(name, sql);
	AtEOXact_GUC(false, guc_nestlevel);
}

/* On the shadow: what there is now, to be compared with what there was. */
static MigSchemaData *
read_again(const MigScope *scope, const MigSchemaData *declared)
{
	MigSchemaData *data = mig_schema_data_read(&scope->schemas, scope->path_schema);

	mig_ignore_aside(data);
	mig_ignore_undeclared(data, declared);
	return data;
}

/* ----------
 * Proof
 * ----------
 */

/* One direction of what is to be proved. */
typedef struct Direction
{
	const char *name;
	const MigScope *scope;
	MigSchemaData *from;
	MigSchemaData *to;
	bool		proposes;		/* renames that the model could tell of */
	const char *prefix;			/* renames */
	const char *suffix;
	MigSchemaData *expected;
	const MigSchemaData *declared;
	char	   *script;			/* the result */
	int			nlosses;
} Direction;

/*
 * The plan.  It is made anew for each script: comparing what a script leads
 * to takes the facts out of it.
 */
static MigChangePlan *
make_plan(const Direction *direction)
{
	MigChangePlan *plan = mig_change_plan(direction->from, direction->to);

	mig_refuse_plan(plan);
	if (direction->proposes)
		mig_propose_renames(plan);
	return plan;
}

/* Does the plan make or change routines? */
static bool
has_routines(const MigChangePlan *plan)
{
	int			i;

	for (i = 0; i < plan->noperations; i++)
	{
		if (plan->operations[i]->to && plan->operations[i]->to->kind == &mig_kind_routine)
			return true;
	}
	return false;
}

/* The script in one of its forms. */
static char *
write_script(Direction *direction, bool fold, bool check_bodies)
{
	StringInfoData buf;
	char	   *body = mig_change_script(make_plan(direction), fold, &direction->nlosses);

	initStringInfo(&buf);
	if (!check_bodies)
		appendStringInfoString(&buf, "SET check_function_bodies = off;\n\n");
	if (direction->prefix)
		appendStringInfo(&buf, "%s;\n%s", direction->prefix, body[0] != '\0' ? "\n" : "");
	appendStringInfoString(&buf, body);
	if (direction->suffix)
		appendStringInfo(&buf, "%s%s;\n", buf.len > 0 ? "\n" : "", direction->suffix);
	return buf.data;
}

/*
 * Run a script: does it do what it should?
 *
 * Some things the server decides only then, such as the names of the indexes
 * that partitions get.  What still differs is planned in turn, and if that is
 * all it takes, appended to the script.
 */
static bool
run_and_compare(Direction *direction, char **script, char **reason)
{
	MigSchemaData *result;
	MigChangePlan *rest;
	char	   *sql;
	int			nlosses;

	run_checked(direction->name, *script);
	result = read_again(direction->scope, direction->declared);
	rest = mig_change_plan(result, direction->expected);
	if (rest->noperations == 0 && rest->nrefusals == 0)
		return true;
	sql = mig_change_script(rest, true, &nlosses);
	*reason = mig_describe_difference(result, direction->expected, MAX_SHOWN_DIFFERENCES);
	if (rest->nrefusals > 0 || sql[0] == '\0')
		return false;
	run_checked(direction->name, sql);
	result = read_again(direction->scope, direction->declared);
	if (!mig_same_schema_data(result, direction->expected))
		return false;
	*script = psprintf("%s\n%s", *script, sql);
	direction->nlosses += nlosses;
	return true;
}

/* A script that is tried. */
typedef struct ScriptTrial
{
	Direction  *direction;
	char	  **script;
	char	  **reason;
	bool		proved;
} ScriptTrial;

/* For mig_try(). */
static bool
run_script(void *arg)
{
	ScriptTrial *trial = (ScriptTrial *) arg;

	trial->proved = run_and_compare(trial->direction, trial->script, trial->reason);
	return trial->proved;
}

/*
 * Run a script in a subtransaction: does it do what it should?  If not, it is
 * as if it had not been run, and *reason or *error says why not.
 */
static bool
try_script(Direction *direction, char **script, char **reason, ErrorData **error)
{
	ScriptTrial trial = {direction, script, reason, false};

	*error = mig_try(run_script, &trial);
	if (*error != NULL && mig_is_of_the_moment(*error))
		ReThrowError(*error);
	return trial.proved;
}

/* The error of a script that is not what it should be. */
static void
not_proved(const Direction *direction, const char *script, const char *reason, const ErrorData *error)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("no %s section was found that could be proved", direction->name),
			 error ? errdetail("The statements failed: %s", error->message) :
			 errdetail("What remains after its statements:\n%s", reason),
			 errhint("Write this revision by hand: SELECT * FROM migrate_revision('message'); SELECT * FROM migrate_diff('database', 'model'); shows what differs."),
			 errcontext("%s section:\n%s", direction->name, script)));
}

/* Find a form of the script that does what it should. */
static void
prove(Direction *direction)
{
	bool		may_leave_unchecked = has_routines(make_plan(direction));
	char	   *first = NULL;
	char	   *reason = NULL;
	ErrorData  *error = NULL;
	int			i;

	for (i = 0; i < 4; i++)
	{
		bool		fold = (i & 2) == 0;
		bool		check_bodies = (i & 1) == 0;
		char	   *script;
		char	   *this_reason = NULL;
		ErrorData  *this_error = NULL;

		if (!check_bodies && !may_leave_unchecked)
			continue;
		script = write_script(direction, fold, check_bodies);
		if (try_script(direction, &script, &this_reason, &this_error))
		{
			direction->script = script;
			return;
		}
		if (first == NULL)
		{
			first = script;
			reason = this_reason;
			error = this_error;
		}
	}
	not_proved(direction, first, reason, error);
}

/* ----------
 * Renames
 * ----------
 */

typedef struct Renaming
{
	const MigScope *scope;
	MigSchemaData *from;
	const char *sql;
	MigSchemaData *result;
	MemoryContext context;
} Renaming;

/* On a shadow: make what the database has, rename, and read it again. */
static void
rename_body(void *arg)
{
	Renaming   *renaming = (Renaming *) arg;
	MemoryContext oldcontext = MemoryContextSwitchTo(renaming->context);
	MigSchemaData *nothing = mig_schema_data_create(renaming->scope->path_schema);
	MigChangePlan *plan = mig_change_plan(nothing, renaming->from);
	int			nlosses;

	mig_run_text("database", psprintf("SET check_function_bodies = off;\n%s",
									  mig_change_script(plan, true, &nlosses)));
	mig_run_text("renames", renaming->sql);
	renaming->result = mig_schema_data_read(&renaming->scope->schemas, renaming->scope->path_schema);
	mig_ignore_aside(renaming->result);
	MemoryContextSwitchTo(oldcontext);
}

/*
 * Find what has another name on the new side.  The result is the old side as
 * it is once that is renamed.
 */
MigSchemaData *
mig_follow_renames(const MigScope *scope, MigSchemaData *from, MigSchemaData *to, MigRenames *renames)
{
	MigSchemaData *renamed = from;
	int			round;

	MemSet(renames, 0, sizeof(MigRenames));
	for (round = 0; round < MAX_RENAME_ROUNDS; round++)
	{
		Renaming	renaming = {scope, from, NULL, NULL, CurrentMemoryContext};

		mig_match_facts(renamed, to);
		if (!mig_find_renames(renames, renamed, to, &scope->model))
			break;
		renaming.sql = mig_sql_text(&renames->forward);
		mig_on_shadow(&scope->shadow, rename_body, &renaming);
		renamed = renaming.result;
		mig_ignore_undeclared(renamed, to);
	}
	return renamed;
}

/* ----------
 * Autogenerate
 * ----------
 */

typedef struct Generation
{
	const MigScope *scope;
	MigSchemaData *database;	/* as it is */
	MigSchemaData *renamed;		/* and with the names of the model */
	MigSchemaData *model;
	const MigRenames *renames;
	MigGenerated *generated;
	MemoryContext context;
} Generation;

/* Schemas that the model does not declare are on the shadow only because they exist. */
static void
drop_undeclared_schemas(const MigSchemaData *model)
{
	int			i;

	for (i = 0; i < model->nfacts; i++)
	{
		const MigFact *fact = model->facts[i];

		if (fact->kind == &mig_kind_schema && fact->ignored)
			mig_run_text("schemas", psprintf("DROP SCHEMA %s", quote_identifier(fact->name)));
	}
}

/* On the shadow: execute the model, plan both ways, prove both. */
static void
generate_body(void *arg)
{
	Generation *generation = (Generation *) arg;
	MemoryContext oldcontext = MemoryContextSwitchTo(generation->context);
	const MigScope *scope = generation->scope;
	Direction	up = {.name = "upgrade", .proposes = true};
	Direction	down = {.name = "downgrade"};

	generation->model = mig_execute_and_read_model(scope);
	mig_ignore_undeclared(generation->renamed, generation->model);
	mig_ignore_undeclared(generation->database, generation->model);
	down.scope = up.scope = scope;
	down.declared = up.declared = generation->model;
	up.from = generation->renamed;
	up.to = up.expected = generation->model;
	up.prefix = mig_sql_text(&generation->renames->forward);
	down.from = generation->model;
	down.to = generation->renamed;
	down.expected = generation->database;
	down.suffix = mig_sql_text(&generation->renames->backward);
	(void) make_plan(&up);
	drop_undeclared_schemas(generation->model);
	prove(&down);
	prove(&up);
	generation->generated->upgrade = up.script;
	generation->generated->nlosses = up.nlosses;
	generation->generated->downgrade = down.script;
	generation->generated->ndowngrade_losses = down.nlosses;
	MemoryContextSwitchTo(oldcontext);
}

/*
 * Write the statements that make the database what the model says, and those
 * that undo it.
 *
 * Raises MG011 for what would destroy data, errors of the model, and 0A000
 * for what could not be proved.
 */
void
mig_autogenerate(MigScope *scope, MigGenerated *generated)
{
	Generation	generation = {0};
	MigRenames	renames;

	MemSet(generated, 0, sizeof(MigGenerated));
	generated->upgrade = generated->downgrade = pstrdup("");
	mig_require_model(scope);
	generation.scope = scope;
	generation.context = CurrentMemoryContext;
	generation.generated = generated;
	generation.renames = &renames;
	generation.database = mig_read_database(scope);
	generation.model = mig_read_model(scope);
	mig_ignore_undeclared(generation.database, generation.model);
	if (mig_same_schema_data(generation.database, generation.model))
		return;
	generation.renamed = mig_follow_renames(scope, generation.database, generation.model, &renames);
	mig_on_shadow(&scope->shadow, generate_body, &generation);
}
