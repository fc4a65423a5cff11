/*-------------------------------------------------------------------------
 *
 * prove.c
 *	  What the history makes, step by step, on a shadow.
 *
 * To prove a revision: read the schema data before it, run its upgrade, read
 * again, run its downgrade, and read a third time; that must be as the first.
 * The downgrade runs in a subtransaction of its own, so that the history can
 * go on.
 *
 * To find out where a database is that nobody has stamped: compare what it
 * has with what each step of the history leads to.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "autogen.h"
#include "errcodes.h"
#include "execscript.h"
#include "history.h"
#include "kinds.h"
#include "miscadmin.h"
#include "mutex.h"
#include "prove.h"
#include "purecore.h"
#include "replay.h"
#include "report.h"
#include "result.h"
#include "trial.h"
#include "utils/memutils.h"

/* how many differences a row lists */
#define MAX_LISTED_DIFFERENCES	100

/* ----------
 * Running sections
 * ----------
 */

/* The line of an error's context that says where in which script; NULL: none does. */
static char *
error_place(const char *context)
{
	while (context)
	{
		size_t		len = strcspn(context, "\n");

		if (strncmp(context, "upgrade of revision ", strlen("upgrade of revision ")) == 0 ||
			strncmp(context, "downgrade of revision ", strlen("downgrade of revision ")) == 0)
			return pnstrdup(context, len);
		context = context[len] ? context + len + 1 : NULL;
	}
	return NULL;
}

/* What an error says, and where it is from. */
static char *
error_text(const ErrorData *error)
{
	char	   *place = error_place(error->context);

	return place ? psprintf("%s (%s)", error->message, place) : pstrdup(error->message);
}

/* A section that is run, and what there is then. */
typedef struct SectionTrial
{
	const MigScope *scope;
	const MigPreparedStep *section;
	bool		undo;
	MigSchemaData *data;
} SectionTrial;

/* For mig_try(). */
static bool
run_section(void *arg)
{
	SectionTrial *trial = (SectionTrial *) arg;

	mig_execute_statements(&trial->section->source, &trial->section->statements, NULL, 0);
	trial->data = mig_read_replayed(trial->scope);
	return !trial->undo;
}

/*
 * Run a section in a subtransaction, and read what there is then.  NULL: it
 * failed, *failure says how.  With undo, it is as if it had not been run.
 */
static MigSchemaData *
run_and_read(const MigScope *scope, const MigPreparedStep *section, bool undo, char **failure)
{
	SectionTrial trial = {scope, section, undo, NULL};
	ErrorData  *error = mig_try(run_section, &trial);

	if (error == NULL)
		return trial.data;
	if (mig_is_of_the_moment(error))
		ReThrowError(error);
	*failure = error_text(error);
	return NULL;
}

/* ----------
 * Proving
 * ----------
 */

/* A revision that is to be proved. */
typedef struct Proof
{
	const MigRevision *revision;
	MigPreparedStep down;
	const char *verdict;		/* NULL: not reached */
	const char *detail;
} Proof;

typedef struct Proving
{
	MigScope   *scope;
	MigReplay	replay;
	bool	   *wanted;			/* by index of the revision */
	Proof	   *proofs;			/* by step */
	int			last;			/* the last step that is wanted */
	bool		whole;			/* that is the whole history */
	MigSchemaData *result;		/* what it leads to */
	MemoryContext context;
} Proving;

/* What a downgrade leaves: more than there was, or something else? */
static void
judge(Proof *proof, MigSchemaData *before, MigSchemaData *after)
{
	int			ndrops;
	int			ndifferences = mig_count_differences(after, before, &ndrops);

	if (ndifferences == 0)
	{
		proof->verdict = "inverse";
		return;
	}
	proof->verdict = ndifferences == ndrops ? "leaks" : "differs";
	proof->detail = mig_describe_difference(after, before, MAX_LISTED_DIFFERENCES);
}

/* Prove one step; NULL: it could not be run. */
static MigSchemaData *
prove_step(Proving *proving, int step, MigSchemaData *before)
{
	Proof	   *proof = &proving->proofs[step];
	MigPreparedStep *up = &proving->replay.steps[step];
	char	   *failure = NULL;
	MigSchemaData *after;
	MigSchemaData *back;

	after = run_and_read(proving->scope, up, false, &failure);
	if (after == NULL)
	{
		proof->verdict = "fails";
		proof->detail = failure;
		return NULL;
	}
	if (!proving->wanted[proving->replay.plan.steps[step].revision])
		return after;
	if (!mig_revscript_section(&up->source.script, MIG_DOWNGRADE)->present)
	{
		proof->verdict = "irreversible";
		return after;
	}
	back = run_and_read(proving->scope, &proof->down, true, &failure);
	if (back == NULL)
	{
		proof->verdict = "fails";
		proof->detail = failure;
		return after;
	}
	judge(proof, before, back);
	mig_schema_data_free(back);
	return after;
}

