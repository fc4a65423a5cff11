/*-------------------------------------------------------------------------
 *
 * cmd_script.c
 *	  SQL functions that bring scripts into the store and out of it.
 *
 *		migrate_register(script text, path text, accept_changes boolean)
 *		migrate_edit(revision text, script text)
 *		migrate_unregister(revision text)
 *		migrate_load(accept_changes boolean)
 *		migrate_trust(revisions text)
 *		migrate_export(range text)
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "history.h"
#include "names.h"
#include "register.h"
#include "report.h"
#include "result.h"
#include "scriptdir.h"
#include "scriptmerge.h"
#include "store.h"
#include "trust.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(migrate_register);
PG_FUNCTION_INFO_V1(migrate_unregister);
PG_FUNCTION_INFO_V1(migrate_edit);
PG_FUNCTION_INFO_V1(migrate_load);
PG_FUNCTION_INFO_V1(migrate_trust);
PG_FUNCTION_INFO_V1(migrate_export);

/* The columns of migrate_script_action. */
static void
fill_action(MigResultRow *row, const MigRevision *revision, const char *action)
{
	mig_row_begin(row);
	mig_row_text(row, revision->id);
	mig_row_text(row, revision->path);
	mig_row_text(row, action);
}

/* A migrate_script_action as the only result. */
static Datum
return_action(FunctionCallInfo fcinfo, const MigStoredScript *script)
{
	MigResultRow row;

	fill_action(&row, &script->revision, mig_script_action_name(script->action));
	return mig_row_return(&row, fcinfo);
}

/*
 * migrate_register(script text, path text, accept_changes boolean)
 *		RETURNS migrate_script_action
 *
 * Bring a script into the store as text.  Without a path it gets the one that
 * migrate_revision() would have given it.
 */
Datum
migrate_register(PG_FUNCTION_ARGS)
{
	MigStoredScript script;

	mig_prevent_if_read_only("migrate_register()");
	if (PG_ARGISNULL(0) || PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("argument \"%s\" of migrate_register() must not be null",
						PG_ARGISNULL(0) ? "script" : "accept_changes"),
				 errhint("SELECT * FROM migrate_register(script, path);")));
	mig_register_script(text_to_cstring(PG_GETARG_TEXT_PP(0)),
						PG_ARGISNULL(1) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(1)),
						PG_GETARG_BOOL(2), &script);
	PG_RETURN_DATUM(return_action(fcinfo, &script));
}

/*
 * migrate_unregister(revision text) RETURNS migrate_script_action
 *
 * Take a script that is not applied out of the store; revision is its id.
 */
Datum
migrate_unregister(PG_FUNCTION_ARGS)
{
	MigStoredScript script;

	mig_prevent_if_read_only("migrate_unregister()");
	mig_unregister_script(text_to_cstring(PG_GETARG_TEXT_PP(0)), &script);
	PG_RETURN_DATUM(return_action(fcinfo, &script));
}

/*
 * migrate_edit(revision text, script text) RETURNS migrate_script_action
 *
 * Replace the script of a revision that is not applied; its file, too, if it
 * came from one.
 */
Datum
migrate_edit(PG_FUNCTION_ARGS)
{
	MigStoredScript script;

	mig_prevent_if_read_only("migrate_edit()");
	mig_edit_script(text_to_cstring(PG_GETARG_TEXT_PP(0)), text_to_cstring(PG_GETARG_TEXT_PP(1)), &script);
	PG_RETURN_DATUM(return_action(fcinfo, &script));
}

/*
 * migrate_load(accept_changes boolean) RETURNS SETOF migrate_script_action
 *
 * Read the script location into the store, a row per script of it.
 */
Datum
migrate_load(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	MigOwnerScope scope;
	MigStoredScript *scripts;
	int			nscripts;
	int			i;

	mig_prevent_if_read_only("migrate_load()");
	mig_require_script_location();
	InitMaterializedSRF(fcinfo, 0);
	mig_enter_owner(&scope);
	mig_store_load(&scope.extension, PG_GETARG_BOOL(0), &scripts, &nscripts);
	mig_leave_owner(&scope);
	for (i = 0; i < nscripts; i++)
	{
		MigResultRow row;

		if (scripts[i].file_stamp == NULL)
			continue;
		fill_action(&row, &scripts[i].revision, mig_script_action_name(scripts[i].action));
		mig_row_put(&row, rsinfo);
	}
	PG_RETURN_NULL();
}

