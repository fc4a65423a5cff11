/*-------------------------------------------------------------------------
 *
 * kind_operator.c
 *	  Collations, operators, casts, conversions, and whatever else there is.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_cast.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_conversion.h"
#include "catalog/pg_operator.h"
#include "kinds.h"
#include "objectname.h"
#include "pg_compat.h"
#include "utils/builtins.h"

/* What comes after the object OID for an object that has a schema "n" only. */
#define NO_PARENT \
	" 0, 0::pg_catalog.oid, 0::pg_catalog.oid, 0, n.nspname::pg_catalog.text,"

/* What is made of other things alone is dropped and created again. */
static MigChange
change_by_replacing(const MigFact *from, const MigFact *to, const char **reason)
{
	return MIG_CHANGE_REPLACE;
}

/* ----------
 * Collations
 * ----------
 */

static const MigAttribute collation_attributes[] = {
	{"definition", MIG_COMPARE_ALWAYS}, /* the options of CREATE COLLATION */
	{NULL, MIG_COMPARE_NEVER}
};

static const char *const collation_query =
"SELECT c.oid," NO_PARENT " c.collname::pg_catalog.text, NULL::pg_catalog.text,"
" pg_catalog.concat_ws(', ',"
" 'PROVIDER = ' || CASE c.collprovider WHEN 'b' THEN 'builtin' WHEN 'i' THEN 'icu' WHEN 'c' THEN 'libc' ELSE 'default' END,"
" CASE WHEN c.collprovider <> 'c' THEN 'LOCALE = ' || pg_catalog.quote_literal(" MIG_SQL_COLLATION_LOCALE ")"
" WHEN c.collcollate = c.collctype THEN 'LOCALE = ' || pg_catalog.quote_literal(c.collcollate)"
" ELSE 'LC_COLLATE = ' || pg_catalog.quote_literal(c.collcollate)"
" || ', LC_CTYPE = ' || pg_catalog.quote_literal(c.collctype) END,"
" CASE WHEN NOT c.collisdeterministic THEN 'DETERMINISTIC = false' END,"
" 'RULES = ' || pg_catalog.quote_literal(" MIG_SQL_COLLATION_RULES "))"
" FROM pg_catalog.pg_collation c"
" JOIN pg_catalog.pg_namespace n ON n.oid = c.collnamespace"
" WHERE c.collnamespace = ANY ($1)"
" ORDER BY n.nspname, c.collname";

static void
collation_create(MigSqlList *sql, const MigFact *fact)
{
	mig_sql_statement(sql, "CREATE COLLATION %s (%s)", mig_sql_name(fact), mig_value(fact, "definition"));
}

const MigKind mig_kind_collation = {
	.name = "collation",
	.class_id = CollationRelationId,
	.identity = MIG_IDENTITY_QUALIFIED,
	.create_order = MIG_CREATE_COLLATION,
	.drop_order = MIG_DROP_COLLATION,
	.attributes = collation_attributes,
	.required = "definition",
	.query = collation_query,
	.create = collation_create,
	.drop = mig_drop_object,
	.change = change_by_replacing,
	.rename = mig_rename_object
};

/* ----------
 * Operators
 * ----------
 */

static const MigAttribute operator_attributes[] = {
	{"function", MIG_COMPARE_ALWAYS},
	{"commutator", MIG_COMPARE_ALWAYS}, /* schema.operator */
	{"negator", MIG_COMPARE_ALWAYS},
	{"restrict", MIG_COMPARE_ALWAYS},
	{"join", MIG_COMPARE_ALWAYS},
	{"hashes", MIG_COMPARE_ALWAYS},
	{"merges", MIG_COMPARE_ALWAYS},
	{"left", MIG_COMPARE_NEVER},	/* types of the operands */
	{"right", MIG_COMPARE_NEVER},
	{NULL, MIG_COMPARE_NEVER}
};

