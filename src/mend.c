/*-------------------------------------------------------------------------
 *
 * mend.c
 *	  What statements with CONCURRENTLY leave behind when they fail.
 *
 * CREATE INDEX CONCURRENTLY and REINDEX CONCURRENTLY leave an invalid index,
 * which every change of the table goes on maintaining, and behind which IF
 * NOT EXISTS does nothing.  One that has the very name that is wanted is
 * dropped, whoever left it.  Where the server makes up the name, the invalid
 * indexes that were there before the first try are noted in
 * migrate_unfinished; any other one is ours, and is dropped.  Nobody else can
 * be building it just now: that takes the lock that we hold meanwhile.
 *
 * The list that is noted begins with the OID of a table, which is not one of
 * an index, so that it is never empty.
 *
 * Runs at top level, in transactions of its own.  Indexes are dropped as the
 * role of the script.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "catalog/namespace.h"
#include "catalog/partition.h"
#include "catalog/pg_index.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "mend.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "security.h"
#include "spiutil.h"
#include "stmtoption.h"
#include "storage/lmgr.h"
#include "tcop/tcopprot.h"
#include "toplevel.h"
#include "unfinished.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

/* What a REINDEX could leave. */
static void
begin_reindex(MigMend *mend, const ReindexStmt *stmt)
{
	mend->relation = stmt->relation;
	if (!mig_has_true_option(stmt->params, "concurrently"))
		return;
	switch (stmt->kind)
	{
		case REINDEX_OBJECT_INDEX:
			mend->kind = MIG_MEND_INDEX;
			break;
		case REINDEX_OBJECT_TABLE:
			mend->kind = MIG_MEND_TABLE;
			break;
		case REINDEX_OBJECT_SCHEMA:
			mend->kind = MIG_MEND_SCHEMA;
			mend->name = stmt->name;
			break;
		default:
			mend->kind = MIG_MEND_DATABASE;
			break;
	}
}

/* What an ALTER TABLE could leave. */
static void
begin_alter_table(MigMend *mend, const AlterTableStmt *stmt)
{
	AlterTableCmd *cmd = linitial_node(AlterTableCmd, stmt->cmds);

	if (cmd->subtype != AT_DetachPartition || !((PartitionCmd *) cmd->def)->concurrent)
		return;
	mend->kind = MIG_MEND_DETACH;
	mend->relation = stmt->relation;
	mend->partition = ((PartitionCmd *) cmd->def)->name;
}

/*
 * Find out what a statement could leave.  What is found lives in the current
 * memory context.
 */
void
mig_mend_begin(MigMend *mend, const char *schema_name, const char *revision, const char *text)
{
	Node	   *stmt = linitial_node(RawStmt, pg_parse_query(text))->stmt;

	MemSet(mend, 0, sizeof(MigMend));
	mend->schema_name = schema_name;
	mend->revision = revision;
	if (IsA(stmt, IndexStmt) && ((IndexStmt *) stmt)->concurrent)
	{
		mend->kind = MIG_MEND_TABLE;
		mend->relation = ((IndexStmt *) stmt)->relation;
		mend->name = ((IndexStmt *) stmt)->idxname;
	}
	else if (IsA(stmt, ReindexStmt))
		begin_reindex(mend, (ReindexStmt *) stmt);
	else if (IsA(stmt, AlterTableStmt))
		begin_alter_table(mend, (AlterTableStmt *) stmt);
}

/*
 * The condition on pg_index (i) for indexes that the statement is about, with
 * $1; InvalidOid if what it names does not exist.
 */
