/*-------------------------------------------------------------------------
 *
 * changescript.c
 *	  The script of a plan.
 *
 * The plan takes everything apart, so that its graph has no circles; a person
 * would write it together.  So each piece of SQL is put into the earliest
 * statement on the same table that may have it: a constraint into CREATE
 * TABLE, an action into the one ALTER TABLE.  It may, if nothing that it has
 * to come after is later than that statement.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "changescript.h"
#include "kind_column.h"
#include "kind_table.h"
#include "kinds.h"
#include "purecore.h"

typedef enum GroupType
{
	GROUP_STATEMENT,
	GROUP_CREATE_TABLE,
	GROUP_ALTER_TABLE
} GroupType;

/* An element of CREATE TABLE, an action of ALTER TABLE. */
typedef struct Part
{
	const char *text;
	const MigFact *column;		/* one that is added; else NULL */
	const MigFact *column_default;
} Part;

/* A statement of the script. */
typedef struct Group
{
	GroupType	type;
	const MigFact *fact;		/* what it is about */
	const char *text;			/* of a statement */
	List	   *parts;
	List	   *comments;		/* char *, above it */
} Group;

typedef struct Writer
{
	const MigChangePlan *plan;
	bool		fold;
	Group	  **groups;
	int			ngroups;
	int			capacity;
	int		   *position;		/* group of each operation, its last */
	int		   *earliest;		/* first group that each operation may be in */
	int		   *table_group;	/* by index of the table: its CREATE or ALTER */
	int		   *new_table_group;
	Part	  **column_parts;	/* by index of the column on the new side */
	int		   *column_group;
	int			nlosses;
} Writer;

/* One slot for each table, whichever side it was met on. */
static int *
table_slot(Writer *writer, const MigFact *table)
{
	if (table->data == writer->plan->to)
		return &writer->new_table_group[table->index];
	return table->twin ? &writer->new_table_group[table->twin->index] : &writer->table_group[table->index];
}

/* Begin a statement at the end of the script. */
static Group *
add_group(Writer *writer, GroupType type, const MigFact *fact)
{
	Group	   *group = palloc0(sizeof(Group));

	group->type = type;
	group->fact = fact;
	if (writer->ngroups == writer->capacity)
	{
		Size		size;

		writer->capacity = Max(writer->capacity * 2, 64);
		size = sizeof(Group *) * writer->capacity;
		writer->groups = writer->groups ? repalloc_huge(writer->groups, size) : palloc(size);
	}
	writer->groups[writer->ngroups++] = group;
	return group;
}

/* Append a part to a statement. */
static Part *
add_part(Group *group, const char *text, const MigFact *column)
{
	Part	   *part = palloc0(sizeof(Part));

	part->text = text;
	part->column = column;
	group->parts = lappend(group->parts, part);
	return part;
}

/* What is lost stands above the statement, and what else there is to say. */
static void
add_comments(Writer *writer, Group *group, const MigOperation *operation, const char *loses)
{
	if (loses == NULL)
		return;
	group->comments = lappend(group->comments, psprintf("loses data: %s", loses));
	if (operation->note)
		group->comments = lappend(group->comments, unconstify(char *, operation->note));
	writer->nlosses++;
}

/* Some actions must be the only one of their statement. */
static bool
stands_alone(const char *action)
{
	return strncmp(action, "RENAME ", strlen("RENAME ")) == 0;
}

/* Put a whole statement. */
static void
put_statement(Writer *writer, const MigOperation *operation, const MigSql *sql)
{
	Group	   *group = add_group(writer, GROUP_STATEMENT, operation->to ? operation->to : operation->from);

	group->text = sql->text;
	add_comments(writer, group, operation, sql->loses);
	writer->position[operation->index] = writer->ngroups - 1;
}

