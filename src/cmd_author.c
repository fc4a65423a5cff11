/*-------------------------------------------------------------------------
 *
 * cmd_author.c
 *	  SQL functions that make new revision scripts.
 *
 *		migrate_init()
 *		migrate_revision(message text, head text, splice boolean,
 *						 branch_label text, version_path text, rev_id text,
 *						 depends_on text)
 *		migrate_merge(revisions text, message text, ...)
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "author.h"
#include "fmgr.h"
#include "funcapi.h"
#include "result.h"
#include "security.h"
#include "utils/builtins.h"

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
static Datum
new_revision(FunctionCallInfo fcinfo, const char *parents, const char *message)
{
	MigNewRevision wanted = {0};
	MigRevision revision;
	MigResultRow row;
	char	   *script;

	wanted.parents = parents;
	wanted.message = message;
	wanted.splice = !PG_ARGISNULL(2) && PG_GETARG_BOOL(2);
	wanted.branch_label = text_argument(fcinfo, 3, NULL);
	wanted.version_path = text_argument(fcinfo, 4, NULL);
	wanted.rev_id = text_argument(fcinfo, 5, NULL);
	wanted.depends_on = text_argument(fcinfo, 6, NULL);
	mig_new_revision(&wanted, &revision, &script);

	mig_row_begin(&row);
	mig_row_text(&row, revision.id);
	mig_row_text(&row, revision.path);
	mig_row_text(&row, script);
	PG_RETURN_DATUM(mig_row_return(&row, fcinfo));
}

/*
 * migrate_revision(message text, head text, splice boolean, branch_label text,
 *					version_path text, rev_id text, depends_on text)
 *		RETURNS migrate_script_text
 *
 * Make a new, empty revision script after a head.
 */
Datum
migrate_revision(PG_FUNCTION_ARGS)
{
	mig_prevent_if_read_only("migrate_revision()");
	return new_revision(fcinfo, text_argument(fcinfo, 1, "head"), text_argument(fcinfo, 0, ""));
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
	mig_prevent_if_read_only("migrate_merge()");
	return new_revision(fcinfo, text_argument(fcinfo, 0, "heads"), text_argument(fcinfo, 1, ""));
}
