/*-------------------------------------------------------------------------
 *
 * kind_property.c
 *	  Properties that objects of any kind may have: comment, owner,
 *	  privileges.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "kinds.h"
#include "miscadmin.h"
#include "objectname.h"
#include "utils/builtins.h"

/* What comes before the attributes of the property of an object "x". */
#define PROPERTY_COLUMNS(name) \
	"SELECT 0::pg_catalog.oid, 0, x.classid, x.objid, x.subid, NULL::pg_catalog.text, " name ", NULL::pg_catalog.text,"

static MigChange
change_by_altering(const MigFact *from, const MigFact *to, const char **reason)
{
	return MIG_CHANGE_ALTER;
}

/* ----------
 * Comments
 * ----------
 */

static const MigAttribute comment_attributes[] = {
	{"text", MIG_COMPARE_ALWAYS},
	{NULL, MIG_COMPARE_NEVER}
};

/* what initdb says of it */
#define PUBLIC_COMMENT "standard public schema"

/*
 * Left out are what the server says itself of the schema public and of
 * extensions, and comments on the index of a constraint, which is no fact.
 */
static const char *const comment_query =
PROPERTY_COLUMNS("''")
" x.description"
" FROM (SELECT classoid AS classid, objoid AS objid, objsubid AS subid, description"
" FROM pg_catalog.pg_description) x"
" WHERE (x.objid >= 16384 OR x.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass)"
" AND x.classid <> 'pg_catalog.pg_extension'::pg_catalog.regclass"
" AND NOT (x.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND x.description = '" PUBLIC_COMMENT "')"
" AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint c"
" WHERE c.conindid = x.objid AND c.contype IN ('p', 'u', 'x') AND x.classid = 'pg_catalog.pg_class'::pg_catalog.regclass)";

static void
comment_create(MigSqlList *sql, const MigFact *fact)
{
	mig_sql_statement(sql, "COMMENT ON %s IS %s", mig_object_text(fact->parent),
					  quote_literal_cstr(mig_value(fact, "text")));
}

/* Without a comment of its own, the schema public has the server's. */
static void
comment_drop(MigSqlList *sql, const MigFact *fact)
{
	bool		is_public = fact->parent->kind == &mig_kind_schema && strcmp(fact->parent->name, "public") == 0;

	mig_sql_statement(sql, "COMMENT ON %s IS %s", mig_object_text(fact->parent),
					  is_public ? "'" PUBLIC_COMMENT "'" : "NULL");
}

static void
comment_alter(MigSqlList *sql, const MigFact *from, const MigFact *to)
{
	comment_create(sql, to);
}

const MigKind mig_kind_comment = {
	.name = "comment",
	.identity = MIG_IDENTITY_PARENT,
	.create_order = MIG_CREATE_PROPERTY,
	.drop_order = MIG_DROP_PROPERTY,
	.rebuildable = true,
	.goes_with_parent = true,
	.attributes = comment_attributes,
	.required = "text",
	.query = comment_query,
	.create = comment_create,
	.drop = comment_drop,
	.change = change_by_altering,
	.alter = comment_alter
};

/* ----------
 * Owners and privileges
 *
 * What can be owned, and what there are privileges on, with its owner, its
 * ACL and the letter by which acldefault() knows its type.  A sequence that
 * belongs to a column has the table's owner.
 * ----------
 */

#define OWNED_OBJECTS \
	"SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid AS classid, c.oid AS objid, 0 AS subid, c.relowner AS owner," \
	" c.relacl AS acl, CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::pg_catalog.\"char\" AS letter" \
	" FROM pg_catalog.pg_class c WHERE c.relnamespace = ANY ($1) AND c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S')" \
	" UNION ALL SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, oid, 0, typowner, typacl, 'T'" \
	" FROM pg_catalog.pg_type WHERE typnamespace = ANY ($1)" \
	" UNION ALL SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass, oid, 0, proowner, proacl, 'f'" \
	" FROM pg_catalog.pg_proc WHERE pronamespace = ANY ($1)" \
	" UNION ALL SELECT 'pg_catalog.pg_namespace'::pg_catalog.regclass, oid, 0, nspowner, nspacl, 'n'" \
	" FROM pg_catalog.pg_namespace WHERE oid = ANY ($1)" \
	" UNION ALL SELECT 'pg_catalog.pg_foreign_data_wrapper'::pg_catalog.regclass, oid, 0, fdwowner, fdwacl, 'F'" \
	" FROM pg_catalog.pg_foreign_data_wrapper" \
	" UNION ALL SELECT 'pg_catalog.pg_foreign_server'::pg_catalog.regclass, oid, 0, srvowner, srvacl, 'S'" \
	" FROM pg_catalog.pg_foreign_server"

static const MigAttribute owner_attributes[] = {
	{"role", MIG_COMPARE_ALWAYS},
	{NULL, MIG_COMPARE_NEVER}
};

