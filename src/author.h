/*-------------------------------------------------------------------------
 *
 * author.h
 *	  New revision scripts.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_AUTHOR_H
#define MIG_AUTHOR_H

#include "revision.h"

/* What is asked for; the names may be symbols and prefixes. */
typedef struct MigNewRevision
{
	const char *parents;		/* comma-separated; "base": none */
	const char *message;
	bool		splice;			/* a parent may have a child already */
	const char *branch_label;	/* NULL: none */
	const char *version_path;	/* NULL: where the parents are */
	const char *rev_id;			/* NULL: a random one */
	const char *depends_on;		/* comma-separated, NULL: none */
	const char *upgrades;		/* statements of the sections; NULL: none */
	const char *downgrades;
} MigNewRevision;

extern void mig_new_revision(const MigNewRevision *wanted, MigRevision *revision, char **script);
extern void mig_init_location(MigNameList *paths);

#endif							/* MIG_AUTHOR_H */
