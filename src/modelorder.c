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
 * It is a guess: names are taken from the parse tree without their schemas,
 * and not from strings, so not from bodies of functions.  Where it is wrong
 * the statement fails and is tried again.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "modelorder.h"
#include "nodes/nodeFuncs.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

/* ----------
 * Names
 * ----------
 */

/* A table or type, which share their names. */
static void
need(MigModelStatement *statement, const char *name)
{
	if (name != NULL && !mig_name_list_contains(&statement->needs, name))
		mig_name_list_add(&statement->needs, name);
}

/* A relation; NULL is none. */
static void
need_relation(MigModelStatement *statement, const RangeVar *relation)
{
	if (relation != NULL)
		need(statement, relation->relname);
}

/* A name that is a list of strings. */
static void
need_list(MigModelStatement *statement, List *names, int from_end)
{
	if (list_length(names) > from_end && IsA(list_nth(names, list_length(names) - 1 - from_end), String))
		need(statement, strVal(list_nth(names, list_length(names) - 1 - from_end)));
}

/* The names of functions are told from others by what no identifier ends with. */
static char *
function_key(List *names)
{
	return psprintf("%s()", strVal(llast(names)));
}

/* As are unique keys, which foreign keys need. */
static char *
key_of(const char *table)
{
	return psprintf("%s#", table);
}

/* What the statement creates. */
static void
creates(MigModelStatement *statement, const char *name)
{
	if (name != NULL)
		mig_name_list_add(&statement->creates, name);
}

/* The relation that 'name'::regclass is; the name is not in the parse tree. */
static void
need_regclass(MigModelStatement *statement, TypeCast *cast)
{
	A_Const    *constant = (A_Const *) cast->arg;
	const char *name;
	const char *dot;
	char	   *bare;

	if (!IsA(constant, A_Const) || constant->isnull || !IsA(&constant->val, String) ||
		strcmp(strVal(llast(cast->typeName->names)), "regclass") != 0)
		return;
	name = strVal(&constant->val);
	dot = strrchr(name, '.');
	bare = pstrdup(dot ? dot + 1 : name);
	if (bare[0] == '"' && bare[strlen(bare) - 1] == '"' && strlen(bare) > 2)
	{
		bare[strlen(bare) - 1] = '\0';
		bare++;
	}
	need(statement, bare);
}

/* Walk through an expression or query. */
static bool
walk(Node *node, void *context)
{
	MigModelStatement *statement = (MigModelStatement *) context;

	if (node == NULL)
		return false;
	switch (nodeTag(node))
	{
		case T_RangeVar:
			need_relation(statement, (RangeVar *) node);
			return false;
		case T_TypeName:
			need_list(statement, ((TypeName *) node)->names, 0);
			return false;
		case T_FuncCall:
			need(statement, function_key(((FuncCall *) node)->funcname));
			break;
		case T_TypeCast:
			need_regclass(statement, (TypeCast *) node);
			break;
		default:
			break;
	}
	return raw_expression_tree_walker(node, walk, context);
}

/* The table that a foreign key leads to, and a key of it. */
static void
need_referenced(MigModelStatement *statement, const RangeVar *table)
{
	if (table == NULL)
		return;
	need(statement, table->relname);
	need(statement, key_of(table->relname));
}

/* A constraint of a table, a column or a domain. */
static void
note_constraint(MigModelStatement *statement, Constraint *constraint, const RangeVar *table)
{
	need_referenced(statement, constraint->pktable);
	need(statement, constraint->indexname);
	(void) walk(constraint->raw_expr, statement);
	if (table != NULL && (constraint->contype == CONSTR_PRIMARY || constraint->contype == CONSTR_UNIQUE))
		creates(statement, key_of(table->relname));
}

/* A column of a table or a composite type. */
static void
note_column(MigModelStatement *statement, ColumnDef *column, const RangeVar *table)
{
	ListCell   *lc;

	(void) walk((Node *) column->typeName, statement);
	foreach(lc, column->constraints)
	{
		if (IsA(lfirst(lc), Constraint))
			note_constraint(statement, lfirst(lc), table);
	}
}

