/*-------------------------------------------------------------------------
 *
 * setaside.h
 *	  Hidden names for the schemas of the database, and what replaces them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_SETASIDE_H
#define MIG_SETASIDE_H

#include "revision.h"

/*
 * What is moved aside is called this and its OID.  No schema of a user can be
 * named so.
 */
#define MIG_ASIDE_PREFIX	"pg_migrate_aside_"

/* A schema that exists, and what takes its place. */
typedef struct MigAsideSchema
{
	const char *name;
	bool		created;		/* by the model */
	Oid			old_oid;
	Oid			new_oid;
	Oid			owner;
} MigAsideSchema;

typedef struct MigAside
{
	MigAsideSchema *schemas;
	int			nschemas;
	bool		keep_servers;	/* they keep their names */
	bool		keep_wrappers;
} MigAside;

extern void mig_find_schemas(const MigNameList *schemas, const MigNameList *created, MigAside *aside);
extern void mig_set_aside(MigAside *aside);

#endif							/* MIG_SETASIDE_H */
