/*-------------------------------------------------------------------------
 *
 * kind_global.c
 *	  Objects in no schema: extensions, publications, foreign-data wrappers,
 *	  servers.
 *
 * What a publication publishes are facts of their own, as a table may have to
 * leave one while its columns change.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_extension.h"
#include "catalog/pg_foreign_data_wrapper.h"
#include "catalog/pg_foreign_server.h"
#include "catalog/pg_publication.h"
#include "catalog/pg_publication_namespace.h"
#include "catalog/pg_publication_rel.h"
#include "kinds.h"
#include "objectname.h"
#include "options.h"
#include "pg_compat.h"
#include "utils/builtins.h"

/* What comes between the object OID and the name of an object in no schema. */
#define NO_PARENT_OR_SCHEMA \
	" 0, 0::pg_catalog.oid, 0::pg_catalog.oid, 0, NULL::pg_catalog.text,"

/* A list of options "o" of a foreign object, by name. */
#define OPTIONS(column) \
	"(SELECT pg_catalog.string_agg(" MIG_SQL_GENERIC_OPTION ", ', ' ORDER BY o COLLATE pg_catalog.\"C\") FROM pg_catalog.unnest(" column ") AS o)"

/* ----------
 * Extensions
 * ----------
 */

static const MigAttribute extension_attributes[] = {
	{"schema", MIG_COMPARE_ALWAYS},
	{"relocatable", MIG_COMPARE_NEVER},
	{"version", MIG_COMPARE_NEVER},
	{NULL, MIG_COMPARE_NEVER}
};

/* every database has plpgsql, and this one has the extension that reads it */
static const char *const extension_query =
"SELECT e.oid," NO_PARENT_OR_SCHEMA " e.extname::pg_catalog.text, NULL::pg_catalog.text,"
" n.nspname::pg_catalog.text, CASE WHEN e.extrelocatable THEN 'true' END, e.extversion"
" FROM pg_catalog.pg_extension e"
" JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace"
" WHERE e.extname NOT IN ('plpgsql', 'migrate')"
" ORDER BY e.extname";

/* The model of another database may be run where the extension is already. */
static void
extension_create(MigSqlList *sql, const MigFact *fact)
{
	const char *schema = mig_value(fact, "schema");

	if (fact->data->path_schema && strcmp(schema, fact->data->path_schema) == 0)
		mig_sql_statement(sql, "CREATE EXTENSION IF NOT EXISTS %s", mig_sql_name(fact));
	else
		mig_sql_statement(sql, "CREATE EXTENSION IF NOT EXISTS %s WITH SCHEMA %s", mig_sql_name(fact),
						  quote_identifier(schema));
}

static MigChange
extension_change(const MigFact *from, const MigFact *to, const char **reason)
{
	if (mig_value(from, "relocatable"))
		return MIG_CHANGE_ALTER;
	*reason = psprintf("extension %s cannot be moved to another schema", from->identity);
	return MIG_CHANGE_REFUSE;
}

static void
extension_alter(MigSqlList *sql, const MigFact *from, const MigFact *to)
{
	mig_sql_statement(sql, "ALTER EXTENSION %s SET SCHEMA %s", mig_sql_name(to),
					  quote_identifier(mig_value(to, "schema")));
}

const MigKind mig_kind_extension = {
	.name = "extension",
	.class_id = ExtensionRelationId,
	.identity = MIG_IDENTITY_NAME,
	.create_order = MIG_CREATE_EXTENSION,
	.drop_order = MIG_DROP_EXTENSION,
	.global = true,
	.attributes = extension_attributes,
	.required = "schema version",
	.query = extension_query,
	.create = extension_create,
	.drop = mig_drop_object,
	.change = extension_change,
	.alter = extension_alter
};

/* ----------
 * Publications
 * ----------
 */

static const MigAttribute publication_attributes[] = {
	{"for", MIG_COMPARE_ALWAYS},	/* ALL TABLES and the like */
	{"publish", MIG_COMPARE_ALWAYS},
	{"publish_via_partition_root", MIG_COMPARE_ALWAYS},
	{"publish_generated_columns", MIG_COMPARE_ALWAYS},
	{NULL, MIG_COMPARE_NEVER}
};

static const char *const publication_query =
"SELECT p.oid," NO_PARENT_OR_SCHEMA " p.pubname::pg_catalog.text, NULL::pg_catalog.text,"
" NULLIF(pg_catalog.concat_ws(', ', " MIG_SQL_PUBLICATION_FOR "), ''),"
" pg_catalog.concat_ws(', ', CASE WHEN p.pubinsert THEN 'insert' END, CASE WHEN p.pubupdate THEN 'update' END,"
" CASE WHEN p.pubdelete THEN 'delete' END, CASE WHEN p.pubtruncate THEN 'truncate' END),"
" CASE WHEN p.pubviaroot THEN 'true' ELSE 'false' END,"
" " MIG_SQL_PUBLICATION_GENERATED
" FROM pg_catalog.pg_publication p"
" ORDER BY p.pubname";

