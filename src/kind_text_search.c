/*-------------------------------------------------------------------------
 *
 * kind_text_search.c
 *	  Text search: parsers, templates, dictionaries and configurations.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_ts_config.h"
#include "catalog/pg_ts_dict.h"
#include "catalog/pg_ts_parser.h"
#include "catalog/pg_ts_template.h"
#include "commands/defrem.h"
#include "kinds.h"
#include "objectname.h"
#include "utils/builtins.h"

/* The first columns of the query of an object "o" that has a schema "n". */
#define OBJECT_COLUMNS(name) \
	"SELECT o.oid, 0, 0::pg_catalog.oid, 0::pg_catalog.oid, 0, n.nspname::pg_catalog.text," \
	" o." name "::pg_catalog.text, NULL::pg_catalog.text,"

/* ----------
 * Parsers and templates
 * ----------
 */

static const MigAttribute function_attributes[] = {
	{"functions", MIG_COMPARE_ALWAYS},	/* the options of the statement */
	{NULL, MIG_COMPARE_NEVER}
};

/* A function that is an option, or NULL. */
#define FUNCTION_OPTION(option, column) \
	"CASE WHEN o." column "::pg_catalog.oid <> 0 THEN '" option " = ' || o." column "::pg_catalog.regproc::pg_catalog.text END"

static const char *const parser_query =
OBJECT_COLUMNS("prsname")
" pg_catalog.concat_ws(', ', " FUNCTION_OPTION("START", "prsstart") ", " FUNCTION_OPTION("GETTOKEN", "prstoken") ", "
FUNCTION_OPTION("END", "prsend") ", " FUNCTION_OPTION("HEADLINE", "prsheadline") ", "
FUNCTION_OPTION("LEXTYPES", "prslextype") ")"
" FROM pg_catalog.pg_ts_parser o"
" JOIN pg_catalog.pg_namespace n ON n.oid = o.prsnamespace"
" WHERE o.prsnamespace = ANY ($1)"
" ORDER BY n.nspname, o.prsname";

static const char *const template_query =
OBJECT_COLUMNS("tmplname")
" pg_catalog.concat_ws(', ', " FUNCTION_OPTION("INIT", "tmplinit") ", " FUNCTION_OPTION("LEXIZE", "tmpllexize") ")"
" FROM pg_catalog.pg_ts_template o"
" JOIN pg_catalog.pg_namespace n ON n.oid = o.tmplnamespace"
" WHERE o.tmplnamespace = ANY ($1)"
" ORDER BY n.nspname, o.tmplname";

/* Write CREATE for a parser or a template. */
static void
create_of_functions(MigSqlList *sql, const MigFact *fact)
{
	mig_sql_statement(sql, "CREATE %s (%s)", mig_object_text(fact), mig_value(fact, "functions"));
}

const MigKind mig_kind_ts_parser = {
	.name = "text search parser",
	.class_id = TSParserRelationId,
	.identity = MIG_IDENTITY_QUALIFIED,
	.create_order = MIG_CREATE_TEXT_SEARCH,
	.drop_order = MIG_DROP_TEXT_SEARCH,
	.rebuildable = true,
	.attributes = function_attributes,
	.required = "functions",
	.query = parser_query,
	.create = create_of_functions,
	.drop = mig_drop_object,
	.rename = mig_rename_object
};

const MigKind mig_kind_ts_template = {
	.name = "text search template",
	.class_id = TSTemplateRelationId,
	.identity = MIG_IDENTITY_QUALIFIED,
	.create_order = MIG_CREATE_TEXT_SEARCH,
	.drop_order = MIG_DROP_TEXT_SEARCH,
	.rebuildable = true,
	.attributes = function_attributes,
	.required = "functions",
	.query = template_query,
	.create = create_of_functions,
	.drop = mig_drop_object,
	.rename = mig_rename_object
};

/* ----------
 * Dictionaries
 * ----------
 */

static const MigAttribute dictionary_attributes[] = {
	{"template", MIG_COMPARE_ALWAYS},
	{"options", MIG_COMPARE_ALWAYS},
	{NULL, MIG_COMPARE_NEVER}
};

static const char *const dictionary_query =
OBJECT_COLUMNS("dictname")
" CASE WHEN pg_catalog.pg_ts_template_is_visible(t.oid) THEN '' ELSE pg_catalog.quote_ident(tn.nspname) || '.' END"
" || pg_catalog.quote_ident(t.tmplname),"
" o.dictinitoption"
" FROM pg_catalog.pg_ts_dict o"
" JOIN pg_catalog.pg_namespace n ON n.oid = o.dictnamespace"
" JOIN pg_catalog.pg_ts_template t ON t.oid = o.dicttemplate"
" JOIN pg_catalog.pg_namespace tn ON tn.oid = t.tmplnamespace"
" WHERE o.dictnamespace = ANY ($1)"
" ORDER BY n.nspname, o.dictname";