/* On the shadow: prove step by step. */
static void
prove_body(void *arg)
{
	Proving    *proving = (Proving *) arg;
	MemoryContext oldcontext = MemoryContextSwitchTo(proving->context);
	MigSchemaData *data;
	int			i;

	mig_replay_begin(&proving->replay);
	data = mig_read_replayed(proving->scope);
	for (i = 0; i <= proving->last && data; i++)
	{
		MigSchemaData *after;

		CHECK_FOR_INTERRUPTS();
		after = prove_step(proving, i, data);
		mig_schema_data_free(data);
		data = after;
	}
	proving->result = data;
	MemoryContextSwitchTo(oldcontext);
}

/* Which revisions are to be proved. */
static void
mark_wanted(Proving *proving, const char *range)
{
	const MigStore *store = &proving->replay.store;
	MigRevisionSet set;
	MigReport	report = {0};
	int			i;

	if (!mig_history(store->graph, &store->rows, range, &set, &report))
		mig_report_throw(&report);
	proving->wanted = mig_alloc0_array(bool, store->graph->nrevisions);
	for (i = 0; i < set.count; i++)
		proving->wanted[set.items[i]] = true;
	proving->whole = set.count == store->graph->nrevisions;
	proving->last = -1;
	for (i = 0; i < proving->replay.plan.nsteps; i++)
	{
		if (proving->wanted[proving->replay.plan.steps[i].revision])
			proving->last = i;
	}
}

/* Parse the downgrades that are to be proved. */
static void
prepare_downgrades(Proving *proving)
{
	MigOwnerScope owner;
	int			i;

	proving->proofs = mig_alloc0_array(Proof, proving->replay.plan.nsteps);
	mig_enter_owner(&owner);
	for (i = 0; i <= proving->last; i++)
	{
		const MigStep *step = &proving->replay.plan.steps[i];
		Proof	   *proof = &proving->proofs[i];

		proof->revision = &proving->replay.store.graph->revisions[step->revision];
		if (!proving->wanted[step->revision] ||
			!mig_revscript_section(&proving->replay.steps[i].source.script, MIG_DOWNGRADE)->present)
			continue;
		mig_prepare_step(&proof->down, &proving->replay.store, &owner.extension, step, MIG_DOWNGRADE);
		mig_replay_fit(&proof->down);
	}
	mig_leave_owner(&owner);
}

/* A row of the result. */
static void
put_proof(ReturnSetInfo *rsinfo, const char *revision, const char *message, const char *verdict, const char *detail)
{
	MigResultRow row;

	mig_row_begin(&row);
	mig_row_text(&row, revision);
	mig_row_text(&row, message);
	mig_row_text(&row, verdict);
	mig_row_text(&row, detail);
	mig_row_put(&row, rsinfo);
}

/* The whole history, if it was run, compared with the model, if there is one. */
static void
compare_with_model(Proving *proving, ReturnSetInfo *rsinfo)
{
	MigSchemaData *model;

	if (!proving->whole || proving->result == NULL || proving->scope->model.nparts == 0)
		return;
	model = mig_read_model(proving->scope);
	if (mig_same_schema_data(proving->result, model))
		put_proof(rsinfo, NULL, "history and model", "equal", NULL);
	else
		put_proof(rsinfo, NULL, "history and model", "differs",
				  mig_describe_difference(proving->result, model, MAX_LISTED_DIFFERENCES));
}

/*
 * Prove the revisions of a range, one row of the result each, in the order in
 * which they run.  To be called with the search_path of the schema.
 */
void
mig_prove(const char *schema_name, const char *range, ReturnSetInfo *rsinfo)
{
	MigScope	scope;
	Proving		proving = {0};
	int			i;

	mig_scope_open(&scope, "migrate_prove()", schema_name, false);
	proving.scope = &scope;
	proving.context = CurrentMemoryContext;
	mig_replay_open(&proving.replay, &scope, "heads");
	mark_wanted(&proving, range);
	prepare_downgrades(&proving);
	mig_on_replay_shadow(&scope, prove_body, &proving);
	for (i = 0; i <= proving.last; i++)
	{
		const Proof *proof = &proving.proofs[i];
		bool		wanted = proving.wanted[proving.replay.plan.steps[i].revision];

		/* one that is not wanted and fails is why the others were not reached */
		if (proof->verdict || wanted)
			put_proof(rsinfo, proof->revision->id, proof->revision->message,
					  proof->verdict ? proof->verdict : "not reached", proof->detail);
	}
	compare_with_model(&proving, rsinfo);
}

