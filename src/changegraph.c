/*-------------------------------------------------------------------------
 *
 * changegraph.c
 *	  The operations of a plan, and what must come before what.
 *
 * A fact that has no statement of its own (a column of a new table, a comment
 * on a dropped one) takes part through the operation of its parent.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "changeplan.h"
#include "kind_column.h"
#include "kinds.h"
#include "miscadmin.h"
#include "purecore.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"

/* the name of a routine, whatever its arguments */
#define NAMES_OVERLOAD	(MIG_NAMES_ROUTINE << 1)

/* ----------
 * Operations
 * ----------
 */

/* Is it a foreign key? */
static bool
is_foreign_key(const MigFact *fact)
{
	return fact->kind == &mig_kind_constraint && mig_value_is(fact, "type", "f");
}

/* Make an operation. */
static MigOperation *
add_operation(MigChangePlan *plan, MigOperationType type, const MigFact *from, const MigFact *to)
{
	MigOperation *operation = palloc0(sizeof(MigOperation));
	const MigFact *fact = to ? to : from;

	operation->type = type;
	operation->from = from;
	operation->to = to;
	operation->rank = MIG_RANK_UNKNOWN;
	operation->rebuilt = mig_fact_plan(plan, fact)->rebuilt;
	if (type == MIG_OPERATION_DROP)
		operation->order = is_foreign_key(fact) ? MIG_DROP_FOREIGN_KEY : fact->kind->drop_order;
	else if (type == MIG_OPERATION_DROP_AWAY)
		operation->order = MIG_DROP_TYPE;
	else
		operation->order = is_foreign_key(fact) ? MIG_CREATE_FOREIGN_KEY : fact->kind->create_order;
	if (plan->noperations == plan->capacity)
	{
		Size		size;

		plan->capacity = Max(plan->capacity * 2, 64);
		size = sizeof(MigOperation *) * plan->capacity;
		plan->operations = plan->operations ? repalloc_huge(plan->operations, size) : palloc(size);
	}
	operation->index = plan->noperations;
	plan->operations[plan->noperations++] = operation;
	return operation;
}

/* The column that a sequence goes with, or NULL. */
static const MigFact *
owning_column(const MigFact *sequence)
{
	const MigFact *owner = mig_fact_find(sequence->data, &mig_kind_sequence_owner,
										 psprintf("%s %s", sequence->kind->name, sequence->identity));
	int			i;

	for (i = 0; owner && i < owner->nneeds; i++)
	{
		if (owner->needs[i]->kind == &mig_kind_column)
			return owner->needs[i];
	}
	return NULL;
}

static MigOperation *leaving_operation(MigChangePlan *plan, const MigFact *fact);

/* Does a table have a column, or a check, from its parents alone? */
static bool
is_inherited(const MigFact *fact)
{
	if (fact->kind == &mig_kind_column)
		return mig_column_is_inherited(fact);
	return fact->kind == &mig_kind_constraint && mig_value_is(fact, "inherited", "true");
}

/* Does a part of something that goes need what goes by another statement? */
static bool
is_tangled(MigChangePlan *plan, const MigFact *fact)
{
	int			i;

	/* a partition need not be detached in order to be dropped, nor lose its parts */
	if (fact->kind == &mig_kind_partition || is_inherited(fact))
		return false;
	for (i = 0; i < fact->nneeds && fact->kind->drop; i++)
	{
		MigOperation *leave = fact->needs[i] != fact->parent ? leaving_operation(plan, fact->needs[i]) : NULL;

		if (leave && leave != leaving_operation(plan, fact->parent))
			return true;
	}
	return false;
}

/*
 * Does the key that a foreign key refers to go, while its table stays?  Then
 * it must not wait for the table that the foreign key is dropped with: new
 * foreign keys would find the old key.
 */
static bool
outlives_key(MigChangePlan *plan, const MigFact *foreign_key)
{
	int			i;

	for (i = 0; i < foreign_key->nneeds; i++)
	{
		const MigFact *key = foreign_key->needs[i];

		if ((key->kind == &mig_kind_constraint || key->kind == &mig_kind_index) &&
			leaving_operation(plan, key) && leaving_operation(plan, key->parent) == NULL)
			return true;
	}
	return false;
}

