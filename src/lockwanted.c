/*-------------------------------------------------------------------------
 *
 * lockwanted.c
 *	  The locks that statements will ask for, and taking them beforehand.
 *
 * What the parse tree told (locktargets.c) is looked up in the catalogs of
 * this moment, without any lock.  Somebody may rename or drop a table right
 * after; then the wrong one is looked after, or locked for no more than an
 * attempt.  What the statements themselves lock is not decided here.
 *
 * Nobody may lock through us what he may not lock himself: a relation counts
 * only if the current user is its owner, as DDL wants.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/transam.h"
#include "catalog/index.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_trigger.h"
#include "guc.h"
#include "lockwanted.h"
#include "miscadmin.h"
#include "pg_compat.h"
#include "storage/lmgr.h"
#include "storage/proc.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

/* A deadlock check, which makes autovacuum step aside, comes this early. */
#define MIN_DEADLOCK_TIMEOUT	10	/* milliseconds */
#define MAX_DEADLOCK_TIMEOUT	200

/* ----------
 * What is wanted
 * ----------
 */

/* The lock is on a relation; is it an index? */
static bool
is_index_lock(const MigWantedLock *wanted)
{
	char		relkind = get_rel_relkind((Oid) wanted->tag.locktag_field2);

	return relkind == RELKIND_INDEX || relkind == RELKIND_PARTITIONED_INDEX;
}

/* The weakest mode that is as strong as both. */
static LOCKMODE
stronger_mode(LOCKMODE a, LOCKMODE b)
{
	/* these two let each other by */
	if (Min(a, b) == ShareUpdateExclusiveLock && Max(a, b) == ShareLock)
		return ShareRowExclusiveLock;
	return Max(a, b);
}

/*
 * Want a lock on a relation, unless it is a system catalog, is gone, or
 * belongs to somebody else.
 */
static void
want(List **wanted, Oid relation, LOCKMODE mode)
{
	MigWantedLock *lock;

	if (relation < FirstNormalObjectId || mode == NoLock ||
		!SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relation)) ||
		!mig_owns_relation(relation, GetUserId()))
		return;
	lock = palloc(sizeof(MigWantedLock));
	SET_LOCKTAG_RELATION(lock->tag, MyDatabaseId, relation);
	lock->mode = mode;
	*wanted = lappend(*wanted, lock);
}

/* Is the column among those that the array of a constraint names? */
static bool
key_has_column(HeapTuple constraint, int attribute, AttrNumber column)
{
	bool		isnull;
	Datum		datum = SysCacheGetAttr(CONSTROID, constraint, attribute, &isnull);
	ArrayType  *array;
	int16	   *numbers;
	int			n;
	int			i;

	if (isnull || column == InvalidAttrNumber)
		return false;
	array = DatumGetArrayTypeP(datum);
	numbers = (int16 *) ARR_DATA_PTR(array);
	n = ARR_NDIM(array) == 1 ? ARR_DIMS(array)[0] : 0;
	for (i = 0; i < n; i++)
	{
		if (numbers[i] == column)
			return true;
	}
	return false;
}

/*
 * Will the statement that the target is of have to do with this foreign key?
 * A column matters at either end; else it is the key that goes with its table.
 */
static bool
key_matters(const MigLockTarget *target, Oid relation, HeapTuple constraint)
{
	Form_pg_constraint key = (Form_pg_constraint) GETSTRUCT(constraint);

	if (key->contype != CONSTRAINT_FOREIGN)
		return false;
	if (target->column != NULL)
		return key_has_column(constraint,
							  key->conrelid == relation ? Anum_pg_constraint_conkey : Anum_pg_constraint_confkey,
							  get_attnum(relation, target->column));
	return key->conrelid == relation &&
		(target->constraint == NULL || strcmp(NameStr(key->conname), target->constraint) == 0);
}

/*
 * Want the tables at the other ends of foreign keys.  Both ends have triggers
 * that know each other, and of triggers there is an index by table.
 */
static void
want_key_tables(List **wanted, Oid relation, const MigLockTarget *target)
{
	Relation	triggers = table_open(TriggerRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_pg_trigger_tgrelid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(relation));
	scan = systable_beginscan(triggers, TriggerRelidNameIndexId, true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_trigger trigger = (Form_pg_trigger) GETSTRUCT(tuple);
		HeapTuple	constraint;

		if (!OidIsValid(trigger->tgconstrrelid) || !OidIsValid(trigger->tgconstraint))
			continue;
		constraint = SearchSysCache1(CONSTROID, ObjectIdGetDatum(trigger->tgconstraint));
		if (!HeapTupleIsValid(constraint))
			continue;
		if (key_matters(target, relation, constraint))
			want(wanted, trigger->tgconstrrelid, AccessExclusiveLock);
		ReleaseSysCache(constraint);
	}
	systable_endscan(scan);
	table_close(triggers, AccessShareLock);
}

/* Want the locks on a relation, and what is locked with it. */
static void
want_with_others(List **wanted, Oid relation, const MigLockTarget *target)
{
	char		relkind = get_rel_relkind(relation);

	want(wanted, relation, target->mode);
	if (relkind == RELKIND_INDEX || relkind == RELKIND_PARTITIONED_INDEX)
	{
		want(wanted, IndexGetRelation(relation, true), target->table_mode);
		return;
	}
	if ((target->others & MIG_LOCKS_PARENT) != 0 && get_rel_relispartition(relation))
	{
		List	   *ancestors = get_partition_ancestors(relation);

		if (ancestors != NIL)
			want(wanted, linitial_oid(ancestors), target->mode);
	}
	if ((target->others & MIG_LOCKS_DEFAULT_PARTITION) != 0 && relkind == RELKIND_PARTITIONED_TABLE)
		want(wanted, get_default_partition_oid(relation), AccessExclusiveLock);
	if ((target->others & MIG_LOCKS_KEY_TABLES) != 0)
		want_key_tables(wanted, relation, target);
}

