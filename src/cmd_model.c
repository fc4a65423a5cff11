/*-------------------------------------------------------------------------
 *
 * cmd_model.c
 *	  SQL functions that bring the model into the database.
 *
 *		migrate_model(name text, ddl text)
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "model.h"
#include "result.h"
#include "security.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(migrate_model);

/*
 * migrate_model(name text, ddl text) RETURNS migrate_model_action
 *
 * Store a text as a part of the model; a null text removes the part.
 */
Datum
migrate_model(PG_FUNCTION_ARGS)
{
	const char *name;
	const char *action;
	MigResultRow row;

	mig_prevent_if_read_only("migrate_model()");
	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("argument \"%s\" of migrate_model() must not be null", "name"),
				 errhint("SELECT * FROM migrate_model(name, ddl);")));
	name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	action = mig_model_push(name, PG_ARGISNULL(1) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(1)));

	mig_row_begin(&row);
	mig_row_text(&row, name);
	mig_row_text(&row, action);
	PG_RETURN_DATUM(mig_row_return(&row, fcinfo));
}
