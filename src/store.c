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
#include "purecore.h"
#include "report.h"
#include "scriptdir.h"
#include "spiutil.h"
#include "store.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "version.h"

/* The scripts of the table while those of the location are merged into them. */
typedef struct Merge
{
	const MigExtension *extension;
	bool		accept_changes;
	bool		warn_only;		/* leave changed applied scripts as they were */
	MigStoredScript *scripts;
	int			nscripts;
	int			capacity;
	int			nknown;			/* scripts[0 .. nknown - 1] were in the table */
	int		   *by_id;			/* the known ones, sorted */
	bool	   *seen;			/* a file has this known script */
	MigScriptFile *files;
	int			nfiles;
	bool	   *unchanged;		/* the table knows this file as it is */
	bool		have_applied;
	MigNameList applied;		/* sorted */
} Merge;

/* The word for what became of a script, as the functions return it. */
const char *
mig_script_action_name(MigScriptAction action)
{
	switch (action)
	{
		case MIG_SCRIPT_ADDED:
			return "added";
		case MIG_SCRIPT_REPLACED:
			return "replaced";
		case MIG_SCRIPT_COSMETIC:
			return "cosmetic";
		case MIG_SCRIPT_REMOVED:
			return "removed";
		default:
			return "unchanged";
	}
}

/* ----------
 * Comparing
 * ----------
 */

static bool
same_list(const MigNameList *a, const MigNameList *b)
{
	int			i;

	if (a->count != b->count)
		return false;
	for (i = 0; i < a->count; i++)
	{
		if (strcmp(a->names[i], b->names[i]) != 0)
			return false;
	}
	return true;
}

/*
 * How does a script differ from the known one of the same revision?  Its
 * statements and its place in the history are what counts; all else is
 * cosmetic.
 */
MigScriptAction
mig_classify_change(const MigStoredScript *old_script, const char *old_text, const MigStoredScript *new_script)
{
	const MigRevision *a = &old_script->revision;
	const MigRevision *b = &new_script->revision;

	if (strcmp(old_script->checksum, new_script->checksum) != 0 ||
		!same_list(&a->down_revision, &b->down_revision) || !same_list(&a->depends_on, &b->depends_on))
		return MIG_SCRIPT_REPLACED;
	if (strcmp(a->path, b->path) != 0 || strcmp(old_text, new_script->text) != 0)
		return MIG_SCRIPT_COSMETIC;
	return MIG_SCRIPT_UNCHANGED;
}

/* MG003: the function to call is the one that brings the same change again. */
void
mig_refuse_applied_change(const MigStoredScript *script, const char *function)
{
	ereport(ERROR,
			(errcode(ERRCODE_MIG_SCRIPT_CHANGED),
			 errmsg("the script of revision %s was changed, but the revision is applied", script->revision.id),
			 errdetail("The statements in \"%s\", or the revisions that it comes after, are not those that were run.",
					   script->revision.path),
			 errhint("Restore the script and make the change in a new revision; or, if the database is as the new script says, SELECT * FROM %s.",
					 function)));
}

/* Take over what parsing a script has told. */
void
mig_fill_stored_script(MigStoredScript *stored, const MigScriptSource *source)
{
	stored->revision = source->script.revision;
	stored->revision.path = pstrdup(source->path);
	stored->checksum = pstrdup(source->script.checksum);
	stored->text = unconstify(char *, source->text);
}

/* ----------
 * Merging the script location into the table
 * ----------
 */

