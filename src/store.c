/*-------------------------------------------------------------------------
 *
 * store.c
 *	  The script store: known scripts, their graph, and where the database is.
 *
 * The table migrate_script is the truth for what runs.  A script location is
 * a source that is read into it: what is new or changed is added or replaced,
 * what has vanished is removed, unless it is applied, so that a database that
 * is ahead of the deployed files can still be downgraded.
 *
 * Functions that only look do not write: they see the table as it would be
 * after loading.  So they work on a standby, take no lock, and a file that
 * somebody broke shows itself by the same error everywhere.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "errcodes.h"
#include "guc.h"
#include "miscadmin.h"
#include "mutex.h"
#include "report.h"
#include "scriptdir.h"
#include "scriptmerge.h"
#include "store.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "version.h"

/* ----------
 * Load order and graph
 * ----------
 */

typedef struct LoadKey
{
	int			rank;
	int			index;
	const char *path;
	const char *id;
} LoadKey;

/* Compare two scripts by load order, for qsort(). */
static int
compare_load_keys(const void *a, const void *b)
{
	const LoadKey *x = (const LoadKey *) a;
	const LoadKey *y = (const LoadKey *) b;
	int			order;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	order = strcmp(x->path, y->path);
	return order != 0 ? order : strcmp(x->id, y->id);
}

/* Sort by version location and path, and leave out what was removed. */
static void
sort_scripts(MigStoredScript **scripts, int *nscripts)
{
	LoadKey    *keys = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(LoadKey) * Max(*nscripts, 1));
	List	   *locations = mig_get_version_locations();
	MigStoredScript *sorted;
	int			n = 0;
	int			i;

	for (i = 0; i < *nscripts; i++)
	{
		const MigRevision *revision = &(*scripts)[i].revision;

		if ((*scripts)[i].action == MIG_SCRIPT_REMOVED)
			continue;
		keys[n].rank = mig_version_location_rank(locations, revision->path);
		keys[n].index = i;
		keys[n].path = revision->path;
		keys[n++].id = revision->id;
	}
	qsort(keys, n, sizeof(LoadKey), compare_load_keys);
	sorted = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(MigStoredScript) * Max(n, 1));
	for (i = 0; i < n; i++)
		sorted[i] = (*scripts)[keys[i].index];
	pfree(keys);
	*scripts = sorted;
	*nscripts = n;
}

/* Build the graph of the scripts; raises MG006 if it is broken. */
static MigGraph *
build_graph(const MigStoredScript *scripts, int nscripts)
{
	MigReport	report = {0};
	MigGraph   *graph = mig_scripts_graph(scripts, nscripts, &report);

	if (report.sqlerrcode != 0)
		mig_report_throw(&report);
	return graph;
}

