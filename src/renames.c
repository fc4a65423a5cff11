/*-------------------------------------------------------------------------
 *
 * renames.c
 *	  Objects that have got another name.
 *
 * Whoever writes the model says so: "-- migrate:renamed_from old_name".  Only
 * where nothing can be lost, and the result is the same either way, is a new
 * name found out: of a constraint, an index, a sequence that goes with a
 * column, if exactly one on the same table has gone and exactly one with the
 * same content has come.
 *
 * What else mentions the object follows a rename by itself, so the texts of
 * the other side change; see autogen.c for how that is taken into account.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "errcodes.h"
#include "kind_type.h"
#include "kinds.h"
#include "miscadmin.h"
#include "renames.h"
#include "utils/builtins.h"

/* Has a fact no counterpart? */
static bool
is_alone(const MigFact *fact)
{
	return fact->twin == NULL && !fact->ignored;
}

/* Put what undoes a rename before what undoes those before it. */
static void
prepend_backward(MigRenames *renames, MigSqlList *sql)
{
	int			i;

	for (i = 0; i < renames->backward.count; i++)
		mig_sql_append(sql, &renames->backward.items[i]);
	renames->backward = *sql;
}

/* Note a rename, in both directions. */
static void
add_rename(MigRenames *renames, const MigFact *from, const MigFact *to)
{
	MigSqlList	backward = {0};

	from->kind->rename(&renames->forward, from, to);
	from->kind->rename(&backward, to, from);
	prepend_backward(renames, &backward);
}

/* ----------
 * What the model says
 * ----------
 */

/* The schema that a hint is about. */
static const char *
hint_schema(const MigRenameHint *hint, const MigSchemaData *data)
{
	return hint->schema ? hint->schema : data->path_schema;
}

/* Does a fact have the kind that a hint speaks of? */
static bool
hint_is_for(const MigRenameHint *hint, const MigSchemaData *data, const MigFact *fact, const char *schema,
			const char *name)
{
	if (strcmp(fact->kind->name, hint->object_type) != 0 || strcmp(fact->name, name) != 0)
		return false;
	if (hint->parent)
		return fact->parent && strcmp(fact->parent->name, hint->parent) == 0 && fact->parent->schema &&
			(schema == NULL || strcmp(fact->parent->schema, schema) == 0);
	return schema == NULL || fact->schema == NULL || strcmp(fact->schema, schema) == 0;
}

/* The object of the model that a hint is written before, or NULL. */
static const MigFact *
find_new(const MigRenameHint *hint, const MigSchemaData *to)
{
	int			i;

	for (i = 0; i < to->nfacts; i++)
	{
		if (hint_is_for(hint, to, to->facts[i], hint_schema(hint, to), hint->name))
			return to->facts[i];
	}
	return NULL;
}

/* The object of the database that has the old name, or NULL. */
static const MigFact *
find_old(const MigRenameHint *hint, const MigSchemaData *from, const MigFact *new_fact)
{
	int			i;

	for (i = 0; i < from->nfacts; i++)
	{
		const MigFact *fact = from->facts[i];

		if (fact->kind != new_fact->kind || strcmp(fact->name, hint->old_name) != 0)
			continue;
		if (new_fact->parent && fact->kind->identity != MIG_IDENTITY_QUALIFIED ?
			fact->parent == new_fact->parent->twin :
			fact->schema == NULL ||
			strcmp(fact->schema, hint->old_schema ? hint->old_schema : new_fact->schema) == 0)
			return fact;
	}
	return NULL;
}

/* A label of an enum: the values of attributes are not facts. */
static bool
rename_label(MigRenames *renames, const MigSchemaData *from, const MigSchemaData *to, const MigRenameHint *hint)
{
	const char *schema = hint_schema(hint, to);
	const char *identity = psprintf("%s.%s", quote_identifier(schema ? schema : ""), quote_identifier(hint->parent));
	const MigFact *old_type = mig_fact_find(from, &mig_kind_enum, identity);
	const MigFact *new_type = mig_fact_find(to, &mig_kind_enum, identity);
	MigSqlList	backward = {0};

	if (old_type == NULL || new_type == NULL || !mig_enum_has_label(old_type, hint->old_name) ||
		mig_enum_has_label(old_type, hint->name) || mig_enum_has_label(new_type, hint->old_name))
		return false;
	mig_sql_statement(&renames->forward, "ALTER TYPE %s RENAME VALUE %s TO %s", mig_sql_name(new_type),
					  quote_literal_cstr(hint->old_name), quote_literal_cstr(hint->name));
	mig_sql_statement(&backward, "ALTER TYPE %s RENAME VALUE %s TO %s", mig_sql_name(new_type),
					  quote_literal_cstr(hint->name), quote_literal_cstr(hint->old_name));
	prepend_backward(renames, &backward);
	return true;
}

