/*-------------------------------------------------------------------------
 *
 * kind_routine.c
 *	  Functions, procedures and aggregates.
 *
 * Two of one name and the same types of input arguments are the same routine.
 * Everything else about it is compared by what pg_get_functiondef() says; for
 * aggregates, which it refuses, this file says it.  What CREATE OR REPLACE can
 * change is never dropped: others may be built on it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_proc.h"
#include "kinds.h"
#include "objectname.h"

/*
 * The types of input arguments of the routines that are looked for, always
 * with their schema unless it is pg_catalog: what an identity must not depend
 * on is the search_path.
 */
#define IDENTITY_ARGUMENTS(condition) \
	"(SELECT p.oid, pg_catalog.string_agg(CASE WHEN s.nspname = 'pg_catalog'" \
	"      THEN pg_catalog.format_type(t.oid, NULL)" \
	"      ELSE pg_catalog.concat(pg_catalog.quote_ident(s.nspname), '.'," \
	"        pg_catalog.quote_ident(e.typname), CASE WHEN e.oid <> t.oid THEN '[]' END) END," \
	"      ', ' ORDER BY a.n) AS types" \
	"    FROM pg_catalog.pg_proc p" \
	"    CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(p.proargtypes)) WITH ORDINALITY a (type, n)" \
	"    JOIN pg_catalog.pg_type t ON t.oid = a.type" \
	"    LEFT JOIN pg_catalog.pg_type x ON x.oid = t.typelem AND x.typarray = t.oid" \
	"    JOIN pg_catalog.pg_type e ON e.oid = COALESCE(x.oid, t.oid)" \
	"    JOIN pg_catalog.pg_namespace s ON s.oid = e.typnamespace" \
	"    WHERE p.pronamespace = ANY ($1) AND " condition \
	"    GROUP BY p.oid)"

/* A function by its name alone, with the schema where it is needed, or null. */
#define FUNCTION_NAME \
	"CASE WHEN pg_catalog.pg_function_is_visible(f.oid) THEN pg_catalog.quote_ident(f.proname)" \
	"  ELSE pg_catalog.quote_ident(s.nspname) || '.' || pg_catalog.quote_ident(f.proname) END"

/* ----------
 * Functions and procedures
 * ----------
 */

static const MigAttribute routine_attributes[] = {
	{"type", MIG_COMPARE_ALWAYS},	/* FUNCTION or PROCEDURE */
	{"definition", MIG_COMPARE_ALWAYS, true},	/* from its arguments on */
	{"arguments", MIG_COMPARE_NEVER},	/* by which statements know it */
	{"signature", MIG_COMPARE_NEVER},	/* what cannot be replaced */
	{"defaults", MIG_COMPARE_NEVER},	/* how many arguments have one */
	{NULL, MIG_COMPARE_NEVER}
};

static const char routine_query[] =
"SELECT p.oid, 0, 0::pg_catalog.oid, 0::pg_catalog.oid, 0, n.nspname::pg_catalog.text,"
"  p.proname::pg_catalog.text, COALESCE(i.types, ''),"
"  k.type,"
"  pg_catalog.rtrim(pg_catalog.substr(pg_catalog.pg_get_functiondef(p.oid), 1 + pg_catalog.length("
"      pg_catalog.concat('CREATE OR REPLACE ', k.type, ' ', pg_catalog.quote_ident(n.nspname), '.',"
"        pg_catalog.quote_ident(p.proname), '('))), E'\\n'),"
"  CASE WHEN p.prokind = 'p' THEN pg_catalog.pg_get_function_identity_arguments(p.oid)"
"    ELSE pg_catalog.oidvectortypes(p.proargtypes) END,"
"  pg_catalog.concat_ws(' ', p.prokind, pg_catalog.pg_get_function_identity_arguments(p.oid),"
"    'RETURNS', pg_catalog.pg_get_function_result(p.oid)),"
"  p.pronargdefaults::pg_catalog.text"
"  FROM pg_catalog.pg_proc p"
"  JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace"
"  CROSS JOIN LATERAL (VALUES (CASE p.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END)) k (type)"
"  LEFT JOIN " IDENTITY_ARGUMENTS("p.prokind <> 'a'") " i ON i.oid = p.oid"
"  WHERE p.pronamespace = ANY ($1) AND p.prokind <> 'a'"
/* a range type makes its constructors itself */
"    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d"
"      WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid AND d.deptype = 'i')";

