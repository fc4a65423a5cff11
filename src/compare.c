/*-------------------------------------------------------------------------
 *
 * compare.c
 *	  What is compared: the database, the model, a revision, a document.
 *
 * What a model does not say.  A model, or the history, declares all that is
 * in the managed schemas.  Of what is in no schema (extensions, publications,
 * event triggers, servers ...) a database has much that no model speaks of,
 * so such a kind is compared only if the declaring side has one of it.
 * A managed schema that a model neither creates nor puts anything into is
 * taken for not declared, unless it is that of unqualified names.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "commands/dbcommands.h"
#include "compare.h"
#include "guc.h"
#include "kinds.h"
#include "miscadmin.h"
#include "modelcache.h"
#include "schemaread.h"
#include "security.h"
#include "spiutil.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/varlena.h"

/* ----------
 * Scope
 * ----------
 */

/* Refuse schemas of the system. */
static void
check_schema(const char *name)
{
	if (strncmp(name, "pg_", 3) == 0 || strcmp(name, "information_schema") == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("schema \"%s\" cannot be managed", name),
				 errdetail("It belongs to the system."),
				 errhint("Name schemas of your own in the setting \"migrate.schemas\".")));
}

/*
 * The schema of unqualified names in the ordinary lineage, if the scope is of
 * another one, which has put its schema before it in search_path; else NULL.
 */
static const char *
ordinary_schema(const MigScope *scope)
{
	List	   *path = scope->schema_name[0] != '\0' ? fetch_search_path(false) : NIL;
	const char *name = list_length(path) > 1 ? get_namespace_name(lsecond_oid(path)) : NULL;

	list_free(path);
	return name;
}

/*
 * The managed schemas, without those that the model creates.  The schema of
 * another lineage takes the place of the ordinary one.
 */
static void
read_schemas_setting(MigScope *scope, const char *unqualified)
{
	const char *replaced = ordinary_schema(scope);
	List	   *names;
	ListCell   *lc;

	if (!SplitIdentifierString(pstrdup(mig_schemas), ',', &names))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value of \"migrate.schemas\": \"%s\"", mig_schemas),
				 errhint("Write a comma-separated list of schemas, such as \"public, billing\".")));
	foreach(lc, names)
	{
		check_schema(lfirst(lc));
		if (replaced && strcmp(lfirst(lc), replaced) == 0)
			continue;
		if (!mig_name_list_contains(&scope->schemas, lfirst(lc)))
			mig_name_list_add(&scope->schemas, lfirst(lc));
	}
	if ((names == NIL || scope->schema_name[0] != '\0') && unqualified &&
		!mig_name_list_contains(&scope->schemas, unqualified))
	{
		check_schema(unqualified);
		mig_name_list_add(&scope->schemas, unqualified);
	}
}

/* Let the scope have the schemas that the model, or a script, creates. */
void
mig_scope_add_schemas(MigScope *scope, const MigNameList *created)
{
	int			i;

	for (i = 0; i < created->count; i++)
	{
		check_schema(created->names[i]);
		if (!mig_name_list_contains(&scope->schemas, created->names[i]))
			mig_name_list_add(&scope->schemas, created->names[i]);
		if (!mig_name_list_contains(&scope->shadow.created, created->names[i]))
			mig_name_list_add(&scope->shadow.created, created->names[i]);
	}
	scope->shadow.schemas = scope->schemas;
}

/*
 * Find out what is to be compared.  With qualified, SQL is written with all
 * names qualified, whatever the search_path.  That has been entered which
 * belongs to the schema (mig_enter_schema()), '' for the ordinary lineage.
 */
void
mig_scope_open(MigScope *scope, const char *function, const char *schema_name, bool qualified)
{
	const char *unqualified = mig_unqualified_schema();

	MemSet(scope, 0, sizeof(MigScope));
	scope->function = function;
	scope->schema_name = schema_name;
	scope->shadow.function = function;
	read_schemas_setting(scope, unqualified);
	mig_model_load(&scope->model);
	mig_scope_add_schemas(scope, &scope->model.created_schemas);
	scope->shadow.keep_servers = !mig_name_list_contains(&scope->model.global_types, mig_kind_server.name);
	scope->shadow.keep_wrappers = !mig_name_list_contains(&scope->model.global_types, mig_kind_fdw.name);
	if (scope->schemas.count == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there is no schema to compare"),
				 errdetail("The setting \"migrate.schemas\" is empty, and no schema of search_path exists."),
				 errhint("ALTER DATABASE %s SET migrate.schemas = 'public'; then reconnect.",
						 quote_identifier(get_database_name(MyDatabaseId)))));
	if (!qualified && unqualified && mig_name_list_contains(&scope->schemas, unqualified))
		scope->path_schema = unqualified;
}