static int
compare_strings(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

static int
compare_by_id(const void *a, const void *b, void *arg)
{
	const MigStoredScript *scripts = (const MigStoredScript *) arg;

	return strcmp(scripts[*(const int *) a].revision.id, scripts[*(const int *) b].revision.id);
}

static int
compare_by_path(const void *a, const void *b, void *arg)
{
	const MigStoredScript *scripts = (const MigStoredScript *) arg;

	return strcmp(scripts[*(const int *) a].revision.path, scripts[*(const int *) b].revision.path);
}

static int *
sorted_index(MigStoredScript *scripts, int n, qsort_arg_comparator compare)
{
	int		   *result = mig_alloc_array(int, n);
	int			i;

	for (i = 0; i < n; i++)
		result[i] = i;
	qsort_arg(result, n, sizeof(int), compare, scripts);
	return result;
}

/* The known script with this id, or -1. */
static int
find_by_id(const Merge *merge, const char *id)
{
	int			low = 0;
	int			high = merge->nknown - 1;

	while (low <= high)
	{
		int			middle = low + (high - low) / 2;
		int			order = strcmp(id, merge->scripts[merge->by_id[middle]].revision.id);

		if (order == 0)
			return merge->by_id[middle];
		if (order < 0)
			high = middle - 1;
		else
			low = middle + 1;
	}
	return -1;
}

static bool
is_applied(Merge *merge, const char *id)
{
	if (!merge->have_applied)
	{
		mig_applied_revisions(merge->extension, &merge->applied);
		if (merge->applied.count > 1)
			qsort(merge->applied.names, merge->applied.count, sizeof(char *), compare_strings);
		merge->have_applied = true;
	}
	return merge->applied.count > 0 &&
		bsearch(&id, merge->applied.names, merge->applied.count, sizeof(char *), compare_strings) != NULL;
}

static void
duplicate_id(const char *id, const char *path, const char *other_path)
{
	ereport(ERROR,
			(errcode(ERRCODE_MIG_BROKEN_GRAPH),
			 errmsg("revision id \"%s\" is used twice", id),
			 errdetail("It is in \"%s\" and in \"%s\".", other_path, path),
			 errhint("Give one of the scripts another \"Revision ID\", and what comes after it another \"Revises\".")));
}

static void
append_script(Merge *merge, const MigStoredScript *script)
{
	if (merge->nscripts == merge->capacity)
	{
		merge->capacity = Max(merge->capacity * 2, 64);
		merge->scripts = repalloc_huge(merge->scripts, sizeof(MigStoredScript) * merge->capacity);
	}
	merge->scripts[merge->nscripts++] = *script;
}

/* Read the file of a script. */
static void
read_script_file(const MigScriptFile *file, MigStoredScript *script)
{
	MigScriptSource source = {0};

	source.path = file->path;
	source.text = mig_scriptdir_read(file->path, &source.len);
	mig_parse_script(&source);
	MemSet(script, 0, sizeof(MigStoredScript));
	mig_fill_stored_script(script, &source);
	script->file_stamp = file->stamp;
	script->registered_at = GetCurrentTimestamp();
}

/* A file is new or was touched: what does it change? */
static void
merge_file(Merge *merge, const MigScriptFile *file)
{
	MigStoredScript script;
	MigStoredScript *known;
	int			index;

	read_script_file(file, &script);
	index = find_by_id(merge, script.revision.id);
	if (index < 0)
	{
		script.action = MIG_SCRIPT_ADDED;
		append_script(merge, &script);
		return;
	}
	known = &merge->scripts[index];
	if (merge->seen[index])
		duplicate_id(script.revision.id, file->path, known->revision.path);
	merge->seen[index] = true;
	script.action = mig_classify_change(known,
										mig_script_read_text(merge->extension, known->revision.id),
										&script);
	if (script.action == MIG_SCRIPT_REPLACED && !merge->accept_changes &&
		is_applied(merge, script.revision.id))
	{
		if (!merge->warn_only)
			mig_refuse_applied_change(&script, "migrate_load(accept_changes => true)");
		ereport(WARNING,
				(errcode(ERRCODE_MIG_SCRIPT_CHANGED),
				 errmsg("the script of revision %s was changed, but the revision is applied", script.revision.id),
				 errdetail("\"%s\" is not what was run.", script.revision.path)));
		return;
	}
	*known = script;
}

/* Two files that are both new may have one id. */
static void
check_new_ids(const Merge *merge)
{
	int			nnew = merge->nscripts - merge->nknown;
	MigStoredScript *added = merge->scripts + merge->nknown;
	int		   *by_id = sorted_index(added, nnew, compare_by_id);
	int			i;

	for (i = 1; i < nnew; i++)
	{
		if (strcmp(added[by_id[i - 1]].revision.id, added[by_id[i]].revision.id) == 0)
			duplicate_id(added[by_id[i]].revision.id, added[by_id[i]].revision.path,
						 added[by_id[i - 1]].revision.path);
	}
}

/*
 * Which files does the table know as they are?  Without opening any.
 */
static void
match_files(Merge *merge)
{
	int		   *by_path = sorted_index(merge->scripts, merge->nknown, compare_by_path);
	int			i;

	for (i = 0; i < merge->nfiles; i++)
	{
		const MigScriptFile *file = &merge->files[i];
		int			low = 0;
		int			high = merge->nknown;

		/* several rows may have one path: the first one that is not less */
		while (low < high)
		{
			int			middle = low + (high - low) / 2;

			if (strcmp(merge->scripts[by_path[middle]].revision.path, file->path) < 0)
				low = middle + 1;
			else
				high = middle;
		}
		for (; low < merge->nknown; low++)
		{
			const MigStoredScript *known = &merge->scripts[by_path[low]];

			if (strcmp(known->revision.path, file->path) != 0)
				break;
			if (known->file_stamp != NULL && strcmp(known->file_stamp, file->stamp) == 0)
			{
				merge->seen[by_path[low]] = true;
				merge->unchanged[i] = true;
			}
		}
	}
	pfree(by_path);
}

/* Mark what has no file any more and is not applied; is there such a script? */
static bool
mark_vanished(Merge *merge)
{
	bool		found = false;
	int			i;

	for (i = 0; i < merge->nknown; i++)
	{
		MigStoredScript *known = &merge->scripts[i];

		if (!merge->seen[i] && known->file_stamp != NULL && !is_applied(merge, known->revision.id))
		{
			known->action = MIG_SCRIPT_REMOVED;
			found = true;
		}
	}
	return found;
}

/*
 * Read the table and list the script location.  Returns whether they differ.
 */
static bool
begin_merge(Merge *merge, const MigExtension *extension)
{
	int			i;

	merge->extension = extension;
	mig_scripts_read(extension, &merge->scripts, &merge->nscripts);
	merge->nknown = merge->nscripts;
	merge->capacity = Max(merge->nscripts, 1);
	merge->have_applied = false;
	if (!mig_has_script_location())
		return false;

	merge->by_id = sorted_index(merge->scripts, merge->nknown, compare_by_id);
	merge->seen = mig_alloc0_array(bool, merge->nknown);
	mig_scriptdir_scan(&merge->files, &merge->nfiles);
	merge->unchanged = mig_alloc0_array(bool, merge->nfiles);
	match_files(merge);
	for (i = 0; i < merge->nfiles; i++)
	{
		if (!merge->unchanged[i])
			return true;
	}
	return mark_vanished(merge);
}

/* Read the files that are new or were touched. */
static void
finish_merge(Merge *merge)
{
	int			i;

	for (i = 0; i < merge->nfiles; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (!merge->unchanged[i])
			merge_file(merge, &merge->files[i]);
	}
	check_new_ids(merge);
	(void) mark_vanished(merge);
}

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
	MigStoredScript *sorted;
	int			n = 0;
	int			i;

	for (i = 0; i < *nscripts; i++)
	{
		const MigRevision *revision = &(*scripts)[i].revision;

		if ((*scripts)[i].action == MIG_SCRIPT_REMOVED)
			continue;
		keys[n].rank = mig_version_location_rank(revision->path);
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
	MigRevision *revisions = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(MigRevision) * Max(nscripts, 1));
	MigGraph   *graph;
	int			i;

	for (i = 0; i < nscripts; i++)
		revisions[i] = scripts[i].revision;
	graph = mig_graph_build(revisions, nscripts, &report);
	if (graph == NULL)
		mig_report_throw(&report);
	return graph;
}

