/*-------------------------------------------------------------------------
 *
 * batchkey.c
 *	  The key by whose ranges a table is gone through.
 *
 * The key need not be unique: rows with equal keys are in one range.  But
 * there must be an index in its order, or each batch would read and sort the
 * table.  Without a key, ranges of blocks are gone through.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "batchkey.h"
#include "catalog/namespace.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_index.h"
#include "catalog/pg_inherits.h"
#include "commands/defrem.h"
#include "lib/stringinfo.h"
#include "optimizer/plancat.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/varlena.h"

#define NO_KEY	"ctid"

/* Is an index a B-tree? */
static bool
is_btree(Oid indexid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(indexid));
	bool		btree;

	if (!HeapTupleIsValid(tuple))
		return false;
	btree = ((Form_pg_class) GETSTRUCT(tuple))->relam == BTREE_AM_OID;
	ReleaseSysCache(tuple);
	return btree;
}

/* Is an index one of whole columns and all rows, in an order? */
static bool
is_usable(HeapTuple tuple)
{
	Form_pg_index index = (Form_pg_index) GETSTRUCT(tuple);
	int			i;

	if (!index->indisvalid || !index->indisready || !is_btree(index->indexrelid) ||
		!heap_attisnull(tuple, Anum_pg_index_indpred, NULL))
		return false;
	for (i = 0; i < index->indnkeyatts; i++)
	{
		if (index->indkey.values[i] <= 0)
			return false;
	}
	return true;
}

/* An attribute of a row of pg_index that is an array. */
static void *
index_array(HeapTuple tuple, AttrNumber attribute)
{
	bool		isnull;

	return DatumGetPointer(SysCacheGetAttr(INDEXRELID, tuple, attribute, &isnull));
}

/*
 * Are the first columns of an index in the order of ORDER BY and of ROW() <
 * ROW(), all in the same direction?
 */
static bool
is_in_order(Relation rel, HeapTuple tuple, int ncolumns)
{
	Form_pg_index index = (Form_pg_index) GETSTRUCT(tuple);
	oidvector  *opclasses = index_array(tuple, Anum_pg_index_indclass);
	oidvector  *collations = index_array(tuple, Anum_pg_index_indcollation);
	int2vector *options = index_array(tuple, Anum_pg_index_indoption);
	int			i;

	for (i = 0; i < ncolumns; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(RelationGetDescr(rel), index->indkey.values[i] - 1);
		Oid			opclass = GetDefaultOpClass(attribute->atttypid, BTREE_AM_OID);

		if (!OidIsValid(opclass) ||
			get_opclass_family(opclasses->values[i]) != get_opclass_family(opclass) ||
			collations->values[i] != attribute->attcollation ||
			((options->values[i] ^ options->values[0]) & INDOPTION_DESC) != 0)
			return false;
	}
	return true;
}

/* Is an index unique, over columns that are never null? */
static bool
identifies_rows(Relation rel, Form_pg_index index)
{
	int			i;

	if (!index->indisunique || !index->indimmediate || index->indnkeyatts > MIG_BATCH_MAX_COLUMNS)
		return false;
	for (i = 0; i < index->indnkeyatts; i++)
	{
		if (!TupleDescAttr(RelationGetDescr(rel), index->indkey.values[i] - 1)->attnotnull)
			return false;
	}
	return true;
}

/* Does an index begin with these columns? */
static bool
begins_with(Form_pg_index index, const AttrNumber *columns, int ncolumns)
{
	int			i;

	if (index->indnkeyatts < ncolumns)
		return false;
	for (i = 0; i < ncolumns; i++)
	{
		if (index->indkey.values[i] != columns[i])
			return false;
	}
	return true;
}