/* Put an action into the statement on its table, or begin one. */
static void
put_action(Writer *writer, const MigOperation *operation, const MigSql *sql, const MigFact *column)
{
	int		   *slot = table_slot(writer, sql->table);
	int			floor = Max(writer->earliest[operation->index], writer->position[operation->index]);
	Group	   *group;
	Part	   *part;

	if (!writer->fold || *slot < floor || *slot < 0 || stands_alone(sql->text) ||
		writer->groups[*slot]->type != GROUP_ALTER_TABLE)
	{
		group = add_group(writer, GROUP_ALTER_TABLE, sql->table);
		*slot = stands_alone(sql->text) ? -1 : writer->ngroups - 1;
		writer->position[operation->index] = writer->ngroups - 1;
	}
	else
	{
		group = writer->groups[*slot];
		writer->position[operation->index] = Max(*slot, writer->position[operation->index]);
	}
	part = add_part(group, sql->text, column);
	add_comments(writer, group, operation, sql->loses);
	if (column)
	{
		writer->column_parts[column->index] = part;
		writer->column_group[column->index] = writer->position[operation->index];
	}
}

/* Begin CREATE TABLE. */
static void
put_create_table(Writer *writer, const MigOperation *operation)
{
	Group	   *group = add_group(writer, GROUP_CREATE_TABLE, operation->to);
	int			number = writer->ngroups - 1;
	ListCell   *lc;

	*table_slot(writer, operation->to) = number;
	writer->position[operation->index] = number;
	foreach(lc, operation->parts)
	{
		const MigFact *column = lfirst(lc);

		writer->column_parts[column->index] = add_part(group, NULL, column);
		writer->column_group[column->index] = number;
	}
}

/* Write a default along with its column, if it may come that early. */
static bool
fold_default(Writer *writer, const MigOperation *operation)
{
	const MigFact *column = operation->to->parent;
	Part	   *part;

	if (column->kind != &mig_kind_column || mig_column_is_inherited(column))
		return false;
	part = writer->column_parts[column->index];
	if (part == NULL || part->column_default || writer->column_group[column->index] < writer->earliest[operation->index])
		return false;
	part->column_default = operation->to;
	writer->position[operation->index] = writer->column_group[column->index];
	return true;
}

/* Write a constraint in CREATE TABLE, if it may come that early. */
static bool
fold_constraint(Writer *writer, const MigOperation *operation)
{
	const MigFact *constraint = operation->to;
	int			number = *table_slot(writer, constraint->parent);

	/* CREATE TABLE has no constraints that are not valid */
	if (number < 0 || writer->groups[number]->type != GROUP_CREATE_TABLE ||
		number < writer->earliest[operation->index] || mig_value(constraint, "not_valid") ||
		strncmp(operation->sql.items[0].text, "ADD ", strlen("ADD ")) != 0)
		return false;
	(void) add_part(writer->groups[number], operation->sql.items[0].text + strlen("ADD "), NULL);
	writer->position[operation->index] = number;
	return true;
}

/* Put the SQL of an operation into the script. */
static void
put_operation(Writer *writer, const MigOperation *operation)
{
	bool		creates = operation->type == MIG_OPERATION_CREATE;
	int			first = 0;
	int			i;

	writer->position[operation->index] = -1;
	if (creates && operation->to->kind == &mig_kind_table)
	{
		put_create_table(writer, operation);
		first = 1;
	}
	else if (creates && operation->to->kind == &mig_kind_default && operation->sql.count > 0 &&
			 fold_default(writer, operation))
		return;
	else if (writer->fold && creates && operation->to->kind == &mig_kind_constraint && operation->sql.count > 0 &&
			 fold_constraint(writer, operation))
		first = 1;
	for (i = first; i < operation->sql.count; i++)
	{
		const MigSql *sql = &operation->sql.items[i];

		if (sql->form == MIG_SQL_STATEMENT)
			put_statement(writer, operation, sql);
		else
			put_action(writer, operation, sql,
					   creates && i == 0 && operation->to->kind == &mig_kind_column ? operation->to : NULL);
	}
	/* nothing to be done is done where the last thing was that it waited for */
	if (writer->position[operation->index] < 0)
		writer->position[operation->index] = writer->earliest[operation->index];
}

/* ----------
 * Text
 * ----------
 */

