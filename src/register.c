/*-------------------------------------------------------------------------
 *
 * register.c
 *	  Single scripts that come as text.
 *
 * Scripts may come in any order, so the graph is not looked at here; what is
 * missing shows itself when the first command needs the whole.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_authid.h"
#include "errcodes.h"
#include "guc.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "mutex.h"
#include "names.h"
#include "purecore.h"
#include "register.h"
#include "report.h"
#include "scriptdir.h"
#include "scriptmerge.h"
#include "trust.h"
#include "utils/acl.h"
#include "utils/builtins.h"

/* Resolve a comma-separated list of names to revisions, each once. */
bool
mig_resolve_list(const MigGraph *graph, const char *text, MigRevisionSet *result, MigReport *report)
{
	MigNameList names = {NULL, 0};
	bool	   *seen = mig_alloc0_array(bool, graph->nrevisions);
	int			i,
				j;

	if (!mig_split_names("revisions", text, &names, report))
		return false;
	*result = mig_make_set(graph->nrevisions);
	for (i = 0; i < names.count; i++)
	{
		MigRevisionSet named;

		if (!mig_resolve_revisions(graph, names.names[i], &named, report))
			return false;
		for (j = 0; j < named.count; j++)
		{
			if (!seen[named.items[j]])
				result->items[result->count++] = named.items[j];
			seen[named.items[j]] = true;
		}
	}
	pfree(seen);
	return true;
}

/* A path that a client gave: it must make sense in a script location. */
static char *
check_path(const char *path)
{
	char	   *clean = pstrdup(path);

	canonicalize_path(clean);
	if (!mig_is_printable_path(clean) || clean[0] == '\0' || strcmp(clean, ".") == 0 || is_absolute_path(clean) ||
		path_contains_parent_reference(clean))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid path of a revision script: \"%s\"", path),
				 errdetail("A path is relative to the script location, does not climb out of it, and has no control characters and no backslashes."),
				 errhint("Write it like this: versions/1975ea83b712_create_account.sql.")));
	return clean;
}

/* The path of a script that came without one. */
static char *
default_path(const MigRevision *revision)
{
	char	   *path = psprintf("%s/%s_%s.sql", (char *) linitial(mig_get_version_locations()), revision->id,
								mig_message_slug(revision->message, mig_truncate_slug_length));
	char	   *p;

	/* an id may have one, a path may not */
	for (p = path; *p; p++)
	{
		if (*p == '\\')
			*p = '_';
	}
	return path;
}

/* Parse a text that came from a client. */
static void
parse_text(const char *text, const char *path, MigStoredScript *script)
{
	MigScriptSource source = {0};

	/* a client that reads a file may pass on its byte-order mark */
	if ((GetDatabaseEncoding() == PG_UTF8 || GetDatabaseEncoding() == PG_SQL_ASCII) &&
		strncmp(text, MIG_UTF8_BOM, strlen(MIG_UTF8_BOM)) == 0)
		text += strlen(MIG_UTF8_BOM);
	source.text = text;
	source.len = strlen(text);
	source.path = path ? check_path(path) : NULL;
	mig_parse_script(&source);
	if (path == NULL)
		source.path = check_path(default_path(&source.script.revision));
	MemSet(script, 0, sizeof(MigStoredScript));
	mig_fill_stored_script(script, &source);
}

/* Is the revision applied in some schema? */
static bool
is_applied(const MigExtension *extension, const char *revision)
{
	MigNameList applied;

	mig_applied_revisions(extension, &applied);
	return mig_name_list_contains(&applied, revision);
}

/*
 * What would registering the script do, given the rows of the same revision
 * or the same path?  *known is the row of the same revision, or NULL.
 */
static MigScriptAction
compare_with_known(const MigExtension *extension, MigStoredScript *script, bool have_path,
				   MigStoredScript *rows, int nrows, MigStoredScript **known)
{
	char	   *old_text;

	*known = nrows > 0 && strcmp(rows[0].revision.id, script->revision.id) == 0 ? &rows[0] : NULL;
	if (*known == NULL)
		return MIG_SCRIPT_ADDED;
	if (!have_path)
		script->revision.path = (*known)->revision.path;
	old_text = mig_script_read_text(extension, script->revision.id);
	return old_text ? mig_classify_change(*known, old_text, script) : MIG_SCRIPT_ADDED;
}