/* What a range, or a list of names, denotes. */
static MigRevisionSet
resolve_range(const MigStore *store, const char *text)
{
	MigReport	report = {0};
	MigRevisionSet result;
	bool		ok;

	if (strchr(text, ':') != NULL)
		ok = mig_history(store->graph, &store->rows, text, &result, &report);
	else
		ok = mig_resolve_list(store->graph, text, &result, &report);
	if (!ok)
		mig_report_throw(&report);
	return result;
}

/*
 * The caller trusts the script that it sees; somebody who is about to replace
 * it must not get the trust for another one.
 */
static void
check_still_same(const MigExtension *extension, const MigStoredScript *script)
{
	MigStoredScript now;

	if (mig_scripts_find(extension, script->revision.id, NULL, &now, 1) == 1 &&
		strcmp(now.checksum, script->checksum) == 0 && now.registered_at == script->registered_at)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			 errmsg("the script of revision %s was changed concurrently", script->revision.id),
			 errdetail("It is not the one any more that was there when migrate_trust() was called."),
			 errhint("Read it again: SELECT script FROM migrate_show('%s');", script->revision.id)));
}

/*
 * migrate_trust(revisions text) RETURNS SETOF migrate_script_action
 *
 * Say that scripts which lesser roles registered may run with the rights of
 * the current user.  revisions is a range, or names separated by commas.
 */
Datum
migrate_trust(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const char *role = mig_current_role_name();
	MigOwnerScope scope;
	MigStore	store;
	MigRevisionSet revisions;
	int			i;

	mig_prevent_if_read_only("migrate_trust()");
	InitMaterializedSRF(fcinfo, 0);
	mig_enter_owner(&scope);
	mig_store_open(&store, &scope.extension, MIG_STORE_CHANGE, MIG_ORDINARY_SCHEMA);
	mig_store_resolve_rows(&store);
	revisions = resolve_range(&store, text_to_cstring(PG_GETARG_TEXT_PP(0)));
	mig_lock_store(&scope.extension);
	for (i = 0; i < revisions.count; i++)
	{
		const MigStoredScript *script = &store.scripts[revisions.items[i]];
		bool		speaks = mig_speaks_for(script->registered_by, scope.userid);
		MigResultRow row;

		if (!speaks)
		{
			check_still_same(&scope.extension, script);
			mig_script_set_owner(&scope.extension, script->revision.id, role);
		}
		fill_action(&row, &script->revision, speaks ? "unchanged" : "trusted");
		mig_row_put(&row, rsinfo);
	}
	mig_leave_owner(&scope);
	PG_RETURN_NULL();
}

/* Compare two indexes, for qsort(). */
static int
compare_ints(const void *a, const void *b)
{
	return *(const int *) a - *(const int *) b;
}

/*
 * migrate_export(range text) RETURNS SETOF migrate_script_text
 *
 * The scripts of a range, in load order, for version control.
 */
Datum
migrate_export(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	MigOwnerScope scope;
	MigStore	store;
	MigRevisionSet range;
	int			i;

	InitMaterializedSRF(fcinfo, 0);
	mig_enter_owner(&scope);
	mig_store_open(&store, &scope.extension, MIG_STORE_LOOK, MIG_ORDINARY_SCHEMA);
	mig_store_resolve_rows(&store);
	range = resolve_range(&store, text_to_cstring(PG_GETARG_TEXT_PP(0)));
	if (range.count > 1)
		qsort(range.items, range.count, sizeof(int), compare_ints);
	for (i = 0; i < range.count; i++)
	{
		MigResultRow row;

		mig_row_begin(&row);
		mig_row_text(&row, store.scripts[range.items[i]].revision.id);
		mig_row_text(&row, store.scripts[range.items[i]].revision.path);
		mig_row_text(&row, mig_store_text(&store, &scope.extension, range.items[i]));
		mig_row_put(&row, rsinfo);
	}
	mig_leave_owner(&scope);
	PG_RETURN_NULL();
}