/* The operation that drops a fact along with another, or NULL. */
static MigOperation *
dropped_along(MigChangePlan *plan, const MigFact *fact)
{
	if (fact->kind == &mig_kind_sequence)
	{
		const MigFact *column = owning_column(fact);

		return column && mig_fact_plan(plan, fact)->state == MIG_STATE_DROP ?
			leaving_operation(plan, column) : NULL;
	}
	if (fact->parent == NULL || (!fact->kind->goes_with_parent && !fact->kind->implicit) ||
		(plan->explicit_parts && is_tangled(plan, fact)) ||
		(is_foreign_key(fact) && outlives_key(plan, fact)))
		return NULL;
	return leaving_operation(plan, fact->parent);
}

/* The operation by which a fact of the old side goes, or NULL. */
static MigOperation *
leaving_operation(MigChangePlan *plan, const MigFact *fact)
{
	MigFactPlan *fact_plan = mig_fact_plan(plan, fact);

	if (fact_plan->leave)
		return fact_plan->leave;
	if (fact_plan->state != MIG_STATE_DROP && fact_plan->state != MIG_STATE_REPLACE &&
		fact_plan->state != MIG_STATE_RETYPE)
		return NULL;
	fact_plan->leave = dropped_along(plan, fact);
	if (fact_plan->leave)
		return fact_plan->leave;
	if (fact->kind->implicit)
		return fact_plan->leave = mig_fact_plan(plan, fact->parent)->change;
	if (fact_plan->state == MIG_STATE_RETYPE)
	{
		fact_plan->leave = add_operation(plan, MIG_OPERATION_RENAME_AWAY, fact, fact->twin);
		fact_plan->end = add_operation(plan, MIG_OPERATION_DROP_AWAY, fact, NULL);
	}
	else
		fact_plan->leave = add_operation(plan, MIG_OPERATION_DROP, fact, NULL);
	return fact_plan->leave;
}

/* The operation by which a fact that was renamed away is dropped, or NULL. */
static MigOperation *
ending_operation(MigChangePlan *plan, const MigFact *fact)
{
	const MigOperation *leave = mig_fact_plan(plan, fact)->leave;

	/* a part ends with the whole */
	while (leave && fact->parent && mig_fact_plan(plan, fact)->end == NULL &&
		   mig_fact_plan(plan, fact->parent)->leave == leave)
		fact = fact->parent;
	return mig_fact_plan(plan, fact)->end;
}

/* Is it created by the statement that creates its parent? */
static bool
is_inside_parent(const MigChangePlan *plan, const MigFact *fact)
{
	/* what it needs may need the parent */
	if (fact->kind == &mig_kind_domain_constraint && plan->explicit_parts)
		return false;
	/* a new child table has it from its parents */
	if (fact->kind == &mig_kind_constraint && is_inherited(fact))
		return true;
	return fact->parent && (fact->kind->inside_parent || fact->kind->implicit);
}

/* The operation by which a fact of the new side comes, or NULL. */
static MigOperation *
entering_operation(MigChangePlan *plan, const MigFact *fact)
{
	MigFactPlan *fact_plan = mig_fact_plan(plan, fact);

	if (fact_plan->enter)
		return fact_plan->enter;
	if (fact_plan->state != MIG_STATE_CREATE && fact_plan->state != MIG_STATE_REPLACE &&
		fact_plan->state != MIG_STATE_RETYPE)
		return NULL;
	if (is_inside_parent(plan, fact))
	{
		fact_plan->enter = entering_operation(plan, fact->parent);
		if (fact_plan->enter == NULL && fact->kind->implicit)
			fact_plan->enter = mig_fact_plan(plan, fact->parent)->change;
		if (fact_plan->enter || fact->kind->implicit)
			return fact_plan->enter;
	}
	return fact_plan->enter = add_operation(plan, MIG_OPERATION_CREATE, NULL, fact);
}

/* ----------
 * Edges
 * ----------
 */