/* Two scripts of one id are told from an edited one by their paths. */
static void
check_not_duplicate(const MigStoredScript *known, const MigStoredScript *script)
{
	if (strcmp(known->revision.path, script->revision.path) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_MIG_BROKEN_GRAPH),
				 errmsg("revision id \"%s\" is used twice", script->revision.id),
				 errdetail("Another script has it, \"%s\".", known->revision.path),
				 errhint("Give one of the scripts another \"Revision ID\"; or, to replace that one, register the new text under its path.")));
}

/* The other script that had this path gives way, unless it is applied. */
static bool
replace_same_path(const MigExtension *extension, const MigStoredScript *script, const MigStoredScript *rows, int nrows)
{
	const MigStoredScript *other = nrows > 0 ? &rows[nrows - 1] : NULL;

	if (other == NULL || strcmp(other->revision.id, script->revision.id) == 0 ||
		is_applied(extension, other->revision.id))
		return false;
	mig_script_delete(extension, other->revision.id);
	return true;
}

/*
 * Bring a script into the store; *result is the row, with what became of it.
 * path may be NULL.
 *
 * Raises MG003 for another script of an applied revision unless
 * accept_changes, MG005, MG006 for an id that another path has.
 */
void
mig_register_script(const char *text, const char *path, bool accept_changes, MigStoredScript *result)
{
	const char *role = mig_current_role_name();
	MigOwnerScope scope;
	MigStoredScript rows[2];
	MigStoredScript *known;
	int			nrows;
	bool		store_locked = false;
	bool		runs_locked_out = false;

	parse_text(text, path, result);
	mig_enter_owner(&scope);
	for (;;)
	{
		nrows = mig_scripts_find(&scope.extension, result->revision.id, result->revision.path, rows, lengthof(rows));
		result->action = compare_with_known(&scope.extension, result, path != NULL, rows, nrows, &known);
		if (result->action == MIG_SCRIPT_UNCHANGED && mig_speaks_for(known->registered_by, scope.userid))
			break;

		/*
		 * Look again when nobody can change the store, nor run what is known,
		 * any more.
		 */
		if (!store_locked)
		{
			mig_lock_store(&scope.extension);
			store_locked = true;
		}
		else if (nrows > 0 && !runs_locked_out)
		{
			mig_lock_out_runs(&scope.extension);
			runs_locked_out = true;
		}
		else
			break;
	}
	if (result->action == MIG_SCRIPT_REPLACED)
	{
		if (!accept_changes && is_applied(&scope.extension, result->revision.id))
			mig_refuse_applied_change(result, "migrate_register(script, path, accept_changes => true)");
		check_not_duplicate(known, result);
	}
	if (result->action == MIG_SCRIPT_UNCHANGED)
	{
		if (!mig_speaks_for(known->registered_by, scope.userid))
			mig_script_set_owner(&scope.extension, result->revision.id, role);
	}
	else
	{
		result->registered_by = unconstify(char *, role);
		if (replace_same_path(&scope.extension, result, rows, nrows) && result->action == MIG_SCRIPT_ADDED)
			result->action = MIG_SCRIPT_REPLACED;
		mig_script_write(&scope.extension, result);
	}
	mig_leave_owner(&scope);
}

/*
 * Take a script out of the store; *result is the row that was there.  The
 * revision is named by its whole id, so that a broken graph can be mended.
 *
 * Raises MG001, MG003 if it is applied, 55000 if it is a file.
 */
