/*-------------------------------------------------------------------------
 *
 * changeplan.c
 *	  From the differences between two sets of schema data to operations.
 *
 * Nothing here knows a kind of object by what it is, except where types and
 * the columns over them are concerned.  First each fact gets a state of its
 * own: kept, altered, replaced, dropped, created.  Then what would stand in
 * the way is found by what facts need: whoever needs something that is
 * dropped, replaced, or altered in a way that it does not survive, is
 * replaced itself if that loses nothing, and refused by name otherwise.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "changeplan.h"
#include "guc.h"
#include "kind_column.h"
#include "kind_type.h"
#include "kinds.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

/* Who needs a fact. */
typedef struct Dependents
{
	List	  **lists;			/* by index of the fact: facts */
	List	   *work;			/* facts whose dependents are to be looked at */
} Dependents;

/* What happens to a fact of either side. */
MigFactPlan *
mig_fact_plan(const MigChangePlan *plan, const MigFact *fact)
{
	return fact->data == plan->from ? &plan->from_plans[fact->index] : &plan->to_plans[fact->index];
}

/* Note what cannot be done. */
static void
refuse(MigChangePlan *plan, const MigFact *fact, const char *reason)
{
	int			i;

	for (i = 0; i < plan->nrefusals; i++)
	{
		if (plan->refusals[i].fact == fact)
			return;
	}
	if (plan->refusals == NULL)
		plan->refusals = palloc(sizeof(MigRefusal) * (plan->from->nfacts + plan->to->nfacts));
	plan->refusals[plan->nrefusals].fact = fact;
	plan->refusals[plan->nrefusals++].reason = reason;
}

/* Has the kind statements to make and unmake its facts? */
static bool
is_covered(const MigFact *fact)
{
	return fact->kind->create != NULL || fact->kind->implicit;
}

/* Give both sides of a fact the same state. */
static void
set_state(MigChangePlan *plan, const MigFact *from, MigFactState state)
{
	mig_fact_plan(plan, from)->state = state;
	if (from->twin)
		mig_fact_plan(plan, from->twin)->state = state;
}

/* The state of a fact that both sides have, by its attributes alone. */
static MigFactState
own_state(MigChangePlan *plan, const MigFact *from)
{
	const MigKind *kind = from->kind;
	const char *reason = NULL;
	MigChange	change;

	if (!is_covered(from))
		return MIG_STATE_KEEP;
	if (kind == &mig_kind_enum && mig_name_list_contains(&plan->retyped_enums, from->identity))
		return MIG_STATE_RETYPE;
	if (!mig_fact_differs(from, from->twin))
		return MIG_STATE_KEEP;
	if (kind->implicit)
		return MIG_STATE_KEEP;
	if (kind->change)
		change = kind->change(from, from->twin, &reason);
	else
		change = kind->rebuildable ? MIG_CHANGE_REPLACE : MIG_CHANGE_REFUSE;
	switch (change)
	{
		case MIG_CHANGE_NONE:
			return MIG_STATE_KEEP;
		case MIG_CHANGE_ALTER:
			return MIG_STATE_ALTER;
		case MIG_CHANGE_REPLACE:
			return MIG_STATE_REPLACE;
		case MIG_CHANGE_RETYPE:
			return MIG_STATE_RETYPE;
		case MIG_CHANGE_REFUSE:
			break;
	}
	refuse(plan, from, reason ? reason : "it cannot be changed without being dropped");
	return MIG_STATE_KEEP;
}

/* Is it a default that only one side gives a column of both, and that does not count? */
static bool
is_uncompared_default(const MigFact *fact)
{
	return !mig_compare_server_default && fact->kind == &mig_kind_default && fact->twin == NULL &&
		fact->parent->twin != NULL;
}

/* The first states. */
static void
set_own_states(MigChangePlan *plan)
{
	int			i;

	for (i = 0; i < plan->from->nfacts; i++)
	{
		const MigFact *fact = plan->from->facts[i];

		if (fact->ignored || !is_covered(fact) || is_uncompared_default(fact))
			continue;
		set_state(plan, fact, fact->twin ? own_state(plan, fact) : MIG_STATE_DROP);
	}
	for (i = 0; i < plan->to->nfacts; i++)
	{
		const MigFact *fact = plan->to->facts[i];

		if (!fact->ignored && is_covered(fact) && fact->twin == NULL && !is_uncompared_default(fact))
			mig_fact_plan(plan, fact)->state = MIG_STATE_CREATE;
	}
}