/* The text of CREATE TABLE. */
static const char *
create_table_text(const Group *group)
{
	MigTableElement *elements = mig_alloc0_array(MigTableElement, list_length(group->parts));
	int			n = 0;
	ListCell   *lc;

	foreach(lc, group->parts)
	{
		const Part *part = lfirst(lc);

		elements[n].column = part->column;
		elements[n].column_default = part->column_default;
		elements[n++].constraint = part->text;
	}
	return mig_create_table_text(group->fact, elements, n);
}

/* Append one action of ALTER TABLE. */
static void
append_action(StringInfo buf, const Part *part)
{
	if (part->column_default)
	{
		appendStringInfoString(buf, "ADD COLUMN ");
		mig_append_column(buf, part->column, part->column_default);
	}
	else
		appendStringInfoString(buf, part->text);
}

/* Append ALTER TABLE; several actions stand on lines of their own. */
static void
append_alter_table(StringInfo buf, const Group *group)
{
	bool		several = list_length(group->parts) > 1;
	ListCell   *lc;

	appendStringInfo(buf, "ALTER TABLE %s", mig_sql_name(group->fact));
	foreach(lc, group->parts)
	{
		if (several)
			appendStringInfoString(buf, foreach_current_index(lc) > 0 ? ",\n    " : "\n    ");
		else
			appendStringInfoChar(buf, ' ');
		append_action(buf, lfirst(lc));
	}
}

/* The table, or whatever else, that a statement is about. */
static const char *
topic(const Group *group)
{
	const MigFact *fact = group->fact;

	while (fact->parent)
		fact = fact->parent;
	return fact->identity;
}

/* Append a statement. */
static void
append_group(StringInfo buf, const Group *group)
{
	ListCell   *lc;

	foreach(lc, group->comments)
		appendStringInfo(buf, "-- %s\n", (char *) lfirst(lc));
	switch (group->type)
	{
		case GROUP_STATEMENT:
			appendStringInfoString(buf, group->text);
			break;
		case GROUP_CREATE_TABLE:
			appendStringInfoString(buf, create_table_text(group));
			break;
		case GROUP_ALTER_TABLE:
			append_alter_table(buf, group);
			break;
	}
	appendStringInfoString(buf, ";\n");
}

/* An array of n numbers, all -1. */
static int *
alloc_minus_ones(int n)
{
	int		   *array = mig_alloc_array(int, n);

	memset(array, 0xFF, sizeof(int) * n);
	return array;
}

/*
 * The script of a plan: statements, each with its semicolon on lines of its
 * own.  Without fold, one for each thing to be done.  *nlosses is how many of
 * them lose data.
 */
char *
mig_change_script(const MigChangePlan *plan, bool fold, int *nlosses)
{
	Writer		writer = {0};
	StringInfoData buf;
	int			i;
	int			j;

	writer.plan = plan;
	writer.fold = fold;
	writer.position = mig_alloc0_array(int, plan->noperations);
	writer.earliest = mig_alloc0_array(int, plan->noperations);
	writer.table_group = alloc_minus_ones(plan->from->nfacts);
	writer.new_table_group = alloc_minus_ones(plan->to->nfacts);
	writer.column_parts = mig_alloc0_array(Part *, plan->to->nfacts);
	writer.column_group = mig_alloc0_array(int, plan->to->nfacts);
	for (i = 0; i < plan->noperations; i++)
	{
		const MigOperation *operation = plan->operations[i];

		CHECK_FOR_INTERRUPTS();
		put_operation(&writer, operation);
		for (j = 0; j < operation->nnext; j++)
		{
			int		   *earliest = &writer.earliest[operation->next[j]->index];

			*earliest = Max(*earliest, writer.position[i]);
		}
	}
	initStringInfo(&buf);
	for (i = 0; i < writer.ngroups; i++)
	{
		if (i > 0 && strcmp(topic(writer.groups[i]), topic(writer.groups[i - 1])) != 0)
			appendStringInfoChar(&buf, '\n');
		append_group(&buf, writer.groups[i]);
	}
	*nlosses = writer.nlosses;
	return buf.data;
}