/* an operator without a function is only mentioned by others so far */
static const char *const operator_query =
"SELECT o.oid," NO_PARENT " o.oprname::pg_catalog.text,"
" pg_catalog.concat(CASE WHEN o.oprleft = 0 THEN 'NONE' ELSE pg_catalog.format_type(o.oprleft, NULL) END, ', ',"
" pg_catalog.format_type(o.oprright, NULL)),"
" o.oprcode::pg_catalog.regproc::pg_catalog.text,"
" pg_catalog.quote_ident(con.nspname) || '.' || co.oprname,"
" pg_catalog.quote_ident(nen.nspname) || '.' || ne.oprname,"
" CASE WHEN o.oprrest <> 0 THEN o.oprrest::pg_catalog.regproc::pg_catalog.text END,"
" CASE WHEN o.oprjoin <> 0 THEN o.oprjoin::pg_catalog.regproc::pg_catalog.text END,"
" CASE WHEN o.oprcanhash THEN 'true' END, CASE WHEN o.oprcanmerge THEN 'true' END,"
" CASE WHEN o.oprleft <> 0 THEN pg_catalog.format_type(o.oprleft, NULL) END,"
" pg_catalog.format_type(o.oprright, NULL)"
" FROM pg_catalog.pg_operator o"
" JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace"
" LEFT JOIN (pg_catalog.pg_operator co JOIN pg_catalog.pg_namespace con ON con.oid = co.oprnamespace) ON co.oid = o.oprcom"
" LEFT JOIN (pg_catalog.pg_operator ne JOIN pg_catalog.pg_namespace nen ON nen.oid = ne.oprnamespace) ON ne.oid = o.oprnegate"
" WHERE o.oprnamespace = ANY ($1) AND o.oprcode <> 0"
" ORDER BY n.nspname, o.oprname, 8";

static void
operator_create(MigSqlList *sql, const MigFact *fact)
{
	static const struct
	{
		const char *attribute;
		const char *format;
	}			options[] = {
		{"left", ", LEFTARG = %s"},
		{"right", ", RIGHTARG = %s"},
		{"commutator", ", COMMUTATOR = OPERATOR(%s)"},
		{"negator", ", NEGATOR = OPERATOR(%s)"},
		{"restrict", ", RESTRICT = %s"},
		{"join", ", JOIN = %s"}
	};
	StringInfoData buf;
	int			i;

	initStringInfo(&buf);
	for (i = 0; i < lengthof(options); i++)
	{
		if (mig_value(fact, options[i].attribute))
			appendStringInfo(&buf, options[i].format, mig_value(fact, options[i].attribute));
	}
	mig_sql_statement(sql, "CREATE OPERATOR %s (FUNCTION = %s%s%s%s)", mig_operator_name(fact),
					  mig_value(fact, "function"), buf.data, mig_value(fact, "hashes") ? ", HASHES" : "",
					  mig_value(fact, "merges") ? ", MERGES" : "");
}

/* The operator that one names as its commutator or negator, or NULL. */
static const MigFact *
other_operator(const MigFact *fact, const char *attribute)
{
	const char *name = mig_value(fact, attribute);
	const char *dot = strrchr(name, '.');
	const char *left = mig_value(fact, "left");
	const char *right = mig_value(fact, "right");
	bool		swapped = strcmp(attribute, "commutator") == 0 && left != NULL;

	return mig_fact_find(fact->data, fact->kind,
						 psprintf("%.*s.%s(%s, %s)", (int) (dot - name), name, quote_identifier(dot + 1),
								  swapped ? right : left ? left : "NONE", swapped ? left : right));
}

/*
 * Does the other operator of a pair see to the change?  Its creation makes the
 * link from both sides, and so does its end.
 */
static bool
comes_with_other(const MigFact *from, const MigFact *to, const char *attribute)
{
	const MigFact *old_other = mig_value(from, attribute) ? other_operator(from, attribute) : NULL;
	const MigFact *new_other = mig_value(to, attribute) ? other_operator(to, attribute) : NULL;

	return (old_other == NULL || old_other->twin == NULL) && (new_other == NULL || new_other->twin == NULL) &&
		(mig_value(from, attribute) == NULL || mig_value(to, attribute) == NULL);
}

static MigChange
operator_change(const MigFact *from, const MigFact *to, const char **reason)
{
	static const char *const links[] = {"commutator", "negator"};
	int			i;

	if (!mig_same_value(from, to, "function") || !mig_same_value(from, to, "hashes") ||
		!mig_same_value(from, to, "merges"))
		return MIG_CHANGE_REPLACE;
	for (i = 0; i < lengthof(links); i++)
	{
		if (!mig_same_value(from, to, links[i]) && !comes_with_other(from, to, links[i]))
			return MIG_CHANGE_REPLACE;
	}
	if (!mig_same_value(from, to, "restrict") || !mig_same_value(from, to, "join"))
		return MIG_CHANGE_ALTER;
	return MIG_CHANGE_NONE;
}

static void
operator_alter(MigSqlList *sql, const MigFact *from, const MigFact *to)
{
	const char *estimator = mig_value(to, "restrict");
	const char *join = mig_value(to, "join");

	mig_sql_statement(sql, "ALTER OPERATOR %s (%s) SET (RESTRICT = %s, JOIN = %s)", mig_operator_name(to),
					  to->arguments, estimator ? estimator : "NONE", join ? join : "NONE");
}

