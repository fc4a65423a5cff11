/*-------------------------------------------------------------------------
 *
 * model.h
 *	  The model: declarative DDL, the wanted state of the managed schemas.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_MODEL_H
#define MIG_MODEL_H

#include "place.h"

/* A file of the model, or a text that was pushed. */
typedef struct MigModelPart
{
	const char *name;			/* path, or the name it was pushed under */
	const char *text;
	const char *registered_by;	/* NULL: a file of the script location */

	/* the text with blanks for what is only psql's, for the parser */
	MigScriptSource source;
	int			nrows;			/* statements ignored: those that change rows, */
	int			nothers;		/* and others, that are worth a notice */
	const char *first_rows;		/* the first of them: "INSERT on line 3" */
	const char *first_other;
} MigModelPart;

/* A statement that is to be run. */
typedef struct MigModelStatement
{
	int			part;
	size_t		start;			/* in the part's source */
	size_t		len;
	int			line;			/* from 1 */
	int			number;			/* of those that are run of the part, from 1 */
	const char *setting;		/* SET, or set_config(): of what; else NULL */
	int			settings;		/* latest such statement before this one in
								 * the part, or -1 */
	bool		drops;			/* it only removes something */
	const char *schema;			/* what CREATE SCHEMA creates, else NULL */
	const char *extension;		/* what CREATE EXTENSION creates, else NULL */
	const char *inside;			/* it is an element of CREATE SCHEMA of this
								 * one */
	bool		is_barrier;		/* its code may look at all that came before */
	MigNameList creates;		/* see modelnames.c */
	MigNameList needs;
} MigModelStatement;

/* "-- migrate:renamed_from old_name" before an object, a column, a label. */
typedef struct MigRenameHint
{
	const char *object_type;	/* as MigKind.name: "table", "table column",
								 * ...; or "enum label" */
	const char *schema;			/* of the object; NULL: that of unqualified
								 * names */
	const char *parent;			/* table of a column or constraint, type of a
								 * label; else NULL */
	const char *name;			/* in the model */
	const char *old_schema;		/* if the hint names one, else NULL */
	const char *old_name;		/* in the database */
	const char *part;			/* where it is written */
	int			line;
} MigRenameHint;

typedef struct MigModel
{
	MigModelPart *parts;		/* in the order of their names */
	int			nparts;
	MigModelStatement *statements;	/* part by part */
	int			nstatements;
	MigNameList created_schemas;	/* by CREATE SCHEMA */
	MigNameList global_types;	/* object types in no schema that the model
								 * creates: "extension", "publication", ... */
	MigNameList extensions;		/* that it asks for */
	MigRenameHint *hints;
	int			nhints;
	int			ntables;		/* CREATE TABLE statements */
	int			nrelations;		/* those, and what else is locked and can be
								 * counted: indexes, TOAST tables */
	char	   *hash;			/* hex sha256 of all names and texts */
} MigModel;

/* model.c */
extern void mig_model_load(MigModel *model);
extern void mig_model_check_trusted(const MigModel *model);
extern const char *mig_model_push(const char *name, const char *ddl);

/* modelread.c */
extern void mig_model_read_part(MigModel *model, int part);

/* modelexec.c */
extern void mig_model_report_ignored(const MigModel *model);
extern void mig_model_execute(const MigModel *model);

#endif							/* MIG_MODEL_H */
