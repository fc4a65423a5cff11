/*-------------------------------------------------------------------------
 *
 * guc.c
 *	  Settings.
 *
 * The names are those of Alembic's configuration file.  What decides which
 * files of the server are read is a superuser's to set; ALTER DATABASE or
 * ALTER ROLE ... SET makes it last.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>

#include "guc.h"
#include "pgtime.h"
#include "utils/guc.h"

/* in alphabetical order */
int			mig_batch_max_lag = 30 * 1000;
int			mig_batch_max_retained_wal = 8 * 1024;
int			mig_batch_target = 500;
bool		mig_compare_comment = true;
bool		mig_compare_privileges = false;
bool		mig_compare_server_default = true;
bool		mig_compare_type = true;
char	   *mig_exclude = NULL;
char	   *mig_file_template = NULL;
char	   *mig_include = NULL;
int			mig_lock_retry_for = 10 * 60 * 1000;
int			mig_lock_timeout = 2000;
bool		mig_recursive_version_locations = false;
char	   *mig_schemas = NULL;
char	   *mig_script_location = NULL;
char	   *mig_template = NULL;
char	   *mig_timezone = NULL;
int			mig_truncate_slug_length = 40;
char	   *mig_version_locations = NULL;

/* Is there a directory to read scripts from? */
bool
mig_has_script_location(void)
{
	return mig_script_location != NULL && mig_script_location[0] != '\0';
}

/*
 * Set a setting that any user may set, to the end of the current nest level.
 */
void
mig_set_for_now(const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

/* The location must not depend on the server's working directory. */
static bool
check_script_location(char **newval, void **extra, GucSource source)
{
	if (*newval == NULL || (*newval)[0] == '\0' || is_absolute_path(*newval))
		return true;
	GUC_check_errdetail("\"migrate.script_location\" must be an absolute path.");
	return false;
}

/* Empty means the session's time zone. */
static bool
check_timezone(char **newval, void **extra, GucSource source)
{
	if (*newval == NULL || (*newval)[0] == '\0' || pg_tzset(*newval) != NULL)
		return true;
	GUC_check_errdetail("Time zone \"%s\" is not recognized.", *newval);
	return false;
}

/* How production runs wait for others. */
static void
define_run_settings(void)
{
	DefineCustomIntVariable("migrate.batch_max_lag",
							"Sets how far a standby may be behind before backfills wait for it.",
							"-1: they wait for none.",
							&mig_batch_max_lag,
							30 * 1000, -1, INT_MAX,
							PGC_USERSET, GUC_UNIT_MS, NULL, NULL, NULL);
	DefineCustomIntVariable("migrate.batch_max_retained_wal",
							"Sets how much WAL a replication slot may retain before backfills wait for it.",
							"-1: they wait for none.",
							&mig_batch_max_retained_wal,
							8 * 1024, -1, INT_MAX,
							PGC_USERSET, GUC_UNIT_MB, NULL, NULL, NULL);
	DefineCustomIntVariable("migrate.batch_target",
							"Sets how long a batch of a backfill is to take.",
							"The number of its rows is adapted to that.",
							&mig_batch_target,
							500, 10, INT_MAX,
							PGC_USERSET, GUC_UNIT_MS, NULL, NULL, NULL);
	DefineCustomIntVariable("migrate.lock_retry_for",
							"Sets for how long a production run goes on asking for the locks of a revision.",
							"It waits for another run for as long.",
							&mig_lock_retry_for,
							10 * 60 * 1000, 0, INT_MAX,
							PGC_USERSET, GUC_UNIT_MS, NULL, NULL, NULL);
	DefineCustomIntVariable("migrate.lock_timeout",
							"Sets for how long a production run waits in the queue for a lock, each time that it asks.",
							"Others who need the table queue behind it for as long.",
							&mig_lock_timeout,
							2000, 10, INT_MAX,
							PGC_USERSET, GUC_UNIT_MS, NULL, NULL, NULL);
}

/* Where scripts are, and how new ones are made. */
static void
define_script_settings(void)
{
	DefineCustomStringVariable("migrate.file_template",
							   "Sets the pattern of the names of new revision scripts.",
							   "Tokens: %(rev)s, %(slug)s, %(epoch)s, %(year)d, %(month).2d, %(day).2d, %(hour).2d, %(minute).2d, %(second).2d.",
							   &mig_file_template,
							   "%(rev)s_%(slug)s",
							   PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomBoolVariable("migrate.recursive_version_locations",
							 "Reads scripts from subdirectories of the version locations, too.",
							 NULL,
							 &mig_recursive_version_locations,
							 false,
							 PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("migrate.script_location",
							   "Sets the directory on the server that holds the revision scripts.",
							   "Empty: scripts are registered as text only.",
							   &mig_script_location,
							   "",
							   PGC_SUSET, 0, check_script_location, NULL, NULL);
	DefineCustomStringVariable("migrate.template",
							   "Sets the file in the script location that new revision scripts are made from.",
							   "If there is no such file, a built-in template is used.",
							   &mig_template,
							   "script.sql.tmpl",
							   PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("migrate.timezone",
							   "Sets the time zone of the dates in new revision scripts.",
							   "Empty: the time zone of the session.",
							   &mig_timezone,
							   "",
							   PGC_USERSET, 0, check_timezone, NULL, NULL);
	DefineCustomIntVariable("migrate.truncate_slug_length",
							"Sets how many characters of the message a file name may have.",
							NULL,
							&mig_truncate_slug_length,
							40, 1, 200,
							PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("migrate.version_locations",
							   "Sets the directories in the script location that revision scripts are read from.",
							   "A comma-separated list; the order is part of the order of revisions.",
							   &mig_version_locations,
							   "versions",
							   PGC_SUSET, GUC_LIST_INPUT, NULL, NULL, NULL);
}

/* What is compared with the model. */
static void
define_comparison_settings(void)
{
	DefineCustomBoolVariable("migrate.compare_comment",
							 "Compares the comments on objects.",
							 NULL,
							 &mig_compare_comment,
							 true,
							 PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomBoolVariable("migrate.compare_privileges",
							 "Compares the owners and privileges of objects.",
							 NULL,
							 &mig_compare_privileges,
							 false,
							 PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomBoolVariable("migrate.compare_server_default",
							 "Compares the defaults of columns.",
							 NULL,
							 &mig_compare_server_default,
							 true,
							 PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomBoolVariable("migrate.compare_type",
							 "Compares the types of columns.",
							 NULL,
							 &mig_compare_type,
							 true,
							 PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("migrate.exclude",
							   "Sets which objects are left out of comparisons.",
							   "A comma-separated list of patterns of schema.name, with * and ?; a pattern with a type before it, as in \"view:app.*\", is for objects of that type.",
							   &mig_exclude,
							   "",
							   PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("migrate.include",
							   "Sets which objects are compared; the others are left out.",
							   "As migrate.exclude; empty: all.",
							   &mig_include,
							   "",
							   PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("migrate.schemas",
							   "Sets the schemas that are compared with the model.",
							   "A comma-separated list; empty: the schema of unqualified names. Those that the model creates belong to them.",
							   &mig_schemas,
							   "",
							   PGC_USERSET, GUC_LIST_INPUT, NULL, NULL, NULL);
}

/* Define the settings; called once, when the module is loaded. */
void
mig_define_settings(void)
{
	define_run_settings();
	define_script_settings();
	define_comparison_settings();
	MarkGUCPrefixReserved("migrate");
}