/* One operation must come before another. */
static void
add_edge(MigOperation *first, MigOperation *second)
{
	int			i;

	if (first == NULL || second == NULL || first == second)
		return;
	/* the newest are the likeliest */
	for (i = first->nnext - 1; i >= 0 && i >= first->nnext - 8; i--)
	{
		if (first->next[i] == second)
			return;
	}
	if (first->nnext == first->next_capacity)
	{
		first->next_capacity = Max(first->next_capacity * 2, 4);
		first->next = first->next ? repalloc_huge(first->next, sizeof(MigOperation *) * first->next_capacity) :
			palloc(sizeof(MigOperation *) * first->next_capacity);
	}
	first->next[first->nnext++] = second;
	second->npredecessors++;
}

/* One operation had better come before another. */
void
mig_prefer(MigOperation *first, MigOperation *second)
{
	if (first == NULL || second == NULL || first == second)
		return;
	if (first->npreferred_next == first->preferred_capacity)
	{
		first->preferred_capacity = Max(first->preferred_capacity * 2, 4);
		first->preferred_next = first->preferred_next ?
			repalloc_huge(first->preferred_next, sizeof(MigOperation *) * first->preferred_capacity) :
			palloc(sizeof(MigOperation *) * first->preferred_capacity);
	}
	first->preferred_next[first->npreferred_next++] = second;
	second->npreferred++;
}

/* Does a table get, or lose, parents, or a type? */
static bool
changes_parents(const MigFact *from, const MigFact *to)
{
	return !mig_same_value(from, to, "inherits") || !mig_same_value(from, to, "of_type");
}

/*
 * Does it get any?  Then the change of the table waits for its columns and
 * constraints, which must be like those of the parents; else they wait for it.
 */
static bool
gets_parents(const MigFact *from, const MigFact *to)
{
	return changes_parents(from, to) && (mig_value(to, "inherits") || mig_value(to, "of_type"));
}

/* Edges of a fact of the old side. */
static void
add_old_edges(MigChangePlan *plan, const MigFact *fact)
{
	MigFactPlan *mine = mig_fact_plan(plan, fact);
	int			i;

	for (i = 0; i < fact->nneeds; i++)
	{
		const MigFact *needed = fact->needs[i];
		MigFactPlan *its = mig_fact_plan(plan, needed);

		if (mine->leave)
		{
			add_edge(mine->leave, its->leave);
			/* what was renamed away waits, if this is another such type */
			add_edge(ending_operation(plan, fact), ending_operation(plan, needed));
			/* the index of a partition may go on without that of the parent */
			if (fact->kind == &mig_kind_partition_index)
				continue;
			if (!(needed == fact->parent && needed->kind == &mig_kind_table))
				add_edge(mine->leave, its->change);
			else if (its->change && gets_parents(needed, needed->twin))
				add_edge(mine->leave, its->change);
			else if (its->change && changes_parents(needed, needed->twin))
				add_edge(its->change, mine->leave);
		}
		if (mine->change && its->leave)
		{
			if (its->end)
				add_edge(mine->change, its->end);
			else
				add_edge(mine->change, its->leave);
		}
	}
	if (mine->leave && mine->state != MIG_STATE_DROP)
	{
		add_edge(mine->leave, mig_fact_plan(plan, fact->twin)->enter);
		add_edge(mig_fact_plan(plan, fact->twin)->enter, mine->end);
	}
}

/* Edges of a fact of the new side. */
static void
add_new_edges(MigChangePlan *plan, const MigFact *fact)
{
	MigFactPlan *mine = mig_fact_plan(plan, fact);
	MigOperation *change = fact->twin ? mig_fact_plan(plan, fact->twin)->change : NULL;
	int			i;

	for (i = 0; i < fact->nneeds; i++)
	{
		const MigFact *needed = fact->needs[i];
		MigOperation *its_enter = mig_fact_plan(plan, needed)->enter;
		MigOperation *its_change = needed->twin ? mig_fact_plan(plan, needed->twin)->change : NULL;

		if (needed == fact->parent && needed->kind == &mig_kind_table && its_change)
		{
			if (gets_parents(needed->twin, needed))
			{
				add_edge(mine->enter, its_change);
				add_edge(change, its_change);
			}
			else if (changes_parents(needed->twin, needed))
			{
				add_edge(its_change, mine->enter);
				add_edge(its_change, change);
			}
			continue;
		}
		add_edge(its_enter, mine->enter);
		add_edge(its_change, mine->enter);
		add_edge(its_enter, change);
		add_edge(its_change, change);
		/* a foreign key can be written in its table if that comes later */
		if (is_foreign_key(fact) && needed->parent != fact->parent)
			mig_prefer(mig_fact_plan(plan, needed->parent ? needed->parent : needed)->enter,
						   mig_fact_plan(plan, fact->parent)->enter);
	}
}