/* Add a column to the key. */
static void
add_column(MigBatchKey *key, Relation rel, AttrNumber attnum)
{
	Form_pg_attribute attribute = TupleDescAttr(RelationGetDescr(rel), attnum - 1);
	MigBatchColumn *column = &key->columns[key->ncolumns++];

	column->name = quote_identifier(pstrdup(NameStr(attribute->attname)));
	column->type = format_type_extended(attribute->atttypid, attribute->atttypmod,
										FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY);
	column->nullable = !attribute->attnotnull;
	key->nullable = key->nullable || column->nullable;
}

/*
 * Look for an index: the primary key, else one that identifies rows, or, if
 * columns are given, one that begins with them.
 */
static bool
find_index(MigBatchKey *key, Relation rel, const AttrNumber *columns, int ncolumns)
{
	List	   *indexes = RelationGetIndexList(rel);
	HeapTuple	found = NULL;
	ListCell   *lc;
	int			i;

	foreach(lc, indexes)
	{
		HeapTuple	tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(lfirst_oid(lc)));
		Form_pg_index index;
		bool		fits;

		if (!HeapTupleIsValid(tuple))
			continue;
		index = (Form_pg_index) GETSTRUCT(tuple);
		fits = is_usable(tuple) &&
			(columns ? begins_with(index, columns, ncolumns) : identifies_rows(rel, index)) &&
			is_in_order(rel, tuple, columns ? ncolumns : index->indnkeyatts) &&
			(found == NULL || index->indisprimary);
		if (fits)
			found = heap_copytuple(tuple);
		ReleaseSysCache(tuple);
	}
	list_free(indexes);
	if (found == NULL)
		return false;
	if (columns == NULL)
	{
		Form_pg_index index = (Form_pg_index) GETSTRUCT(found);

		for (i = 0; i < index->indnkeyatts; i++)
			add_column(key, rel, index->indkey.values[i]);
	}
	for (i = 0; i < ncolumns; i++)
		add_column(key, rel, columns[i]);
	return true;
}

/* The key that the caller has named. */
static void
find_wanted(MigBatchKey *key, Relation rel, const char *wanted)
{
	AttrNumber *columns;
	int			ncolumns = 0;
	List	   *names;
	ListCell   *lc;

	if (!SplitIdentifierString(pstrdup(wanted), ',', &names) || names == NIL ||
		list_length(names) > MIG_BATCH_MAX_COLUMNS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid key \"%s\"", wanted),
				 errdetail("It is to be a list of at most %d columns, separated by commas.", MIG_BATCH_MAX_COLUMNS),
				 errhint("For instance key => 'id'; or key => 'ctid' to go without one.")));
	columns = palloc(sizeof(AttrNumber) * list_length(names));
	foreach(lc, names)
	{
		const char *name = (const char *) lfirst(lc);
		AttrNumber	attnum = get_attnum(RelationGetRelid(rel), name);

		if (attnum <= 0)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("column \"%s\" of the key does not exist", name),
					 errdetail("Table %s has no such column.", key->table),
					 errhint("Name columns of the table, or leave the key out for the primary key.")));
		columns[ncolumns++] = attnum;
	}
	if (!find_index(key, rel, columns, ncolumns))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("no index in the order of key (%s)", wanted),
				 errdetail("Each batch would read and sort the whole of table %s.", key->table),
				 errhint("CREATE INDEX CONCURRENTLY ON %s (%s); a partial index does not count, nor does one of another operator class or collation.", key->table, wanted)));
}

/* A key must stay what it is while the rows are gone through. */
static void
check_not_set(const MigBatchKey *key, const MigBatchStatement *statement)
{
	ListCell   *lc;
	int			i;

	foreach(lc, statement->set_columns)
	{
		for (i = 0; i < key->ncolumns; i++)
		{
			if (strcmp(quote_identifier((const char *) lfirst(lc)), key->columns[i].name) == 0)
				ereport(ERROR,
						(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						 errmsg("statement cannot be run in batches by the key that it sets"),
						 errdetail("Rows whose %s changes could be met again in a later batch.", key->columns[i].name),
						 errhint("Name another key, or run the statement as a whole.")));
		}
	}
}

