/*-------------------------------------------------------------------------
 *
 * scriptmerge.c
 *	  What the files of the script location make of the known scripts.
 *
 * A merge begins with the rows of the table and a list of the files, of which
 * none is opened: what has the same size, times and inode as when it was read
 * is taken to be the same.  The rest is read and compared.  Nothing is
 * written here; each script carries what became of it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "errcodes.h"
#include "guc.h"
#include "miscadmin.h"
#include "purecore.h"
#include "scriptmerge.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

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

/*
 * How does a script differ from the known one of the same revision?  Its
 * statements and its place in the history are what counts; all else is
 * cosmetic.  old_text is NULL if somebody has just removed it.
 */
MigScriptAction
mig_classify_change(const MigStoredScript *old_script, const char *old_text, const MigStoredScript *new_script)
{
	const MigRevision *a = &old_script->revision;
	const MigRevision *b = &new_script->revision;

	if (strcmp(old_script->checksum, new_script->checksum) != 0 ||
		!mig_name_list_equal(&a->down_revision, &b->down_revision) ||
		!mig_name_list_equal(&a->depends_on, &b->depends_on))
		return MIG_SCRIPT_REPLACED;
	if (strcmp(a->path, b->path) != 0 || old_text == NULL || strcmp(old_text, new_script->text) != 0)
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

/* Compare two scripts, given by index, by their ids. */
static int
compare_by_id(const void *a, const void *b, void *arg)
{
	const MigStoredScript *scripts = (const MigStoredScript *) arg;

	return strcmp(scripts[*(const int *) a].revision.id, scripts[*(const int *) b].revision.id);
}

/* Compare two scripts, given by index, by their paths. */
static int
compare_by_path(const void *a, const void *b, void *arg)
{
	const MigStoredScript *scripts = (const MigStoredScript *) arg;

	return strcmp(scripts[*(const int *) a].revision.path, scripts[*(const int *) b].revision.path);
}

/* The indexes of the scripts, in some order. */
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
find_by_id(const MigScriptMerge *merge, const char *id)
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

/* Is the revision applied in some schema?  It is asked of the table once. */
static bool
is_applied(MigScriptMerge *merge, const char *id)
{
	if (!merge->have_applied)
	{
		mig_applied_revisions(merge->extension, &merge->applied);
		mig_name_list_sort(&merge->applied);
		merge->have_applied = true;
	}
	return mig_name_list_sorted_contains(&merge->applied, id);
}

/* MG006: two files of one revision. */
static void
duplicate_id(const char *id, const char *path, const char *other_path)
{
	ereport(ERROR,
			(errcode(ERRCODE_MIG_BROKEN_GRAPH),
			 errmsg("revision id \"%s\" is used twice", id),
			 errdetail("It is in \"%s\" and in \"%s\".", other_path, path),
			 errhint("Give one of the scripts another \"Revision ID\", and what comes after it another \"Revises\".")));
}

/* Add a script that the table does not know. */
static void
append_script(MigScriptMerge *merge, const MigStoredScript *script)
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
merge_file(MigScriptMerge *merge, const MigScriptFile *file)
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
check_new_ids(const MigScriptMerge *merge)
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
match_files(MigScriptMerge *merge)
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
mark_vanished(MigScriptMerge *merge)
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
 * Read the table, as the active snapshot has it, and list the script
 * location.  Returns whether they differ.  A merge that is to be finished
 * needs the whole rows.
 */
bool
mig_merge_begin(MigScriptMerge *merge, const MigExtension *extension, bool whole)
{
	int			i;

	merge->extension = extension;
	mig_scripts_read(extension, whole, &merge->scripts, &merge->nscripts);
	merge->nknown = merge->nscripts;
	merge->capacity = Max(merge->nscripts, 1);
	merge->have_applied = false;
	if (!mig_has_script_location())
		return false;

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
void
mig_merge_finish(MigScriptMerge *merge)
{
	int			i;

	merge->by_id = sorted_index(merge->scripts, merge->nknown, compare_by_id);
	for (i = 0; i < merge->nfiles; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (!merge->unchanged[i])
			merge_file(merge, &merge->files[i]);
	}
	check_new_ids(merge);
	(void) mark_vanished(merge);
}
