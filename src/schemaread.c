/*-------------------------------------------------------------------------
 *
 * schemaread.c
 *	  Reading schema data from the catalogs.
 *
 * Each kind has one query; pg_depend is read whole, once, and resolved with
 * a hash of addresses: that is what makes a thousand tables a matter of
 * milliseconds.
 *
 * The deparse functions qualify what the search_path does not find, so it
 * must be that of the names that are wanted.  But no query may be parsed
 * under a path that others can put objects on, or one of its operators could
 * be theirs.  So a cursor is opened with a path of the system's own, and the
 * other path is set before the first row is fetched.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/dependency.h"
#include "catalog/pg_attrdef.h"
#include "catalog/pg_class.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_type.h"
#include "deparsed.h"
#include "executor/spi.h"
#include "guc.h"
#include "kind_column.h"
#include "kinds.h"
#include "miscadmin.h"
#include "namepattern.h"
#include "schemaread.h"
#include "spiutil.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

/* Columns of a kind's query; then come the attributes. */
enum
{
	COL_OBJECT = 1,
	COL_SUBID,
	COL_PARENT_CLASS,
	COL_PARENT_OBJECT,
	COL_PARENT_SUBID,
	COL_SCHEMA,
	COL_NAME,
	COL_ARGUMENTS,
	NUM_FIXED_COLUMNS = COL_ARGUMENTS
};

#define ROWS_AT_ONCE	1000

/* A row of pg_depend that is about objects of users. */
typedef struct Dependency
{
	ObjectAddress object;
	ObjectAddress referenced;
	char		type;
} Dependency;

typedef struct DependencyList
{
	Dependency *items;
	int			count;
	int			capacity;
} DependencyList;

/* For an object that is no fact: the one that it is a part of. */
typedef struct PartEntry
{
	ObjectAddress part;
	ObjectAddress whole;
} PartEntry;

typedef struct Reader
{
	MigSchemaData *data;
	Datum		schemas;		/* oid[] */
	DependencyList dependencies;
	HTAB	   *parts;
	const MigNamePatterns *include;
	const MigNamePatterns *exclude;
} Reader;

/* ----------
 * Settings
 * ----------
 */

/* What texts are printed under; they must read the same anywhere. */
static const char *const pinned_settings[][2] = {
	{"quote_all_identifiers", "off"},
	{"DateStyle", "ISO, YMD"},
	{"IntervalStyle", "postgres"},
	{"TimeZone", "UTC"},
	{"extra_float_digits", "1"},
	{"bytea_output", "hex"},
	{"xmlbinary", "base64"},
	{"jit", "off"}
};

/* Set all but the search_path. */
static void
pin_settings(void)
{
	int			i;

	for (i = 0; i < lengthof(pinned_settings); i++)
		mig_set_for_now(pinned_settings[i][0], pinned_settings[i][1]);
}

/* The schema that unqualified names are made in, or NULL. */
const char *
mig_unqualified_schema(void)
{
	List	   *path = fetch_search_path(false);
	const char *name = path != NIL ? get_namespace_name(linitial_oid(path)) : NULL;

	list_free(path);
	return name;
}

/* ----------
 * Dependencies
 * ----------
 */

/* The extension's own rows of pg_depend are of no interest, nor the system's. */
static void
note_dependency(Reader *reader, Form_pg_depend row)
{
	DependencyList *list = &reader->dependencies;
	Dependency *dependency;

	if (list->count == list->capacity)
	{
		Size		size;

		list->capacity = Max(list->capacity * 2, 1024);
		size = sizeof(Dependency) * list->capacity;
		list->items = list->items ? repalloc_huge(list->items, size) : palloc(size);
	}
	dependency = &list->items[list->count++];
	ObjectAddressSubSet(dependency->object, row->classid, row->objid, row->objsubid);
	ObjectAddressSubSet(dependency->referenced, row->refclassid, row->refobjid, row->refobjsubid);
	dependency->type = row->deptype;
}

/*
 * Is the object made by the server along with another, so that who needs it
 * needs that one?  A row type, an index behind a constraint, what a partition
 * got from its parent, a member of an extension.
 */
static bool
is_part(Form_pg_depend row)
{
	return row->deptype == DEPENDENCY_INTERNAL || row->deptype == DEPENDENCY_PARTITION_PRI ||
		row->deptype == DEPENDENCY_EXTENSION;
}