static const char *
indexes_in_question(const MigMend *mend, Oid *object)
{
	switch (mend->kind)
	{
		case MIG_MEND_TABLE:
			*object = RangeVarGetRelid(mend->relation, NoLock, true);
			break;
		case MIG_MEND_INDEX:
			*object = RangeVarGetRelid(mend->relation, NoLock, true);
			if (OidIsValid(*object))
				*object = IndexGetRelation(*object, true);
			break;
		case MIG_MEND_SCHEMA:
			*object = get_namespace_oid(mend->name, true);
			return "t.relnamespace = $1";
		default:
			*object = MyDatabaseId;
			return "$1 IS NOT NULL AND t.relnamespace <> 'pg_catalog'::pg_catalog.regnamespace";
	}
	return "(t.oid = $1 OR t.oid IN (SELECT relid FROM pg_catalog.pg_partition_tree($1)))";
}

/*
 * The invalid indexes that the statement is about and that "userid" may drop.
 * An index that belongs to a partitioned one is invalid for other reasons.
 */
static List *
find_invalid(const char *condition, Oid object, Oid userid, const char *name)
{
	MigSpiArgument arguments[] = {
		{OIDOID, ObjectIdGetDatum(object), false},
		{OIDOID, ObjectIdGetDatum(userid), false},
		mig_spi_text(name)
	};
	char	   *sql;

	sql = psprintf("SELECT i.indexrelid FROM pg_catalog.pg_index i"
				   " JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid"
				   " JOIN pg_catalog.pg_class t ON i.indrelid IN (t.oid, t.reltoastrelid)"
				   " WHERE NOT i.indisvalid AND c.relkind = 'i' AND NOT c.relispartition"
				   " AND t.relkind IN ('r', 'm') AND ($3 IS NULL OR c.relname::pg_catalog.text = $3)"
				   " AND pg_catalog.pg_has_role($2, c.relowner, 'USAGE')"
				   " AND pg_catalog.has_schema_privilege($2, c.relnamespace, 'USAGE') AND %s ORDER BY 1", condition);
	mig_spi_execute(SPI_OK_SELECT, sql, lengthof(arguments), arguments);
	return mig_spi_get_oids();
}

/*
 * The invalid indexes that were not there before the first try; before that,
 * those that are there are noted.  Called in an owner scope.
 */
static List *
find_new_invalid(const MigMend *mend, const MigExtension *extension, const char *condition, Oid object, Oid userid)
{
	List	   *found = find_invalid(condition, object, userid, NULL);
	List	   *noted = mig_unfinished_indexes(extension, mend->schema_name, mend->revision);

	if (noted != NIL)
		return list_difference_oid(found, noted);
	mig_unfinished_note_indexes(extension, mend->schema_name, mend->revision, lcons_oid(object, found));
	return NIL;
}

/* The invalid indexes that are ours to drop. */
static List *
find_leftovers(const MigMend *mend)
{
	Oid			object;
	const char *condition = indexes_in_question(mend, &object);
	MigOwnerScope scope;
	List	   *leftovers;

	if (!OidIsValid(object))
		return NIL;
	PushActiveSnapshot(GetTransactionSnapshot());
	mig_enter_owner(&scope);
	if (mend->kind == MIG_MEND_TABLE && mend->name != NULL)
		leftovers = find_invalid(condition, object, scope.userid, mend->name);
	else
		leftovers = find_new_invalid(mend, &scope.extension, condition, object, scope.userid);
	mig_leave_owner(&scope);
	PopActiveSnapshot();
	return leftovers;
}

/*
 * Lock the table of an index for the session, so that nobody builds an index
 * on it, and see if there is still something to drop.  Returns the statement
 * that does, or NULL; then the table is not locked.
 */
static char *
lock_for_drop(Oid index, LockRelId *table)
{
	HeapTuple	tuple;
	bool		is_valid = true;

	table->relId = IndexGetRelation(index, true);
	table->dbId = MyDatabaseId;
	if (!OidIsValid(table->relId))
		return NULL;
	LockRelationOid(table->relId, ShareUpdateExclusiveLock);
	tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(index));
	if (HeapTupleIsValid(tuple))
	{
		is_valid = ((Form_pg_index) GETSTRUCT(tuple))->indisvalid;
		ReleaseSysCache(tuple);
	}
	if (is_valid)
		return NULL;
	LockRelationIdForSession(table, ShareUpdateExclusiveLock);
	return psprintf("DROP INDEX CONCURRENTLY %s",
					quote_qualified_identifier(get_namespace_name(get_rel_namespace(index)), get_rel_name(index)));
}