static const char *const owner_query =
PROPERTY_COLUMNS("''")
" pg_catalog.pg_get_userbyid(x.owner)::pg_catalog.text"
" FROM (" OWNED_OBJECTS
" UNION ALL SELECT 'pg_catalog.pg_operator'::pg_catalog.regclass, oid, 0, oprowner, NULL, NULL"
" FROM pg_catalog.pg_operator WHERE oprnamespace = ANY ($1)"
" UNION ALL SELECT 'pg_catalog.pg_collation'::pg_catalog.regclass, oid, 0, collowner, NULL, NULL"
" FROM pg_catalog.pg_collation WHERE collnamespace = ANY ($1)"
" UNION ALL SELECT 'pg_catalog.pg_conversion'::pg_catalog.regclass, oid, 0, conowner, NULL, NULL"
" FROM pg_catalog.pg_conversion WHERE connamespace = ANY ($1)"
" UNION ALL SELECT 'pg_catalog.pg_ts_dict'::pg_catalog.regclass, oid, 0, dictowner, NULL, NULL"
" FROM pg_catalog.pg_ts_dict WHERE dictnamespace = ANY ($1)"
" UNION ALL SELECT 'pg_catalog.pg_ts_config'::pg_catalog.regclass, oid, 0, cfgowner, NULL, NULL"
" FROM pg_catalog.pg_ts_config WHERE cfgnamespace = ANY ($1)"
" UNION ALL SELECT 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass, oid, 0, stxowner, NULL, NULL"
" FROM pg_catalog.pg_statistic_ext WHERE stxnamespace = ANY ($1)"
" UNION ALL SELECT 'pg_catalog.pg_publication'::pg_catalog.regclass, oid, 0, pubowner, NULL, NULL"
" FROM pg_catalog.pg_publication"
" UNION ALL SELECT 'pg_catalog.pg_event_trigger'::pg_catalog.regclass, oid, 0, evtowner, NULL, NULL"
" FROM pg_catalog.pg_event_trigger) x"
" WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass"
" AND d.objid = x.objid AND x.letter = 's' AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i'))";

/* Who creates an object owns it. */
static void
owner_create(MigSqlList *sql, const MigFact *fact)
{
	const char *role = mig_value(fact, "role");

	if (strcmp(role, GetUserNameFromId(GetUserId(), false)) != 0)
		mig_sql_statement(sql, "ALTER %s OWNER TO %s", mig_object_text(fact->parent), quote_identifier(role));
}

/* An object cannot be without an owner. */
static void
owner_drop(MigSqlList *sql, const MigFact *fact)
{
}

static void
owner_alter(MigSqlList *sql, const MigFact *from, const MigFact *to)
{
	mig_sql_statement(sql, "ALTER %s OWNER TO %s", mig_object_text(to->parent), quote_identifier(mig_value(to, "role")));
}

const MigKind mig_kind_owner = {
	.name = "owner",
	.identity = MIG_IDENTITY_PARENT,
	.create_order = MIG_CREATE_OWNER,
	.drop_order = MIG_DROP_PROPERTY,
	.rebuildable = true,
	.goes_with_parent = true,
	.attributes = owner_attributes,
	.required = "role",
	.query = owner_query,
	.create = owner_create,
	.drop = owner_drop,
	.change = change_by_altering,
	.alter = owner_alter
};

/*
 * A fact is what a role may do with an object, if that is not what it may by
 * default; so there are facts of roles that may do nothing.
 */
static const MigAttribute privilege_attributes[] = {
	{"privileges", MIG_COMPARE_ALWAYS},
	{"grantable", MIG_COMPARE_ALWAYS},	/* those of them with grant option */
	{"default", MIG_COMPARE_NEVER},
	{NULL, MIG_COMPARE_NEVER}
};

static const char *const privilege_query =
"WITH x AS (" OWNED_OBJECTS
" UNION ALL SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, a.attrelid, a.attnum, c.relowner, a.attacl, 'c'"
" FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid"
" WHERE c.relnamespace = ANY ($1) AND c.relkind IN ('r', 'p', 'f', 'v', 'm') AND a.attnum > 0 AND a.attacl IS NOT NULL),"
" entry AS (SELECT x.classid, x.objid, x.subid, e.grantee,"
" pg_catalog.string_agg(DISTINCT e.privilege_type, ', ') AS privileges,"
" pg_catalog.string_agg(DISTINCT CASE WHEN e.is_grantable THEN e.privilege_type END, ', ') AS grantable"
" FROM x, pg_catalog.aclexplode(x.acl) e WHERE x.acl IS NOT NULL GROUP BY 1, 2, 3, 4),"
" usual AS (SELECT x.classid, x.objid, x.subid, e.grantee,"
" pg_catalog.string_agg(DISTINCT e.privilege_type, ', ') AS privileges"
" FROM x, pg_catalog.aclexplode(pg_catalog.acldefault(x.letter, x.owner)) e WHERE x.acl IS NOT NULL GROUP BY 1, 2, 3, 4)"
PROPERTY_COLUMNS("CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(x.grantee)::pg_catalog.text END")
" COALESCE(x.privileges, ''), x.grantable, COALESCE(x.usual_privileges, '')"
" FROM (SELECT classid, objid, subid, grantee, entry.privileges, entry.grantable, usual.privileges AS usual_privileges"
" FROM entry FULL JOIN usual USING (classid, objid, subid, grantee)) x"
" WHERE x.privileges IS DISTINCT FROM x.usual_privileges OR x.grantable IS NOT NULL";

