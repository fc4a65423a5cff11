/*-------------------------------------------------------------------------
 *
 * fact.c
 *	  Schema data: what is known of the objects of the managed schemas.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "fact.h"
#include "guc.h"
#include "report.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

/* Identities are unique among facts of one kind. */
typedef struct FactKey
{
	const MigKind *kind;
	const char *identity;
} FactKey;

typedef struct KeyEntry
{
	FactKey		key;
	MigFact    *fact;
} KeyEntry;

typedef struct AddressEntry
{
	ObjectAddress address;
	MigFact    *fact;
} AddressEntry;

static uint32
hash_key(const void *key, Size keysize)
{
	const FactKey *k = (const FactKey *) key;

	return hash_combine(hash_bytes((const unsigned char *) &k->kind, sizeof(k->kind)),
						hash_bytes((const unsigned char *) k->identity, (int) strlen(k->identity)));
}

static int
match_key(const void *key1, const void *key2, Size keysize)
{
	const FactKey *a = (const FactKey *) key1;
	const FactKey *b = (const FactKey *) key2;

	return a->kind != b->kind || strcmp(a->identity, b->identity) != 0;
}

/*
 * Make empty schema data, in a memory context of its own that is a child of
 * the current one.  Names in path_schema are written without it.
 */
MigSchemaData *
mig_schema_data_create(const char *path_schema)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "migrate schema data",
												  ALLOCSET_DEFAULT_SIZES);
	MigSchemaData *data = MemoryContextAllocZero(context, sizeof(MigSchemaData));
	HASHCTL		ctl = {0};

	data->context = context;
	data->path_schema = path_schema ? MemoryContextStrdup(context, path_schema) : NULL;
	ctl.hcxt = context;
	ctl.keysize = sizeof(FactKey);
	ctl.entrysize = sizeof(KeyEntry);
	ctl.hash = hash_key;
	ctl.match = match_key;
	data->by_key = hash_create("migrate facts by identity", 1024, &ctl,
							   HASH_ELEM | HASH_FUNCTION | HASH_COMPARE | HASH_CONTEXT);
	MemSet(&ctl, 0, sizeof(ctl));
	ctl.hcxt = context;
	ctl.keysize = sizeof(ObjectAddress);
	ctl.entrysize = sizeof(AddressEntry);
	data->by_address = hash_create("migrate facts by address", 1024, &ctl,
								   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	return data;
}

/* Free it all. */
void
mig_schema_data_free(MigSchemaData *data)
{
	MemoryContextDelete(data->context);
}

/* The identity that a kind makes of the names. */
static char *
make_identity(const MigKind *kind, const MigFact *parent, const char *schema, const char *name,
			  const char *arguments)
{
	StringInfoData buf;
	char	   *identity;

	initStringInfo(&buf);
	switch (kind->identity)
	{
		case MIG_IDENTITY_NAME:
			appendStringInfoString(&buf, quote_identifier(name));
			break;
		case MIG_IDENTITY_QUALIFIED:
		case MIG_IDENTITY_ROUTINE:
			if (schema)
				appendStringInfo(&buf, "%s.", quote_identifier(schema));
			appendStringInfoString(&buf, quote_identifier(name));
			if (kind->identity == MIG_IDENTITY_ROUTINE)
				appendStringInfo(&buf, "(%s)", arguments ? arguments : "");
			break;
		case MIG_IDENTITY_MEMBER:
			appendStringInfo(&buf, "%s.%s", parent->identity, quote_identifier(name));
			break;
		case MIG_IDENTITY_ON_PARENT:
			appendStringInfo(&buf, "%s on %s", quote_identifier(name), parent->identity);
			break;
		case MIG_IDENTITY_PARENT:
			/* a comment may be on anything, and a view is no table */
			if (kind->class_id == InvalidOid)
				appendStringInfo(&buf, "%s %s", parent->kind->name, parent->identity);
			else
				appendStringInfoString(&buf, parent->identity);
			if (name[0] != '\0')
				appendStringInfo(&buf, " for %s", quote_identifier(name));
			break;
	}
	/* the room to spare of a StringInfo is more than most identities take */
	identity = pstrdup(buf.data);
	pfree(buf.data);
	return identity;
}

/*
 * Add a fact; its values are all null.  Strings are copied.  NULL if there is
 * one of that identity already.
 */