/* Raise an error unless there is a model. */
void
mig_require_model(const MigScope *scope)
{
	if (scope->model.nparts > 0)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("there is no model to compare the database with"),
			 errdetail("No text was pushed with migrate_model(), and the script location has no file \"model/*.sql\"."),
			 errhint("Write the wanted state as CREATE statements: SELECT * FROM migrate_model('name', 'CREATE TABLE ...');")));
}

/* ----------
 * What counts
 * ----------
 */

/* Are there facts in the schema? */
static bool
schema_is_used(const MigSchemaData *data, const char *schema)
{
	int			i;

	for (i = 0; i < data->nfacts; i++)
	{
		const MigFact *fact = data->facts[i];

		if (fact->schema && strcmp(fact->schema, schema) == 0)
			return true;
	}
	return false;
}

/* Is it the live one of the database, moved aside for the shadow? */
static bool
is_aside(const MigFact *fact)
{
	return fact->kind->global && strncmp(fact->name, MIG_ASIDE_PREFIX, strlen(MIG_ASIDE_PREFIX)) == 0;
}

/* Mark what is on a shadow only because it is on the database. */
void
mig_ignore_aside(MigSchemaData *data)
{
	int			i;

	for (i = 0; i < data->nfacts; i++)
	{
		MigFact    *fact = data->facts[i];

		fact->ignored = (fact->parent && fact->parent->ignored) || is_aside(fact);
	}
}

/* Does a fact of a declaring side not count? */
static bool
is_not_declared(const MigScope *scope, const MigSchemaData *data, const MigFact *fact, bool is_model)
{
	if (fact->kind == &mig_kind_schema)
		return is_model && !mig_name_list_contains(&scope->shadow.created, fact->name) &&
			!(scope->path_schema && strcmp(scope->path_schema, fact->name) == 0) &&
			strcmp(fact->name, "public") != 0 && !schema_is_used(data, fact->name);
	if (is_aside(fact))
		return true;
	if ((fact->kind == &mig_kind_server && scope->shadow.keep_servers) ||
		(fact->kind == &mig_kind_fdw && scope->shadow.keep_wrappers))
		return is_model;
	/* the extensions of the database are there all the time */
	return is_model && fact->kind == &mig_kind_extension && scope->model.extensions.count > 0 &&
		!mig_name_list_contains(&scope->model.extensions, fact->name);
}

/* Mark what does not count in schema data that a model, or the history, made. */
void
mig_declare(const MigScope *scope, MigSchemaData *data, bool is_model)
{
	int			i;

	for (i = 0; i < data->nfacts; i++)
	{
		MigFact    *fact = data->facts[i];

		fact->ignored = (fact->parent && fact->parent->ignored) || is_not_declared(scope, data, fact, is_model);
	}
}

/* Does the declaring side have a fact of the kind? */
static bool
declares_kind(const MigSchemaData *declared, const MigKind *kind)
{
	int			i;

	for (i = 0; i < declared->nfacts; i++)
	{
		if (declared->facts[i]->kind == kind && !declared->facts[i]->ignored)
			return true;
	}
	return false;
}

/* Mark what a database has of kinds that the declaring side does not speak of. */
void
mig_ignore_undeclared(MigSchemaData *data, const MigSchemaData *declared)
{
	int			i;
	int			k;

	for (k = 0; k < mig_nkinds; k++)
	{
		if (!mig_kinds[k]->global || declares_kind(declared, mig_kinds[k]))
			continue;
		for (i = 0; i < data->nfacts; i++)
		{
			if (data->facts[i]->kind == mig_kinds[k])
				data->facts[i]->ignored = true;
		}
	}
	for (i = 0; i < data->nfacts; i++)
	{
		MigFact    *fact = data->facts[i];

		if (fact->parent && fact->parent->ignored)
			fact->ignored = true;
	}
}

/* ----------
 * Reading
 * ----------
 */

/* The schema data of the database as it is. */
MigSchemaData *
mig_read_database(const MigScope *scope)
{
	return mig_schema_data_read(&scope->schemas, scope->path_schema);
}

/*
 * Warn of relations that the model has made in schemas that are not managed:
 * nobody compares them.  Those have OIDs after first; that OIDs begin anew
 * some day costs a warning, no more.
 */