/* What a role may do: names of privileges separated by commas. */
typedef struct Privileges
{
	const char *held;
	const char *grantable;
} Privileges;

/* Does a list of privileges contain one? */
static bool
has_privilege(const char *list, const char *name)
{
	size_t		len = strlen(name);
	const char *p;

	for (p = list; (p = strstr(p, name)) != NULL; p++)
	{
		if ((p == list || p[-1] == ' ') && (p[len] == '\0' || p[len] == ','))
			return true;
	}
	return false;
}

/* The privileges of a list that another has not. */
static const char *
subtract_privileges(const char *list, const char *other)
{
	StringInfoData buf;

	initStringInfo(&buf);
	while (*list)
	{
		size_t		len = strcspn(list, ",");
		const char *name = pnstrdup(list, len);

		if (!has_privilege(other, name))
			appendStringInfo(&buf, "%s%s", buf.len > 0 ? ", " : "", name);
		list += len + strspn(list + len, ", ");
	}
	return buf.data;
}

/* A list of privileges as GRANT has it: each with the column it is for. */
static const char *
privileges_on(const MigFact *object, const char *list)
{
	StringInfoData buf;

	if (object->kind != &mig_kind_column && object->kind != &mig_kind_view_column)
		return list;
	initStringInfo(&buf);
	while (*list)
	{
		size_t		len = strcspn(list, ",");

		appendStringInfo(&buf, "%s%.*s (%s)", buf.len > 0 ? ", " : "", (int) len, list, mig_sql_local_name(object));
		list += len + strspn(list + len, ", ");
	}
	return buf.data;
}

/* The role of a privilege fact. */
static const char *
grantee(const MigFact *fact)
{
	return strcmp(fact->name, "PUBLIC") == 0 ? fact->name : quote_identifier(fact->name);
}

/* Write REVOKE, if there is something to revoke. */
static void
write_revoke(MigSqlList *sql, const MigFact *fact, const char *before, const char *privileges)
{
	if (privileges[0] != '\0')
		mig_sql_statement(sql, "REVOKE %s%s ON %s FROM %s", before, privileges_on(fact->parent, privileges),
						  mig_grant_target(fact->parent), grantee(fact));
}

/* Write GRANT, if there is something to grant. */
static void
write_grant(MigSqlList *sql, const MigFact *fact, const char *privileges, const char *after)
{
	if (privileges[0] != '\0')
		mig_sql_statement(sql, "GRANT %s ON %s TO %s%s", privileges_on(fact->parent, privileges),
						  mig_grant_target(fact->parent), grantee(fact), after);
}

/* Write what leads from some privileges to others. */
static void
change_privileges(MigSqlList *sql, const MigFact *fact, Privileges from, Privileges to)
{
	const char *lost = subtract_privileges(from.held, to.held);
	const char *gained = subtract_privileges(to.held, from.held);

	write_revoke(sql, fact, "", lost);
	write_revoke(sql, fact, "GRANT OPTION FOR ",
				 subtract_privileges(subtract_privileges(from.grantable, lost), to.grantable));
	write_grant(sql, fact, subtract_privileges(gained, to.grantable), "");
	write_grant(sql, fact, subtract_privileges(to.grantable, from.grantable), " WITH GRANT OPTION");
}

/* What a role may do. */
static Privileges
actual_privileges(const MigFact *fact)
{
	Privileges	result;

	result.held = mig_value(fact, "privileges");
	result.grantable = mig_value(fact, "grantable") ? mig_value(fact, "grantable") : "";
	return result;
}

/* What it may when nothing is said. */
static Privileges
default_privileges(const MigFact *fact)
{
	Privileges	result;

	result.held = mig_value(fact, "default");
	result.grantable = "";
	return result;
}

static void
privilege_create(MigSqlList *sql, const MigFact *fact)
{
	change_privileges(sql, fact, default_privileges(fact), actual_privileges(fact));
}

static void
privilege_drop(MigSqlList *sql, const MigFact *fact)
{
	change_privileges(sql, fact, actual_privileges(fact), default_privileges(fact));
}

static void
privilege_alter(MigSqlList *sql, const MigFact *from, const MigFact *to)
{
	change_privileges(sql, to, actual_privileges(from), actual_privileges(to));
}

const MigKind mig_kind_privilege = {
	.name = "privilege",
	.identity = MIG_IDENTITY_PARENT,
	.create_order = MIG_CREATE_PROPERTY,
	.drop_order = MIG_DROP_PROPERTY,
	.rebuildable = true,
	.goes_with_parent = true,
	.attributes = privilege_attributes,
	.required = "privileges default",
	.query = privilege_query,
	.create = privilege_create,
	.drop = privilege_drop,
	.change = change_by_altering,
	.alter = privilege_alter
};