/* Write what the merge found into the table. */
static void
write_changes(const MigExtension *extension, const MigScriptMerge *merge)
{
	MemoryContext per_script = AllocSetContextCreate(CurrentMemoryContext, "migrate write script",
													 ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(per_script);
	int			i;

	for (i = 0; i < merge->nscripts; i++)
	{
		const MigStoredScript *script = &merge->scripts[i];

		CHECK_FOR_INTERRUPTS();
		MemoryContextReset(per_script);
		if (script->action == MIG_SCRIPT_REMOVED)
			mig_script_delete(extension, script->revision.id);
		else if (script->action != MIG_SCRIPT_KEPT)
			mig_script_write(extension, script);
	}
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(per_script);
}

/* Begin a merge with the table as it is now. */
static bool
begin_merge(MigScriptMerge *merge, const MigExtension *extension, bool whole)
{
	bool		differs;

	PushActiveSnapshot(GetTransactionSnapshot());
	differs = mig_merge_begin(merge, extension, whole);
	PopActiveSnapshot();
	return differs;
}

/* Does a merge do more than add scripts? */
static bool
changes_known_script(const MigScriptMerge *merge)
{
	int			i;

	for (i = 0; i < merge->nknown; i++)
	{
		if (merge->scripts[i].action != MIG_SCRIPT_KEPT && merge->scripts[i].action != MIG_SCRIPT_UNCHANGED)
			return true;
	}
	return false;
}

/*
 * Read the script location into the table.  Called in an owner scope.
 *
 * Nothing is locked unless something changed.  A location that would break
 * the graph changes nothing.  The result is all scripts, removed ones
 * included, each with what became of it, in the current memory context.
 */
void
mig_store_load(const MigExtension *extension, bool accept_changes, MigStoredScript **scripts, int *nscripts)
{
	MigScriptMerge merge = {0};

	merge.accept_changes = accept_changes;
	if (begin_merge(&merge, extension, false))
	{
		MigStoredScript *sorted;
		int			n;

		/* somebody else may have loaded the same files in the meantime */
		mig_lock_store(extension);
		(void) begin_merge(&merge, extension, true);
		mig_merge_finish(&merge);
		if (changes_known_script(&merge))
		{
			mig_lock_out_runs(extension);
			(void) begin_merge(&merge, extension, true);
			mig_merge_finish(&merge);
		}
		sorted = merge.scripts;
		n = merge.nscripts;
		sort_scripts(&sorted, &n);
		(void) build_graph(sorted, n);
		write_changes(extension, &merge);
	}
	*scripts = merge.scripts;
	*nscripts = merge.nscripts;
}

/* Read the script location into the table, if there is one. */
void
mig_store_refresh(void)
{
	MigOwnerScope scope;
	MigStoredScript *scripts;
	int			nscripts;

	if (!mig_has_script_location())
		return;
	mig_enter_owner(&scope);
	mig_store_load(&scope.extension, false, &scripts, &nscripts);
	mig_leave_owner(&scope);
}

/*
 * Read the store, build its graph, and read where the schema is, all as the
 * active snapshot has it: who registers a script and runs it in one
 * transaction must be seen whole or not at all.  Called in an owner scope; the
 * result is in a memory context of its own, a child of the current one.
 */
void
mig_store_read(MigStore *store, const MigExtension *extension, MigStoreAccess access, const char *schema_name)
{
	MemoryContext oldcontext;

	MemSet(store, 0, sizeof(MigStore));
	store->context = AllocSetContextCreate(CurrentMemoryContext, "migrate store", ALLOCSET_DEFAULT_SIZES);
	oldcontext = MemoryContextSwitchTo(store->context);
	store->schema_name = pstrdup(schema_name);
	if (access == MIG_STORE_LOOK)
	{
		MigScriptMerge merge = {0};

		merge.warn_only = true;
		if (mig_merge_begin(&merge, extension, true))
			mig_merge_finish(&merge);
		store->scripts = merge.scripts;
		store->nscripts = merge.nscripts;
	}
	else
		mig_scripts_read(extension, true, &store->scripts, &store->nscripts);
	mig_versions_read(extension, schema_name, &store->versions);
	sort_scripts(&store->scripts, &store->nscripts);
	store->graph = build_graph(store->scripts, store->nscripts);
	MemoryContextSwitchTo(oldcontext);
}

/* The same as of now. */
void
mig_store_open(MigStore *store, const MigExtension *extension, MigStoreAccess access, const char *schema_name)
{
	PushActiveSnapshot(GetTransactionSnapshot());
	mig_store_read(store, extension, access, schema_name);
	PopActiveSnapshot();
}

/* Compare two scripts by revision id, for qsort() and bsearch(). */
static int
compare_script_ids(const void *a, const void *b)
{
	return strcmp(((const MigStoredScript *) a)->revision.id, ((const MigStoredScript *) b)->revision.id);
}

/*
 * Called with runs locked out or locked: are the scripts that the transaction
 * sees those of the latest snapshot?  Where its own is fixed they may have
 * been replaced since, and what would run would not be what the store has.
 * Called in an owner scope.
 */
void
mig_store_check_snapshot(const MigStore *store, const MigExtension *extension)
{
	MigStoredScript *latest;
	int			nlatest;
	int			i;

	if (!IsolationUsesXactSnapshot())
		return;
	PushActiveSnapshot(GetLatestSnapshot());
	mig_scripts_read(extension, true, &latest, &nlatest);
	PopActiveSnapshot();
	qsort(latest, nlatest, sizeof(MigStoredScript), compare_script_ids);
	for (i = 0; i < store->nscripts; i++)
	{
		const MigStoredScript *script = &store->scripts[i];
		const MigStoredScript *now = bsearch(script, latest, nlatest, sizeof(MigStoredScript), compare_script_ids);

		if (now == NULL || now->registered_at != script->registered_at ||
			strcmp(now->checksum, script->checksum) != 0)
			ereport(ERROR,
					(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
					 errmsg("could not serialize access: the script of revision %s was changed concurrently",
							script->revision.id),
					 errdetail("This transaction still sees the script as it was when it began."),
					 errhint("Roll back and call again in a new transaction.")));
	}
}

/* Find the revisions that the version table names; raises MG001. */
void
mig_store_resolve_rows(MigStore *store)
{
	MigReport	report = {0};
	MemoryContext oldcontext = MemoryContextSwitchTo(store->context);

	if (!mig_resolve_rows(store->graph, &store->versions, &store->rows, &report))
	{
		if (store->schema_name[0] != '\0')
		{
			report.detail = psprintf("The version table names it for %s, but no script with this id was registered or found in the script location.",
									 mig_schema_noun(store->schema_name));
			report.hint = psprintf("Deploy or register its script; if it is gone for good, set the version anew: SELECT migrate_stamp('head', purge => true%s);",
								   mig_schema_clause(store->schema_name));
		}
		mig_report_throw(&report);
	}
	MemoryContextSwitchTo(oldcontext);
}

/* The same, but what is not known is warned about and left out. */
void
mig_store_resolve_known_rows(MigStore *store)
{
	MigNameList all = store->versions;
	MigNameList known = {NULL, 0};
	int			i;

	for (i = 0; i < all.count; i++)
	{
		int			revision = mig_graph_lookup(store->graph, all.names[i]);

		if (revision >= 0 && strcmp(store->graph->revisions[revision].id, all.names[i]) == 0)
			mig_name_list_add(&known, all.names[i]);
		else
			ereport(WARNING,
					(errcode(ERRCODE_MIG_UNKNOWN_REVISION),
					 errmsg("%s is at revision \"%s\", whose script is not known",
							mig_schema_noun(store->schema_name), all.names[i])));
	}
	store->versions = known;
	mig_store_resolve_rows(store);
	store->versions = all;
}

/*
 * Are version rows, resolved, the heads that really count, as Alembic's
 * "current --check-heads" has it?
 */
bool
mig_rows_are_heads(const MigGraph *graph, const MigRows *rows)
{
	int			found = 0;
	int			i;

	for (i = 0; i < rows->count; i++)
		found += mig_graph_is_real_head(graph, rows->items[i]);
	return found == rows->count && found == graph->nreal_heads;
}

/* MG009 unless the version rows are the heads that really count. */
void
mig_store_check_at_heads(const MigStore *store)
{
	const MigGraph *graph = store->graph;

	if (mig_rows_are_heads(graph, &store->rows))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_MIG_NOT_AT_HEAD),
			 errmsg("%s is not at the heads", mig_schema_noun(store->schema_name)),
			 errdetail("It is at %s; the heads are %s.",
					   store->rows.count > 0 ?
					   mig_graph_join_ids(graph, store->rows.items, store->rows.count) : "base",
					   graph->nreal_heads > 0 ?
					   mig_graph_join_ids(graph, graph->real_heads, graph->nreal_heads) : "none"),
			 errhint("SELECT * FROM migrate_upgrade('heads'%s);", mig_schema_clause(store->schema_name))));
}

/* The store for a function that only looks. */
void
mig_store_look(MigStore *store, const char *schema_name)
{
	MigOwnerScope scope;

	mig_enter_owner(&scope);
	mig_store_open(store, &scope.extension, MIG_STORE_LOOK, schema_name);
	mig_leave_owner(&scope);
}

/*
 * Write down which revisions are heads, unless somebody is changing the
 * store, or this transaction may see an old one.  Called in an owner scope.
 */
void
mig_store_summarize(const MigExtension *extension)
{
	MigStore	store;

	if (IsolationUsesXactSnapshot() || !mig_try_lock_store(extension))
		return;
	mig_store_open(&store, extension, MIG_STORE_CHANGE, MIG_ORDINARY_SCHEMA);
	mig_summary_write(extension, store.graph);
	MemoryContextDelete(store.context);
}

/* The text of a script of the store.  Called in an owner scope. */
char *
mig_store_text(const MigStore *store, const MigExtension *extension, int revision)
{
	const MigStoredScript *script = &store->scripts[revision];
	char	   *text = script->text;

	if (text == NULL)
		text = mig_script_read_text(extension, script->revision.id);
	if (text == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("the script of revision %s was removed concurrently", script->revision.id),
				 errhint("Call again.")));
	return text;
}
