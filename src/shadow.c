/*-------------------------------------------------------------------------
 *
 * shadow.c
 *	  The shadow: empty managed schemas under their true names, for a while.
 *
 * What DDL makes is found out by running it where nothing is yet.  In a
 * subtransaction that is always rolled back, the managed schemas get hidden
 * names, and empty ones take their place.  So nothing in the DDL needs to be
 * rewritten, and what the server says of the new objects is spelt as what it
 * says of the live ones.
 *
 * Other sessions see nothing of it and do not wait for it: no lock is taken
 * on the live objects.  That is why the names are changed in pg_namespace
 * directly: ALTER SCHEMA ... RENAME locks the schema, and then nobody could
 * create anything in it.  What makes such an update wrong, caches and
 * dependencies of others that would be out of date, cannot happen to one that
 * never commits.
 *
 * Extensions.  Their members are moved over into the new schemas, mostly by the
 * functions that ALTER EXTENSION ... SET SCHEMA uses, without its locks and
 * whether or not the extension is relocatable: the new schema has the same
 * name, so whatever the extension says by name stays true.  migrate is one of
 * them, and works on as before.
 *
 * Every schema that existed is made anew, also where the model creates it:
 * extensions may live in it, and the role that runs the model need not be
 * able to create schemas.  The model's CREATE SCHEMA of one that exists does
 * nothing then (modelexec.c).
 *
 * Names that belong to no schema, but to the database, would collide as well:
 * publications, event triggers, foreign servers and foreign-data wrappers are
 * renamed in the same way, casts of managed types and by managed functions
 * are taken out.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/twophase.h"
#include "access/xact.h"
#include "catalog/catalog.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_cast.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_default_acl.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_event_trigger.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_foreign_data_wrapper.h"
#include "catalog/pg_foreign_server.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_publication.h"
#include "catalog/pg_type.h"
#include "commands/alter.h"
#include "commands/comment.h"
#include "commands/tablecmds.h"
#include "errcodes.h"
#include "miscadmin.h"
#include "security.h"
#include "shadow.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "storage/proc.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/resowner.h"
#include "utils/syscache.h"

/* The lock is on a name of our own: this table's, with this part. */
#define SHADOW_LOCK_TABLE	"migrate_script"
#define SHADOW_LOCK_PART	2

/* Waiting for a lock of somebody else's, longer than this, helps nobody. */
#define MAX_LOCK_TIMEOUT	2000	/* milliseconds */

/* A schema that exists, and what takes its place. */
typedef struct ShadowSchema
{
	const char *name;
	bool		created;		/* by the model */
	Oid			old_oid;
	Oid			new_oid;
	Oid			owner;
} ShadowSchema;

typedef struct ShadowSetup
{
	ShadowSchema *schemas;
	int			nschemas;
} ShadowSetup;

/* ----------
 * What it takes
 * ----------
 */

/*
 * Marks the stack of error contexts, so that a shadow within a shadow is
 * found.  A flag would have to be cleared after an error.
 */
static void
shadow_error_callback(void *arg)
{
}

/* Is this called by something that runs on a shadow? */
bool
mig_shadow_is_active(void)
{
	ErrorContextCallback *callback;

	for (callback = error_context_stack; callback != NULL; callback = callback->previous)
	{
		if (callback->callback == shadow_error_callback)
			return true;
	}
	return false;
}

/* The hidden schemas are those of the outer one: the inner would move its own. */
static void
refuse_nested(const MigShadow *shadow)
{
	if (mig_shadow_is_active())
		ereport(ERROR,
				(errcode(ERRCODE_MIG_RUN_ACTIVE),
				 errmsg("%s cannot be called by a model or a script that is being tried out", shadow->function),
				 errdetail("It would need a shadow of the schemas, and the caller runs on one."),
				 errhint("Remove the call from the model or the script.")));
}

/*
 * The caller is about to have empty schemas in place of the managed ones, and
 * whatever it creates there stands in for what they have: it must be able to
 * do that to the live ones.
 */
