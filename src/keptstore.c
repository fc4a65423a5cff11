/*-------------------------------------------------------------------------
 *
 * keptstore.c
 *	  The store, and scripts once parsed, kept from schema to schema.
 *
 * Ten thousand schemas run the same scripts.  While the lock of all runs is
 * held no script changes, so the store needs to be read, and a script to be
 * parsed, only once.  A revision that is added meanwhile is not seen.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "keptstore.h"
#include "miscadmin.h"
#include "trust.h"
#include "utils/memutils.h"
#include "version.h"

/* Make room, in the current memory context, for what is to be kept. */
void
mig_kept_store_begin(MigKeptStore *kept)
{
	MemSet(kept, 0, sizeof(MigKeptStore));
	kept->context = AllocSetContextCreate(CurrentMemoryContext, "migrate kept store", ALLOCSET_DEFAULT_SIZES);
}

/* What is kept may be out of date; nothing that came of it may be used any more. */
void
mig_kept_store_forget(MigKeptStore *kept)
{
	MemoryContextReset(kept->context);
	kept->is_read = false;
}

/* Read the store. */
static void
read_store(MigKeptStore *kept, const MigExtension *extension)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(kept->context);
	int			n;

	mig_store_open(&kept->store, extension, MIG_STORE_CHANGE, MIG_ORDINARY_SCHEMA);
	n = Max(kept->store.nscripts, 1);
	kept->prepared[MIG_UPGRADE] = palloc0(sizeof(MigPreparedStep) * n);
	kept->prepared[MIG_DOWNGRADE] = palloc0(sizeof(MigPreparedStep) * n);
	kept->is_read = true;
	MemoryContextSwitchTo(oldcontext);
}

/* Are all versions known, or might some have been added since? */
static bool
all_known(const MigKeptStore *kept, const MigNameList *versions)
{
	int			i;

	for (i = 0; i < versions->count; i++)
	{
		if (mig_graph_lookup(kept->store.graph, versions->names[i]) < 0)
			return false;
	}
	return true;
}

/*
 * Open the store for a schema.  What differs from schema to schema is
 * allocated in the current memory context.  Called in an owner scope.
 */
void
mig_kept_store_open(MigKeptStore *kept, MigStore *store, const MigExtension *extension, const char *schema_name)
{
	MigNameList versions;

	mig_versions_read(extension, schema_name, &versions);
	if (kept->is_read && !all_known(kept, &versions))
		mig_kept_store_forget(kept);
	if (!kept->is_read)
		read_store(kept, extension);
	*store = kept->store;
	store->context = CurrentMemoryContext;
	store->schema_name = pstrdup(schema_name);
	store->versions = versions;
}

/* The step of a revision, parsed. */
static MigPreparedStep *
prepare_step(MigKeptStore *kept, const MigExtension *extension, const MigStep *step, MigDirection direction)
{
	MigPreparedStep *prepared = &kept->prepared[direction][step->revision];

	if (prepared->source.text == NULL)
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(kept->context);
		MigPreparedStep parsed;

		mig_prepare_step(&parsed, &kept->store, extension, step, direction);
		*prepared = parsed;
		MemoryContextSwitchTo(oldcontext);
	}
	return prepared;
}

/*
 * Check whose word the scripts of a plan are, and prepare all of its steps.
 * Called in an owner scope.
 */
MigPreparedStep *
mig_kept_store_prepare(MigKeptStore *kept, const MigExtension *extension, const MigPlan *plan,
					   MigDirection direction, Oid caller)
{
	MigPreparedStep *steps = palloc(sizeof(MigPreparedStep) * Max(plan->nsteps, 1));
	int			i;

	mig_check_plan_trusted(&kept->store, plan, caller);
	for (i = 0; i < plan->nsteps; i++)
	{
		CHECK_FOR_INTERRUPTS();
		steps[i] = *prepare_step(kept, extension, &plan->steps[i], direction);
		steps[i].step = &plan->steps[i];
	}
	return steps;
}
