/*-------------------------------------------------------------------------
 *
 * modelorder.c
 *	  In which order the statements of the model are tried.
 *
 * That of the model, except that schemas and extensions come first, and that a
 * statement which names what only a later one creates waits for that one.  Files in alphabetical order with foreign
 * keys from one to the next would run without it, too, but many statements
 * would have to fail first, which takes time (modelexec.c).
 *
 * It is a guess (modelnames.c).  Where it is wrong the statement fails and is
 * tried again.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "modelorder.h"
#include "nodes/pg_list.h"
#include "utils/hsearch.h"

/* Who creates what has a name. */
typedef struct Creators
{
	char		name[NAMEDATALEN + 4];	/* hash key */
	List	   *statements;		/* indexes, increasing */
} Creators;

typedef struct Order
{
	const MigModel *model;
	HTAB	   *creators;
	int		   *missing;		/* of each statement: how many it waits for */
	List	  **waiting;		/* of each: who waits for it */
	bool	   *done;
	int			first_undone;
	List	   *barriers;		/* that wait for all before them */
	int		   *result;
	int			count;
} Order;

/* Find the entry of a name, or make one. */
static Creators *
lookup(const Order *order, const char *name, HASHACTION action)
{
	char		key[NAMEDATALEN + 4] = {0};
	bool		found;
	Creators   *creators;

	strlcpy(key, name, sizeof(key));
	creators = hash_search(order->creators, key, action, &found);
	if (creators != NULL && !found)
		creators->statements = NIL;
	return creators;
}

/* Note who creates what. */
static void
find_creators(Order *order)
{
	HASHCTL		control = {0};
	int			i,
				j;

	control.keysize = NAMEDATALEN + 4;
	control.entrysize = sizeof(Creators);
	control.hcxt = CurrentMemoryContext;
	order->creators = hash_create("migrate model names", 1024, &control, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
	for (i = 0; i < order->model->nstatements; i++)
	{
		const MigNameList *names = &order->model->statements[i].creates;

		for (j = 0; j < names->count; j++)
		{
			Creators   *creators = lookup(order, names->names[j], HASH_ENTER);

			creators->statements = lappend_int(creators->statements, i);
		}
	}
}

/* Let a statement wait for another. */
static void
wait_for(Order *order, int statement, int other)
{
	order->waiting[other] = lappend_int(order->waiting[other], statement);
	order->missing[statement]++;
}

/*
 * Let a statement wait for who creates a name: for all before it, or if there
 * is none for the first one after it, unless it only drops something.
 */
static void
wait_for_name(Order *order, int statement, const char *name)
{
	Creators   *creators = lookup(order, name, HASH_FIND);
	bool		earlier = false;
	ListCell   *lc;

	if (creators == NULL)
		return;
	foreach(lc, creators->statements)
	{
		int			creator = lfirst_int(lc);

		if (creator < statement)
			wait_for(order, statement, creator);
		if (creator <= statement)
			earlier = true;
		else if (!earlier && !order->model->statements[statement].drops)
		{
			wait_for(order, statement, creator);
			break;
		}
		else
			break;
	}
}

/* It is a statement's turn; then it is also that of those that waited for it. */
static void
put(Order *order, int statement)
{
	List	   *ready = list_make1_int(statement);

	while (ready != NIL)
	{
		int			next = linitial_int(ready);
		ListCell   *lc;

		ready = list_delete_first(ready);
		order->result[order->count++] = next;
		order->done[next] = true;
		foreach(lc, order->waiting[next])
		{
			if (--order->missing[lfirst_int(lc)] == 0 && lfirst_int(lc) < statement)
				ready = lappend_int(ready, lfirst_int(lc));
		}
	}
	while (order->first_undone < order->model->nstatements && order->done[order->first_undone])
		order->first_undone++;
}

/* Those whose code may look at all that was made before them. */
static void
put_barriers(Order *order)
{
	while (order->barriers != NIL && linitial_int(order->barriers) <= order->first_undone)
	{
		int			barrier = linitial_int(order->barriers);

		order->barriers = list_delete_first(order->barriers);
		put(order, barrier);
	}
}

/* Is it the first statement of the model that creates this schema? */
static bool
is_first_of_schema(const MigModel *model, int statement)
{
	const char *schema = model->statements[statement].schema;
	int			i;

	for (i = 0; i < statement; i++)
	{
		if (model->statements[i].schema != NULL && strcmp(model->statements[i].schema, schema) == 0)
			return false;
	}
	return true;
}

/*
 * Schemas first, then extensions: an unqualified name means something else
 * while a schema of search_path is missing.
 */
static void
put_containers(Order *order)
{
	const MigModel *model = order->model;
	int			i;

	for (i = 0; i < model->nstatements; i++)
	{
		if (model->statements[i].schema != NULL && is_first_of_schema(model, i))
			put(order, i);
	}
	for (i = 0; i < model->nstatements; i++)
	{
		if (model->statements[i].extension != NULL)
			put(order, i);
	}
}

/*
 * The order in which to try the statements: an array of their indexes.
 */
int *
mig_model_order(const MigModel *model)
{
	Order		order = {0};
	int			n = model->nstatements;
	int			i,
				j;

	order.model = model;
	order.missing = palloc0(sizeof(int) * (n + 1));
	order.waiting = palloc0(sizeof(List *) * (n + 1));
	order.done = palloc0(sizeof(bool) * (n + 1));
	order.result = palloc(sizeof(int) * (n + 1));
	find_creators(&order);
	for (i = 0; i < n; i++)
	{
		const MigNameList *names = &model->statements[i].needs;

		for (j = 0; j < names->count; j++)
			wait_for_name(&order, i, names->names[j]);
	}
	put_containers(&order);
	for (i = 0; i < n; i++)
	{
		if (model->statements[i].is_barrier)
			order.barriers = lappend_int(order.barriers, i);
		else if (order.missing[i] == 0 && !order.done[i])
			put(&order, i);
		put_barriers(&order);
	}
	/* those in circles, in the order of the model */
	for (i = 0; i < n; i++)
	{
		if (!order.done[i])
			order.result[order.count++] = i;
	}
	return order.result;
}