static void
check_privileges(const ShadowSetup *setup)
{
	int			i;

	for (i = 0; i < setup->nschemas; i++)
	{
		const ShadowSchema *schema = &setup->schemas[i];
		const char *owner;

		if (has_privs_of_role(GetUserId(), schema->owner))
			continue;
		owner = GetUserNameFromId(schema->owner, false);
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to build a shadow of schema \"%s\"", schema->name),
				 errdetail("Role \"%s\" does not have the privileges of role \"%s\", which owns the schema.",
						   GetUserNameFromId(GetUserId(), false), owner),
				 schema->owner == ROLE_PG_DATABASE_OWNER ?
				 errhint("Call it as the owner of the database, or take schema \"%s\" out of \"migrate.schemas\".",
						 schema->name) :
				 errhint("GRANT %s TO %s; or take schema \"%s\" out of \"migrate.schemas\".",
						 quote_identifier(owner), quote_identifier(GetUserNameFromId(GetUserId(), false)),
						 schema->name)));
	}
}

/* The number of locks that the server has room for. */
static int64
lock_table_size(void)
{
	return (int64) max_locks_per_xact * (MaxBackends + max_prepared_xacts);
}

/* What to set max_locks_per_transaction to, for so many locks. */
static int64
needed_setting(int64 nlocks)
{
	int64		backends = MaxBackends + max_prepared_xacts;
	int64		needed = (nlocks + backends - 1) / backends;

	/* room for others, and a round number */
	return (needed + needed / 4 + 15) / 16 * 16;
}

/*
 * Refuse to begin what cannot end: every table and index that is made is
 * locked until the shadow goes away.  The number is that of the tables and
 * indexes which are known to be made, so this errs on the side of trying.
 */
void
mig_shadow_check_locks(int nrelations)
{
	/* the server adds a tenth, and then takes what other tables leave */
	int64		room = lock_table_size() + lock_table_size() / 5;

	if (nrelations <= room)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
			 errmsg("the model is too large for the lock table of this server"),
			 errdetail("It creates at least %d tables and indexes, each of which stays locked for a while; there is room for about " INT64_FORMAT " locks.",
					   nrelations, lock_table_size()),
			 errhint("Set \"max_locks_per_transaction\" to " INT64_FORMAT " (it is %d) and restart the server.",
					 needed_setting(nrelations * INT64CONST(2)), max_locks_per_xact)));
}

/* ----------
 * Moving aside
 * ----------
 */

/* The hidden name of an object. */
static void
fill_aside_name(NameData *name, Oid oid)
{
	namestrcpy(name, psprintf(MIG_ASIDE_PREFIX "%u", oid));
}

/* Find those of the schemas that exist. */
static void
find_schemas(const MigShadow *shadow, ShadowSetup *setup)
{
	int			i;

	setup->schemas = palloc0(sizeof(ShadowSchema) * Max(shadow->schemas.count, 1));
	setup->nschemas = 0;
	for (i = 0; i < shadow->schemas.count; i++)
	{
		const char *name = shadow->schemas.names[i];
		ShadowSchema *schema = &setup->schemas[setup->nschemas];
		HeapTuple	tuple = SearchSysCache1(NAMESPACENAME, CStringGetDatum(name));

		if (!HeapTupleIsValid(tuple))
			continue;
		schema->name = name;
		schema->created = mig_name_list_contains(&shadow->created, name);
		schema->old_oid = ((Form_pg_namespace) GETSTRUCT(tuple))->oid;
		schema->owner = ((Form_pg_namespace) GETSTRUCT(tuple))->nspowner;
		ReleaseSysCache(tuple);
		setup->nschemas++;
	}
}

/* Give a schema its hidden name; returns the privileges on it. */
static Datum
hide_schema(const ShadowSchema *schema, bool *no_acl)
{
	Relation	rel = table_open(NamespaceRelationId, RowExclusiveLock);
	HeapTuple	tuple = SearchSysCacheCopy1(NAMESPACEOID, ObjectIdGetDatum(schema->old_oid));
	Datum		acl;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for schema %u", schema->old_oid);
	acl = SysCacheGetAttr(NAMESPACEOID, tuple, Anum_pg_namespace_nspacl, no_acl);
	fill_aside_name(&((Form_pg_namespace) GETSTRUCT(tuple))->nspname, schema->old_oid);
	CatalogTupleUpdate(rel, &tuple->t_self, tuple);
	table_close(rel, RowExclusiveLock);
	CommandCounterIncrement();
	return acl;
}