static void
dictionary_create(MigSqlList *sql, const MigFact *fact)
{
	const char *options = mig_value(fact, "options");

	mig_sql_statement(sql, "CREATE TEXT SEARCH DICTIONARY %s (TEMPLATE = %s%s%s)", mig_sql_name(fact),
					  mig_value(fact, "template"), options ? ", " : "", options ? options : "");
}

static MigChange
dictionary_change(const MigFact *from, const MigFact *to, const char **reason)
{
	return mig_same_value(from, to, "template") ? MIG_CHANGE_ALTER : MIG_CHANGE_REPLACE;
}

/* The options of a dictionary as the server reads them. */
static List *
dictionary_options(const MigFact *fact)
{
	const char *options = mig_value(fact, "options");

	return options ? deserialize_deflist(CStringGetTextDatum(options)) : NIL;
}

/* Is there an option of that name? */
static bool
has_option(List *options, const char *name)
{
	ListCell   *lc;

	foreach(lc, options)
	{
		if (strcmp(lfirst_node(DefElem, lc)->defname, name) == 0)
			return true;
	}
	return false;
}

/* An option that is named without a value is removed. */
static void
dictionary_alter(MigSqlList *sql, const MigFact *from, const MigFact *to)
{
	List	   *new_options = dictionary_options(to);
	StringInfoData buf;
	ListCell   *lc;

	initStringInfo(&buf);
	if (mig_value(to, "options"))
		appendStringInfoString(&buf, mig_value(to, "options"));
	foreach(lc, dictionary_options(from))
	{
		const char *name = lfirst_node(DefElem, lc)->defname;

		if (!has_option(new_options, name))
			appendStringInfo(&buf, "%s%s", buf.len > 0 ? ", " : "", quote_identifier(name));
	}
	mig_sql_statement(sql, "ALTER TEXT SEARCH DICTIONARY %s (%s)", mig_sql_name(to), buf.data);
}

const MigKind mig_kind_ts_dictionary = {
	.name = "text search dictionary",
	.class_id = TSDictionaryRelationId,
	.identity = MIG_IDENTITY_QUALIFIED,
	.create_order = MIG_CREATE_TEXT_SEARCH,
	.drop_order = MIG_DROP_TEXT_SEARCH,
	.rebuildable = true,
	.attributes = dictionary_attributes,
	.required = "template",
	.query = dictionary_query,
	.create = dictionary_create,
	.drop = mig_drop_object,
	.change = dictionary_change,
	.alter = dictionary_alter,
	.rename = mig_rename_object
};

/* ----------
 * Configurations
 * ----------
 */

static const MigAttribute configuration_attributes[] = {
	{"parser", MIG_COMPARE_ALWAYS},
	{"tokens", MIG_COMPARE_ALWAYS}, /* token types with a mapping */
	{"dictionaries", MIG_COMPARE_ALWAYS},	/* a list for each of them */
	{NULL, MIG_COMPARE_NEVER}
};

static const char *const configuration_query =
OBJECT_COLUMNS("cfgname")
" CASE WHEN pg_catalog.pg_ts_parser_is_visible(p.oid) THEN '' ELSE pg_catalog.quote_ident(pn.nspname) || '.' END"
" || pg_catalog.quote_ident(p.prsname),"
" m.tokens::pg_catalog.text, m.dictionaries::pg_catalog.text"
" FROM pg_catalog.pg_ts_config o"
" JOIN pg_catalog.pg_namespace n ON n.oid = o.cfgnamespace"
" JOIN pg_catalog.pg_ts_parser p ON p.oid = o.cfgparser"
" JOIN pg_catalog.pg_namespace pn ON pn.oid = p.prsnamespace"
" LEFT JOIN LATERAL (SELECT pg_catalog.array_agg(k.alias ORDER BY k.tokid) AS tokens,"
" pg_catalog.array_agg(d.dictionaries ORDER BY k.tokid) AS dictionaries"
" FROM (SELECT maptokentype, pg_catalog.string_agg(mapdict::pg_catalog.regdictionary::pg_catalog.text, ', ' ORDER BY mapseqno)"
" AS dictionaries FROM pg_catalog.pg_ts_config_map WHERE mapcfg = o.oid GROUP BY maptokentype) d"
" JOIN pg_catalog.ts_token_type(o.cfgparser) k ON k.tokid = d.maptokentype) m ON true"
" WHERE o.cfgnamespace = ANY ($1)"
" ORDER BY n.nspname, o.cfgname";

