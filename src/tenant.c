/*-------------------------------------------------------------------------
 *
 * tenant.c
 *	  The schema that a run is for.
 *
 * The ordinary lineage, of the schema '', is that of the database as a whole:
 * its scripts run with the search_path of the caller.  That of any other
 * schema has version rows of its own, and its scripts run with that schema
 * put before the caller's search_path: so they may be the same scripts.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_namespace.h"
#include "guc.h"
#include "miscadmin.h"
#include "security.h"
#include "spiutil.h"
#include "storage/lmgr.h"
#include "tenant.h"
#include "utils/builtins.h"
#include "utils/guc.h"

/* Is the schema one of the server's own, or that of the ordinary lineage? */
static bool
is_reserved(const char *schema_name)
{
	return strncmp(schema_name, "pg_", 3) == 0 || strcmp(schema_name, "information_schema") == 0;
}

/* The name of a schema that is an argument of a function; null: the ordinary lineage. */
char *
mig_schema_argument(FunctionCallInfo fcinfo, int argument)
{
	char	   *schema_name;

	if (PG_ARGISNULL(argument))
		return MIG_ORDINARY_SCHEMA;
	schema_name = text_to_cstring(PG_GETARG_TEXT_PP(argument));
	if (strlen(schema_name) >= NAMEDATALEN)
		ereport(ERROR,
				(errcode(ERRCODE_NAME_TOO_LONG),
				 errmsg("schema name \"%s\" is too long", schema_name),
				 errdetail("A name has %d bytes at most.", NAMEDATALEN - 1),
				 errhint("Write it as pg_namespace has it.")));
	if (is_reserved(schema_name))
		ereport(ERROR,
				(errcode(ERRCODE_RESERVED_NAME),
				 errmsg("schema \"%s\" cannot be migrated", schema_name),
				 errdetail("It belongs to the server."),
				 errhint("Leave out the argument \"schema\" for the lineage of the whole database.")));
	return schema_name;
}

/* Lock a schema against being dropped, to the end of the transaction.  False: there is none. */
static bool
lock_schema(const char *schema_name)
{
	for (;;)
	{
		Oid			oid = get_namespace_oid(schema_name, true);

		CHECK_FOR_INTERRUPTS();
		if (!OidIsValid(oid))
			return false;
		LockDatabaseObject(NamespaceRelationId, oid, 0, AccessShareLock);
		if (get_namespace_oid(schema_name, true) == oid)
			return true;
		UnlockDatabaseObject(NamespaceRelationId, oid, 0, AccessShareLock);
	}
}

/*
 * Refuse a schema that has version rows and does not exist: in a new one of
 * that name what the rows name would not be run.
 */
static void
refuse_dropped(const char *schema_name)
{
	MigSpiArgument argument = mig_spi_text(schema_name);
	MigOwnerScope scope;

	mig_enter_owner(&scope);
	mig_spi_execute(SPI_OK_SELECT,
					psprintf("SELECT FROM %1$s.migrate_version WHERE schema_name = $1::pg_catalog.name"
							 " UNION ALL SELECT FROM %1$s.migrate_unfinished WHERE schema_name = $1::pg_catalog.name",
							 scope.extension.schema_name),
					1, &argument);
	if (SPI_processed > 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_SCHEMA),
				 errmsg("schema \"%s\" does not exist", schema_name),
				 errdetail("It was dropped or renamed, and the version table still has rows of it."),
				 errhint("To be rid of them, or to begin anew: SELECT * FROM migrate_stamp('base', purge => true, schema => %s);",
						 quote_literal_cstr(schema_name))));
	mig_leave_owner(&scope);
}

/*
 * Make sure that the schema exists, by creating it if that is wanted, as the
 * current user; that he may use it; and that it stays, to the end of the
 * transaction.  The server passes over what in search_path does not exist or
 * may not be used, and the scripts would run in the next schema.
 */
void
mig_require_schema(const char *schema_name, bool create)
{
	if (schema_name[0] == '\0')
		return;
	if (lock_schema(schema_name))
	{
		/* 42501 unless it may be used */
		(void) LookupExplicitNamespace(schema_name, false);
		return;
	}
	refuse_dropped(schema_name);
	if (!create)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_SCHEMA),
				 errmsg("schema \"%s\" does not exist", schema_name),
				 errhint("CREATE SCHEMA %s; or let migrate_upgrade() do it: create_schema => true.",
						 quote_identifier(schema_name))));
	mig_spi_connect();
	mig_spi_execute(SPI_OK_UTILITY, psprintf("CREATE SCHEMA %s", quote_identifier(schema_name)), 0, NULL);
	mig_spi_finish();
}

/* The search_path of the scripts of a schema, in the current one. */
char *
mig_schema_search_path(const char *schema_name)
{
	if (schema_name[0] == '\0')
		return pstrdup(namespace_search_path);
	if (namespace_search_path[0] == '\0')
		return pstrdup(quote_identifier(schema_name));
	return psprintf("%s, %s", quote_identifier(schema_name), namespace_search_path);
}

/*
 * Begin a nest level of settings in which the schema comes first in
 * search_path.  Returns the level, for AtEOXact_GUC(); an error ends it, too.
 */
int
mig_enter_schema(const char *schema_name)
{
	int			guc_nestlevel = NewGUCNestLevel();

	if (schema_name[0] != '\0')
		mig_set_for_now("search_path", mig_schema_search_path(schema_name));
	return guc_nestlevel;
}

/* What a message is about. */
const char *
mig_schema_noun(const char *schema_name)
{
	return schema_name[0] == '\0' ? "the database" : psprintf("schema \"%s\"", schema_name);
}

/* The argument that a hint has to give, after others; "" for the ordinary lineage. */
const char *
mig_schema_clause(const char *schema_name)
{
	return schema_name[0] == '\0' ? "" : psprintf(", schema => %s", quote_literal_cstr(schema_name));
}