static void
warn_of_unmanaged(const MigScope *scope, Oid first)
{
	MigSpiArgument arguments[2];
	MigNameList schemas;
	int			i;

	arguments[0].type = OIDOID;
	arguments[0].value = ObjectIdGetDatum(first);
	arguments[0].isnull = false;
	arguments[1] = mig_spi_name_list(&scope->schemas);
	mig_spi_connect();
	mig_spi_execute(SPI_OK_SELECT,
					"SELECT DISTINCT n.nspname::pg_catalog.text FROM pg_catalog.pg_class c"
					" JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace"
					" WHERE c.oid OPERATOR(pg_catalog.>) $1 AND n.nspname::pg_catalog.text OPERATOR(pg_catalog.<>) ALL ($2)"
					" AND n.nspname::pg_catalog.text OPERATOR(pg_catalog.!~) '^pg_'"
					" AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.objid OPERATOR(pg_catalog.=) c.oid"
					" AND d.deptype OPERATOR(pg_catalog.=) 'e')"
					" ORDER BY 1",
					2, arguments);
	mig_spi_get_column(&schemas);
	mig_spi_finish();
	for (i = 0; i < schemas.count; i++)
		ereport(WARNING,
				(errmsg("schema \"%s\" is not compared, though the model makes something in it", schemas.names[i]),
				 errdetail("The managed schemas are %s.", mig_name_list_join(&scope->schemas)),
				 errhint("Add it to the setting \"migrate.schemas\", or write CREATE SCHEMA in the model.")));
}

/* On the shadow: execute the model, and read what it has made. */
MigSchemaData *
mig_execute_and_read_model(const MigScope *scope)
{
	MigSchemaData *data;
	Oid			first = GetNewObjectId();

	mig_model_execute(&scope->model);
	warn_of_unmanaged(scope, first);
	data = mig_schema_data_read(&scope->schemas, scope->path_schema);
	mig_declare(scope, data, true);
	return data;
}

/*
 * The schema data of the model that this session executed, or read, last.  The table
 * forgets what was put into it by a transaction that fails, as that of
 * migrate_check() does where there is a difference.
 */
static MigSchemaData *last_model = NULL;
static char *last_model_key = NULL;

/* Keep them until another model is executed. */
static void
remember_model(const char *key, MigSchemaData *data)
{
	if (last_model)
	{
		mig_schema_data_free(last_model);
		pfree(last_model_key);
	}
	last_model = NULL;
	last_model_key = MemoryContextStrdup(TopMemoryContext, key);
	MemoryContextSetParent(data->context, TopMemoryContext);
	last_model = data;
}

/* What mig_read_model() has to do on the shadow. */
typedef struct ModelReading
{
	const MigScope *scope;
	MigSchemaData *data;
	MemoryContext context;
} ModelReading;

static void
read_model_body(void *arg)
{
	ModelReading *reading = (ModelReading *) arg;
	MemoryContext oldcontext = MemoryContextSwitchTo(reading->context);

	reading->data = mig_execute_and_read_model(reading->scope);
	MemoryContextSwitchTo(oldcontext);
}

/*
 * The schema data of the model: as they were when it was last executed, if
 * nothing has changed that they depend on.
 */
MigSchemaData *
mig_read_model(const MigScope *scope)
{
	ModelReading reading = {scope, NULL, CurrentMemoryContext};
	char	   *key = mig_model_cache_key(scope->model.hash, scope->path_schema, &scope->schemas);
	MigOwnerScope owner;

	mig_require_model(scope);
	/* whether it was executed before or not: what comes of it is believed */
	mig_model_check_trusted(&scope->model);
	mig_model_report_ignored(&scope->model);
	if (last_model && strcmp(last_model_key, key) == 0)
		reading.data = last_model;
	else
	{
		mig_enter_owner(&owner);
		reading.data = mig_model_cache_get(&owner.extension, key);
		mig_leave_owner(&owner);
		if (reading.data)
			remember_model(key, reading.data);
	}
	if (reading.data)
	{
		mig_declare(scope, reading.data, true);
		return reading.data;
	}
	mig_shadow_check_locks(scope->model.ntables);
	mig_on_shadow(&scope->shadow, read_model_body, &reading);
	mig_enter_owner(&owner);
	mig_model_cache_put(&owner.extension, key, reading.data);
	mig_leave_owner(&owner);
	remember_model(key, reading.data);
	return reading.data;
}