MigFact *
mig_fact_add(MigSchemaData *data, const MigKind *kind, MigFact *parent, const char *schema, const char *name,
			 const char *arguments)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(data->context);
	MigFact    *fact = palloc0(sizeof(MigFact));
	KeyEntry   *entry;
	FactKey		key;
	bool		found;

	fact->kind = kind;
	fact->data = data;
	fact->parent = parent;
	fact->schema = schema ? pstrdup(schema) : NULL;
	fact->name = pstrdup(name);
	fact->arguments = arguments ? pstrdup(arguments) : NULL;
	fact->identity = make_identity(kind, parent, schema, name, arguments);
	fact->values = palloc0(sizeof(char *) * Max(mig_kind_nattributes(kind), 1));
	key.kind = kind;
	key.identity = fact->identity;
	entry = hash_search(data->by_key, &key, HASH_ENTER, &found);
	if (!found)
	{
		entry->fact = fact;
		if (data->nfacts == data->capacity)
		{
			data->capacity = Max(data->capacity * 2, 256);
			data->facts = data->facts ? repalloc_huge(data->facts, sizeof(MigFact *) * data->capacity) :
				palloc(sizeof(MigFact *) * data->capacity);
		}
		fact->index = data->nfacts;
		data->facts[data->nfacts++] = fact;
		if (parent)
			mig_fact_need(fact, parent);
	}
	MemoryContextSwitchTo(oldcontext);
	return found ? NULL : fact;
}

/* The fact of that kind and identity, or NULL. */
MigFact *
mig_fact_find(const MigSchemaData *data, const MigKind *kind, const char *identity)
{
	FactKey		key = {kind, identity};
	KeyEntry   *entry = hash_search(data->by_key, &key, HASH_FIND, NULL);

	return entry ? entry->fact : NULL;
}

/* Clear the padding that a key compared as bytes must not have. */
static ObjectAddress
make_address(Oid class_id, Oid object_id, int32 subid)
{
	ObjectAddress address;

	MemSet(&address, 0, sizeof(address));
	address.classId = class_id;
	address.objectId = object_id;
	address.objectSubId = subid;
	return address;
}

/* The fact at an address of the place where the data were read, or NULL. */
MigFact *
mig_fact_at(const MigSchemaData *data, Oid class_id, Oid object_id, int32 subid)
{
	ObjectAddress address = make_address(class_id, object_id, subid);
	AddressEntry *entry = hash_search(data->by_address, &address, HASH_FIND, NULL);

	return entry ? entry->fact : NULL;
}

/* Make a fact known under an address; it may have several. */
void
mig_fact_set_address(MigFact *fact, Oid class_id, Oid object_id, int32 subid)
{
	ObjectAddress address = make_address(class_id, object_id, subid);
	AddressEntry *entry = hash_search(fact->data->by_address, &address, HASH_ENTER, NULL);

	entry->fact = fact;
	if (!OidIsValid(fact->address.classId))
		fact->address = address;
}

/* Does the fact need the other directly? */
bool
mig_fact_needs(const MigFact *fact, const MigFact *needed)
{
	int			i;

	for (i = 0; i < fact->nneeds; i++)
	{
		if (fact->needs[i] == needed)
			return true;
	}
	return false;
}

/* Note that a fact cannot exist without another. */
void
mig_fact_need(MigFact *fact, MigFact *needed)
{
	if (fact == needed || mig_fact_needs(fact, needed))
		return;
	if (fact->nneeds == fact->needs_capacity)
	{
		Size		size;

		fact->needs_capacity = Max(fact->needs_capacity * 2, 4);
		size = sizeof(MigFact *) * fact->needs_capacity;
		fact->needs = fact->needs ? repalloc(fact->needs, size) :
			MemoryContextAlloc(fact->data->context, size);
	}
	fact->needs[fact->nneeds++] = needed;
}

/* How many attributes facts of the kind have. */
int
mig_kind_nattributes(const MigKind *kind)
{
	int			n = 0;

	while (kind->attributes && kind->attributes[n].name)
		n++;
	return n;
}

/* Which attribute of the kind has that name. */
static int
attribute_number(const MigKind *kind, const char *attribute)
{
	int			i;

	for (i = 0; kind->attributes[i].name; i++)
	{
		if (strcmp(kind->attributes[i].name, attribute) == 0)
			return i;
	}
	elog(ERROR, "facts of kind \"%s\" have no attribute \"%s\"", kind->name, attribute);
}

/* The value of an attribute; NULL: not set. */
const char *
mig_value(const MigFact *fact, const char *attribute)
{
	return fact->values[attribute_number(fact->kind, attribute)];
}

/* Is an attribute set to that value? */
bool
mig_value_is(const MigFact *fact, const char *attribute, const char *value)
{
	const char *actual = mig_value(fact, attribute);

	return actual != NULL && strcmp(actual, value) == 0;
}

