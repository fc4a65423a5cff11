/*-------------------------------------------------------------------------
 *
 * kind_trigger.c
 *	  What acts on statements: triggers, rules, policies, event triggers.
 *
 * Those of a table or a view are gone with it.  Whether one is enabled is not
 * part of its definition, and is changed by a statement of its own.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_event_trigger.h"
#include "catalog/pg_policy.h"
#include "catalog/pg_rewrite.h"
#include "catalog/pg_trigger.h"
#include "kinds.h"
#include "objectname.h"

/* The words for when one fires, as in ALTER TABLE or ALTER EVENT TRIGGER. */
#define ENABLED(column) \
	"CASE " column " WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA'" \
	"  WHEN 'A' THEN 'ENABLE ALWAYS' ELSE 'ENABLE' END"

/* Write that a trigger or rule fires as it should, if it does not yet. */
static void
set_enabled(MigSqlList *sql, const MigFact *fact, const char *object_type, const char *current)
{
	const char *enabled = mig_value(fact, "enabled");

	if (strcmp(enabled, current) != 0)
		mig_sql_action(sql, fact->parent, "%s %s %s", enabled, object_type, mig_sql_local_name(fact));
}

/* ----------
 * Triggers
 * ----------
 */

static const MigAttribute trigger_attributes[] = {
	{"type", MIG_COMPARE_ALWAYS},	/* TRIGGER or CONSTRAINT TRIGGER */
	{"definition", MIG_COMPARE_ALWAYS, true}, /* what follows its name */
	{"enabled", MIG_COMPARE_ALWAYS},
	{NULL, MIG_COMPARE_NEVER}
};

/* Those of partitions that their parent's made are no objects of their own. */
static const char trigger_query[] =
"SELECT t.oid, 0, 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid, t.tgrelid, 0,"
"  NULL::pg_catalog.text, t.tgname::pg_catalog.text, NULL::pg_catalog.text,"
"  k.type,"
"  pg_catalog.substr(pg_catalog.pg_get_triggerdef(t.oid, true), 1 + pg_catalog.length("
"    pg_catalog.concat('CREATE ', k.type, ' ', pg_catalog.quote_ident(t.tgname), ' '))),"
"  " ENABLED("t.tgenabled")
"  FROM pg_catalog.pg_trigger t"
"  JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid"
"  CROSS JOIN LATERAL (VALUES (CASE t.tgconstraint WHEN 0 THEN 'TRIGGER'"
"    ELSE 'CONSTRAINT TRIGGER' END)) k (type)"
"  WHERE c.relnamespace = ANY ($1) AND NOT t.tgisinternal AND t.tgparentid = 0";

static void
create_trigger(MigSqlList *sql, const MigFact *fact)
{
	mig_sql_statement(sql, "CREATE %s %s %s", mig_value(fact, "type"), mig_sql_local_name(fact),
					  mig_value(fact, "definition"));
	set_enabled(sql, fact, "TRIGGER", "ENABLE");
}

static MigChange
change_trigger(const MigFact *from, const MigFact *to, const char **reason)
{
	if (mig_same_value(from, to, "type") && mig_same_value(from, to, "definition"))
		return MIG_CHANGE_ALTER;
	return MIG_CHANGE_REPLACE;
}

static void
alter_trigger(MigSqlList *sql, const MigFact *from, const MigFact *to)
{
	set_enabled(sql, to, "TRIGGER", mig_value(from, "enabled"));
}

const MigKind mig_kind_trigger = {
	.name = "trigger",
	.class_id = TriggerRelationId,
	.identity = MIG_IDENTITY_ON_PARENT,
	.create_order = MIG_CREATE_TRIGGER,
	.drop_order = MIG_DROP_TRIGGER,
	.rebuildable = true,
	.goes_with_parent = true,
	.attributes = trigger_attributes,
	.required = "type definition enabled",
	.query = trigger_query,
	.create = create_trigger,
	.drop = mig_drop_object,
	.change = change_trigger,
	.alter = alter_trigger,
	.rename = mig_rename_object
};

/* ----------
 * Rules
 * ----------
 */

static const MigAttribute rule_attributes[] = {
	{"definition", MIG_COMPARE_ALWAYS, true}, /* what follows its name */
	{"enabled", MIG_COMPARE_ALWAYS},
	{NULL, MIG_COMPARE_NEVER}
};

/* A view's own query is one, too. */
static const char rule_query[] =
"SELECT r.oid, 0, 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid, r.ev_class, 0,"
"  NULL::pg_catalog.text, r.rulename::pg_catalog.text, NULL::pg_catalog.text,"
"  pg_catalog.rtrim(pg_catalog.substr(pg_catalog.pg_get_ruledef(r.oid, true), 1 + pg_catalog.length("
"    pg_catalog.concat('CREATE RULE ', pg_catalog.quote_ident(r.rulename), ' '))), ';'),"
"  " ENABLED("r.ev_enabled")
"  FROM pg_catalog.pg_rewrite r"
"  JOIN pg_catalog.pg_class c ON c.oid = r.ev_class"
"  WHERE c.relnamespace = ANY ($1) AND r.rulename <> '_RETURN'";