void
mig_unregister_script(const char *revision, MigStoredScript *result)
{
	MigOwnerScope scope;
	MigReport	report = {0};

	mig_enter_owner(&scope);
	mig_lock_store(&scope.extension);
	mig_lock_out_runs(&scope.extension);
	if (mig_scripts_find(&scope.extension, revision, NULL, result, 1) == 0)
	{
		(void) mig_unknown_revision(revision, &report);
		mig_report_throw(&report);
	}
	if (is_applied(&scope.extension, revision))
		ereport(ERROR,
				(errcode(ERRCODE_MIG_SCRIPT_CHANGED),
				 errmsg("revision %s is applied and cannot be unregistered", revision),
				 errdetail("Its script is needed to downgrade."),
				 errhint("Downgrade below it first.")));
	if (result->file_stamp != NULL && mig_has_script_location())
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the script of revision %s is a file of the script location", revision),
				 errdetail("It would be read again."),
				 errhint("Remove the file \"%s\".", result->revision.path)));
	mig_script_delete(&scope.extension, revision);
	result->action = MIG_SCRIPT_REMOVED;
	mig_leave_owner(&scope);
}

/* ----------
 * Editing
 * ----------
 */

/*
 * Files of the script location are trusted as a superuser's word, so not
 * everybody who may edit scripts may edit those.
 */
static void
check_may_write_files(const char *path)
{
	if (superuser() || has_privs_of_role(GetUserId(), ROLE_PG_WRITE_SERVER_FILES))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("permission denied to edit a file of the script location"),
			 errdetail("\"%s\" is a file; only roles with privileges of \"pg_write_server_files\" may change it.", path),
			 errhint("Change the file on the server, then SELECT * FROM migrate_load();")));
}

/* The revision to edit: known, and not applied. */
static const MigStoredScript *
find_editable(const MigStore *store, const MigExtension *extension, const char *name)
{
	MigReport	report = {0};
	const MigStoredScript *script;
	int			index;

	if (!mig_resolve_revision(store->graph, name, &index, &report))
		mig_report_throw(&report);
	if (index == MIG_BASE)
		ereport(ERROR,
				(errcode(ERRCODE_MIG_UNKNOWN_REVISION),
				 errmsg("\"%s\" denotes no revision", name),
				 errdetail("It is the place below the first one."),
				 errhint("SELECT * FROM migrate_history() lists the revisions.")));
	script = &store->scripts[index];
	if (is_applied(extension, script->revision.id))
		ereport(ERROR,
				(errcode(ERRCODE_MIG_SCRIPT_CHANGED),
				 errmsg("revision %s is applied and cannot be edited", script->revision.id),
				 errdetail("What was run is what its script must say."),
				 errhint("Downgrade below it first, or make the change in a new revision: SELECT * FROM migrate_revision('message');")));
	return script;
}

/* An edited script must stay the script of its revision. */
static void
check_same_revision(const MigStoredScript *old_script, const MigStoredScript *new_script)
{
	if (strcmp(old_script->revision.id, new_script->revision.id) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_MIG_MALFORMED_SCRIPT),
				 errmsg("the script is of revision %s, not of revision %s",
						new_script->revision.id, old_script->revision.id),
				 errdetail("To edit a script is not to make another revision of it."),
				 errhint("Leave the line \"-- Revision ID: %s\" as it is.", old_script->revision.id)));
}

/*
 * Replace the script of a revision that is not applied.
 *
 * Raises MG001, MG003 if it is applied, MG005.
 */
void
mig_edit_script(const char *revision, const char *text, MigStoredScript *result)
{
	MigOwnerScope scope;
	MigStore	store;
	const MigStoredScript *script;

	mig_enter_owner(&scope);
	mig_store_open(&store, &scope.extension, MIG_STORE_LOOK, MIG_ORDINARY_SCHEMA);
	script = find_editable(&store, &scope.extension, revision);
	mig_leave_owner(&scope);

	parse_text(text, script->revision.path, result);
	check_same_revision(script, result);
	if (script->file_stamp == NULL)
	{
		mig_register_script(text, script->revision.path, false, result);
		return;
	}
	check_may_write_files(script->revision.path);
	result->action = MIG_SCRIPT_REPLACED;
	mig_scriptdir_write(script->revision.path, result->text, true);
	mig_store_refresh();
}
