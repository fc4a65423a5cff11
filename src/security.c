/*-------------------------------------------------------------------------
 *
 * security.c
 *	  The extension's own schema and owner, and work done in its name.
 *
 * Users need no rights on the extension's tables: their rows are read and
 * written as the owner of the extension, with a search_path that nobody else
 * can put anything on.  Revision scripts never run inside such a scope; they
 * run as the caller.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xlog.h"
#include "catalog/indexing.h"
#include "catalog/pg_extension.h"
#include "guc.h"
#include "miscadmin.h"
#include "security.h"
#include "spiutil.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#define EXTENSION_NAME	"migrate"

/*
 * Find the extension in the current database.  It may be in any schema, so
 * its tables are never looked for by search_path.
 */
void
mig_find_extension(MigExtension *extension)
{
	Relation	rel = table_open(ExtensionRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_pg_extension_extname, BTEqualStrategyNumber, F_NAMEEQ,
				CStringGetDatum(EXTENSION_NAME));
	scan = systable_beginscan(rel, ExtensionNameIndexId, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (!HeapTupleIsValid(tuple))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("extension \"%s\" is not installed in this database", EXTENSION_NAME),
				 errdetail("A function of its library was called, but its tables are missing."),
				 errhint("CREATE EXTENSION %s;", EXTENSION_NAME)));
	extension->owner = ((Form_pg_extension) GETSTRUCT(tuple))->extowner;
	extension->schema = ((Form_pg_extension) GETSTRUCT(tuple))->extnamespace;
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	extension->schema_name = quote_identifier(get_namespace_name(extension->schema));
}

/* The OID of one of the extension's tables. */
Oid
mig_extension_table(const MigExtension *extension, const char *table)
{
	Oid			relid = get_relname_relid(table, extension->schema);

	if (!OidIsValid(relid))
		elog(ERROR, "extension \"%s\" has no table \"%s\"", EXTENSION_NAME, table);
	return relid;
}

/*
 * Become the owner of the extension, with a pinned search_path.
 *
 * If an error comes before mig_become_caller(), the end of the
 * (sub)transaction undoes it.
 */
void
mig_become_owner(MigOwnerScope *scope)
{
	mig_find_extension(&scope->extension);
	GetUserIdAndSecContext(&scope->userid, &scope->sec_context);
	SetUserIdAndSecContext(scope->extension.owner,
						   scope->sec_context | SECURITY_LOCAL_USERID_CHANGE);
	scope->guc_nestlevel = NewGUCNestLevel();
	mig_set_for_now("search_path", "pg_catalog, pg_temp");
	/* small tables that nobody has analyzed can look expensive */
	mig_set_for_now("jit", "off");
}

/* Become again who one was. */
void
mig_become_caller(const MigOwnerScope *scope)
{
	AtEOXact_GUC(true, scope->guc_nestlevel);
	SetUserIdAndSecContext(scope->userid, scope->sec_context);
}

/*
 * Begin to work on the extension's tables: become its owner, and connect to
 * SPI.  The current memory context stays what it is, though SPI has one of
 * its own: results are for the caller.
 */
void
mig_enter_owner(MigOwnerScope *scope)
{
	mig_become_owner(scope);
	mig_spi_connect();
}

/* The end of such work. */
void
mig_leave_owner(const MigOwnerScope *scope)
{
	mig_spi_finish();
	mig_become_caller(scope);
}

/*
 * Refuse to run a function that changes something on a standby, or in a
 * read-only transaction.
 */
void
mig_prevent_if_read_only(const char *function)
{
	PreventCommandDuringRecovery(function);
	PreventCommandIfReadOnly(function);
}

/* The name of the role whose rights the caller has. */
const char *
mig_current_role_name(void)
{
	return GetUserNameFromId(GetUserId(), false);
}
