/*-------------------------------------------------------------------------
 *
 * lineages.h
 *	  All lineages of the database: schemas, and where each of them is.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_LINEAGES_H
#define MIG_LINEAGES_H

#include "store.h"

/* A schema: one that exists, or has rows in the tables of the extension. */
typedef struct MigLineage
{
	char	   *schema_name;
	int			set;			/* its versions; index into sets */
	bool		exists;			/* '' always does */
	bool		unfinished;		/* a revision was run in part */
} MigLineage;

/* Version rows that some schemas have; ten thousand schemas have few of them. */
typedef struct MigVersionSet
{
	MigNameList versions;		/* sorted; none: base */
	bool		unknown;		/* of one of them the script is not known */
	bool		at_heads;		/* they are the heads that really count */
	int			pending;		/* steps to the target; -1: see report */
	MigReport	report;			/* why it cannot be planned */
} MigVersionSet;

typedef struct MigLineages
{
	MigLineage *items;			/* sorted by name */
	int			count;
	MigVersionSet *sets;
	int			nsets;
} MigLineages;

extern void mig_lineages_read(MigLineages *lineages, const MigExtension *extension, const char *pattern,
							  bool existing_only);
extern void mig_lineages_plan(MigLineages *lineages, const MigStore *store, MigDirection direction,
							  const char *target);

#endif							/* MIG_LINEAGES_H */