static void
create_rule(MigSqlList *sql, const MigFact *fact)
{
	mig_sql_statement(sql, "CREATE RULE %s %s", mig_sql_local_name(fact), mig_value(fact, "definition"));
	set_enabled(sql, fact, "RULE", "ENABLE");
}

static MigChange
change_rule(const MigFact *from, const MigFact *to, const char **reason)
{
	return MIG_CHANGE_ALTER;
}

/* Replacing a rule leaves it as enabled as it was. */
static void
alter_rule(MigSqlList *sql, const MigFact *from, const MigFact *to)
{
	if (!mig_same_value(from, to, "definition"))
		mig_sql_statement(sql, "CREATE OR REPLACE RULE %s %s", mig_sql_local_name(to),
						  mig_value(to, "definition"));
	set_enabled(sql, to, "RULE", mig_value(from, "enabled"));
}

const MigKind mig_kind_rule = {
	.name = "rule",
	.class_id = RewriteRelationId,
	.identity = MIG_IDENTITY_ON_PARENT,
	.create_order = MIG_CREATE_RULE,
	.drop_order = MIG_DROP_RULE,
	.rebuildable = true,
	.goes_with_parent = true,
	.attributes = rule_attributes,
	.required = "definition enabled",
	.query = rule_query,
	.create = create_rule,
	.drop = mig_drop_object,
	.change = change_rule,
	.alter = alter_rule,
	.rename = mig_rename_object
};

/* ----------
 * Policies
 * ----------
 */

static const MigAttribute policy_attributes[] = {
	{"restrictive", MIG_COMPARE_ALWAYS},	/* AS RESTRICTIVE, or null */
	{"command", MIG_COMPARE_ALWAYS},	/* null: all */
	{"roles", MIG_COMPARE_ALWAYS},
	{"using", MIG_COMPARE_ALWAYS, true},
	{"check", MIG_COMPARE_ALWAYS, true},
	{NULL, MIG_COMPARE_NEVER}
};

static const char policy_query[] =
"SELECT p.oid, 0, 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid, p.polrelid, 0,"
"  NULL::pg_catalog.text, p.polname::pg_catalog.text, NULL::pg_catalog.text,"
"  CASE WHEN NOT p.polpermissive THEN 'RESTRICTIVE' END,"
"  CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE'"
"    WHEN 'd' THEN 'DELETE' END,"
"  COALESCE(r.roles, 'PUBLIC'),"
"  pg_catalog.pg_get_expr(p.polqual, p.polrelid, true),"
"  pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid, true)"
"  FROM pg_catalog.pg_policy p"
"  JOIN pg_catalog.pg_class c ON c.oid = p.polrelid"
"  LEFT JOIN (SELECT p.oid, pg_catalog.string_agg(pg_catalog.quote_ident(r.rolname), ', '"
"      ORDER BY r.rolname) AS roles"
"    FROM pg_catalog.pg_policy p"
"    JOIN pg_catalog.pg_roles r ON r.oid = ANY (p.polroles)"
"    GROUP BY p.oid) r ON r.oid = p.oid"
"  WHERE c.relnamespace = ANY ($1)";

/* Write a statement about the policy, up to the table. */
static void
start_policy(StringInfo buf, const char *statement, const MigFact *fact)
{
	initStringInfo(buf);
	appendStringInfo(buf, "%s POLICY %s ON %s", statement, mig_sql_local_name(fact),
					 mig_sql_name(fact->parent));
}

/* Append a condition. */
static void
append_condition(StringInfo buf, const char *keyword, const char *condition)
{
	if (condition)
		appendStringInfo(buf, "\n    %s (%s)", keyword, condition);
}

static void
create_policy(MigSqlList *sql, const MigFact *fact)
{
	const char *command = mig_value(fact, "command");
	StringInfoData buf;

	start_policy(&buf, "CREATE", fact);
	if (mig_value(fact, "restrictive"))
		appendStringInfoString(&buf, " AS RESTRICTIVE");
	if (command)
		appendStringInfo(&buf, " FOR %s", command);
	if (!mig_value_is(fact, "roles", "PUBLIC"))
		appendStringInfo(&buf, " TO %s", mig_value(fact, "roles"));
	append_condition(&buf, "USING", mig_value(fact, "using"));
	append_condition(&buf, "WITH CHECK", mig_value(fact, "check"));
	mig_sql_statement(sql, "%s", buf.data);
}

/* Is a condition taken away?  No statement does that. */
static bool
loses_condition(const MigFact *from, const MigFact *to, const char *attribute)
{
	return mig_value(from, attribute) != NULL && mig_value(to, attribute) == NULL;
}

static MigChange
change_policy(const MigFact *from, const MigFact *to, const char **reason)
{
	if (!mig_same_value(from, to, "restrictive") || !mig_same_value(from, to, "command") ||
		loses_condition(from, to, "using") || loses_condition(from, to, "check"))
		return MIG_CHANGE_REPLACE;
	return MIG_CHANGE_ALTER;
}