/* Give the new schema the privileges of the old one. */
static void
set_schema_acl(const ShadowSchema *schema, Datum acl, bool no_acl)
{
	Relation	rel = table_open(NamespaceRelationId, RowExclusiveLock);
	HeapTuple	tuple = SearchSysCacheCopy1(NAMESPACEOID, ObjectIdGetDatum(schema->new_oid));
	Datum		values[Natts_pg_namespace] = {0};
	bool		nulls[Natts_pg_namespace] = {0};
	bool		replace[Natts_pg_namespace] = {0};

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for schema %u", schema->new_oid);
	values[Anum_pg_namespace_nspacl - 1] = acl;
	nulls[Anum_pg_namespace_nspacl - 1] = no_acl;
	replace[Anum_pg_namespace_nspacl - 1] = true;
	tuple = heap_modify_tuple(tuple, RelationGetDescr(rel), values, nulls, replace);
	CatalogTupleUpdate(rel, &tuple->t_self, tuple);
	table_close(rel, RowExclusiveLock);
}

/*
 * What ALTER DEFAULT PRIVILEGES IN SCHEMA set is in force for what the model
 * creates, as it will be when an upgrade does.
 */
static void
copy_default_privileges(const ShadowSchema *schema)
{
	Relation	rel = table_open(DefaultAclRelationId, RowExclusiveLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		HeapTuple	copy;
		Form_pg_default_acl form;

		if (((Form_pg_default_acl) GETSTRUCT(tuple))->defaclnamespace != schema->old_oid)
			continue;
		copy = heap_copytuple(tuple);
		form = (Form_pg_default_acl) GETSTRUCT(copy);
		form->oid = GetNewOidWithIndex(rel, DefaultAclOidIndexId, Anum_pg_default_acl_oid);
		form->defaclnamespace = schema->new_oid;
		CatalogTupleInsert(rel, copy);
	}
	systable_endscan(scan);
	table_close(rel, RowExclusiveLock);
}

/* Put an empty schema in the place of one that exists. */
static void
replace_schema(ShadowSchema *schema)
{
	bool		no_acl;
	Datum		acl = hide_schema(schema, &no_acl);
	char	   *comment = GetComment(schema->old_oid, NamespaceRelationId, 0);

	schema->new_oid = NamespaceCreate(schema->name, schema->owner, false);
	CommandCounterIncrement();
	if (!schema->created)
	{
		set_schema_acl(schema, acl, no_acl);
		if (comment != NULL)
			CreateComments(schema->new_oid, NamespaceRelationId, 0, comment);
	}
	copy_default_privileges(schema);
	CommandCounterIncrement();
}

/* The new schema for an old one, or InvalidOid if that one stays. */
static Oid
replacement(const ShadowSetup *setup, Oid old_oid)
{
	int			i;

	for (i = 0; i < setup->nschemas; i++)
	{
		if (setup->schemas[i].old_oid == old_oid)
			return setup->schemas[i].new_oid;
	}
	return InvalidOid;
}

/* Put a type into another schema; InvalidOid is none. */
static void
set_type_schema(Oid type, Oid schema)
{
	Relation	rel;
	HeapTuple	tuple;

	if (!OidIsValid(type))
		return;
	rel = table_open(TypeRelationId, RowExclusiveLock);
	tuple = SearchSysCacheCopy1(TYPEOID, ObjectIdGetDatum(type));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for type %u", type);
	((Form_pg_type) GETSTRUCT(tuple))->typnamespace = schema;
	CatalogTupleUpdate(rel, &tuple->t_self, tuple);
	table_close(rel, RowExclusiveLock);
}

/*
 * Move a relation with its indexes, constraints and row type.  Its sequences
 * are members themselves.  The server's own AlterTableNamespaceInternal()
 * would lock those exclusively, and wait for a run that is writing its ledger.
 */
static void
move_relation(Oid relid, Oid old_oid, Oid new_oid, ObjectAddresses *moved)
{
	Relation	class_rel = table_open(RelationRelationId, RowExclusiveLock);
	Relation	rel = relation_open(relid, AccessShareLock);
	List	   *indexes = RelationGetIndexList(rel);
	ListCell   *lc;

	AlterRelationNamespaceInternal(class_rel, relid, old_oid, new_oid, true, moved);
	foreach(lc, indexes)
		AlterRelationNamespaceInternal(class_rel, lfirst_oid(lc), old_oid, new_oid, false, moved);
	AlterConstraintNamespaces(relid, old_oid, new_oid, false, moved);
	if (OidIsValid(rel->rd_rel->reltype))
	{
		set_type_schema(get_array_type(rel->rd_rel->reltype), new_oid);
		set_type_schema(rel->rd_rel->reltype, new_oid);
	}
	relation_close(rel, NoLock);
	table_close(class_rel, RowExclusiveLock);
}