/*
 * Follow one hint.  One that has been followed already stays in the model,
 * and does nothing.
 */
static bool
follow_hint(MigRenames *renames, const MigSchemaData *from, const MigSchemaData *to, const MigRenameHint *hint)
{
	const MigFact *new_fact;
	const MigFact *old_fact;

	if (strcmp(hint->object_type, "enum label") == 0)
		return rename_label(renames, from, to, hint);
	new_fact = find_new(hint, to);
	if (new_fact == NULL || !is_alone(new_fact) || new_fact->kind->rename == NULL)
		return false;
	old_fact = find_old(hint, from, new_fact);
	if (old_fact == NULL || !is_alone(old_fact))
		return false;
	add_rename(renames, old_fact, new_fact);
	return true;
}

/* ----------
 * What is found out
 * ----------
 */

/* May the new name of such a fact be found out? */
static bool
is_recognizable(const MigFact *fact)
{
	return fact->kind == &mig_kind_constraint || fact->kind == &mig_kind_index;
}

/* Do two facts without counterpart have the same parent and content? */
static bool
same_content(const MigFact *from, const MigFact *to)
{
	return from->kind == to->kind && from->parent->twin == to->parent && !mig_fact_differs(from, to);
}

/* The only fact of a side that is alone and has the content, or NULL. */
static const MigFact *
find_only(const MigSchemaData *data, const MigFact *like, bool data_is_new)
{
	const MigFact *found = NULL;
	int			i;

	for (i = 0; i < data->nfacts; i++)
	{
		const MigFact *fact = data->facts[i];

		if (fact->kind != like->kind || !is_alone(fact) ||
			!(data_is_new ? same_content(like, fact) : same_content(fact, like)))
			continue;
		if (found)
			return NULL;
		found = fact;
	}
	return found;
}

/* The column that a sequence goes with, as text; NULL: none. */
static const char *
owner_text(const MigFact *sequence)
{
	const MigFact *owner = mig_fact_find(sequence->data, &mig_kind_sequence_owner,
										 psprintf("%s %s", sequence->kind->name, sequence->identity));

	return owner ? mig_value(owner, "column") : NULL;
}

/* The only sequence that is alone and goes with the column, or NULL. */
static const MigFact *
find_owned(const MigSchemaData *data, const MigFact *like)
{
	const char *column = owner_text(like);
	const MigFact *found = NULL;
	int			i;

	for (i = 0; column && i < data->nfacts; i++)
	{
		const MigFact *fact = data->facts[i];
		const char *other;

		if (fact->kind != &mig_kind_sequence || !is_alone(fact))
			continue;
		other = owner_text(fact);
		if (other == NULL || strcmp(other, column) != 0)
			continue;
		if (found)
			return NULL;
		found = fact;
	}
	return found;
}

/* Find new names of what can be recognized by its content. */
static bool
recognize(MigRenames *renames, const MigSchemaData *from, const MigSchemaData *to)
{
	bool		found = false;
	int			i;

	for (i = 0; i < to->nfacts; i++)
	{
		const MigFact *new_fact = to->facts[i];
		const MigFact *old_fact = NULL;

		CHECK_FOR_INTERRUPTS();
		if (!is_alone(new_fact))
			continue;
		if (is_recognizable(new_fact) && new_fact->parent->twin)
		{
			old_fact = find_only(from, new_fact, false);
			if (old_fact && find_only(to, old_fact, true) != new_fact)
				old_fact = NULL;
		}
		else if (new_fact->kind == &mig_kind_sequence)
		{
			old_fact = find_owned(from, new_fact);
			if (old_fact && find_owned(to, old_fact) != new_fact)
				old_fact = NULL;
		}
		if (old_fact == NULL || strcmp(old_fact->schema, new_fact->schema) != 0)
			continue;
		add_rename(renames, old_fact, new_fact);
		found = true;
	}
	return found;
}

/*
 * Append to renames what has another name on the new side.  The two sides
 * must have been matched.  False: nothing has.
 *
 * Only what is not itself in something that is renamed: call again with what
 * the first renames lead to.
 */
bool
mig_find_renames(MigRenames *renames, MigSchemaData *from, MigSchemaData *to, const MigModel *model)
{
	bool		found = false;
	int			i;

	for (i = 0; i < model->nhints; i++)
	{
		if (follow_hint(renames, from, to, &model->hints[i]))
			found = true;
	}
	/* names that a hint changes would be found a second time */
	return found || recognize(renames, from, to);
}