/* Is the fact gone, if only for a while? */
static bool
is_leaving(MigFactState state)
{
	return state == MIG_STATE_DROP || state == MIG_STATE_REPLACE || state == MIG_STATE_RETYPE;
}

/* Replace a fact because of another that it needs. */
static void
rebuild(MigChangePlan *plan, Dependents *dependents, const MigFact *fact)
{
	MigFactPlan *fact_plan = mig_fact_plan(plan, fact);

	fact_plan->rebuilt = fact_plan->state == MIG_STATE_KEEP && fact->twin != NULL;
	set_state(plan, fact, fact->twin ? MIG_STATE_REPLACE : MIG_STATE_DROP);
	if (fact->twin)
		mig_fact_plan(plan, fact->twin)->rebuilt = fact_plan->rebuilt;
	dependents->work = lappend(dependents->work, unconstify(MigFact *, fact));
}

/* A column whose type is replaced moves over to the new one. */
static void
retype_column(MigChangePlan *plan, Dependents *dependents, const MigFact *column)
{
	MigFactPlan *fact_plan = mig_fact_plan(plan, column);

	if (fact_plan->retyped)
		return;
	fact_plan->retyped = true;
	if (fact_plan->state == MIG_STATE_KEEP)
		set_state(plan, column, MIG_STATE_ALTER);
	dependents->work = lappend(dependents->work, unconstify(MigFact *, column));
}

/* Is it a type of its own, which can be renamed away? */
static bool
is_type(const MigFact *fact)
{
	return fact->kind == &mig_kind_enum || fact->kind == &mig_kind_domain || fact->kind == &mig_kind_range ||
		fact->kind == &mig_kind_composite;
}

/*
 * Does another routine of the name come when one goes?  While both are there a
 * call may not find the one that it is for.
 */
static bool
is_overloaded(const MigChangePlan *plan, const MigFact *routine)
{
	int			i;

	for (i = 0; i < plan->to->nfacts; i++)
	{
		const MigFact *other = plan->to->facts[i];

		if (other->twin == NULL && (other->kind->names & MIG_NAMES_ROUTINE) &&
			strcmp(other->name, routine->name) == 0 && strcmp(other->schema, routine->schema) == 0)
			return true;
	}
	return false;
}

/* Must a dependent be gone while the fact is changed as it is? */
static bool
must_leave(const MigChangePlan *plan, const MigFact *fact, const MigFact *dependent)
{
	const MigFactPlan *fact_plan = mig_fact_plan(plan, fact);
	MigFactState state = mig_fact_plan(plan, dependent)->state;

	/* it goes on without what it needed, or its statement lets go of it */
	if (fact_plan->state == MIG_STATE_DROP && state == MIG_STATE_ALTER)
		return (fact->kind->names & MIG_NAMES_ROUTINE) && dependent->kind->rebuildable &&
			is_overloaded(plan, fact);
	/* a partition stays one whatever becomes of its columns */
	if (dependent->kind == &mig_kind_partition && fact->kind != &mig_kind_table)
		return false;
	/* a child keeps what it has from its parent */
	if (fact_plan->state == MIG_STATE_DROP && dependent->twin &&
		((dependent->kind == &mig_kind_table && fact->kind == &mig_kind_table) ||
		 mig_is_inherited_from(dependent, fact)))
		return false;
	if (is_leaving(fact_plan->state))
		return true;
	if (fact_plan->state != MIG_STATE_ALTER || fact->twin == NULL)
		return false;
	/* the columns of a replaced type are like any that change their type */
	if (fact_plan->retyped && (dependent->kind == &mig_kind_default || dependent->kind == &mig_kind_view_column ||
							   dependent->kind == &mig_kind_view || dependent->kind == &mig_kind_matview ||
							   dependent->kind == &mig_kind_rule || dependent->kind == &mig_kind_policy ||
							   dependent->kind == &mig_kind_trigger || dependent->kind == &mig_kind_statistics ||
							   (dependent->kind == &mig_kind_column && mig_value(dependent, "generated"))))
		return true;
	return fact->kind->breaks && fact->kind->breaks(fact, fact->twin, dependent);
}