/*
 * A constraint had better be added to a domain before there are tables that
 * have the domain inside of other types: then the server refuses.
 */
static void
prefer_domain_constraint(MigChangePlan *plan, MigOperation *operation)
{
	const MigFact *domain = operation->to->parent;
	int			i;

	for (i = 0; i < plan->to->nfacts; i++)
	{
		const MigFact *fact = plan->to->facts[i];

		if ((fact->kind == &mig_kind_column || fact->kind == &mig_kind_composite_attribute ||
			 fact->kind == &mig_kind_domain || fact->kind == &mig_kind_range) && mig_fact_needs(fact, domain))
			mig_prefer(operation, mig_fact_plan(plan, fact)->enter);
	}
}

/*
 * A table becomes a partition when columns of its own have gone, and had
 * better do so when other partitions of that table have.
 */
static void
add_partition_edges(MigChangePlan *plan, const MigFact *partition)
{
	MigOperation *enter = mig_fact_plan(plan, partition)->enter;
	int			i;

	for (i = 0; enter && i < plan->from->nfacts; i++)
	{
		const MigFact *fact = plan->from->facts[i];

		if (fact->kind == &mig_kind_column && fact->parent->twin == partition->parent)
			add_edge(mig_fact_plan(plan, fact)->leave, enter);
		else if (fact->kind == &mig_kind_partition && mig_same_value(fact, partition, "partition_of"))
			mig_prefer(mig_fact_plan(plan, fact)->leave, enter);
	}
}

/* Who has a name that two objects cannot, or should not, both have. */
typedef struct NameEntry
{
	char		key[3 * NAMEDATALEN];
	MigOperation *leave;
} NameEntry;

/*
 * The name of the sequence of an identity column is taken and freed by what
 * makes and unmakes the column, or its identity.
 */
static const char *
sequence_name(const MigFact *fact)
{
	const MigFact *twin = fact->twin;

	if (fact->kind != &mig_kind_column || (twin && mig_column_sequence(twin)))
		return NULL;
	return mig_column_sequence(fact);
}

/* Which names the fact takes. */
static int
names_of(const MigFact *fact)
{
	/* its index */
	if (fact->kind == &mig_kind_constraint)
		return mig_value_is(fact, "type", "p") || mig_value_is(fact, "type", "u") ||
			mig_value_is(fact, "type", "x") ? MIG_NAMES_RELATION : 0;
	if (sequence_name(fact))
		return MIG_NAMES_RELATION;
	return fact->kind->names | (fact->kind->names & MIG_NAMES_ROUTINE ? NAMES_OVERLOAD : 0);
}

/* Look up, or enter, one name of a fact. */
static NameEntry *
name_entry(HTAB *names, const MigFact *fact, int bit, HASHACTION action)
{
	char		key[3 * NAMEDATALEN];
	const char *name = bit == MIG_NAMES_ROUTINE ? fact->identity : fact->name;

	if (fact->kind == &mig_kind_column)
		name = mig_column_sequence(fact);
	snprintf(key, sizeof(key), "%d %s.%s", bit, fact->schema ? fact->schema : "", name);
	return hash_search(names, key, action, NULL);
}

/* The operation that frees the names of a fact of the old side, or NULL. */
static MigOperation *
leaves_name(MigChangePlan *plan, const MigFact *fact)
{
	MigFactPlan *fact_plan = mig_fact_plan(plan, fact);

	return fact_plan->leave == NULL && fact->kind == &mig_kind_column ? fact_plan->change : fact_plan->leave;
}

/* The operation that takes the names of a fact of the new side, or NULL. */
static MigOperation *
takes_name(MigChangePlan *plan, const MigFact *fact)
{
	MigOperation *enter = mig_fact_plan(plan, fact)->enter;

	return enter == NULL && fact->kind == &mig_kind_column && fact->twin ?
		mig_fact_plan(plan, fact->twin)->change : enter;
}