/* Write what the merge found into the table. */
static void
write_changes(const MigExtension *extension, const Merge *merge)
{
	int			i;

	for (i = 0; i < merge->nscripts; i++)
	{
		const MigStoredScript *script = &merge->scripts[i];

		CHECK_FOR_INTERRUPTS();
		if (script->action == MIG_SCRIPT_REMOVED)
			mig_script_delete(extension, script->revision.id);
		else if (script->action != MIG_SCRIPT_KEPT)
			mig_script_write(extension, script);
	}
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
	Merge		merge = {0};

	merge.accept_changes = accept_changes;
	if (begin_merge(&merge, extension))
	{
		MigStoredScript *sorted;
		int			n;

		/* somebody else may have loaded the same files in the meantime */
		mig_lock_store(extension, true, NULL);
		(void) begin_merge(&merge, extension);
		finish_merge(&merge);
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
 * Read the store, build its graph, and read where the database is.  Called
 * in an owner scope; the result is in a memory context of its own, a child
 * of the current one.
 */
void
mig_store_open(MigStore *store, const MigExtension *extension, MigStoreAccess access, const char *schema_name)
{
	MemoryContext oldcontext;

	MemSet(store, 0, sizeof(MigStore));
	store->context = AllocSetContextCreate(CurrentMemoryContext, "migrate store", ALLOCSET_DEFAULT_SIZES);
	oldcontext = MemoryContextSwitchTo(store->context);
	if (access == MIG_STORE_LOOK)
	{
		Merge		merge = {0};

		merge.warn_only = true;
		if (begin_merge(&merge, extension))
			finish_merge(&merge);
		store->scripts = merge.scripts;
		store->nscripts = merge.nscripts;
	}
	else
		mig_scripts_read(extension, &store->scripts, &store->nscripts);
	sort_scripts(&store->scripts, &store->nscripts);
	store->graph = build_graph(store->scripts, store->nscripts);
	mig_versions_read(extension, schema_name, &store->versions);
	MemoryContextSwitchTo(oldcontext);
}

/* Find the revisions that the version table names; raises MG001. */
void
mig_store_resolve_rows(MigStore *store)
{
	MigReport	report = {0};
	MemoryContext oldcontext = MemoryContextSwitchTo(store->context);

	if (!mig_resolve_rows(store->graph, &store->versions, &store->rows, &report))
		mig_report_throw(&report);
	MemoryContextSwitchTo(oldcontext);
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
	bool		locked;

	if (IsolationUsesXactSnapshot())
		return;
	mig_lock_store(extension, false, &locked);
	if (!locked)
		return;
	mig_store_open(&store, extension, MIG_STORE_CHANGE, "");
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
