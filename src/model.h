/*-------------------------------------------------------------------------
 *
 * model.h
 *	  The model: declarative DDL, the wanted state of the managed schemas.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_MODEL_H
#define MIG_MODEL_H

#include "revision.h"

/* A file of the model, or a text that was pushed. */
typedef struct MigModelPart
{
	const char *name;			/* path, or the name it was pushed under */
	const char *text;
	const char *registered_by;	/* NULL: a file of the script location */
} MigModelPart;

/* "-- migrate:renamed_from old_name" before an object, a column, a label. */
typedef struct MigRenameHint
{
	const char *object_type;	/* as MigKind.name: "table", "table column", ... */
	const char *schema;			/* of the object; NULL: that of unqualified names */
	const char *parent;			/* table of a column or constraint, type of a
								 * label; else NULL */
	const char *name;			/* in the model */
	const char *old_name;		/* in the database */
	const char *part;			/* where it is written */
	int			line;
} MigRenameHint;

typedef struct MigModel
{
	MigModelPart *parts;		/* in the order of their names */
	int			nparts;
	MigNameList created_schemas;	/* by CREATE SCHEMA */
	MigNameList global_types;	/* object types in no schema that the model
								 * creates: "extension", "publication", ... */
	MigNameList extensions;		/* that it asks for */
	MigRenameHint *hints;
	int			nhints;
	int			nstatements;
	int			ntables;		/* CREATE TABLE statements */
	char	   *hash;			/* hex sha256 of all names and texts */
} MigModel;

extern void mig_model_load(MigModel *model);
extern void mig_model_execute(const MigModel *model);
extern const char *mig_model_push(const char *name, const char *ddl);

#endif							/* MIG_MODEL_H */