/* The options of publications, and what they are when nothing is said. */
static const struct
{
	const char *name;
	const char *usual;
}			publication_options[] = {
	{"publish", "insert, update, delete, truncate"},
	{"publish_via_partition_root", "false"},
	{"publish_generated_columns", "none"}
};

/* Append an option of a publication to a list. */
static void
append_publication_option(StringInfo buf, const char *name, const char *value)
{
	appendStringInfo(buf, "%s%s = %s", buf->len > 0 ? ", " : "", name, quote_literal_cstr(value));
}

static void
publication_create(MigSqlList *sql, const MigFact *fact)
{
	StringInfoData buf;
	StringInfoData options;
	int			i;

	initStringInfo(&options);
	for (i = 0; i < lengthof(publication_options); i++)
	{
		const char *value = mig_value(fact, publication_options[i].name);

		if (value && strcmp(value, publication_options[i].usual) != 0)
			append_publication_option(&options, publication_options[i].name, value);
	}
	initStringInfo(&buf);
	appendStringInfo(&buf, "CREATE PUBLICATION %s", mig_sql_name(fact));
	if (mig_value(fact, "for"))
		appendStringInfo(&buf, " FOR %s", mig_value(fact, "for"));
	if (options.len > 0)
		appendStringInfo(&buf, " WITH (%s)", options.data);
	mig_sql_statement(sql, "%s", buf.data);
}

static MigChange
publication_change(const MigFact *from, const MigFact *to, const char **reason)
{
	return mig_same_value(from, to, "for") ? MIG_CHANGE_ALTER : MIG_CHANGE_REPLACE;
}

static void
publication_alter(MigSqlList *sql, const MigFact *from, const MigFact *to)
{
	StringInfoData options;
	int			i;

	initStringInfo(&options);
	for (i = 0; i < lengthof(publication_options); i++)
	{
		const char *name = publication_options[i].name;

		if (!mig_same_value(from, to, name))
			append_publication_option(&options, name, mig_value(to, name));
	}
	mig_sql_statement(sql, "ALTER PUBLICATION %s SET (%s)", mig_sql_name(to), options.data);
}

const MigKind mig_kind_publication = {
	.name = "publication",
	.class_id = PublicationRelationId,
	.identity = MIG_IDENTITY_NAME,
	.create_order = MIG_CREATE_PUBLICATION,
	.drop_order = MIG_DROP_PUBLICATION,
	.rebuildable = true,
	.global = true,
	.attributes = publication_attributes,
	.required = "publish publish_via_partition_root",
	.query = publication_query,
	.create = publication_create,
	.drop = mig_drop_object,
	.change = publication_change,
	.alter = publication_alter,
	.rename = mig_rename_object
};

/* ----------
 * Tables in publications
 * ----------
 */

static const MigAttribute publication_table_attributes[] = {
	{"table", MIG_COMPARE_NEVER},
	{"columns", MIG_COMPARE_ALWAYS},	/* NULL: all */
	{"where", MIG_COMPARE_ALWAYS, true},
	{NULL, MIG_COMPARE_NEVER}
};

static const char *const publication_table_query =
"SELECT r.oid, 0, 'pg_catalog.pg_publication'::pg_catalog.regclass::pg_catalog.oid, r.prpubid, 0,"
" NULL::pg_catalog.text, n.nspname || '.' || c.relname, NULL::pg_catalog.text,"
" r.prrelid::pg_catalog.regclass::pg_catalog.text,"
" CASE WHEN r.prattrs IS NOT NULL THEN (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY a.attname)"
" FROM pg_catalog.pg_attribute a WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs)) END,"
" pg_catalog.pg_get_expr(r.prqual, r.prrelid, true)"
" FROM pg_catalog.pg_publication_rel r"
" JOIN pg_catalog.pg_class c ON c.oid = r.prrelid"
" JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
" WHERE c.relnamespace = ANY ($1)" MIG_SQL_PUBLICATION_TABLE_FILTER
" ORDER BY r.prpubid, n.nspname, c.relname";

static void
publication_table_create(MigSqlList *sql, const MigFact *fact)
{
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfo(&buf, "ALTER PUBLICATION %s ADD TABLE ONLY %s", mig_sql_name(fact->parent),
					 mig_value(fact, "table"));
	if (mig_value(fact, "columns"))
		appendStringInfo(&buf, " (%s)", mig_value(fact, "columns"));
	if (mig_value(fact, "where"))
		appendStringInfo(&buf, " WHERE (%s)", mig_value(fact, "where"));
	mig_sql_statement(sql, "%s", buf.data);
}