/* Without a key, rows are found by their place, and some statements cannot be. */
static void
check_place(const MigBatchKey *key, Relation rel, const MigBatchStatement *statement)
{
	if (rel->rd_rel->relkind != RELKIND_RELATION || (statement->table->inh && has_subclass(key->relid)))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table %s has no key to go through it in batches", key->table),
				 errdetail("It has partitions or children, so that places of rows are not in one order."),
				 errhint("Add a primary key, or run the statement for each of its partitions.")));
	if (!statement->changes_table && !statement->on_conflict)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table %s has no key to go through it in batches", key->table),
				 errdetail("A row that somebody updates meanwhile could be inserted twice, or not at all."),
				 errhint("Add a primary key, or ON CONFLICT to the statement: rows are gone through until none is new.")));
}

/* How many blocks the table has, now. */
uint32
mig_batch_count_blocks(const MigBatchKey *key)
{
	Relation	rel = table_open(key->relid, AccessShareLock);
	uint32		blocks = RelationGetNumberOfBlocks(rel);

	table_close(rel, NoLock);
	return blocks;
}

/*
 * How large the table is: its blocks, and as many rows in each as the planner
 * would guess, who takes a small table that was never vacuumed for a larger
 * one.
 */
static void
estimate(MigBatchKey *key, Relation rel)
{
	BlockNumber blocks;
	double		all_visible;

	key->rows = rel->rd_rel->reltuples;
	if (!RELKIND_HAS_STORAGE(rel->rd_rel->relkind))
		return;
	estimate_rel_size(rel, NULL, &blocks, &key->rows, &all_visible);
	key->blocks = RelationGetNumberOfBlocks(rel);
	if (blocks > 0)
		key->rows *= (double) key->blocks / blocks;
}

/* The key in words. */
static void
describe(MigBatchKey *key)
{
	StringInfoData buf;
	int			i;

	initStringInfo(&buf);
	appendStringInfo(&buf, "%s by %s", key->table, key->ncolumns == 0 ? NO_KEY : "");
	for (i = 0; i < key->ncolumns; i++)
		appendStringInfo(&buf, "%s%s", i > 0 ? ", " : "", key->columns[i].name);
	key->description = buf.data;
}

/*
 * Find the key of the table that a statement goes through: the columns that
 * "wanted" names, "ctid", or with NULL the primary key or what is like it.
 * The table is looked up as the statement would.
 */
void
mig_batch_find_key(MigBatchKey *key, const MigBatchStatement *statement, const char *wanted)
{
	Relation	rel = table_openrv(statement->table, AccessShareLock);

	MemSet(key, 0, sizeof(MigBatchKey));
	key->relid = RelationGetRelid(rel);
	key->table = psprintf("%s%s", statement->table->inh ? "" : "ONLY ",
						  quote_qualified_identifier(get_namespace_name(RelationGetNamespace(rel)),
													 RelationGetRelationName(rel)));
	if (rel->rd_rel->relkind != RELKIND_RELATION && rel->rd_rel->relkind != RELKIND_PARTITIONED_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("%s is not a table", key->table),
				 errdetail("Batches go through the rows of a table in the order of its key."),
				 errhint("Run the statement as a whole, or over the table below it.")));
	key->columns = palloc(sizeof(MigBatchColumn) * MIG_BATCH_MAX_COLUMNS);
	if (wanted != NULL && pg_strcasecmp(wanted, NO_KEY) != 0)
		find_wanted(key, rel, wanted);
	else if (wanted == NULL)
		(void) find_index(key, rel, NULL, 0);
	check_not_set(key, statement);
	if (key->ncolumns == 0)
		check_place(key, rel, statement);
	estimate(key, rel);
	describe(key);
	table_close(rel, NoLock);
}
