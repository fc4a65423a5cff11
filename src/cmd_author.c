/*-------------------------------------------------------------------------
 *
 * cmd_author.c
 *	  SQL functions that make new revision scripts.
 *
 *		migrate_init()
 *		migrate_revision(message text, head text, splice boolean,
 *						 branch_label text, version_path text, rev_id text,
 *						 depends_on text, autogenerate boolean,
 *						 allow_empty boolean, schema text)
 *		migrate_merge(revisions text, message text, ...)
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "author.h"
#include "autogen.h"
#include "fmgr.h"
#include "funcapi.h"
#include "result.h"
#include "security.h"
#include "store.h"
#include "utils/builtins.h"
#include "utils/guc.h"

PG_FUNCTION_INFO_V1(migrate_init);
PG_FUNCTION_INFO_V1(migrate_revision);
PG_FUNCTION_INFO_V1(migrate_merge);

/* A text argument, or the given value if it is null. */
static const char *
text_argument(FunctionCallInfo fcinfo, int n, const char *value)
{
	return PG_ARGISNULL(n) ? value : text_to_cstring(PG_GETARG_TEXT_PP(n));
}

/*
 * migrate_init(OUT path text) RETURNS SETOF text
 *
 * Lay out an empty script location.
 */
Datum
migrate_init(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	MigNameList paths;
	int			i;

	mig_prevent_if_read_only("migrate_init()");
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	mig_init_location(&paths);
	for (i = 0; i < paths.count; i++)
	{
		MigResultRow row;

		mig_row_begin(&row);
		mig_row_text(&row, paths.names[i]);
		mig_row_put(&row, rsinfo);
	}
	PG_RETURN_NULL();
}

/* Arguments 2 to 6 are the same for both functions. */
static void
read_arguments(MigNewRevision *wanted, FunctionCallInfo fcinfo, const char *parents, const char *message)
{
	MemSet(wanted, 0, sizeof(MigNewRevision));
	wanted->parents = parents;
	wanted->message = message;
	wanted->splice = !PG_ARGISNULL(2) && PG_GETARG_BOOL(2);
	wanted->branch_label = text_argument(fcinfo, 3, NULL);
	wanted->version_path = text_argument(fcinfo, 4, NULL);
	wanted->rev_id = text_argument(fcinfo, 5, NULL);
	wanted->depends_on = text_argument(fcinfo, 6, NULL);
}

/* Make it, and the row that tells. */
static void
new_revision(const MigNewRevision *wanted, MigResultRow *row)
{
	MigRevision revision;
	char	   *script;

	mig_new_revision(wanted, &revision, &script);
	mig_row_begin(row);
	mig_row_text(row, revision.id);
	mig_row_text(row, revision.path);
	mig_row_text(row, script);
}

/*
 * Fill the sections from the difference between a schema of the database and
 * the model.  Its name is not in them, so that they do for other schemas, too.
 * False: there is none, and nothing is to be written.
 */
static bool
autogenerate(MigNewRevision *wanted, const char *schema_name, bool allow_empty, int *nlosses)
{
	int			guc_nestlevel;
	MigStore	store;
	MigScope	scope;
	MigGenerated generated;

	mig_store_refresh();
	mig_require_schema(schema_name, false);
	mig_store_look(&store, schema_name);
	mig_store_resolve_rows(&store);
	mig_store_check_at_heads(&store);
	guc_nestlevel = mig_enter_schema(schema_name);
	mig_scope_open(&scope, "migrate_revision()", schema_name, false);
	mig_autogenerate(&scope, &generated);
	AtEOXact_GUC(false, guc_nestlevel);
	wanted->upgrades = generated.upgrade;
	wanted->downgrades = generated.downgrade;
	*nlosses = generated.nlosses;
	if (generated.nlosses > 0)
		ereport(NOTICE,
				(errmsg_plural("%d statement of the upgrade loses data", "%d statements of the upgrade lose data",
							   generated.nlosses, generated.nlosses),
				 errhint("Each has a comment above it that says what is lost. If something has another name only, write \"-- migrate:renamed_from old_name\" before it in the model.")));
	if (generated.upgrade[0] != '\0' || allow_empty)
		return true;
	ereport(NOTICE,
			(errmsg("%s is as the model says", mig_schema_noun(schema_name)),
			 errdetail("No revision was written."),
			 errhint("Write allow_empty => true to have an empty one.")));
	return false;
}

/*
 * migrate_revision(message text, head text, splice boolean, branch_label text,
 *					version_path text, rev_id text, depends_on text,
 *					autogenerate boolean, allow_empty boolean, schema text)
 *		RETURNS migrate_new_revision
 *
 * Make a new revision script after a head: an empty one, or with autogenerate
 * one that makes the database what the model says.  Then the result is null
 * if there is no difference, unless allow_empty is true.
 */
Datum
migrate_revision(PG_FUNCTION_ARGS)
{
	MigNewRevision wanted;
	MigResultRow row;
	int			nlosses = 0;

	mig_prevent_if_read_only("migrate_revision()");
	read_arguments(&wanted, fcinfo, text_argument(fcinfo, 1, "head"), text_argument(fcinfo, 0, ""));
	if (!PG_ARGISNULL(7) && PG_GETARG_BOOL(7) &&
		!autogenerate(&wanted, mig_schema_argument(fcinfo, 9), !PG_ARGISNULL(8) && PG_GETARG_BOOL(8), &nlosses))
		PG_RETURN_NULL();
	new_revision(&wanted, &row);
	mig_row_int(&row, nlosses);
	PG_RETURN_DATUM(mig_row_return(&row, fcinfo));
}

/*
 * migrate_merge(revisions text, message text, splice boolean,
 *				 branch_label text, version_path text, rev_id text,
 *				 depends_on text)
 *		RETURNS migrate_script_text
 *
 * Make a new, empty revision script that joins several revisions.
 */
Datum
migrate_merge(PG_FUNCTION_ARGS)
{
	MigNewRevision wanted;
	MigResultRow row;

	mig_prevent_if_read_only("migrate_merge()");
	read_arguments(&wanted, fcinfo, text_argument(fcinfo, 0, "heads"), text_argument(fcinfo, 1, ""));
	new_revision(&wanted, &row);
	PG_RETURN_DATUM(mig_row_return(&row, fcinfo));
}
