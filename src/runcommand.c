/*-------------------------------------------------------------------------
 *
 * runcommand.c
 *	  The CALL that does what a production run is asked to do.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "runcommand.h"
#include "security.h"
#include "utils/builtins.h"

/* Arguments for a run of many schemas. */
static void
append_schemas(StringInfo command, const MigRunOptions *options)
{
	appendStringInfo(command, ", schemas => %s, jobs => %d, canary => %d", quote_literal_cstr(options->schemas),
					 options->jobs, options->canary);
	if (options->max_failures >= 0)
		appendStringInfo(command, ", max_failures => %d", options->max_failures);
	else
		appendStringInfoString(command, ", max_failures => NULL");
}

/*
 * The text of a CALL with all arguments that say anything, so that it means
 * the same whatever settings there are, for the target given.
 */
char *
mig_run_command(const MigRunOptions *options, const char *target)
{
	MigExtension extension;
	StringInfoData command;

	mig_find_extension(&extension);
	initStringInfo(&command);
	appendStringInfo(&command, "CALL %s.migrate_run(target => %s, direction => '%s', lock_timeout => '%d ms', lock_retry_for => '%d ms'",
					 extension.schema_name, quote_literal_cstr(target), mig_direction_name(options->direction),
					 options->lock_timeout, options->lock_retry_for);
	if (options->schema_name[0] != '\0')
		appendStringInfo(&command, ", schema => %s", quote_literal_cstr(options->schema_name));
	if (options->schemas != NULL)
		append_schemas(&command, options);
	appendStringInfoChar(&command, ')');
	return command.data;
}