static void
publication_table_drop(MigSqlList *sql, const MigFact *fact)
{
	mig_sql_statement(sql, "ALTER PUBLICATION %s DROP TABLE ONLY %s", mig_sql_name(fact->parent),
					  mig_value(fact, "table"));
}

const MigKind mig_kind_publication_table = {
	.name = "publication relation",
	.class_id = PublicationRelRelationId,
	.identity = MIG_IDENTITY_ON_PARENT,
	.parent_kind = &mig_kind_publication,
	.create_order = MIG_CREATE_PUBLICATION,
	.drop_order = MIG_DROP_PUBLICATION,
	.rebuildable = true,
	.goes_with_parent = true,
	.attributes = publication_table_attributes,
	.required = "table",
	.query = publication_table_query,
	.create = publication_table_create,
	.drop = publication_table_drop
};

/* ----------
 * Schemas in publications
 * ----------
 */

static const MigAttribute no_attributes[] = {
	{NULL, MIG_COMPARE_NEVER}
};

static const char *const publication_schema_query =
"SELECT r.oid, 0, 'pg_catalog.pg_publication'::pg_catalog.regclass::pg_catalog.oid, r.pnpubid, 0,"
" NULL::pg_catalog.text, n.nspname::pg_catalog.text, NULL::pg_catalog.text"
" FROM pg_catalog.pg_publication_namespace r"
" JOIN pg_catalog.pg_namespace n ON n.oid = r.pnnspid"
" WHERE r.pnnspid = ANY ($1)"
" ORDER BY r.pnpubid, n.nspname";

static void
publication_schema_create(MigSqlList *sql, const MigFact *fact)
{
	mig_sql_statement(sql, "ALTER PUBLICATION %s ADD TABLES IN SCHEMA %s", mig_sql_name(fact->parent),
					  mig_sql_local_name(fact));
}

static void
publication_schema_drop(MigSqlList *sql, const MigFact *fact)
{
	mig_sql_statement(sql, "ALTER PUBLICATION %s DROP TABLES IN SCHEMA %s", mig_sql_name(fact->parent),
					  mig_sql_local_name(fact));
}

const MigKind mig_kind_publication_schema = {
	.name = "publication namespace",
	.class_id = PublicationNamespaceRelationId,
	.identity = MIG_IDENTITY_ON_PARENT,
	.parent_kind = &mig_kind_publication,
	.create_order = MIG_CREATE_PUBLICATION,
	.drop_order = MIG_DROP_PUBLICATION,
	.rebuildable = true,
	.goes_with_parent = true,
	.attributes = no_attributes,
	.query = publication_schema_query,
	.create = publication_schema_create,
	.drop = publication_schema_drop
};

/* ----------
 * Foreign-data wrappers
 * ----------
 */

static const MigAttribute fdw_attributes[] = {
	{"handler", MIG_COMPARE_ALWAYS},
	{"validator", MIG_COMPARE_ALWAYS},
	{"connection", MIG_COMPARE_ALWAYS},
	{"options", MIG_COMPARE_ALWAYS},
	{NULL, MIG_COMPARE_NEVER}
};

static const char *const fdw_query =
"SELECT f.oid," NO_PARENT_OR_SCHEMA " f.fdwname::pg_catalog.text, NULL::pg_catalog.text,"
" CASE WHEN f.fdwhandler <> 0 THEN f.fdwhandler::pg_catalog.regproc::pg_catalog.text END,"
" CASE WHEN f.fdwvalidator <> 0 THEN f.fdwvalidator::pg_catalog.regproc::pg_catalog.text END,"
" " MIG_SQL_FDW_CONNECTION ","
" " OPTIONS("f.fdwoptions")
" FROM pg_catalog.pg_foreign_data_wrapper f"
" ORDER BY f.fdwname";

/* The functions of a foreign-data wrapper. */
static const struct
{
	const char *attribute;
	const char *words;
}			fdw_functions[] = {
	{"handler", "HANDLER"},
	{"validator", "VALIDATOR"},
	{"connection", "CONNECTION"}
};

static void
fdw_create(MigSqlList *sql, const MigFact *fact)
{
	StringInfoData buf;
	int			i;

	initStringInfo(&buf);
	appendStringInfo(&buf, "CREATE FOREIGN DATA WRAPPER %s", mig_sql_name(fact));
	for (i = 0; i < lengthof(fdw_functions); i++)
	{
		const char *function = mig_value(fact, fdw_functions[i].attribute);

		if (function)
			appendStringInfo(&buf, " %s %s", fdw_functions[i].words, function);
	}
	if (mig_value(fact, "options"))
		appendStringInfo(&buf, " OPTIONS (%s)", mig_value(fact, "options"));
	mig_sql_statement(sql, "%s", buf.data);
}