/* See to one fact that needs another which does not stay as it is. */
static void
visit_dependent(MigChangePlan *plan, Dependents *dependents, const MigFact *fact, const MigFact *dependent)
{
	MigFactPlan *dependent_plan = mig_fact_plan(plan, dependent);
	MigFactState state = mig_fact_plan(plan, fact)->state;

	if (is_leaving(dependent_plan->state) || dependent->ignored || !is_covered(dependent))
		return;
	/* a part of what leaves, and others may need just that part */
	if (dependent->kind->implicit)
	{
		if (!must_leave(plan, fact, dependent))
			return;
		if (is_leaving(mig_fact_plan(plan, dependent->parent)->state))
			rebuild(plan, dependents, dependent);
		else
			visit_dependent(plan, dependents, fact, dependent->parent);
		return;
	}
	if (!must_leave(plan, fact, dependent))
		return;
	if (dependent->parent == fact && dependent->kind->goes_with_parent)
	{
		rebuild(plan, dependents, dependent);
		return;
	}
	if (is_type(fact) && dependent->kind == &mig_kind_column && mig_value(dependent, "generated") == NULL)
	{
		/* a dropped type: the column has another one */
		if (state == MIG_STATE_DROP)
			return;
		if (state == MIG_STATE_REPLACE)
			set_state(plan, fact, MIG_STATE_RETYPE);
		retype_column(plan, dependents, dependent);
	}
	else if (is_type(fact) && (is_type(dependent) || dependent->kind == &mig_kind_composite_attribute))
	{
		const MigFact *type = is_type(dependent) ? dependent : dependent->parent;

		if (state == MIG_STATE_DROP)
			return;
		if (state == MIG_STATE_REPLACE)
			set_state(plan, fact, MIG_STATE_RETYPE);
		if (!is_leaving(mig_fact_plan(plan, type)->state))
		{
			set_state(plan, type, MIG_STATE_RETYPE);
			dependents->work = lappend(dependents->work, unconstify(MigFact *, type));
		}
	}
	else if (dependent->kind->rebuildable ||
			 (dependent->kind == &mig_kind_column && mig_value(dependent, "generated")))
		rebuild(plan, dependents, dependent);
	else
		refuse(plan, dependent, psprintf("it needs %s %s, which would have to be dropped", fact->kind->name,
										 fact->identity));
}

/* Find who needs what. */
static void
find_dependents(const MigSchemaData *data, Dependents *dependents)
{
	int			i;
	int			j;

	dependents->lists = palloc0(sizeof(List *) * Max(data->nfacts, 1));
	dependents->work = NIL;
	for (i = 0; i < data->nfacts; i++)
	{
		MigFact    *fact = data->facts[i];

		for (j = 0; j < fact->nneeds; j++)
		{
			int			index = fact->needs[j]->index;

			dependents->lists[index] = lappend(dependents->lists[index], fact);
		}
	}
}

/* Does a routine know of a column of the table, and not only of its row type? */
static bool
needs_column_of(const MigFact *routine, const MigFact *table)
{
	int			i;

	for (i = 0; i < routine->nneeds; i++)
	{
		if (routine->needs[i]->kind == &mig_kind_column && routine->needs[i]->parent == table)
			return true;
	}
	return false;
}

/*
 * The server refuses to rewrite a table whose row type is used by a column of
 * another, or by a routine that it knows to use one of its columns.
 */
static void
visit_row_type(MigChangePlan *plan, Dependents *dependents, const MigFact *table)
{
	ListCell   *lc;

	foreach(lc, dependents->lists[table->index])
	{
		const MigFact *dependent = lfirst(lc);

		if (is_leaving(mig_fact_plan(plan, dependent)->state) || dependent->twin == NULL)
			continue;
		if (dependent->kind == &mig_kind_routine && needs_column_of(dependent, table))
			rebuild(plan, dependents, dependent);
		else if (dependent->kind == &mig_kind_column && dependent->parent != table)
			refuse(plan, dependent, psprintf("its type is the row type of table %s, which would be rewritten",
											 table->identity));
	}
}

/* Does what happens to the fact rewrite the table that it is, or is in? */
static const MigFact *
rewritten_table(const MigChangePlan *plan, const MigFact *from)
{
	const MigFactPlan *fact_plan = mig_fact_plan(plan, from);

	if (fact_plan->state != MIG_STATE_ALTER || from->twin == NULL)
		return NULL;
	if (from->kind == &mig_kind_table)
		return mig_same_value(from, from->twin, "persistence") &&
			mig_same_value(from, from->twin, "access_method") ? NULL : from;
	if (from->kind == &mig_kind_column && (fact_plan->retyped || mig_column_changes_type(from, from->twin)))
		return from->parent;
	return NULL;
}