/*
 * What frees a name comes before what takes it; a routine had better go before
 * another of its name comes, as calls may not tell them apart.
 */
static void
add_name_edges(MigChangePlan *plan)
{
	HASHCTL		ctl = {0};
	HTAB	   *names;
	int			i;
	int			bit;

	ctl.keysize = sizeof(((NameEntry *) NULL)->key);
	ctl.entrysize = sizeof(NameEntry);
	ctl.hcxt = CurrentMemoryContext;
	names = hash_create("migrate names", 256, &ctl, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
	for (i = 0; i < plan->from->nfacts; i++)
	{
		const MigFact *fact = plan->from->facts[i];

		for (bit = MIG_NAMES_RELATION; bit <= NAMES_OVERLOAD; bit <<= 1)
		{
			MigOperation *leave = leaves_name(plan, fact);

			if (leave && (names_of(fact) & bit))
				name_entry(names, fact, bit, HASH_ENTER)->leave = leave;
		}
	}
	for (i = 0; i < plan->to->nfacts; i++)
	{
		const MigFact *fact = plan->to->facts[i];

		for (bit = MIG_NAMES_RELATION; bit <= NAMES_OVERLOAD; bit <<= 1)
		{
			MigOperation *enter = takes_name(plan, fact);
			NameEntry  *entry;

			if (enter == NULL || !(names_of(fact) & bit))
				continue;
			entry = name_entry(names, fact, bit, HASH_FIND);
			if (entry && bit == NAMES_OVERLOAD)
				mig_prefer(entry->leave, enter);
			else if (entry)
				add_edge(entry->leave, enter);
		}
	}
	hash_destroy(names);
}

/*
 * Make the operations that the states of facts ask for, with the edges
 * between them.  With explicit_parts, the parts of dropped tables that need
 * something else that is dropped are dropped by statements of their own.
 */
void
mig_make_operations(MigChangePlan *plan, bool explicit_parts)
{
	int			i;

	plan->noperations = 0;
	plan->explicit_parts = explicit_parts;
	for (i = 0; i < plan->from->nfacts; i++)
	{
		MigFactPlan *fact_plan = &plan->from_plans[i];

		fact_plan->leave = fact_plan->change = fact_plan->end = NULL;
	}
	for (i = 0; i < plan->to->nfacts; i++)
		plan->to_plans[i].enter = NULL;
	for (i = 0; i < plan->from->nfacts; i++)
	{
		const MigFact *fact = plan->from->facts[i];

		if (plan->from_plans[i].state == MIG_STATE_ALTER)
		{
			plan->from_plans[i].change = add_operation(plan, MIG_OPERATION_ALTER, fact, fact->twin);
			plan->from_plans[i].change->retyped = plan->from_plans[i].retyped;
		}
	}
	for (i = 0; i < plan->from->nfacts; i++)
		(void) leaving_operation(plan, plan->from->facts[i]);
	for (i = 0; i < plan->to->nfacts; i++)
	{
		MigFact    *fact = plan->to->facts[i];
		MigOperation *enter = entering_operation(plan, fact);

		if ((fact->kind == &mig_kind_column || fact->kind == &mig_kind_domain_constraint) && enter &&
			enter->to == fact->parent)
			enter->parts = lappend(enter->parts, fact);
	}
	for (i = 0; i < plan->from->nfacts; i++)
		add_old_edges(plan, plan->from->facts[i]);
	for (i = 0; i < plan->to->nfacts; i++)
	{
		add_new_edges(plan, plan->to->facts[i]);
		if (plan->to->facts[i]->kind == &mig_kind_partition)
			add_partition_edges(plan, plan->to->facts[i]);
	}
	add_name_edges(plan);
	mig_prefer_by_bodies(plan);
	for (i = 0; i < plan->noperations; i++)
	{
		if (plan->operations[i]->to && plan->operations[i]->to->kind == &mig_kind_domain_constraint)
			prefer_domain_constraint(plan, plan->operations[i]);
	}
	for (i = 0; i < plan->noperations; i++)
		mig_write_operation(plan, plan->operations[i]);
}
