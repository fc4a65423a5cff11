/*-------------------------------------------------------------------------
 *
 * changewrite.c
 *	  The SQL of a single operation.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "changeplan.h"
#include "kind_column.h"
#include "kind_table.h"
#include "kind_type.h"
#include "kinds.h"
#include "mb/pg_wchar.h"
#include "purecore.h"
#include "utils/builtins.h"

/* The word for it in results. */
const char *
mig_operation_name(MigOperationType type)
{
	switch (type)
	{
		case MIG_OPERATION_DROP:
		case MIG_OPERATION_DROP_AWAY:
			return "drop";
		case MIG_OPERATION_CREATE:
			return "create";
		case MIG_OPERATION_ALTER:
		case MIG_OPERATION_RENAME_AWAY:
			return "alter";
	}
	return NULL;
}

/* CREATE TABLE with the columns, and nothing that could come later. */
static void
write_create_table(MigOperation *operation)
{
	int			n = list_length(operation->parts);
	MigTableElement *elements = mig_alloc0_array(MigTableElement, n);
	int			i;

	for (i = 0; i < n; i++)
		elements[i].column = list_nth(operation->parts, i);
	mig_sql_statement(&operation->sql, "%s", mig_create_table_text(operation->to, elements, n));
	operation->to->kind->create(&operation->sql, operation->to);
	for (i = 0; i < n; i++)
		mig_column_extras(&operation->sql, list_nth(operation->parts, i));
}

/* Write the statements that create an object with its parts. */
static void
write_creation(MigOperation *operation)
{
	const MigFact *to = operation->to;

	if (to->kind == &mig_kind_table)
		write_create_table(operation);
	else if (to->kind == &mig_kind_domain)
		mig_create_domain(&operation->sql, to, operation->parts);
	else if (to->kind->create)
		to->kind->create(&operation->sql, to);
}

/* A name for the type that makes place; short enough, and free on both sides. */
static char *
name_away(const MigChangePlan *plan, const MigFact *type)
{
	int			i;

	for (i = 0;; i++)
	{
		char	   *suffix = i == 0 ? pstrdup("_old") : psprintf("_old%d", i);
		char	   *name = psprintf("%.*s%s",
									(int) pg_mbcliplen(type->name, (int) strlen(type->name),
													   NAMEDATALEN - 1 - (int) strlen(suffix)),
									type->name, suffix);
		char	   *identity = psprintf("%s.%s", quote_identifier(type->schema), quote_identifier(name));
		bool		taken = false;
		int			k;

		for (k = 0; k < mig_nkinds && !taken; k++)
			taken = (mig_kinds[k]->names & MIG_NAMES_TYPE) &&
				(mig_fact_find(plan->from, mig_kinds[k], identity) ||
				 mig_fact_find(plan->to, mig_kinds[k], identity));
		if (!taken)
			return name;
	}
}

/* The type under the name that it has for a while. */
static MigFact
type_away(const MigChangePlan *plan, const MigFact *type)
{
	MigFact		away = *type;

	away.name = name_away(plan, type);
	return away;
}

/* Write the SQL of an operation. */
void
mig_write_operation(const MigChangePlan *plan, MigOperation *operation)
{
	const MigFact *from = operation->from;
	const MigFact *to = operation->to;
	MigFact		away;

	switch (operation->type)
	{
		case MIG_OPERATION_DROP:
			from->kind->drop(&operation->sql, from);
			break;
		case MIG_OPERATION_CREATE:
			write_creation(operation);
			break;
		case MIG_OPERATION_ALTER:
			if (operation->retyped && !mig_column_is_inherited(to))
				mig_column_set_type(&operation->sql, from, to, true);
			if (mig_fact_differs(from, to))
				to->kind->alter(&operation->sql, from, to);
			break;
		case MIG_OPERATION_RENAME_AWAY:
			away = type_away(plan, from);
			from->kind->rename(&operation->sql, from, &away);
			break;
		case MIG_OPERATION_DROP_AWAY:
			away = type_away(plan, from);
			from->kind->drop(&operation->sql, &away);
			break;
	}
}

/* ----------
 * For results
 * ----------
 */

/* The pieces of SQL as statements, separated by semicolons; NULL: none. */
char *
mig_sql_text(const MigSqlList *sql)
{
	StringInfoData buf;
	int			i;

	if (sql->count == 0)
		return NULL;
	initStringInfo(&buf);
	for (i = 0; i < sql->count; i++)
	{
		if (i > 0)
			appendStringInfoString(&buf, ";\n");
		if (sql->items[i].form == MIG_SQL_TABLE_ACTION)
			appendStringInfo(&buf, "ALTER TABLE %s ", mig_sql_name(sql->items[i].table));
		appendStringInfoString(&buf, sql->items[i].text);
	}
	return buf.data;
}

/* The statements of an operation, or NULL. */
char *
mig_operation_sql(const MigOperation *operation)
{
	return mig_sql_text(&operation->sql);
}

/* What an operation loses, or NULL. */
const char *
mig_operation_loses(const MigOperation *operation)
{
	int			i;

	for (i = 0; i < operation->sql.count; i++)
	{
		if (operation->sql.items[i].loses)
			return operation->sql.items[i].loses;
	}
	return NULL;
}

static void write_whole(MigSqlList *sql, const MigFact *fact);

/* Write what hangs on a fact that needs no statement of its own. */
static void
write_children(MigSqlList *sql, const MigFact *fact)
{
	int			i;

	for (i = 0; i < fact->data->nfacts; i++)
	{
		const MigFact *child = fact->data->facts[i];

		if (child->parent != fact)
			continue;
		if (child->kind->inside_parent || child->kind->implicit)
			write_children(sql, child);
		else if (child->kind->goes_with_parent)
			write_whole(sql, child);
	}
}

/* Write what creates a fact, and all that is gone with it. */
static void
write_whole(MigSqlList *sql, const MigFact *fact)
{
	const MigSchemaData *data = fact->data;
	MigOperation creation = {0};
	int			i;

	creation.to = fact;
	for (i = 0; i < data->nfacts; i++)
	{
		if ((data->facts[i]->kind == &mig_kind_column || data->facts[i]->kind == &mig_kind_domain_constraint) &&
			data->facts[i]->parent == fact)
			creation.parts = lappend(creation.parts, data->facts[i]);
	}
	write_creation(&creation);
	for (i = 0; i < creation.sql.count; i++)
		mig_sql_append(sql, &creation.sql.items[i]);
	write_children(sql, fact);
}

/* The statements that undo an operation, or NULL. */
char *
mig_operation_reverse_sql(const MigChangePlan *plan, const MigOperation *operation)
{
	MigSqlList	sql = {0};
	MigFact		away;

	switch (operation->type)
	{
		case MIG_OPERATION_DROP:
			write_whole(&sql, operation->from);
			break;
		case MIG_OPERATION_CREATE:
			operation->to->kind->drop(&sql, operation->to);
			break;
		case MIG_OPERATION_ALTER:
			if (operation->retyped && !mig_column_is_inherited(operation->to))
				mig_column_set_type(&sql, operation->to, operation->from, true);
			if (mig_fact_differs(operation->to, operation->from))
				operation->from->kind->alter(&sql, operation->to, operation->from);
			break;
		case MIG_OPERATION_RENAME_AWAY:
			away = type_away(plan, operation->from);
			operation->from->kind->rename(&sql, &away, operation->from);
			break;
		case MIG_OPERATION_DROP_AWAY:
			/* it comes back under its own name */
			break;
	}
	return mig_sql_text(&sql);
}