/* Move one member of an extension, if it is in a schema that was moved aside. */
static void
move_member(const ShadowSetup *setup, const ObjectAddress *member, ObjectAddresses *moved)
{
	Oid			old_oid;
	Oid			new_oid;

	if (!is_objectclass_supported(member->classId))
		return;
	old_oid = get_object_namespace(member);
	new_oid = OidIsValid(old_oid) ? replacement(setup, old_oid) : InvalidOid;
	if (!OidIsValid(new_oid))
		return;
	if (member->classId == RelationRelationId)
		move_relation(member->objectId, old_oid, new_oid, moved);
	else
		(void) AlterObjectNamespace_oid(member->classId, member->objectId, new_oid, moved);
}

/* Move the members of all extensions. */
static void
move_members(const ShadowSetup *setup)
{
	ObjectAddresses *moved = new_object_addresses();
	Relation	rel = table_open(DependRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_pg_depend_refclassid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(ExtensionRelationId));
	scan = systable_beginscan(rel, DependReferenceIndexId, true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend depend = (Form_pg_depend) GETSTRUCT(tuple);
		ObjectAddress member;

		CHECK_FOR_INTERRUPTS();
		if (depend->deptype != DEPENDENCY_EXTENSION)
			continue;
		ObjectAddressSet(member, depend->classid, depend->objid);
		move_member(setup, &member, moved);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	free_object_addresses(moved);
}

/* Tell the extensions where they are now. */
static void
move_extensions(const ShadowSetup *setup)
{
	Relation	rel = table_open(ExtensionRelationId, RowExclusiveLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		HeapTuple	copy = heap_copytuple(tuple);
		Form_pg_extension form = (Form_pg_extension) GETSTRUCT(copy);
		Oid			old_oid = form->extnamespace;

		if (!OidIsValid(replacement(setup, old_oid)))
			continue;
		form->extnamespace = replacement(setup, old_oid);
		CatalogTupleUpdate(rel, &copy->t_self, copy);
		changeDependencyFor(ExtensionRelationId, form->oid, NamespaceRelationId, old_oid, form->extnamespace);
	}
	systable_endscan(scan);
	table_close(rel, RowExclusiveLock);
}

/*
 * Give hidden names to the objects of a catalog, those of extensions
 * excepted.  The OID is the first column of each.
 */
static void
hide_names(Oid catalog, AttrNumber name_column)
{
	Relation	rel = table_open(catalog, RowExclusiveLock);
	int			natts = RelationGetNumberOfAttributes(rel);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Datum	   *values = palloc0(sizeof(Datum) * natts);
		bool	   *nulls = palloc0(sizeof(bool) * natts);
		bool	   *replace = palloc0(sizeof(bool) * natts);
		NameData	name;
		bool		isnull;
		Oid			oid = DatumGetObjectId(heap_getattr(tuple, 1, RelationGetDescr(rel), &isnull));

		if (OidIsValid(getExtensionOfObject(catalog, oid)))
			continue;
		fill_aside_name(&name, oid);
		values[name_column - 1] = NameGetDatum(&name);
		replace[name_column - 1] = true;
		/* one that is to fire always would do so for the model */
		if (catalog == EventTriggerRelationId)
		{
			values[Anum_pg_event_trigger_evtenabled - 1] = CharGetDatum('D');
			replace[Anum_pg_event_trigger_evtenabled - 1] = true;
		}
		tuple = heap_modify_tuple(tuple, RelationGetDescr(rel), values, nulls, replace);
		CatalogTupleUpdate(rel, &tuple->t_self, tuple);
	}
	systable_endscan(scan);
	table_close(rel, RowExclusiveLock);
}

/* Is the object in a schema that was moved aside? */
static bool
is_aside(const ShadowSetup *setup, Oid class_id, Oid oid)
{
	ObjectAddress address;

	if (!OidIsValid(oid))
		return false;
	ObjectAddressSet(address, class_id, oid);
	return OidIsValid(replacement(setup, get_object_namespace(&address)));
}

/* A cast has no name: take those out that belong to the managed schemas. */
static void
remove_casts(const ShadowSetup *setup)
{
	Relation	rel = table_open(CastRelationId, RowExclusiveLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_cast form = (Form_pg_cast) GETSTRUCT(tuple);

		if (form->oid >= FirstNormalObjectId && !OidIsValid(getExtensionOfObject(CastRelationId, form->oid)) &&
			(is_aside(setup, ProcedureRelationId, form->castfunc) ||
			 is_aside(setup, TypeRelationId, form->castsource) ||
			 is_aside(setup, TypeRelationId, form->casttarget)))
			CatalogTupleDelete(rel, &tuple->t_self);
	}
	systable_endscan(scan);
	table_close(rel, RowExclusiveLock);
}