/* Tables that are rewritten because they get a column with values. */
static void
visit_added_columns(MigChangePlan *plan, Dependents *dependents)
{
	int			i;

	for (i = 0; i < plan->to->nfacts; i++)
	{
		const MigFact *column = plan->to->facts[i];

		if (column->kind == &mig_kind_column && mig_fact_plan(plan, column)->state == MIG_STATE_CREATE &&
			column->parent->twin &&
			(mig_value(column, "generated") || mig_value(column, "identity") || mig_column_default(column)))
			visit_row_type(plan, dependents, column->parent->twin);
	}
}

/* Spread the states to what stands in the way. */
static void
expand(MigChangePlan *plan)
{
	Dependents	dependents;
	int			i;

	find_dependents(plan->from, &dependents);
	for (i = 0; i < plan->from->nfacts; i++)
	{
		if (mig_fact_plan(plan, plan->from->facts[i])->state != MIG_STATE_KEEP)
			dependents.work = lappend(dependents.work, plan->from->facts[i]);
	}
	visit_added_columns(plan, &dependents);
	/* the list grows while it is walked */
	for (i = 0; i < list_length(dependents.work); i++)
	{
		const MigFact *fact = list_nth(dependents.work, i);
		const MigFact *table = rewritten_table(plan, fact);
		ListCell   *lc;

		CHECK_FOR_INTERRUPTS();
		if (table)
			visit_row_type(plan, &dependents, table);
		foreach(lc, dependents.lists[fact->index])
			visit_dependent(plan, &dependents, fact, lfirst(lc));
	}
}

/* Does the SQL of an operation name one of the labels, which are literals? */
static bool
names_label(const MigOperation *operation, const MigNameList *labels)
{
	int			i;
	int			j;

	for (i = 0; i < operation->sql.count; i++)
	{
		for (j = 0; j < labels->count; j++)
		{
			if (strstr(operation->sql.items[i].text, labels->names[j]))
				return true;
		}
	}
	return false;
}

/* May the SQL of an operation use a value of an enum while it runs? */
static bool
may_use_labels(const MigOperation *operation)
{
	const MigKind *kind = operation->to ? operation->to->kind : NULL;

	/* the body of a routine is a text for now, as is a comment */
	return kind != NULL && kind != &mig_kind_enum && kind != &mig_kind_routine && kind != &mig_kind_comment;
}

/*
 * A value that is added to an enum cannot be used in the same transaction,
 * but the values of a new type can: then the type is replaced.
 */
static bool
find_used_labels(MigChangePlan *plan)
{
	bool		found = false;
	int			i;
	int			j;

	for (i = 0; i < plan->noperations; i++)
	{
		const MigOperation *operation = plan->operations[i];
		MigNameList labels;

		if (operation->type != MIG_OPERATION_ALTER || operation->from->kind != &mig_kind_enum)
			continue;
		mig_enum_added_labels(operation->from, operation->to, &labels);
		for (j = 0; j < plan->noperations; j++)
		{
			if (!may_use_labels(plan->operations[j]) || !names_label(plan->operations[j], &labels))
				continue;
			mig_name_list_add(&plan->retyped_enums, operation->from->identity);
			found = true;
			break;
		}
	}
	return found;
}

/* Plan once, with what is known of enums. */
static void
plan_once(MigChangePlan *plan)
{
	plan->from_plans = palloc0(sizeof(MigFactPlan) * Max(plan->from->nfacts, 1));
	plan->to_plans = palloc0(sizeof(MigFactPlan) * Max(plan->to->nfacts, 1));
	plan->nrefusals = 0;
	set_own_states(plan);
	expand(plan);
	mig_make_operations(plan, false);
	if (!mig_order_operations(plan))
	{
		/* tables that refer to each other, or to functions over them */
		mig_make_operations(plan, true);
		if (!mig_order_operations(plan))
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("no order of statements was found for the differences"),
					 errdetail("These wait for each other: %s.", mig_describe_cycle(plan)),
					 errhint("Write this revision by hand: SELECT * FROM migrate_revision('message');")));
	}
}

/*
 * Plan what turns one set of schema data into the other: operations in an
 * order in which they can be run, with their SQL, and what is refused.
 *
 * The data must stay while the plan is used; it is in the current memory
 * context.
 */
MigChangePlan *
mig_change_plan(MigSchemaData *from, MigSchemaData *to)
{
	MigChangePlan *plan = palloc0(sizeof(MigChangePlan));

	plan->from = from;
	plan->to = to;
	mig_match_facts(from, to);
	plan_once(plan);
	if (find_used_labels(plan))
		plan_once(plan);
	return plan;
}
