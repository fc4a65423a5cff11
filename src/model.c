/*-------------------------------------------------------------------------
 *
 * model.c
 *	  The parts that the model consists of.
 *
 * A part is a file of the directory "model" of the script location, at any
 * depth, or a text that was pushed with migrate_model().  A file hides a text
 * that was pushed under its path.
 *
 * The model runs with the rights of whoever compares it with the database, so
 * a text must come from somebody whom that role trusts (trust.c).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "digest.h"
#include "guc.h"
#include "miscadmin.h"
#include "model.h"
#include "report.h"
#include "scriptdir.h"
#include "security.h"
#include "spiutil.h"
#include "storage/lmgr.h"
#include "trust.h"

#define PART_TABLE	"migrate_model_part"

/* ----------
 * Parts
 * ----------
 */

/* Compare two parts by name, for qsort(). */
static int
compare_parts(const void *a, const void *b)
{
	return strcmp(((const MigModelPart *) a)->name, ((const MigModelPart *) b)->name);
}

/* Read the files of the script location. */
static void
read_files(MigModel *model)
{
	MigScriptFile *files;
	int			nfiles;
	int			i;

	if (!mig_has_script_location())
		return;
	mig_scriptdir_scan_model(&files, &nfiles);
	model->parts = palloc0(sizeof(MigModelPart) * Max(nfiles, 1));
	for (i = 0; i < nfiles; i++)
	{
		size_t		len;

		model->parts[i].name = files[i].path;
		model->parts[i].text = mig_scriptdir_read(files[i].path, &len);
	}
	model->nparts = nfiles;
}

/* Is there a file of this path?  The first nfiles parts are files, sorted. */
static bool
is_file(const MigModel *model, int nfiles, const char *name)
{
	MigModelPart key = {0};

	key.name = name;
	return nfiles > 0 && bsearch(&key, model->parts, nfiles, sizeof(MigModelPart), compare_parts) != NULL;
}

/* Add the texts that were pushed. */
static void
read_pushed(MigModel *model)
{
	MigOwnerScope scope;
	int			nfiles = model->nparts;
	uint64		n;
	uint64		row;

	mig_enter_owner(&scope);
	n = mig_spi_execute(SPI_OK_SELECT,
						psprintf("SELECT name, ddl, registered_by::pg_catalog.text FROM %s." PART_TABLE,
								 scope.extension.schema_name),
						0, NULL);
	if (n > 0)
	{
		Size		size = sizeof(MigModelPart) * (nfiles + n);

		model->parts = model->parts ? repalloc_huge(model->parts, size) :
			MemoryContextAllocHuge(CurrentMemoryContext, size);
	}
	for (row = 0; row < n; row++)
	{
		MigModelPart *part = &model->parts[model->nparts];

		MemSet(part, 0, sizeof(MigModelPart));
		part->name = mig_spi_get_text(row, 1);
		if (is_file(model, nfiles, part->name))
			continue;
		part->text = mig_spi_get_text(row, 2);
		part->registered_by = mig_spi_get_text(row, 3);
		model->nparts++;
	}
	SPI_freetuptable(SPI_tuptable);
	mig_leave_owner(&scope);
}

/* A hash of all names and texts. */
static char *
hash_parts(const MigModel *model)
{
	StringInfoData buf;
	int			i;

	initStringInfo(&buf);
	for (i = 0; i < model->nparts; i++)
	{
		mig_digest_add(&buf, model->parts[i].name);
		mig_digest_add(&buf, model->parts[i].text);
	}
	return mig_digest(&buf);
}

/*
 * Read and parse the whole model.  It has no parts if nobody wrote one.
 *
 * Raises MG005 and the parser's errors.  Everything is allocated in the
 * current memory context.
 */
void
mig_model_load(MigModel *model)
{
	int			i;

	MemSet(model, 0, sizeof(MigModel));
	read_files(model);
	read_pushed(model);
	if (model->nparts > 1)
		qsort(model->parts, model->nparts, sizeof(MigModelPart), compare_parts);
	for (i = 0; i < model->nparts; i++)
		mig_model_read_part(model, i);
	model->hash = hash_parts(model);
}

/*
 * Raise an error unless all parts may run with the rights of this session.
 */