/* The relation that a target names now, or InvalidOid. */
static Oid
find_relation(const MigLockTarget *target)
{
	Oid			schema;

	if (target->schema == NULL)
		return RelnameGetRelid(target->name);
	schema = get_namespace_oid(target->schema, true);
	return OidIsValid(schema) ? get_relname_relid(target->name, schema) : InvalidOid;
}

/* For list_sort(): indexes after tables, which their users lock first. */
static int
compare_wanted(const ListCell *a, const ListCell *b)
{
	const MigWantedLock *x = lfirst(a);
	const MigWantedLock *y = lfirst(b);
	bool		x_is_index = is_index_lock(x);
	bool		y_is_index = is_index_lock(y);

	if (x_is_index != y_is_index)
		return x_is_index ? 1 : -1;
	if (x->tag.locktag_field2 == y->tag.locktag_field2)
		return 0;
	return x->tag.locktag_field2 < y->tag.locktag_field2 ? -1 : 1;
}

/* Each relation once, with the strongest mode: of a sorted list. */
static List *
merge_wanted(List *wanted)
{
	List	   *merged = NIL;
	ListCell   *lc;

	foreach(lc, wanted)
	{
		MigWantedLock *lock = lfirst(lc);
		MigWantedLock *previous = merged == NIL ? NULL : llast(merged);

		if (previous != NULL && previous->tag.locktag_field2 == lock->tag.locktag_field2)
			previous->mode = stronger_mode(previous->mode, lock->mode);
		else
			merged = lappend(merged, lock);
	}
	return merged;
}

/*
 * The locks on relations that the targets come to, by the names and the
 * search_path of now: a list of MigWantedLock, each relation once.  They are
 * in the order of OIDs, so that two runs do not take them crosswise.
 *
 * Locks nothing but, for a moment, system catalogs.
 */
List *
mig_wanted_locks(const MigLockTargets *targets)
{
	List	   *wanted = NIL;
	int			i;

	for (i = 0; i < targets->count; i++)
	{
		const MigLockTarget *target = &targets->items[i];
		Oid			relation = find_relation(target);
		ListCell   *lc;

		CHECK_FOR_INTERRUPTS();
		if (!OidIsValid(relation))
			continue;
		want_with_others(&wanted, relation, target);
		if ((target->others & MIG_LOCKS_CHILDREN) == 0)
			continue;
		foreach(lc, find_all_inheritors(relation, NoLock, NULL))
		{
			if (lfirst_oid(lc) != relation)
				want_with_others(&wanted, lfirst_oid(lc), target);
		}
	}
	list_sort(wanted, compare_wanted);
	return merge_wanted(wanted);
}

/* ----------
 * Taking them
 * ----------
 */

/*
 * Take one lock.  If the relation was dropped while we waited, that is no
 * error here: the statement that wanted it says it better.
 */
static void
lock_now(const MigWantedLock *wanted)
{
	Oid			relation = (Oid) wanted->tag.locktag_field2;

	LockRelationOid(relation, wanted->mode);
	if (!SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relation)))
		UnlockRelationOid(relation, wanted->mode);
}

/*
 * Take the locks, in their order, all of them within so many milliseconds (0:
 * without a limit).  When the time is over it is the error of lock_timeout.
 * The locks are those of the current (sub)transaction.
 */
void
mig_lock_targets_now(List *wanted, int timeout)
{
	TimestampTz deadline = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), timeout);
	int			nestlevel = NewGUCNestLevel();
	ListCell   *lc;

	mig_set_lock_patience(timeout);
	foreach(lc, wanted)
	{
		const MigWantedLock *lock = lfirst(lc);

		CHECK_FOR_INTERRUPTS();
		if (timeout > 0)
		{
			long		left = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), deadline);

			mig_set_for_now("lock_timeout", psprintf("%ld", Max(left, 1)));
		}
		if (lock->tag.locktag_type == LOCKTAG_RELATION && lock->tag.locktag_field1 == MyDatabaseId)
			lock_now(lock);
	}
	AtEOXact_GUC(true, nestlevel);
}

/*
 * How early to check for a deadlock when a lock is waited for no longer than
 * so many milliseconds.
 *
 * An autovacuum worker that is in the way is cancelled by whoever waits for
 * it, but only when the deadlock check of the waiter runs.  So that has to
 * come well before lock_timeout.
 */
int
mig_deadlock_timeout(int lock_timeout)
{
	int			early = Min(Max(lock_timeout / 4, MIN_DEADLOCK_TIMEOUT), MAX_DEADLOCK_TIMEOUT);

	return Min(early, DeadlockTimeout);
}

/*
 * Until the end of the GUC nest level, wait for a lock no longer than so many
 * milliseconds (0: leave it as it is).  Only superusers may set
 * deadlock_timeout, hence not through mig_set_for_now().
 */
void
mig_set_lock_patience(int lock_timeout)
{
	if (lock_timeout <= 0)
		return;
	mig_set_for_now("lock_timeout", psprintf("%d", lock_timeout));
	(void) set_config_option("deadlock_timeout", psprintf("%d", mig_deadlock_timeout(lock_timeout)), PGC_SUSET,
							 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}