static void
create_routine(MigSqlList *sql, const MigFact *fact)
{
	mig_sql_statement(sql, "CREATE %s %s(%s", mig_value(fact, "type"), mig_sql_name(fact),
					  mig_value(fact, "definition"));
}

/*
 * Names, modes and types of the arguments and the result stay as they are, and
 * defaults can only be added, for calls that exist rely on all of them.
 */
static MigChange
change_routine(const MigFact *from, const MigFact *to, const char **reason)
{
	if (!mig_same_value(from, to, "type") || !mig_same_value(from, to, "signature") ||
		atoi(mig_value(from, "defaults")) > atoi(mig_value(to, "defaults")))
		return MIG_CHANGE_REPLACE;
	return MIG_CHANGE_ALTER;
}

static void
alter_routine(MigSqlList *sql, const MigFact *from, const MigFact *to)
{
	mig_sql_statement(sql, "CREATE OR REPLACE %s %s(%s", mig_value(to, "type"), mig_sql_name(to),
					  mig_value(to, "definition"));
}

const MigKind mig_kind_routine = {
	.name = "routine",
	.class_id = ProcedureRelationId,
	.identity = MIG_IDENTITY_ROUTINE,
	.names = MIG_NAMES_ROUTINE,
	.create_order = MIG_CREATE_ROUTINE,
	.drop_order = MIG_DROP_ROUTINE,
	.rebuildable = true,
	.attributes = routine_attributes,
	.required = "type definition arguments signature defaults",
	.query = routine_query,
	.create = create_routine,
	.drop = mig_drop_object,
	.change = change_routine,
	.alter = alter_routine,
	.rename = mig_rename_object
};

/* ----------
 * Aggregates
 * ----------
 */

static const MigAttribute aggregate_attributes[] = {
	{"arguments", MIG_COMPARE_ALWAYS},
	{"definition", MIG_COMPARE_ALWAYS}, /* the options of CREATE AGGREGATE */
	{"signature", MIG_COMPARE_NEVER},	/* what cannot be replaced */
	{NULL, MIG_COMPARE_NEVER}
};

/* FINALFUNC_MODIFY; each kind of aggregates has a default of its own. */
#define FINAL_MODIFY(option, column) \
	"CASE WHEN " column " <> CASE a.aggkind WHEN 'n' THEN 'r' ELSE 'w' END THEN " \
	"  pg_catalog.concat('" option " = ', CASE " column " WHEN 'r' THEN 'READ_ONLY'" \
	"    WHEN 's' THEN 'SHAREABLE' ELSE 'READ_WRITE' END) END"

/*
 * The options come in the order of the synopsis of CREATE AGGREGATE, those at
 * their defaults left out: a number, the text, and the function that follows.
 */
