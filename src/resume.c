/*-------------------------------------------------------------------------
 *
 * resume.c
 *	  Going on with a revision that was run in part.
 *
 * What has run is known by the checksums of the statements (unfinished.c).
 * There is nothing to clear or to repair before a run goes on: the statements
 * that have run must still be there, at the beginning of the script; those
 * after them may have been corrected.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "batchcursor.h"
#include "errcodes.h"
#include "resume.h"
#include "stmtdigest.h"

/* MG003: what the script says now is not what has run. */
static void
refuse_changed_statement(const MigPreparedStep *prepared, const MigUnfinished *unfinished, int index)
{
	const char *direction = mig_direction_name(prepared->source.direction);
	bool		missing = index >= prepared->statements.count;

	ereport(ERROR,
			(errcode(ERRCODE_MIG_SCRIPT_CHANGED),
			 errmsg("statement %d of revision %s was changed, but it has run", index + 1, unfinished->revision),
			 missing ?
			 errdetail("Run " INT64_FORMAT " ended in the middle of the %s, after %d statements; \"%s\" has only %d now.",
					   unfinished->run, direction, unfinished->done.count, prepared->source.path,
					   prepared->statements.count) :
			 errdetail("Run " INT64_FORMAT " ended in the middle of the %s, after %d statements; the one at %s:%d is not the one that ran.",
					   unfinished->run, direction, unfinished->done.count, prepared->source.path,
					   prepared->statements.items[index].line),
			 errhint("Restore the statements that have run; those after them may be changed. migrate_stamp() makes the database forget that the revision was begun.")));
}

/*
 * How many statements of the step have run before; raises MG003 if they are
 * not those that the script has now.  Called in an owner scope.
 */
static int
count_done(const MigPreparedStep *prepared, const MigUnfinished *unfinished)
{
	int			i;

	for (i = 0; i < unfinished->done.count; i++)
	{
		if (i >= prepared->statements.count ||
			strcmp(mig_statement_checksum(&prepared->source, &prepared->statements.items[i]),
				   unfinished->done.names[i]) != 0)
			refuse_changed_statement(prepared, unfinished, i);
	}
	return unfinished->done.count;
}

/* The same, read from the table. */
int
mig_resume_count(const MigExtension *extension, const char *schema_name, const MigPreparedStep *prepared)
{
	MigUnfinished *list;
	int			n = mig_unfinished_read(extension, schema_name, &list);
	const MigUnfinished *unfinished = mig_unfinished_find(list, n, prepared->source.revision);

	return unfinished ? count_done(prepared, unfinished) : 0;
}

/*
 * A statement is about to begin of which no cursor says how far it is: if
 * there is one of a revision, the statement was changed, or its key, after
 * some of it had run in batches.  Called in an owner scope.
 */
void
mig_resume_begin_anew(const MigExtension *extension, const char *schema_name, const char *revision)
{
	if (mig_batch_forget_revision(extension, schema_name, revision))
		ereport(WARNING,
				(errmsg("a statement of revision %s begins anew", revision),
				 errdetail("It was interrupted after some of its batches, and the statement, its key, or \"migrate:batch\" was changed since."),
				 errhint("See to it that what was done already is right.")));
}

/*
 * The database is neither with nor without the revision, and the plan takes
 * it for one with it.
 */
static void
refuse_half_undone(const MigUnfinished *unfinished)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("the downgrade of revision %s is not finished", unfinished->revision),
			 errdetail("Run " INT64_FORMAT " ended in the middle of it, after %d statements.", unfinished->run,
					   unfinished->done.count),
			 errhint("Finish it: CALL migrate_run('-1', direction => 'downgrade'). If you have mended the database by hand, say where it is by migrate_stamp().")));
}

/* The step of a plan that a revision run in part is, or NULL. */
static const MigPreparedStep *
find_step(const MigUnfinished *unfinished, const MigPreparedStep *steps, int nsteps, MigDirection direction)
{
	int			i;

	for (i = 0; i < nsteps && unfinished->direction == direction; i++)
	{
		if (strcmp(steps[i].source.revision, unfinished->revision) == 0)
			return &steps[i];
	}
	return NULL;
}

/*
 * Check a plan against all revisions that were run in part, before anything
 * runs.
 */
void
mig_resume_check_plan(const MigUnfinished *list, int n, const MigPreparedStep *steps, int nsteps,
					  MigDirection direction)
{
	int			i;

	for (i = 0; i < n; i++)
	{
		const MigPreparedStep *step = find_step(&list[i], steps, nsteps, direction);

		if (step != NULL)
			(void) count_done(step, &list[i]);
		else if (list[i].direction == MIG_DOWNGRADE && direction == MIG_UPGRADE)
			refuse_half_undone(&list[i]);
		else if (list[i].direction != direction)
			ereport(WARNING,
					(errmsg("the upgrade of revision %s is not finished", list[i].revision),
					 errdetail("Run " INT64_FORMAT " ended in the middle of it, after %d statements, which stay.",
							   list[i].run, list[i].done.count)));
	}
}