/* Append the change of the options of a foreign object, if there is one. */
static void
append_option_changes(StringInfo buf, const MigFact *from, const MigFact *to)
{
	if (!mig_same_value(from, to, "options"))
		appendStringInfo(buf, " OPTIONS (%s)",
						 mig_generic_option_changes(mig_value(from, "options"), mig_value(to, "options")));
}

static MigChange
fdw_change(const MigFact *from, const MigFact *to, const char **reason)
{
	return MIG_CHANGE_ALTER;
}

static void
fdw_alter(MigSqlList *sql, const MigFact *from, const MigFact *to)
{
	StringInfoData buf;
	int			i;

	initStringInfo(&buf);
	for (i = 0; i < lengthof(fdw_functions); i++)
	{
		const char *function = mig_value(to, fdw_functions[i].attribute);

		if (mig_same_value(from, to, fdw_functions[i].attribute))
			continue;
		if (function)
			appendStringInfo(&buf, " %s %s", fdw_functions[i].words, function);
		else
			appendStringInfo(&buf, " NO %s", fdw_functions[i].words);
	}
	append_option_changes(&buf, from, to);
	mig_sql_statement(sql, "ALTER FOREIGN DATA WRAPPER %s%s", mig_sql_name(to), buf.data);
}

const MigKind mig_kind_fdw = {
	.name = "foreign-data wrapper",
	.class_id = ForeignDataWrapperRelationId,
	.identity = MIG_IDENTITY_NAME,
	.create_order = MIG_CREATE_SERVER,
	.drop_order = MIG_DROP_SERVER,
	.global = true,
	.attributes = fdw_attributes,
	.query = fdw_query,
	.create = fdw_create,
	.drop = mig_drop_object,
	.change = fdw_change,
	.alter = fdw_alter,
	.rename = mig_rename_object
};

/* ----------
 * Servers
 * ----------
 */

static const MigAttribute server_attributes[] = {
	{"wrapper", MIG_COMPARE_ALWAYS},
	{"type", MIG_COMPARE_ALWAYS},
	{"version", MIG_COMPARE_ALWAYS},
	{"options", MIG_COMPARE_ALWAYS},
	{NULL, MIG_COMPARE_NEVER}
};

static const char *const server_query =
"SELECT s.oid," NO_PARENT_OR_SCHEMA " s.srvname::pg_catalog.text, NULL::pg_catalog.text,"
" f.fdwname::pg_catalog.text, s.srvtype, s.srvversion,"
" " OPTIONS("s.srvoptions")
" FROM pg_catalog.pg_foreign_server s"
" JOIN pg_catalog.pg_foreign_data_wrapper f ON f.oid = s.srvfdw"
" ORDER BY s.srvname";

static void
server_create(MigSqlList *sql, const MigFact *fact)
{
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfo(&buf, "CREATE SERVER %s", mig_sql_name(fact));
	if (mig_value(fact, "type"))
		appendStringInfo(&buf, " TYPE %s", quote_literal_cstr(mig_value(fact, "type")));
	if (mig_value(fact, "version"))
		appendStringInfo(&buf, " VERSION %s", quote_literal_cstr(mig_value(fact, "version")));
	appendStringInfo(&buf, " FOREIGN DATA WRAPPER %s", quote_identifier(mig_value(fact, "wrapper")));
	if (mig_value(fact, "options"))
		appendStringInfo(&buf, " OPTIONS (%s)", mig_value(fact, "options"));
	mig_sql_statement(sql, "%s", buf.data);
}

static MigChange
server_change(const MigFact *from, const MigFact *to, const char **reason)
{
	if (!mig_same_value(from, to, "wrapper") || !mig_same_value(from, to, "type"))
		return MIG_CHANGE_REPLACE;
	return MIG_CHANGE_ALTER;
}

static void
server_alter(MigSqlList *sql, const MigFact *from, const MigFact *to)
{
	const char *version = mig_value(to, "version");
	StringInfoData buf;

	initStringInfo(&buf);
	if (!mig_same_value(from, to, "version"))
		appendStringInfo(&buf, " VERSION %s", version ? quote_literal_cstr(version) : "NULL");
	append_option_changes(&buf, from, to);
	mig_sql_statement(sql, "ALTER SERVER %s%s", mig_sql_name(to), buf.data);
}

const MigKind mig_kind_server = {
	.name = "server",
	.class_id = ForeignServerRelationId,
	.identity = MIG_IDENTITY_NAME,
	.create_order = MIG_CREATE_SERVER,
	.drop_order = MIG_DROP_SERVER,
	.global = true,
	.attributes = server_attributes,
	.required = "wrapper",
	.query = server_query,
	.create = server_create,
	.drop = mig_drop_object,
	.change = server_change,
	.alter = server_alter,
	.rename = mig_rename_object
};