const MigKind mig_kind_operator = {
	.name = "operator",
	.class_id = OperatorRelationId,
	.identity = MIG_IDENTITY_ROUTINE,
	.create_order = MIG_CREATE_OPERATOR,
	.drop_order = MIG_DROP_OPERATOR,
	.rebuildable = true,
	.attributes = operator_attributes,
	.required = "function right",
	.query = operator_query,
	.create = operator_create,
	.drop = mig_drop_object,
	.change = operator_change,
	.alter = operator_alter
};

/* ----------
 * Casts
 * ----------
 */

static const MigAttribute cast_attributes[] = {
	{"function", MIG_COMPARE_ALWAYS},
	{"method", MIG_COMPARE_ALWAYS},
	{"context", MIG_COMPARE_ALWAYS},
	{NULL, MIG_COMPARE_NEVER}
};

/*
 * A cast is in no schema, but is of those that its types and its function are
 * in.  One of the system's types by one of its functions is not read here, nor
 * is one that comes with a range type.
 */
static const char *const cast_query =
"SELECT c.oid, 0, 0::pg_catalog.oid, 0::pg_catalog.oid, 0, NULL::pg_catalog.text,"
" pg_catalog.concat('(', pg_catalog.format_type(c.castsource, NULL), ' AS ', pg_catalog.format_type(c.casttarget, NULL), ')'),"
" NULL::pg_catalog.text,"
" CASE WHEN c.castfunc <> 0 THEN c.castfunc::pg_catalog.regprocedure::pg_catalog.text END,"
" CASE c.castmethod WHEN 'b' THEN 'WITHOUT FUNCTION' WHEN 'i' THEN 'WITH INOUT' ELSE 'WITH FUNCTION' END,"
" CASE c.castcontext WHEN 'a' THEN 'AS ASSIGNMENT' WHEN 'i' THEN 'AS IMPLICIT' END"
" FROM pg_catalog.pg_cast c"
" JOIN pg_catalog.pg_type s ON s.oid = c.castsource"
" JOIN pg_catalog.pg_type t ON t.oid = c.casttarget"
" LEFT JOIN pg_catalog.pg_proc p ON p.oid = c.castfunc"
" WHERE (s.typnamespace = ANY ($1) OR t.typnamespace = ANY ($1) OR p.pronamespace = ANY ($1)) AND c.oid >= 16384"
" AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_cast'::pg_catalog.regclass"
" AND d.objid = c.oid AND d.deptype = 'i')"
" ORDER BY 7";

static void
cast_create(MigSqlList *sql, const MigFact *fact)
{
	const char *function = mig_value(fact, "function");
	const char *context = mig_value(fact, "context");

	mig_sql_statement(sql, "CREATE CAST %s %s%s%s%s%s", fact->name, mig_value(fact, "method"),
					  function ? " " : "", function ? function : "", context ? " " : "", context ? context : "");
}

const MigKind mig_kind_cast = {
	.name = "cast",
	.class_id = CastRelationId,
	.identity = MIG_IDENTITY_NAME,
	.create_order = MIG_CREATE_CAST,
	.drop_order = MIG_DROP_CAST,
	.rebuildable = true,
	.attributes = cast_attributes,
	.required = "method",
	.query = cast_query,
	.create = cast_create,
	.drop = mig_drop_object
};

/* ----------
 * Conversions
 * ----------
 */

static const MigAttribute conversion_attributes[] = {
	{"default", MIG_COMPARE_ALWAYS},
	{"source", MIG_COMPARE_ALWAYS},
	{"target", MIG_COMPARE_ALWAYS},
	{"function", MIG_COMPARE_ALWAYS},
	{NULL, MIG_COMPARE_NEVER}
};

static const char *const conversion_query =
"SELECT c.oid," NO_PARENT " c.conname::pg_catalog.text, NULL::pg_catalog.text,"
" CASE WHEN c.condefault THEN 'DEFAULT' END,"
" pg_catalog.pg_encoding_to_char(c.conforencoding)::pg_catalog.text,"
" pg_catalog.pg_encoding_to_char(c.contoencoding)::pg_catalog.text,"
" c.conproc::pg_catalog.regproc::pg_catalog.text"
" FROM pg_catalog.pg_conversion c"
" JOIN pg_catalog.pg_namespace n ON n.oid = c.connamespace"
" WHERE c.connamespace = ANY ($1)"
" ORDER BY n.nspname, c.conname";

static void
conversion_create(MigSqlList *sql, const MigFact *fact)
{
	mig_sql_statement(sql, "CREATE %sCONVERSION %s FOR %s TO %s FROM %s",
					  mig_value(fact, "default") ? "DEFAULT " : "", mig_sql_name(fact),
					  quote_literal_cstr(mig_value(fact, "source")),
					  quote_literal_cstr(mig_value(fact, "target")), mig_value(fact, "function"));
}