/* ----------
 * The shadow
 * ----------
 */

/*
 * Settings for what runs on the shadow.  They end with the subtransaction.
 *
 * Triggers and event triggers of the database are not meant for it; bodies of
 * functions may name what is made later.
 */
static void
change_settings(void)
{
	int			lock_timeout = LockTimeout > 0 ? Min(LockTimeout, MAX_LOCK_TIMEOUT) : MAX_LOCK_TIMEOUT;

	(void) set_config_option("session_replication_role", "replica", PGC_SUSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	(void) set_config_option("check_function_bodies", "off", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	(void) set_config_option("lock_timeout", psprintf("%d", lock_timeout), PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
}

/* Put the shadow in the place of the schemas. */
static void
set_up(const MigShadow *shadow)
{
	MigExtension extension;
	ShadowSetup setup;
	Oid			userid;
	int			sec_context;
	int			i;

	mig_find_extension(&extension);
	/* two shadows would wait for each other's rows of pg_namespace */
	LockDatabaseObject(RelationRelationId, mig_extension_table(&extension, SHADOW_LOCK_TABLE), SHADOW_LOCK_PART,
					   ShareUpdateExclusiveLock);
	find_schemas(shadow, &setup);
	check_privileges(&setup);

	GetUserIdAndSecContext(&userid, &sec_context);
	SetUserIdAndSecContext(BOOTSTRAP_SUPERUSERID, sec_context | SECURITY_LOCAL_USERID_CHANGE);
	change_settings();
	for (i = 0; i < setup.nschemas; i++)
		replace_schema(&setup.schemas[i]);
	remove_casts(&setup);
	move_members(&setup);
	move_extensions(&setup);
	hide_names(PublicationRelationId, Anum_pg_publication_pubname);
	hide_names(EventTriggerRelationId, Anum_pg_event_trigger_evtname);
	hide_names(ForeignServerRelationId, Anum_pg_foreign_server_srvname);
	hide_names(ForeignDataWrapperRelationId, Anum_pg_foreign_data_wrapper_fdwname);
	CommandCounterIncrement();
	SetUserIdAndSecContext(userid, sec_context);
}

/* An error that the settings of the server are to blame for says which. */
static void
explain_error(ErrorData *edata)
{
	if (edata->sqlerrcode == ERRCODE_OUT_OF_MEMORY && edata->message_id != NULL &&
		strcmp(edata->message_id, "out of shared memory") == 0)
		edata->hint = psprintf("Set \"max_locks_per_transaction\" to " INT64_FORMAT " or more (it is %d) and restart the server: all that the model creates stays locked for a while.",
							   needed_setting(2 * lock_table_size()), max_locks_per_xact);
}

/* Back to what there was before. */
static void
roll_back(MemoryContext context, ResourceOwner owner)
{
	RollbackAndReleaseCurrentSubTransaction();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
}

/*
 * Run something on empty schemas, as the current user; whatever it does to
 * the database is undone, also after an error, which is raised again.
 *
 * What the body wants to keep it allocates in a context of its caller's.
 * Called outside of owner scopes.  Raises 42501, 25006, and MG004 for a
 * shadow within a shadow.
 */
void
mig_on_shadow(const MigShadow *shadow, MigShadowBody body, void *arg)
{
	MemoryContext oldcontext = CurrentMemoryContext;
	ResourceOwner oldowner = CurrentResourceOwner;
	ErrorContextCallback callback;

	mig_prevent_if_read_only(shadow->function);
	refuse_nested(shadow);
	callback.callback = shadow_error_callback;
	callback.arg = NULL;
	callback.previous = error_context_stack;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(oldcontext);
	PG_TRY();
	{
		error_context_stack = &callback;
		set_up(shadow);
		body(arg);
		error_context_stack = callback.previous;
	}
	PG_CATCH();
	{
		ErrorData  *edata;

		MemoryContextSwitchTo(oldcontext);
		edata = CopyErrorData();
		FlushErrorState();
		roll_back(oldcontext, oldowner);
		explain_error(edata);
		ReThrowError(edata);
	}
	PG_END_TRY();
	roll_back(oldcontext, oldowner);
}