/* What a table or type consists of, or an action of ALTER TABLE is about. */
static void
note_element(MigModelStatement *statement, Node *element, const RangeVar *table)
{
	if (element == NULL)
		return;
	switch (nodeTag(element))
	{
		case T_ColumnDef:
			note_column(statement, (ColumnDef *) element, table);
			break;
		case T_Constraint:
			note_constraint(statement, (Constraint *) element, table);
			break;
		case T_TableLikeClause:
			need_relation(statement, ((TableLikeClause *) element)->relation);
			break;
		case T_PartitionCmd:
			need_relation(statement, ((PartitionCmd *) element)->name);
			break;
		case T_RangeVar:
			need_relation(statement, (RangeVar *) element);
			break;
		default:
			break;
	}
}

/* Several of these. */
static void
note_elements(MigModelStatement *statement, List *elements, const RangeVar *table)
{
	ListCell   *lc;

	foreach(lc, elements)
		note_element(statement, lfirst(lc), table);
}

/* ----------
 * Statements
 * ----------
 */

static void
note_table(MigModelStatement *statement, CreateStmt *stmt)
{
	creates(statement, stmt->relation->relname);
	note_elements(statement, stmt->tableElts, stmt->relation);
	note_elements(statement, stmt->inhRelations, NULL);
	(void) walk((Node *) stmt->ofTypename, statement);
}

static void
note_alter_table(MigModelStatement *statement, AlterTableStmt *stmt)
{
	ListCell   *lc;

	need_relation(statement, stmt->relation);
	foreach(lc, stmt->cmds)
	{
		AlterTableCmd *cmd = lfirst_node(AlterTableCmd, lc);

		if (cmd->subtype == AT_ColumnDefault)
			(void) walk(cmd->def, statement);
		else if (cmd->subtype == AT_ClusterOn)
			need(statement, cmd->name);
		else
			note_element(statement, cmd->def, stmt->relation);
	}
}

static void
note_index(MigModelStatement *statement, IndexStmt *stmt)
{
	need_relation(statement, stmt->relation);
	(void) walk((Node *) stmt->indexParams, statement);
	(void) walk(stmt->whereClause, statement);
	creates(statement, stmt->idxname);
	if (stmt->unique)
		creates(statement, key_of(stmt->relation->relname));
}

/* OWNED BY table.column */
static void
note_sequence_options(MigModelStatement *statement, List *options)
{
	ListCell   *lc;

	foreach(lc, options)
	{
		DefElem    *option = lfirst_node(DefElem, lc);

		if (strcmp(option->defname, "owned_by") == 0)
			need_list(statement, (List *) option->arg, 1);
	}
}

static void
note_function(MigModelStatement *statement, CreateFunctionStmt *stmt)
{
	ListCell   *lc;

	creates(statement, function_key(stmt->funcname));
	(void) walk((Node *) stmt->returnType, statement);
	foreach(lc, stmt->parameters)
		(void) walk((Node *) lfirst_node(FunctionParameter, lc)->argType, statement);
}

/* The object of COMMENT, ALTER ... OWNER TO, DROP. */
static void
note_object(MigModelStatement *statement, ObjectType type, Node *object)
{
	if (object == NULL)
		return;
	if (IsA(object, TypeName))
		(void) walk(object, statement);
	else if (IsA(object, ObjectWithArgs))
		need(statement, function_key(((ObjectWithArgs *) object)->objname));
	else if (IsA(object, List))
		need_list(statement, (List *) object,
				  type == OBJECT_COLUMN || type == OBJECT_TABCONSTRAINT || type == OBJECT_TRIGGER ||
				  type == OBJECT_POLICY || type == OBJECT_RULE ? 1 : 0);
}

/* Several objects. */
static void
note_objects(MigModelStatement *statement, ObjectType type, List *objects)
{
	ListCell   *lc;

	foreach(lc, objects)
	{
		if (IsA(lfirst(lc), RangeVar))
			need_relation(statement, lfirst(lc));
		else
			note_object(statement, type, lfirst(lc));
	}
}