const MigKind mig_kind_conversion = {
	.name = "conversion",
	.class_id = ConversionRelationId,
	.identity = MIG_IDENTITY_QUALIFIED,
	.create_order = MIG_CREATE_CAST,
	.drop_order = MIG_DROP_CAST,
	.rebuildable = true,
	.attributes = conversion_attributes,
	.required = "source target function",
	.query = conversion_query,
	.create = conversion_create,
	.drop = mig_drop_object,
	.rename = mig_rename_object
};

/* ----------
 * What no other kind reads
 * ----------
 */

static const MigAttribute uncovered_attributes[] = {
	{"type", MIG_COMPARE_NEVER},
	{NULL, MIG_COMPARE_NEVER}
};

/* Catalogs whose objects other kinds read, whatever is in them. */
#define COVERED_CATALOGS \
	"'pg_catalog.pg_proc', 'pg_catalog.pg_operator', 'pg_catalog.pg_collation', 'pg_catalog.pg_conversion'," \
	" 'pg_catalog.pg_ts_parser', 'pg_catalog.pg_ts_template', 'pg_catalog.pg_ts_dict', 'pg_catalog.pg_ts_config'," \
	" 'pg_catalog.pg_statistic_ext', 'pg_catalog.pg_publication_namespace', 'pg_catalog.pg_extension'"

/*
 * Objects in the managed schemas are those that pg_depend says are in them;
 * so a catalog of the next version is not forgotten either.  Of relations and
 * types, kinds read most.
 */
static const char *const uncovered_query =
"SELECT x.objid, 0, 0::pg_catalog.oid, 0::pg_catalog.oid, 0, i.schema, pg_catalog.concat(i.type, ' ', i.identity),"
" NULL::pg_catalog.text, i.type"
" FROM (SELECT d.classid, d.objid FROM pg_catalog.pg_depend d"
" LEFT JOIN pg_catalog.pg_class c ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND c.oid = d.objid"
" LEFT JOIN pg_catalog.pg_type t ON d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND t.oid = d.objid"
" LEFT JOIN pg_catalog.pg_range r ON r.rngtypid = t.oid"
" WHERE d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND d.refobjid = ANY ($1) AND d.deptype = 'n'"
" AND d.classid NOT IN (SELECT pg_catalog.unnest(ARRAY[" COVERED_CATALOGS "]::pg_catalog.regclass[])::pg_catalog.oid)"
" AND (c.oid IS NULL OR c.relkind NOT IN ('r', 'p', 'f', 'v', 'm', 'S', 'i', 'I', 'c', 't'))"
" AND (t.oid IS NULL OR (t.typtype NOT IN ('e', 'd', 'c', 'm') AND r.rngcanonical IS DISTINCT FROM 0))"
" UNION ALL SELECT 'pg_catalog.pg_default_acl'::pg_catalog.regclass, oid FROM pg_catalog.pg_default_acl"
" WHERE defaclnamespace = 0 OR defaclnamespace = ANY ($1)"
" UNION ALL SELECT 'pg_catalog.pg_language'::pg_catalog.regclass, oid FROM pg_catalog.pg_language"
" UNION ALL SELECT 'pg_catalog.pg_am'::pg_catalog.regclass, oid FROM pg_catalog.pg_am"
" UNION ALL SELECT 'pg_catalog.pg_transform'::pg_catalog.regclass, oid FROM pg_catalog.pg_transform"
" UNION ALL SELECT 'pg_catalog.pg_user_mapping'::pg_catalog.regclass, umid FROM pg_catalog.pg_user_mappings"
" UNION ALL SELECT 'pg_catalog.pg_subscription'::pg_catalog.regclass, oid FROM pg_catalog.pg_subscription"
" WHERE subdbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())"
" UNION ALL SELECT 'pg_catalog.pg_cast'::pg_catalog.regclass, c.oid FROM pg_catalog.pg_cast c"
" LEFT JOIN pg_catalog.pg_proc p ON p.oid = c.castfunc AND p.pronamespace <> 'pg_catalog'::pg_catalog.regnamespace"
" WHERE p.oid IS NULL AND c.castsource < 16384 AND c.casttarget < 16384"
") x, pg_catalog.pg_identify_object(x.classid, x.objid, 0) i"
" WHERE x.objid >= 16384 AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e"
" WHERE e.classid = x.classid AND e.objid = x.objid AND e.deptype IN ('e', 'i'))"
" ORDER BY i.type, i.identity";

const MigKind mig_kind_uncovered = {
	.name = "object of another type",
	.identity = MIG_IDENTITY_NAME,
	.attributes = uncovered_attributes,
	.required = "type",
	.query = uncovered_query
};
