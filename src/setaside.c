/*-------------------------------------------------------------------------
 *
 * setaside.c
 *	  Hidden names for the schemas of the database, and what replaces them.
 *
 * Names are changed in the catalogs directly, which takes no lock on the
 * objects; what makes such an update wrong, caches and dependencies of others
 * that would be out of date, cannot happen to one that never commits.
 *
 * Extensions.  Their members are moved over into the new schemas, mostly by the
 * functions that ALTER EXTENSION ... SET SCHEMA uses, without its locks and
 * whether or not the extension is relocatable: the new schema has the same
 * name, so whatever the extension says by name stays true.  migrate is one of
 * them, and works on as before.
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
#include "access/xact.h"
#include "catalog/catalog.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/objectaddress.h"
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
#include "miscadmin.h"
#include "setaside.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

/* The hidden name of an object. */
static void
fill_aside_name(NameData *name, Oid oid)
{
	namestrcpy(name, psprintf(MIG_ASIDE_PREFIX "%u", oid));
}

/*
 * Find those of the schemas that exist; "created" are those that the model
 * creates itself.
 */
void
mig_find_schemas(const MigNameList *schemas, const MigNameList *created, MigAside *aside)
{
	int			i;

	aside->schemas = palloc0(sizeof(MigAsideSchema) * Max(schemas->count, 1));
	aside->nschemas = 0;
	for (i = 0; i < schemas->count; i++)
	{
		const char *name = schemas->names[i];
		MigAsideSchema *schema = &aside->schemas[aside->nschemas];
		HeapTuple	tuple = SearchSysCache1(NAMESPACENAME, CStringGetDatum(name));

		if (!HeapTupleIsValid(tuple))
			continue;
		schema->name = name;
		schema->created = mig_name_list_contains(created, name);
		schema->old_oid = ((Form_pg_namespace) GETSTRUCT(tuple))->oid;
		schema->owner = ((Form_pg_namespace) GETSTRUCT(tuple))->nspowner;
		ReleaseSysCache(tuple);
		aside->nschemas++;
	}
}

/* Give a schema its hidden name; returns the privileges on it. */
static Datum
hide_schema(const MigAsideSchema *schema, bool *no_acl)
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
set_schema_acl(const MigAsideSchema *schema, Datum acl, bool no_acl)
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
copy_default_privileges(const MigAsideSchema *schema)
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
replace_schema(MigAsideSchema *schema)
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
replacement(const MigAside *aside, Oid old_oid)
{
	int			i;

	for (i = 0; i < aside->nschemas; i++)
	{
		if (aside->schemas[i].old_oid == old_oid)
			return aside->schemas[i].new_oid;
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
move_member(const MigAside *aside, const ObjectAddress *member, ObjectAddresses *moved)
{
	Oid			old_oid;
	Oid			new_oid;

	if (!is_objectclass_supported(member->classId))
		return;
	old_oid = get_object_namespace(member);
	new_oid = OidIsValid(old_oid) ? replacement(aside, old_oid) : InvalidOid;
	if (!OidIsValid(new_oid))
		return;
	if (member->classId == RelationRelationId)
		move_relation(member->objectId, old_oid, new_oid, moved);
	else
		(void) AlterObjectNamespace_oid(member->classId, member->objectId, new_oid, moved);
}

/* Move the members of all extensions. */
static void
move_members(const MigAside *aside)
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
		move_member(aside, &member, moved);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	free_object_addresses(moved);
}

/* Tell the extensions where they are now. */
static void
move_extensions(const MigAside *aside)
{
	Relation	rel = table_open(ExtensionRelationId, RowExclusiveLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		HeapTuple	copy = heap_copytuple(tuple);
		Form_pg_extension form = (Form_pg_extension) GETSTRUCT(copy);
		Oid			old_oid = form->extnamespace;

		if (!OidIsValid(replacement(aside, old_oid)))
			continue;
		form->extnamespace = replacement(aside, old_oid);
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
is_aside(const MigAside *aside, Oid class_id, Oid oid)
{
	ObjectAddress address;

	if (!OidIsValid(oid))
		return false;
	ObjectAddressSet(address, class_id, oid);
	return OidIsValid(replacement(aside, get_object_namespace(&address)));
}

/* A cast has no name: take those out that belong to the managed schemas. */
static void
remove_casts(const MigAside *aside)
{
	Relation	rel = table_open(CastRelationId, RowExclusiveLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_cast form = (Form_pg_cast) GETSTRUCT(tuple);

		if (form->oid >= FirstNormalObjectId && !OidIsValid(getExtensionOfObject(CastRelationId, form->oid)) &&
			(is_aside(aside, ProcedureRelationId, form->castfunc) ||
			 is_aside(aside, TypeRelationId, form->castsource) ||
			 is_aside(aside, TypeRelationId, form->casttarget)))
			CatalogTupleDelete(rel, &tuple->t_self);
	}
	systable_endscan(scan);
	table_close(rel, RowExclusiveLock);
}

/*
 * Give hidden names to the schemas, and to what else of the database has a
 * name that the model may want; put empty schemas in their place, with the
 * extensions that lived in them.  Called as a superuser, in a subtransaction
 * that is going to be rolled back.
 */
void
mig_set_aside(MigAside *aside)
{
	int			i;

	for (i = 0; i < aside->nschemas; i++)
		replace_schema(&aside->schemas[i]);
	remove_casts(aside);
	move_members(aside);
	move_extensions(aside);
	hide_names(PublicationRelationId, Anum_pg_publication_pubname);
	hide_names(EventTriggerRelationId, Anum_pg_event_trigger_evtname);
	if (!aside->keep_servers)
		hide_names(ForeignServerRelationId, Anum_pg_foreign_server_srvname);
	if (!aside->keep_wrappers)
		hide_names(ForeignDataWrapperRelationId, Anum_pg_foreign_data_wrapper_fdwname);
	CommandCounterIncrement();
}