void
mig_model_check_trusted(const MigModel *model)
{
	int			i;

	for (i = 0; i < model->nparts; i++)
	{
		const MigModelPart *part = &model->parts[i];
		Oid			distrusting;
		const char *role;

		if (mig_is_trusted(part->registered_by, GetUserId(), &distrusting))
			continue;
		role = GetUserNameFromId(distrusting, false);
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("model part \"%s\" must be trusted by role \"%s\" first", part->name, role),
				 errdetail("%s", mig_distrust_detail(part->registered_by)),
				 errhint("Read its text; then, as role \"%s\", push the same text again: SELECT * FROM migrate_model(name, ddl);",
						 role)));
	}
}

/* ----------
 * Pushing
 * ----------
 */

/* A name that a client gave: something like a path, so that files can become it. */
static void
check_name(const char *name)
{
	if (name[0] == '\0' || !mig_is_printable_path(name))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid name of a model part: \"%s\"", name),
				 errdetail("A name is not empty, and has no control characters and no backslashes."),
				 errhint("Write it like this: model/account.sql.")));
}

/* Raise the errors of a text before it is stored. */
static void
check_text(const char *name, const char *ddl)
{
	MigModel	model = {0};
	MigModelPart part = {0};

	part.name = name;
	part.text = ddl;
	model.parts = &part;
	model.nparts = 1;
	mig_model_read_part(&model, 0);
}

/* Delete the row of a part. */
static void
remove_part(const MigExtension *extension, const char *name)
{
	MigSpiArgument argument = mig_spi_text(name);

	if (mig_spi_execute(SPI_OK_DELETE,
						psprintf("DELETE FROM %s." PART_TABLE " WHERE name = $1", extension->schema_name),
						1, &argument) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("there is no pushed model part \"%s\"", name),
				 errhint("A part that is a file of the script location is removed with its file.")));
}

/*
 * Write the row of a part, if its text is new, or the word of somebody whom
 * the caller does not trust.
 */
static const char *
write_part(const MigOwnerScope *scope, const char *name, const char *ddl)
{
	MigSpiArgument arguments[] = {
		mig_spi_text(name),
		mig_spi_text(ddl),
		mig_spi_text(GetUserNameFromId(scope->userid, false))
	};
	const char *action = "added";
	bool		speaks = false;

	if (mig_spi_execute(SPI_OK_SELECT,
						psprintf("SELECT ddl, registered_by::pg_catalog.text FROM %s." PART_TABLE " WHERE name = $1",
								 scope->extension.schema_name), 1, arguments) > 0)
	{
		action = strcmp(mig_spi_get_text(0, 1), ddl) == 0 ? "unchanged" : "replaced";
		speaks = mig_speaks_for(mig_spi_get_text(0, 2), scope->userid);
	}
	SPI_freetuptable(SPI_tuptable);
	if (strcmp(action, "unchanged") == 0 && speaks)
		return action;
	mig_spi_execute(SPI_OK_INSERT,
					psprintf("INSERT INTO %s." PART_TABLE " (name, ddl, registered_by, registered_at)"
							 " VALUES ($1, $2, $3::pg_catalog.name, pg_catalog.clock_timestamp())"
							 " ON CONFLICT (name) DO UPDATE SET ddl = $2, registered_by = $3::pg_catalog.name,"
							 " registered_at = pg_catalog.clock_timestamp()",
							 scope->extension.schema_name),
					lengthof(arguments), arguments);
	return action;
}

/*
 * Store a text as a part of the model, or remove it if ddl is NULL.  Returns
 * what was done: added, replaced, unchanged, removed.
 *
 * Raises MG005 and the parser's errors.
 */
const char *
mig_model_push(const char *name, const char *ddl)
{
	MigOwnerScope scope;
	const char *action = "removed";

	check_name(name);
	if (ddl != NULL)
		check_text(name, ddl);
	mig_enter_owner(&scope);
	/* a name of our own: readers are not blocked */
	LockDatabaseObject(RelationRelationId, mig_extension_table(&scope.extension, PART_TABLE), 1,
					   ShareUpdateExclusiveLock);
	if (ddl == NULL)
		remove_part(&scope.extension, name);
	else
		action = write_part(&scope, name, ddl);
	mig_leave_owner(&scope);
	return action;
}
