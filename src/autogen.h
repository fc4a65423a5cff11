/*-------------------------------------------------------------------------
 *
 * autogen.h
 *	  The sections of a revision that makes the database what the model says.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_AUTOGEN_H
#define MIG_AUTOGEN_H

#include "compare.h"
#include "renames.h"

typedef struct MigGenerated
{
	char	   *upgrade;		/* "": there is no difference */
	char	   *downgrade;
	int			nlosses;		/* statements of the upgrade that lose data */
	int			ndowngrade_losses;
} MigGenerated;

extern void mig_autogenerate(MigScope *scope, MigGenerated *generated);
extern MigSchemaData *mig_follow_renames(const MigScope *scope, MigSchemaData *from, MigSchemaData *to,
										 MigRenames *renames);
extern void mig_refuse_plan(const MigChangePlan *plan);
extern int	mig_count_differences(MigSchemaData *from, MigSchemaData *to, int *ndrops);
extern bool mig_same_schema_data(MigSchemaData *a, MigSchemaData *b);
extern char *mig_describe_difference(MigSchemaData *from, MigSchemaData *to, int max);

#endif							/* MIG_AUTOGEN_H */