static const char aggregate_query[] =
"SELECT p.oid, 0, 0::pg_catalog.oid, 0::pg_catalog.oid, 0, n.nspname::pg_catalog.text,"
"  p.proname::pg_catalog.text, COALESCE(i.types, ''),"
"  COALESCE(NULLIF(pg_catalog.pg_get_function_identity_arguments(p.oid), ''), '*'),"
"  d.definition,"
"  pg_catalog.concat_ws(' ', a.aggkind, a.aggnumdirectargs,"
"    pg_catalog.pg_get_function_identity_arguments(p.oid), 'RETURNS', pg_catalog.pg_get_function_result(p.oid))"
"  FROM pg_catalog.pg_proc p"
"  JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace"
"  JOIN pg_catalog.pg_aggregate a ON a.aggfnoid = p.oid"
"  LEFT JOIN pg_catalog.pg_operator q ON q.oid = a.aggsortop"
"  LEFT JOIN pg_catalog.pg_namespace r ON r.oid = q.oprnamespace"
"  LEFT JOIN " IDENTITY_ARGUMENTS("p.prokind = 'a'") " i ON i.oid = p.oid"
"  CROSS JOIN LATERAL (SELECT pg_catalog.string_agg(pg_catalog.concat('    ', o.option, " FUNCTION_NAME "),"
"      E',\\n' ORDER BY o.n) AS definition"
"    FROM (VALUES"
"      (1, 'SFUNC = ', a.aggtransfn),"
"      (2, 'STYPE = ' || pg_catalog.format_type(a.aggtranstype, NULL), NULL),"
"      (3, 'SSPACE = ' || NULLIF(a.aggtransspace, 0), NULL),"
"      (4, 'FINALFUNC = ', a.aggfinalfn),"
"      (5, CASE WHEN a.aggfinalextra THEN 'FINALFUNC_EXTRA' END, NULL),"
"      (6, " FINAL_MODIFY("FINALFUNC_MODIFY", "a.aggfinalmodify") ", NULL),"
"      (7, 'COMBINEFUNC = ', a.aggcombinefn),"
"      (8, 'SERIALFUNC = ', a.aggserialfn),"
"      (9, 'DESERIALFUNC = ', a.aggdeserialfn),"
"      (10, 'INITCOND = ' || pg_catalog.quote_literal(a.agginitval), NULL),"
"      (11, 'MSFUNC = ', a.aggmtransfn),"
"      (12, 'MINVFUNC = ', a.aggminvtransfn),"
"      (13, 'MSTYPE = ' || pg_catalog.format_type(NULLIF(a.aggmtranstype, 0), NULL), NULL),"
"      (14, 'MSSPACE = ' || NULLIF(a.aggmtransspace, 0), NULL),"
"      (15, 'MFINALFUNC = ', a.aggmfinalfn),"
"      (16, CASE WHEN a.aggmfinalextra THEN 'MFINALFUNC_EXTRA' END, NULL),"
"      (17, " FINAL_MODIFY("MFINALFUNC_MODIFY", "a.aggmfinalmodify") ", NULL),"
"      (18, 'MINITCOND = ' || pg_catalog.quote_literal(a.aggminitval), NULL),"
"      (19, CASE WHEN pg_catalog.pg_operator_is_visible(q.oid) THEN 'SORTOP = ' || q.oprname"
"          ELSE 'SORTOP = OPERATOR(' || pg_catalog.quote_ident(r.nspname) || '.' || q.oprname || ')' END, NULL),"
"      (20, CASE p.proparallel WHEN 's' THEN 'PARALLEL = SAFE'"
"          WHEN 'r' THEN 'PARALLEL = RESTRICTED' END, NULL),"
"      (21, CASE WHEN a.aggkind = 'h' THEN 'HYPOTHETICAL' END, NULL)"
"    ) o (n, option, function)"
"    LEFT JOIN pg_catalog.pg_proc f ON f.oid = o.function"
"    LEFT JOIN pg_catalog.pg_namespace s ON s.oid = f.pronamespace"
"    WHERE o.option IS NOT NULL AND o.function IS DISTINCT FROM 0) d"
"  WHERE p.pronamespace = ANY ($1)";

static void
create_aggregate(MigSqlList *sql, const MigFact *fact)
{
	mig_sql_statement(sql, "CREATE AGGREGATE %s(%s) (\n%s\n)", mig_sql_name(fact),
					  mig_value(fact, "arguments"), mig_value(fact, "definition"));
}

static MigChange
change_aggregate(const MigFact *from, const MigFact *to, const char **reason)
{
	return mig_same_value(from, to, "signature") ? MIG_CHANGE_ALTER : MIG_CHANGE_REPLACE;
}

static void
alter_aggregate(MigSqlList *sql, const MigFact *from, const MigFact *to)
{
	mig_sql_statement(sql, "CREATE OR REPLACE AGGREGATE %s(%s) (\n%s\n)", mig_sql_name(to),
					  mig_value(to, "arguments"), mig_value(to, "definition"));
}

const MigKind mig_kind_aggregate = {
	.name = "aggregate",
	.class_id = ProcedureRelationId,
	.identity = MIG_IDENTITY_ROUTINE,
	.names = MIG_NAMES_ROUTINE,
	.create_order = MIG_CREATE_ROUTINE,
	.drop_order = MIG_DROP_ROUTINE,
	.rebuildable = true,
	.attributes = aggregate_attributes,
	.required = "arguments definition signature",
	.query = aggregate_query,
	.create = create_aggregate,
	.drop = mig_drop_object,
	.change = change_aggregate,
	.alter = alter_aggregate,
	.rename = mig_rename_object
};