/* Read all of pg_depend that is about objects of users. */
static void
read_dependencies(Reader *reader)
{
	Relation	rel = table_open(DependRelationId, AccessShareLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	HASHCTL		ctl = {0};
	HeapTuple	tuple;

	ctl.keysize = sizeof(ObjectAddress);
	ctl.entrysize = sizeof(PartEntry);
	ctl.hcxt = CurrentMemoryContext;
	reader->parts = hash_create("migrate parts", 1024, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend row = (Form_pg_depend) GETSTRUCT(tuple);

		CHECK_FOR_INTERRUPTS();
		if (row->objid < FirstNormalObjectId || row->refobjid < FirstNormalObjectId)
			continue;
		if (is_part(row))
		{
			ObjectAddress part;
			PartEntry  *entry;

			ObjectAddressSet(part, row->classid, row->objid);
			entry = hash_search(reader->parts, &part, HASH_ENTER, NULL);
			ObjectAddressSubSet(entry->whole, row->refclassid, row->refobjid, row->refobjsubid);
		}
		note_dependency(reader, row);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
}

/* Is it a member of an extension? */
static bool
is_member(const Reader *reader, Oid class_id, Oid object_id)
{
	ObjectAddress part;
	PartEntry  *entry;

	ObjectAddressSet(part, class_id, object_id);
	entry = hash_search(reader->parts, &part, HASH_FIND, NULL);
	return entry && entry->whole.classId == ExtensionRelationId;
}

/* The fact that an address belongs to, or NULL. */
static MigFact *
resolve_address(const Reader *reader, ObjectAddress address)
{
	int			depth;

	/* an index of a partition's constraint: index, constraint, parent's */
	for (depth = 0; depth < 10; depth++)
	{
		MigFact    *fact = mig_fact_at(reader->data, address.classId, address.objectId, address.objectSubId);
		ObjectAddress part;
		PartEntry  *entry;

		if (fact == NULL && address.objectSubId != 0)
			fact = mig_fact_at(reader->data, address.classId, address.objectId, 0);
		if (fact)
			return fact;
		ObjectAddressSet(part, address.classId, address.objectId);
		entry = hash_search(reader->parts, &part, HASH_FIND, NULL);
		if (entry == NULL)
			return NULL;
		address = entry->whole;
	}
	return NULL;
}

/* The fact of the OWNED BY of a sequence, or NULL. */
static MigFact *
sequence_owner(MigFact *sequence)
{
	return mig_fact_find(sequence->data, &mig_kind_sequence_owner,
						 psprintf("%s %s", sequence->kind->name, sequence->identity));
}

/*
 * The expression of a generated column is no fact; what it needs, the column
 * needs.
 */
static void
note_generated(Reader *reader)
{
	int			i;

	for (i = 0; i < reader->dependencies.count; i++)
	{
		const Dependency *dependency = &reader->dependencies.items[i];
		ObjectAddress part = dependency->object;
		MigFact    *column;

		if (part.classId != AttrDefaultRelationId || mig_fact_at(reader->data, part.classId, part.objectId, 0) ||
			dependency->referenced.classId != RelationRelationId ||
			(dependency->type != DEPENDENCY_AUTO && dependency->type != DEPENDENCY_INTERNAL))
			continue;
		column = mig_fact_at(reader->data, RelationRelationId, dependency->referenced.objectId,
							 dependency->referenced.objectSubId);
		if (column && column->kind == &mig_kind_column && mig_value(column, "generated"))
		{
			PartEntry  *entry = hash_search(reader->parts, &part, HASH_ENTER, NULL);

			entry->whole = dependency->referenced;
		}
	}
}

/*
 * A column or a constraint of a child table comes with that of the parent, and
 * has to be there for the table to be a partition.
 */
static void
note_inherited(MigSchemaData *data)
{
	int			i;
	int			j;

	for (i = 0; i < data->nfacts; i++)
	{
		MigFact    *fact = data->facts[i];
		MigFact    *partition;

		if ((fact->kind != &mig_kind_column && fact->kind != &mig_kind_constraint) ||
			mig_value(fact, "inherited") == NULL)
			continue;
		partition = mig_fact_find(data, &mig_kind_partition,
								  psprintf("%s %s", fact->parent->kind->name, fact->parent->identity));
		if (partition)
			mig_fact_need(partition, fact);
		for (j = 0; j < fact->parent->nneeds; j++)
		{
			const MigFact *table = fact->parent->needs[j];
			MigFact    *origin;

			if (table->kind != &mig_kind_table)
				continue;
			origin = mig_fact_find(data, fact->kind, fact->kind == &mig_kind_column ?
								   psprintf("%s.%s", table->identity, quote_identifier(fact->name)) :
								   psprintf("%s on %s", quote_identifier(fact->name), table->identity));
			if (origin)
				mig_fact_need(fact, origin);
			if (origin && partition)
				mig_fact_need(partition, origin);
			if (partition)
				mig_fact_need(partition, fact->parent->needs[j]);
		}
	}
}

/* Turn pg_depend into what facts need. */
static void
resolve_dependencies(Reader *reader)
{
	int			i;

	note_generated(reader);
	for (i = 0; i < reader->dependencies.count; i++)
	{
		const Dependency *dependency = &reader->dependencies.items[i];
		MigFact    *fact;
		MigFact    *needed;

		CHECK_FOR_INTERRUPTS();
		if (dependency->type == DEPENDENCY_AUTO_EXTENSION)
			continue;
		fact = resolve_address(reader, dependency->object);
		needed = fact ? resolve_address(reader, dependency->referenced) : NULL;
		if (needed == NULL)
			continue;
		/* a column's default needs the sequence that goes with the column */
		if (fact->kind == &mig_kind_sequence && needed->kind == &mig_kind_column)
			fact = sequence_owner(fact);
		if (fact)
			mig_fact_need(fact, needed);
	}
	note_inherited(reader->data);
}

/* ----------
 * Facts
 * ----------
 */

/* A column of the row that is text, or NULL. */
static char *
get_text(HeapTuple tuple, TupleDesc desc, int column)
{
	bool		isnull;
	Datum		value = SPI_getbinval(tuple, desc, column, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

/* A column of the row that is an OID or an integer. */
static uint32
get_number(HeapTuple tuple, TupleDesc desc, int column)
{
	bool		isnull;
	Datum		value = SPI_getbinval(tuple, desc, column, &isnull);

	return isnull ? 0 : DatumGetUInt32(value);
}

/* Is the fact one that the user has left out? */
static bool
is_left_out(const Reader *reader, const MigKind *kind, const char *schema, const char *name)
{
	if (mig_name_matches(reader->exclude, kind->name, schema, name))
		return true;
	return reader->include->count > 0 && kind != &mig_kind_schema &&
		!mig_name_matches(reader->include, kind->name, schema, name);
}

/* Make a fact of a row, unless it is not ours to compare. */
static void
add_row(Reader *reader, const MigKind *kind, HeapTuple tuple, TupleDesc desc)
{
	Oid			object = get_number(tuple, desc, COL_OBJECT);
	Oid			parent_class = get_number(tuple, desc, COL_PARENT_CLASS);
	MigFact    *parent = NULL;
	MigFact    *fact;
	const char *schema;
	const char *name;
	int			i;

	if (OidIsValid(parent_class))
	{
		parent = mig_fact_at(reader->data, parent_class, get_number(tuple, desc, COL_PARENT_OBJECT),
							 (int32) get_number(tuple, desc, COL_PARENT_SUBID));
		if (parent == NULL)
			return;
	}
	if (OidIsValid(kind->class_id) && is_member(reader, kind->class_id, object))
		return;
	schema = get_text(tuple, desc, COL_SCHEMA);
	name = get_text(tuple, desc, COL_NAME);
	if ((parent == NULL || kind == &mig_kind_index || kind == &mig_kind_statistics) &&
		is_left_out(reader, kind, schema, name))
		return;
	fact = mig_fact_add(reader->data, kind, parent, schema, name, get_text(tuple, desc, COL_ARGUMENTS));
	if (fact == NULL)
		return;
	for (i = 0; i < desc->natts - NUM_FIXED_COLUMNS; i++)
	{
		const char *value = get_text(tuple, desc, NUM_FIXED_COLUMNS + 1 + i);

		fact->values[i] = kind->attributes[i].deparsed ? mig_lasting_form(value) : value;
	}
	if (OidIsValid(kind->class_id))
		mig_fact_set_address(fact, kind->class_id, object, (int32) get_number(tuple, desc, COL_SUBID));
}

/* Is this kind compared at all? */
static bool
is_wanted(const MigKind *kind)
{
	if (kind == &mig_kind_comment)
		return mig_compare_comment;
	if (kind == &mig_kind_owner || kind == &mig_kind_privilege)
		return mig_compare_privileges;
	return kind->query != NULL;
}

/* Run the query of a kind. */
static void
read_kind(Reader *reader, const MigKind *kind)
{
	MemoryContext row_context = CurrentMemoryContext;
	Oid			types[1] = {OIDARRAYOID};
	Datum		values[1] = {reader->schemas};
	const char *path = reader->data->path_schema ? quote_identifier(reader->data->path_schema) : "pg_catalog";
	int			nattributes = mig_kind_nattributes(kind);
	Portal		portal;

	mig_set_for_now("search_path", "pg_catalog, pg_temp");
	portal = SPI_cursor_open_with_args(NULL, kind->query, 1, types, values, NULL, false, 0);
	mig_set_for_now("search_path", path);
	for (;;)
	{
		uint64		i;

		CHECK_FOR_INTERRUPTS();
		SPI_cursor_fetch(portal, true, ROWS_AT_ONCE);
		if (SPI_processed == 0)
			break;
		if (SPI_tuptable->tupdesc->natts != NUM_FIXED_COLUMNS + nattributes)
			elog(ERROR, "the query of kind \"%s\" has %d columns", kind->name, SPI_tuptable->tupdesc->natts);
		MemoryContextSwitchTo(reader->data->context);
		for (i = 0; i < SPI_processed; i++)
			add_row(reader, kind, SPI_tuptable->vals[i], SPI_tuptable->tupdesc);
		MemoryContextSwitchTo(row_context);
		SPI_freetuptable(SPI_tuptable);
	}
	SPI_cursor_close(portal);
	MemoryContextSwitchTo(row_context);
}

/* The OIDs of those schemas that exist. */
static Datum
schema_oids(const MigNameList *schemas)
{
	Datum	   *oids = palloc(sizeof(Datum) * Max(schemas->count, 1));
	int			n = 0;
	int			i;

	for (i = 0; i < schemas->count; i++)
	{
		Oid			oid = get_namespace_oid(schemas->names[i], true);

		if (OidIsValid(oid))
			oids[n++] = ObjectIdGetDatum(oid);
	}
	return PointerGetDatum(construct_array(oids, n, OIDOID, sizeof(Oid), true, TYPALIGN_INT));
}

/*
 * Read the schema data of the named schemas, and of what is in no schema.
 * SQL will be written for sessions in which unqualified names mean
 * path_schema; NULL: with all names qualified.  The result is in a context of
 * its own, a child of the current one.
 *
 * Reads as of now; who changes the catalogs meanwhile may make it fail with
 * the server's own errors.
 */
MigSchemaData *
mig_schema_data_read(const MigNameList *schemas, const char *path_schema)
{
	MigSchemaData *data = mig_schema_data_create(path_schema);
	MemoryContext oldcontext = CurrentMemoryContext;
	MemoryContext context = AllocSetContextCreate(oldcontext, "migrate schema read", ALLOCSET_DEFAULT_SIZES);
	Reader		reader = {0};
	int			guc_nestlevel = NewGUCNestLevel();
	int			i;

	MemoryContextSwitchTo(context);
	CommandCounterIncrement();
	pin_settings();
	reader.data = data;
	reader.schemas = schema_oids(schemas);
	reader.include = mig_parse_name_patterns("migrate.include", mig_include);
	reader.exclude = mig_parse_name_patterns("migrate.exclude", mig_exclude);
	read_dependencies(&reader);
	mig_spi_connect();
	for (i = 0; i < mig_nkinds; i++)
	{
		if (is_wanted(mig_kinds[i]))
			read_kind(&reader, mig_kinds[i]);
	}
	mig_spi_finish();
	resolve_dependencies(&reader);
	AtEOXact_GUC(false, guc_nestlevel);
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(context);
	return data;
}
