/*-------------------------------------------------------------------------
 *
 * cmd_run.c
 *	  SQL functions that run scripts or move the version.
 *
 *		migrate_upgrade(target text DEFAULT 'head')
 *		migrate_downgrade(target text)
 *		migrate_stamp(target text DEFAULT 'head', purge boolean DEFAULT false)
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "prove.h"
#include "run.h"
#include "security.h"
#include "stamp.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(migrate_upgrade);
PG_FUNCTION_INFO_V1(migrate_downgrade);
PG_FUNCTION_INFO_V1(migrate_stamp);

/*
 * migrate_upgrade(target text) RETURNS SETOF migrate_step
 *
 * Run what the target needs and what is not applied, in one transaction.
 */
Datum
migrate_upgrade(PG_FUNCTION_ARGS)
{
	mig_prevent_if_read_only("migrate_upgrade()");
	InitMaterializedSRF(fcinfo, 0);
	mig_run(MIG_UPGRADE, text_to_cstring(PG_GETARG_TEXT_PP(0)), (ReturnSetInfo *) fcinfo->resultinfo);
	PG_RETURN_NULL();
}

/*
 * migrate_downgrade(target text) RETURNS SETOF migrate_step
 *
 * Undo what is applied and comes after the target, in one transaction.
 */
Datum
migrate_downgrade(PG_FUNCTION_ARGS)
{
	mig_prevent_if_read_only("migrate_downgrade()");
	InitMaterializedSRF(fcinfo, 0);
	mig_run(MIG_DOWNGRADE, text_to_cstring(PG_GETARG_TEXT_PP(0)), (ReturnSetInfo *) fcinfo->resultinfo);
	PG_RETURN_NULL();
}

/*
 * migrate_stamp(target text, purge boolean, OUT step integer,
 *				 OUT old_version text, OUT new_version text) RETURNS SETOF record
 *
 * Set the version without running anything; several targets are separated by
 * commas.  "auto" is what leads to the schema that the database has.
 */
Datum
migrate_stamp(PG_FUNCTION_ARGS)
{
	char	   *target;

	mig_prevent_if_read_only("migrate_stamp()");
	InitMaterializedSRF(fcinfo, 0);
	target = text_to_cstring(PG_GETARG_TEXT_PP(0));
	if (strcmp(target, "auto") == 0)
		target = mig_find_stamp_target();
	mig_stamp(target, PG_GETARG_BOOL(1), (ReturnSetInfo *) fcinfo->resultinfo);
	PG_RETURN_NULL();
}