static void
alter_policy(MigSqlList *sql, const MigFact *from, const MigFact *to)
{
	StringInfoData buf;

	start_policy(&buf, "ALTER", to);
	if (!mig_same_value(from, to, "roles"))
		appendStringInfo(&buf, " TO %s", mig_value(to, "roles"));
	if (!mig_same_value(from, to, "using"))
		append_condition(&buf, "USING", mig_value(to, "using"));
	if (!mig_same_value(from, to, "check"))
		append_condition(&buf, "WITH CHECK", mig_value(to, "check"));
	mig_sql_statement(sql, "%s", buf.data);
}

const MigKind mig_kind_policy = {
	.name = "policy",
	.class_id = PolicyRelationId,
	.identity = MIG_IDENTITY_ON_PARENT,
	.parent_kind = &mig_kind_table,
	.create_order = MIG_CREATE_POLICY,
	.drop_order = MIG_DROP_POLICY,
	.rebuildable = true,
	.goes_with_parent = true,
	.attributes = policy_attributes,
	.required = "roles",
	.query = policy_query,
	.create = create_policy,
	.drop = mig_drop_object,
	.change = change_policy,
	.alter = alter_policy,
	.rename = mig_rename_object
};

/* ----------
 * Event triggers
 * ----------
 */

static const MigAttribute event_trigger_attributes[] = {
	{"event", MIG_COMPARE_ALWAYS},
	{"tags", MIG_COMPARE_ALWAYS},	/* null: any */
	{"function", MIG_COMPARE_ALWAYS},
	{"enabled", MIG_COMPARE_ALWAYS},
	{NULL, MIG_COMPARE_NEVER}
};

static const char event_trigger_query[] =
"SELECT e.oid, 0, 0::pg_catalog.oid, 0::pg_catalog.oid, 0, NULL::pg_catalog.text, e.evtname::pg_catalog.text,"
"  NULL::pg_catalog.text, e.evtevent::pg_catalog.text, t.tags,"
"  CASE WHEN pg_catalog.pg_function_is_visible(f.oid) THEN pg_catalog.quote_ident(f.proname)"
"    ELSE pg_catalog.concat(pg_catalog.quote_ident(s.nspname), '.',"
"      pg_catalog.quote_ident(f.proname)) END,"
"  " ENABLED("e.evtenabled")
"  FROM pg_catalog.pg_event_trigger e"
"  JOIN pg_catalog.pg_proc f ON f.oid = e.evtfoid"
"  JOIN pg_catalog.pg_namespace s ON s.oid = f.pronamespace"
"  CROSS JOIN LATERAL (SELECT pg_catalog.string_agg(pg_catalog.quote_literal(t.tag), ', ' ORDER BY t.tag)"
"    AS tags FROM pg_catalog.unnest(e.evttags) t (tag)) t";

/* Write that it fires as it should, if it does not yet. */
static void
set_event_trigger_enabled(MigSqlList *sql, const MigFact *fact, const char *current)
{
	const char *enabled = mig_value(fact, "enabled");

	if (strcmp(enabled, current) != 0)
		mig_sql_statement(sql, "ALTER EVENT TRIGGER %s %s", mig_sql_name(fact), enabled);
}

static void
create_event_trigger(MigSqlList *sql, const MigFact *fact)
{
	const char *tags = mig_value(fact, "tags");
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfo(&buf, "CREATE EVENT TRIGGER %s ON %s", mig_sql_name(fact), mig_value(fact, "event"));
	if (tags)
		appendStringInfo(&buf, "\n    WHEN TAG IN (%s)", tags);
	mig_sql_statement(sql, "%s\n    EXECUTE FUNCTION %s()", buf.data, mig_value(fact, "function"));
	set_event_trigger_enabled(sql, fact, "ENABLE");
}

static MigChange
change_event_trigger(const MigFact *from, const MigFact *to, const char **reason)
{
	if (mig_same_value(from, to, "event") && mig_same_value(from, to, "tags") &&
		mig_same_value(from, to, "function"))
		return MIG_CHANGE_ALTER;
	return MIG_CHANGE_REPLACE;
}

static void
alter_event_trigger(MigSqlList *sql, const MigFact *from, const MigFact *to)
{
	set_event_trigger_enabled(sql, to, mig_value(from, "enabled"));
}

const MigKind mig_kind_event_trigger = {
	.name = "event trigger",
	.class_id = EventTriggerRelationId,
	.identity = MIG_IDENTITY_NAME,
	.create_order = MIG_CREATE_EVENT_TRIGGER,
	.drop_order = MIG_DROP_EVENT_TRIGGER,
	.rebuildable = true,
	.global = true,
	.attributes = event_trigger_attributes,
	.required = "event function enabled",
	.query = event_trigger_query,
	.create = create_event_trigger,
	.drop = mig_drop_object,
	.change = change_event_trigger,
	.alter = alter_event_trigger,
	.rename = mig_rename_object
};