/* Are two values the same, or both not set? */
static bool
equal_values(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* Do both have the same value, or none? */
bool
mig_same_value(const MigFact *from, const MigFact *to, const char *attribute)
{
	int			n = attribute_number(from->kind, attribute);

	return equal_values(from->values[n], to->values[n]);
}

/* Is a difference in such an attribute one? */
static bool
is_compared(const MigAttribute *attribute)
{
	switch (attribute->compare)
	{
		case MIG_COMPARE_NEVER:
			return false;
		case MIG_COMPARE_TYPE:
			return mig_compare_type;
		case MIG_COMPARE_COMMENT:
			return mig_compare_comment;
		case MIG_COMPARE_DEFAULT:
			return mig_compare_server_default;
		case MIG_COMPARE_ALWAYS:
			break;
	}
	return true;
}

/* Do two facts of one kind differ in the n-th attribute, if it is compared? */
bool
mig_attribute_differs(const MigFact *from, const MigFact *to, int attribute)
{
	return is_compared(&from->kind->attributes[attribute]) &&
		!equal_values(from->values[attribute], to->values[attribute]);
}

/*
 * Is it in another object on the other side?  Nothing in the name of an index
 * says which table it is on.
 */
bool
mig_fact_moves(const MigFact *from, const MigFact *to)
{
	return from->parent != NULL && from->parent->twin != to->parent;
}

/* Do two facts of one kind differ in anything that is compared? */
bool
mig_fact_differs(const MigFact *from, const MigFact *to)
{
	int			n = mig_kind_nattributes(from->kind);
	int			i;

	if (mig_fact_moves(from, to))
		return true;
	for (i = 0; i < n; i++)
	{
		if (mig_attribute_differs(from, to, i))
			return true;
	}
	return false;
}

/* Has the system a function of that name, whatever its arguments? */
static bool
is_system_routine(const char *name)
{
	CatCList   *list = SearchSysCacheList1(PROCNAMEARGSNSP, CStringGetDatum(name));
	bool		found = false;
	int			i;

	for (i = 0; i < list->n_members && !found; i++)
	{
		HeapTuple	tuple = &list->members[i]->tuple;

		found = ((Form_pg_proc) GETSTRUCT(tuple))->pronamespace == PG_CATALOG_NAMESPACE;
	}
	ReleaseSysCacheList(list);
	return found;
}

/* Would the bare name find an object of the system instead? */
static bool
is_hidden_by_system(const MigFact *fact)
{
	if ((fact->kind->names & MIG_NAMES_RELATION) &&
		OidIsValid(get_relname_relid(fact->name, PG_CATALOG_NAMESPACE)))
		return true;
	if ((fact->kind->names & MIG_NAMES_TYPE) &&
		OidIsValid(GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum(fact->name),
								   ObjectIdGetDatum(PG_CATALOG_NAMESPACE))))
		return true;
	return fact->kind->identity == MIG_IDENTITY_ROUTINE && is_system_routine(fact->name);
}

/*
 * The name for use in SQL: without the schema if that is where unqualified
 * names are looked for and made.
 */
const char *
mig_sql_name(const MigFact *fact)
{
	const char *name = quote_identifier(fact->name);

	if (fact->schema == NULL)
		return name;
	if (fact->data->path_schema && strcmp(fact->schema, fact->data->path_schema) == 0 &&
		!is_hidden_by_system(fact))
		return name;
	return psprintf("%s.%s", quote_identifier(fact->schema), name);
}

/* The name without any schema: of a column, a constraint, a new name. */
const char *
mig_sql_local_name(const MigFact *fact)
{
	return quote_identifier(fact->name);
}

/* Find for each fact of one side the same on the other. */
void
mig_match_facts(MigSchemaData *from, MigSchemaData *to)
{
	int			i;

	for (i = 0; i < to->nfacts; i++)
		to->facts[i]->twin = NULL;
	for (i = 0; i < from->nfacts; i++)
	{
		MigFact    *fact = from->facts[i];
		MigFact    *twin = fact->ignored ? NULL : mig_fact_find(to, fact->kind, fact->identity);

		fact->twin = twin && !twin->ignored ? twin : NULL;
		if (fact->twin)
			twin->twin = fact;
	}
}

/* ----------
 * SQL
 * ----------
 */

/* Append a copy of a piece of SQL. */
void
mig_sql_append(MigSqlList *sql, const MigSql *item)
{
	if (sql->count == sql->capacity)
	{
		sql->capacity = Max(sql->capacity * 2, 8);
		sql->items = sql->items ? repalloc(sql->items, sizeof(MigSql) * sql->capacity) :
			palloc(sizeof(MigSql) * sql->capacity);
	}
	sql->items[sql->count++] = *item;
}

/* Append one more piece of SQL. */
static void
add_sql(MigSqlList *sql, MigSqlForm form, const MigFact *table, const char *text)
{
	MigSql		item = {form, table, text, NULL};

	mig_sql_append(sql, &item);
}

/* Append a statement. */
void
mig_sql_statement(MigSqlList *sql, const char *format,...)
{
	va_list		args;

	va_start(args, format);
	add_sql(sql, MIG_SQL_STATEMENT, NULL, mig_format(format, args));
	va_end(args);
}

/* Append what follows ALTER TABLE name. */
void
mig_sql_action(MigSqlList *sql, const MigFact *table, const char *format,...)
{
	va_list		args;

	va_start(args, format);
	add_sql(sql, MIG_SQL_TABLE_ACTION, table, mig_format(format, args));
	va_end(args);
}

/* Say what data is lost by what was appended last. */
void
mig_sql_loses(MigSqlList *sql, const char *format,...)
{
	va_list		args;

	va_start(args, format);
	sql->items[sql->count - 1].loses = mig_format(format, args);
	va_end(args);
}