/* The mappings of a configuration: a list of dictionaries for each token type. */
typedef struct Mappings
{
	MigNameList tokens;
	MigNameList dictionaries;
} Mappings;

static void
read_mappings(const MigFact *fact, Mappings *mappings)
{
	mig_array_pairs(fact, "tokens", "dictionaries", &mappings->tokens, &mappings->dictionaries);
}

/* The dictionaries of a token type, or NULL. */
static const char *
find_dictionaries(const Mappings *mappings, const char *token)
{
	int			i;

	for (i = 0; i < mappings->tokens.count; i++)
	{
		if (strcmp(mappings->tokens.names[i], token) == 0)
			return mappings->dictionaries.names[i];
	}
	return NULL;
}

/*
 * Does a mapping have to be written with a statement for mappings that are
 * new, or with one for those that were there with other dictionaries?
 */
static bool
is_written(const Mappings *from, const Mappings *to, int i, bool is_new)
{
	const char *old_dictionaries = find_dictionaries(from, to->tokens.names[i]);

	if (is_new)
		return old_dictionaries == NULL;
	return old_dictionaries && strcmp(old_dictionaries, to->dictionaries.names[i]) != 0;
}

/* Write the mappings of one or the other sort, those of equal dictionaries together. */
static void
write_mappings(MigSqlList *sql, const MigFact *fact, const Mappings *from, const Mappings *to, bool is_new)
{
	int			i;
	int			j;

	for (i = 0; i < to->tokens.count; i++)
	{
		const char *dictionaries = to->dictionaries.names[i];
		bool		is_first = true;
		StringInfoData tokens;

		initStringInfo(&tokens);
		for (j = 0; j < to->tokens.count; j++)
		{
			if (!is_written(from, to, j, is_new) || strcmp(to->dictionaries.names[j], dictionaries) != 0)
				continue;
			if (j < i)
				is_first = false;
			appendStringInfo(&tokens, "%s%s", tokens.len > 0 ? ", " : "", quote_identifier(to->tokens.names[j]));
		}
		if (is_first && is_written(from, to, i, is_new))
			mig_sql_statement(sql, "ALTER TEXT SEARCH CONFIGURATION %s %s MAPPING FOR %s WITH %s", mig_sql_name(fact),
							  is_new ? "ADD" : "ALTER", tokens.data, dictionaries);
	}
}

static void
configuration_create(MigSqlList *sql, const MigFact *fact)
{
	Mappings	none = {0};
	Mappings	mappings;

	mig_sql_statement(sql, "CREATE TEXT SEARCH CONFIGURATION %s (PARSER = %s)", mig_sql_name(fact),
					  mig_value(fact, "parser"));
	read_mappings(fact, &mappings);
	write_mappings(sql, fact, &none, &mappings, true);
}

static MigChange
configuration_change(const MigFact *from, const MigFact *to, const char **reason)
{
	return mig_same_value(from, to, "parser") ? MIG_CHANGE_ALTER : MIG_CHANGE_REPLACE;
}

static void
configuration_alter(MigSqlList *sql, const MigFact *from, const MigFact *to)
{
	Mappings	old_mappings;
	Mappings	new_mappings;
	StringInfoData dropped;
	int			i;

	read_mappings(from, &old_mappings);
	read_mappings(to, &new_mappings);
	initStringInfo(&dropped);
	for (i = 0; i < old_mappings.tokens.count; i++)
	{
		const char *token = old_mappings.tokens.names[i];

		if (find_dictionaries(&new_mappings, token) == NULL)
			appendStringInfo(&dropped, "%s%s", dropped.len > 0 ? ", " : "", quote_identifier(token));
	}
	if (dropped.len > 0)
		mig_sql_statement(sql, "ALTER TEXT SEARCH CONFIGURATION %s DROP MAPPING FOR %s", mig_sql_name(to),
						  dropped.data);
	write_mappings(sql, to, &old_mappings, &new_mappings, false);
	write_mappings(sql, to, &old_mappings, &new_mappings, true);
}

const MigKind mig_kind_ts_configuration = {
	.name = "text search configuration",
	.class_id = TSConfigRelationId,
	.identity = MIG_IDENTITY_QUALIFIED,
	.create_order = MIG_CREATE_TEXT_SEARCH,
	.drop_order = MIG_DROP_TEXT_SEARCH,
	.rebuildable = true,
	.attributes = configuration_attributes,
	.required = "parser",
	.query = configuration_query,
	.create = configuration_create,
	.drop = mig_drop_object,
	.change = configuration_change,
	.alter = configuration_alter,
	.rename = mig_rename_object
};