/* Drop an index, if it is still there, and still invalid. */
static void
drop_invalid(Oid index, int lock_timeout)
{
	LockRelId	table;
	char	   *text;

	mig_begin_statement("migrate: looking for invalid indexes");
	mig_set_lock_timeout(lock_timeout);
	text = lock_for_drop(index, &table);
	mig_end_statement();
	if (text == NULL)
		return;
	ereport(NOTICE,
			(errmsg("%s", text),
			 errdetail("The index is invalid: whatever built it had not come to its end.")));
	mig_begin_statement(text);
	mig_run_statement(text);
	mig_end_statement();
	UnlockRelationIdForSession(&table, ShareUpdateExclusiveLock);
}

/* Drop the indexes that the statement left. */
static void
drop_leftovers(const MigMend *mend, int lock_timeout)
{
	List	   *leftovers;
	ListCell   *lc;

	mig_begin_statement("migrate: looking for invalid indexes");
	mig_set_lock_timeout(lock_timeout);
	leftovers = find_leftovers(mend);
	mig_end_statement();
	foreach(lc, leftovers)
		drop_invalid(lfirst_oid(lc), lock_timeout);
}

/*
 * If the partition is detached by half, the statement that does the other
 * half; else NULL.
 */
static char *
finalize_statement(const MigMend *mend)
{
	Oid			parent = RangeVarGetRelid(mend->relation, NoLock, true);
	Oid			partition = RangeVarGetRelid(mend->partition, NoLock, true);
	char	   *parent_name;

	if (!OidIsValid(parent) || !OidIsValid(partition) || !get_rel_relispartition(partition) ||
		get_partition_parent(partition, true) != parent || !PartitionHasPendingDetach(partition))
		return NULL;
	parent_name = quote_qualified_identifier(get_namespace_name(get_rel_namespace(parent)), get_rel_name(parent));
	return psprintf("ALTER TABLE %s DETACH PARTITION %s FINALIZE", parent_name,
					quote_qualified_identifier(get_namespace_name(get_rel_namespace(partition)),
											   get_rel_name(partition)));
}

/*
 * Before a try: remove what an earlier one left.  "text" is changed if it is
 * another statement now that does what is wanted.
 */
void
mig_mend_before(const MigMend *mend, int lock_timeout, const char **text)
{
	char	   *finalize;

	if (mend->kind == MIG_MEND_NOTHING)
		return;
	if (mend->kind != MIG_MEND_DETACH)
	{
		drop_leftovers(mend, lock_timeout);
		return;
	}
	mig_begin_statement("migrate: looking for a pending detach");
	finalize = finalize_statement(mend);
	mig_end_statement();
	if (finalize != NULL)
		*text = finalize;
}

/*
 * After a failure, outside of a transaction: leave no invalid index, as far
 * as that can be done without waiting for long.  If not, the next try will.
 */
void
mig_mend_after_failure(const MigMend *mend, int lock_timeout)
{
	MemoryContext oldcontext = CurrentMemoryContext;

	if (mend->kind == MIG_MEND_NOTHING || mend->kind == MIG_MEND_DETACH)
		return;
	PG_TRY();
	{
		drop_leftovers(mend, lock_timeout);
	}
	PG_CATCH();
	{
		ErrorData  *edata;

		MemoryContextSwitchTo(oldcontext);
		edata = CopyErrorData();
		FlushErrorState();
		mig_abort_statement();
		ereport(WARNING,
				(errmsg("could not remove what the failed statement left: %s", edata->message),
				 errhint("The next run will do it.")));
	}
	PG_END_TRY();
}
