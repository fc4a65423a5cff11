/*-------------------------------------------------------------------------
 *
 * modelcache.c
 *	  Schema data of models that were executed before.
 *
 * Executing a model takes a second or two for a thousand tables, and writes
 * to the catalogs, though nothing of it stays.  What came of it is kept as a
 * document, under a hash of the model and of all else that it depends on, as
 * far as that can be told beforehand.
 *
 * The table is not dumped, and nothing is lost with its rows.  Where it cannot
 * be written, or not without waiting, it is not.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_class.h"
#include "digest.h"
#include "guc.h"
#include "miscadmin.h"
#include "modelcache.h"
#include "snapshotjson.h"
#include "spiutil.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/guc.h"

/* how many models are kept: of some branches, and some sets of settings */
#define MAX_MODELS	8

/*
 * Settings of the server that DDL depends on: how its literals are read, and
 * what it takes where it says nothing.
 */
static const char *const settings[] = {
	"array_nulls",
	"DateStyle",
	"default_table_access_method",
	"default_tablespace",
	"IntervalStyle",
	"lc_monetary",
	"lc_numeric",
	"search_path",
	"server_version_num",
	"standard_conforming_strings",
	"TimeZone",
	"transform_null_equals",
	"xmloption",
};

/* Append to what is hashed; NULL is as good as empty. */
static void
add_part(StringInfo parts, const char *part)
{
	mig_digest_add(parts, part ? part : "");
}

/* Append the text that a query returns. */
static void
add_selected(StringInfo parts, const char *sql, int nargs, const MigSpiArgument *arguments)
{
	mig_spi_execute(SPI_OK_SELECT, sql, nargs, arguments);
	add_part(parts, mig_spi_get_text(0, 1));
	SPI_freetuptable(SPI_tuptable);
}

/*
 * Append what the catalogs have that models depend on: a schema that is there
 * already keeps what is said of it.
 */
static void
add_catalogs(StringInfo parts, const MigNameList *schemas)
{
	MigSpiArgument argument = mig_spi_name_list(schemas);
	MigOwnerScope scope;

	mig_enter_owner(&scope);
	add_selected(parts,
				 "SELECT pg_catalog.string_agg(pg_catalog.format('%s %s %s', extname, extversion, extnamespace),"
				 " ',' ORDER BY extname) FROM pg_catalog.pg_extension", 0, NULL);
	add_selected(parts,
				 "SELECT pg_catalog.string_agg(pg_catalog.format('%s %s %s %s', nspname, nspowner, nspacl,"
				 " pg_catalog.obj_description(oid, 'pg_namespace')), ',' ORDER BY nspname)"
				 " FROM pg_catalog.pg_namespace WHERE nspname = ANY ($1)", 1, &argument);
	if (mig_compare_privileges)
		add_selected(parts,
					 "SELECT pg_catalog.string_agg(pg_catalog.format('%s %s %s %s', defaclrole, defaclnamespace,"
					 " defaclobjtype, defaclacl), ',' ORDER BY oid) FROM pg_catalog.pg_default_acl", 0, NULL);
	mig_leave_owner(&scope);
}

/*
 * The hash of a model, and of what else its schema data depend on: settings,
 * extensions, the schemas.  To be called as the caller, with the settings
 * under which the model would be executed.
 *
 * It does not know what schemas that are not managed contain.
 */
char *
mig_model_cache_key(const char *model_hash, const char *path_schema, const MigNameList *schemas)
{
	StringInfoData parts;
	int			i;

	initStringInfo(&parts);
	add_part(&parts, CppAsString2(MIG_SNAPSHOT_FORMAT));
	add_part(&parts, model_hash);
	add_part(&parts, path_schema);
	add_part(&parts, mig_compare_comment ? "comment" : NULL);
	/* objects belong to whoever executes the model */
	add_part(&parts, mig_compare_privileges ? mig_current_role_name() : NULL);
	add_part(&parts, mig_include);
	add_part(&parts, mig_exclude);
	for (i = 0; i < lengthof(settings); i++)
		add_part(&parts, GetConfigOption(settings[i], true, false));
	for (i = 0; i < schemas->count; i++)
		add_part(&parts, schemas->names[i]);
	add_part(&parts, NULL);
	add_catalogs(&parts, schemas);
	return mig_digest(&parts);
}

/* The schema data that were put there, or NULL.  To be called in an owner scope. */
MigSchemaData *
mig_model_cache_get(const MigExtension *extension, const char *hash)
{
	MigSpiArgument argument = mig_spi_text(hash);
	MigSchemaData *data = NULL;

	if (mig_spi_execute(SPI_OK_SELECT,
						psprintf("SELECT document FROM %s.migrate_model_cache WHERE hash = $1", extension->schema_name),
						1, &argument) > 0)
	{
		char	   *document = mig_spi_get_text(0, 1);

		data = mig_schema_data_from_json(document);
		pfree(document);
	}
	SPI_freetuptable(SPI_tuptable);
	return data;
}

/*
 * May the table be written, and will that not wait for another transaction?
 *
 * Where the snapshot is fixed, a row that it does not show would be an error.
 */
static bool
can_put(const MigExtension *extension)
{
	if (RecoveryInProgress() || XactReadOnly || IsolationUsesXactSnapshot())
		return false;
	return ConditionalLockDatabaseObject(RelationRelationId, mig_extension_table(extension, "migrate_model_cache"), 1,
										 ShareUpdateExclusiveLock);
}

/*
 * Keep the schema data of a model, if that can be done right now.  To be
 * called in an owner scope.
 */
void
mig_model_cache_put(const MigExtension *extension, const char *hash, const MigSchemaData *data)
{
	MigSpiArgument arguments[2];

	if (!can_put(extension))
		return;
	arguments[0] = mig_spi_text(hash);
	arguments[1] = mig_spi_text(mig_schema_data_to_json(data));
	mig_spi_execute(SPI_OK_INSERT,
					psprintf("INSERT INTO %s.migrate_model_cache (hash, document, created_at)"
							 " VALUES ($1, $2, pg_catalog.clock_timestamp()) ON CONFLICT (hash) DO NOTHING",
							 extension->schema_name),
					lengthof(arguments), arguments);
	mig_spi_execute(SPI_OK_DELETE,
					psprintf("DELETE FROM %s.migrate_model_cache WHERE hash IN (SELECT hash FROM %s.migrate_model_cache"
							 " ORDER BY created_at DESC, hash OFFSET %d)",
							 extension->schema_name, extension->schema_name, MAX_MODELS),
					0, NULL);
}