/* ----------
 * Where a database is
 * ----------
 */

typedef struct Search
{
	const MigScope *scope;
	const MigReplay *replay;
	MigSchemaData *database;
	int			nequal;
	int			found;			/* the last number of steps that leads to what
								 * the database has; -1: none does */
	int			nearest;		/* number of steps that leads to the least
								 * differences */
	int			ndifferences;
	char	   *differences;
	MemoryContext context;
} Search;

/* Compare what a number of steps has led to. */
static void
search_here(Search *search, int nsteps)
{
	MigSchemaData *data = mig_read_replayed(search->scope);
	int			n;

	mig_ignore_aside(search->database);
	mig_ignore_undeclared(search->database, data);
	n = mig_count_differences(search->database, data, NULL);
	if (n == 0)
	{
		search->found = nsteps;
		search->nequal++;
	}
	/* of several that are as near, the newest */
	if (n <= search->ndifferences)
	{
		search->nearest = nsteps;
		search->ndifferences = n;
		search->differences = mig_describe_difference(search->database, data, MAX_LISTED_DIFFERENCES);
	}
	mig_schema_data_free(data);
}

/* On the shadow: look after each step. */
static void
search_body(void *arg)
{
	Search	   *search = (Search *) arg;
	MemoryContext oldcontext = MemoryContextSwitchTo(search->context);
	int			i;

	mig_replay_begin(search->replay);
	search_here(search, 0);
	for (i = 0; i < search->replay->plan.nsteps; i++)
	{
		CHECK_FOR_INTERRUPTS();
		mig_replay_step(search->replay, i);
		search_here(search, i + 1);
	}
	MemoryContextSwitchTo(oldcontext);
}

/* The version rows after a number of steps, as a target of migrate_stamp(). */
static char *
target_after(const MigReplay *replay, int nsteps)
{
	const MigGraph *graph = replay->store.graph;
	bool	   *is_row = mig_alloc0_array(bool, graph->nrevisions);
	MigNameList rows = {NULL, 0};
	int			i;
	int			j;

	for (i = 0; i < nsteps; i++)
	{
		const MigStep *step = &replay->plan.steps[i];

		for (j = 0; j < step->removed.count; j++)
			is_row[step->removed.items[j]] = false;
		for (j = 0; j < step->added.count; j++)
			is_row[step->added.items[j]] = true;
	}
	for (i = 0; i < graph->nrevisions; i++)
	{
		if (is_row[i])
			mig_name_list_add(&rows, graph->revisions[i].id);
	}
	return rows.count > 0 ? mig_name_list_join(&rows) : pstrdup("base");
}

/*
 * The revision, or revisions, that lead to what the database has, for
 * migrate_stamp().  MG009, with the nearest one, if there is none.  To be
 * called with the search_path of the schema.
 */
char *
mig_find_stamp_target(const char *schema_name)
{
	MigOwnerScope owner;
	MigScope	scope;
	MigReplay	replay;
	Search		search = {0};
	char	   *target;

	mig_require_schema(schema_name, false);
	/* as long as somebody else upgrades, nobody knows where the database is */
	mig_store_refresh();
	mig_enter_owner(&owner);
	mig_lock_versions(&owner.extension, schema_name);
	mig_leave_owner(&owner);
	mig_scope_open(&scope, "migrate_stamp()", schema_name, false);
	mig_replay_open(&replay, &scope, "heads");
	search.scope = &scope;
	search.replay = &replay;
	search.database = mig_read_database(&scope);
	search.found = -1;
	search.ndifferences = PG_INT32_MAX;
	search.context = CurrentMemoryContext;
	mig_on_replay_shadow(&scope, search_body, &search);
	target = target_after(&replay, search.found >= 0 ? search.found : search.nearest);
	if (search.found < 0)
		ereport(ERROR,
				(errcode(ERRCODE_MIG_NOT_AT_HEAD),
				 errmsg("no revision leads to the schema that the database has"),
				 errdetail("The nearest is %s. What the database has to become to be there:\n%s", target, search.differences),
				 errhint("SELECT * FROM migrate_diff('database', '%s'%s); shows the statements. Leave out what no revision is to know by the setting \"migrate.exclude\".",
						 target, mig_schema_clause(schema_name))));
	if (search.nequal > 1)
		ereport(NOTICE,
				(errmsg("%d revisions lead to the schema that the database has", search.nequal),
				 errdetail("The newest, %s, is stamped. Those that change rows only cannot be told apart.", target),
				 errhint("If it is another: SELECT * FROM migrate_stamp('revision');")));
	return target;
}