/* Note what the statement creates, and what it needs for that. */
void
mig_model_note_names(MigModelStatement *statement, Node *stmt)
{
	switch (nodeTag(stmt))
	{
		case T_CreateStmt:
		case T_CreateForeignTableStmt:
			note_table(statement, (CreateStmt *) stmt);
			break;
		case T_AlterTableStmt:
			note_alter_table(statement, (AlterTableStmt *) stmt);
			break;
		case T_IndexStmt:
			note_index(statement, (IndexStmt *) stmt);
			break;
		case T_ViewStmt:
			creates(statement, ((ViewStmt *) stmt)->view->relname);
			(void) walk(((ViewStmt *) stmt)->query, statement);
			break;
		case T_CreateTableAsStmt:
			creates(statement, ((CreateTableAsStmt *) stmt)->into->rel->relname);
			if (IsA(((CreateTableAsStmt *) stmt)->query, SelectStmt))
				(void) walk(((CreateTableAsStmt *) stmt)->query, statement);
			break;
		case T_CreateSeqStmt:
			creates(statement, ((CreateSeqStmt *) stmt)->sequence->relname);
			note_sequence_options(statement, ((CreateSeqStmt *) stmt)->options);
			break;
		case T_AlterSeqStmt:
			need_relation(statement, ((AlterSeqStmt *) stmt)->sequence);
			note_sequence_options(statement, ((AlterSeqStmt *) stmt)->options);
			break;
		case T_CreateEnumStmt:
			creates(statement, strVal(llast(((CreateEnumStmt *) stmt)->typeName)));
			break;
		case T_AlterEnumStmt:
			need_list(statement, ((AlterEnumStmt *) stmt)->typeName, 0);
			break;
		case T_CompositeTypeStmt:
			creates(statement, ((CompositeTypeStmt *) stmt)->typevar->relname);
			note_elements(statement, ((CompositeTypeStmt *) stmt)->coldeflist, NULL);
			break;
		case T_CreateDomainStmt:
			creates(statement, strVal(llast(((CreateDomainStmt *) stmt)->domainname)));
			(void) walk((Node *) ((CreateDomainStmt *) stmt)->typeName, statement);
			note_elements(statement, ((CreateDomainStmt *) stmt)->constraints, NULL);
			break;
		case T_CreateRangeStmt:
			creates(statement, strVal(llast(((CreateRangeStmt *) stmt)->typeName)));
			break;
		case T_CreateFunctionStmt:
			note_function(statement, (CreateFunctionStmt *) stmt);
			break;
		case T_CreateTrigStmt:
			need_relation(statement, ((CreateTrigStmt *) stmt)->relation);
			need(statement, function_key(((CreateTrigStmt *) stmt)->funcname));
			break;
		case T_RuleStmt:
			need_relation(statement, ((RuleStmt *) stmt)->relation);
			break;
		case T_CreatePolicyStmt:
			need_relation(statement, ((CreatePolicyStmt *) stmt)->table);
			(void) walk(((CreatePolicyStmt *) stmt)->qual, statement);
			(void) walk(((CreatePolicyStmt *) stmt)->with_check, statement);
			break;
		case T_CreateStatsStmt:
			(void) walk((Node *) ((CreateStatsStmt *) stmt)->relations, statement);
			break;
		case T_CommentStmt:
			note_object(statement, ((CommentStmt *) stmt)->objtype, ((CommentStmt *) stmt)->object);
			break;
		case T_AlterOwnerStmt:
			need_relation(statement, ((AlterOwnerStmt *) stmt)->relation);
			note_object(statement, ((AlterOwnerStmt *) stmt)->objectType, ((AlterOwnerStmt *) stmt)->object);
			break;
		case T_GrantStmt:
			note_objects(statement, ((GrantStmt *) stmt)->objtype, ((GrantStmt *) stmt)->objects);
			break;
		case T_DropStmt:
			note_objects(statement, ((DropStmt *) stmt)->removeType, ((DropStmt *) stmt)->objects);
			break;
		case T_RenameStmt:
			need_relation(statement, ((RenameStmt *) stmt)->relation);
			break;
		case T_AlterObjectSchemaStmt:
			need_relation(statement, ((AlterObjectSchemaStmt *) stmt)->relation);
			break;
		case T_DoStmt:
		case T_CallStmt:
		case T_SelectStmt:
			statement->is_barrier = true;
			break;
		default:
			break;
	}
}

/* ----------
 * Order
 * ----------
 */

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
