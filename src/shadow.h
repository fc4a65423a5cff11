/*-------------------------------------------------------------------------
 *
 * shadow.h
 *	  The shadow: empty managed schemas under their true names, for a while.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_SHADOW_H
#define MIG_SHADOW_H

#include "revision.h"
#include "setaside.h"

typedef struct MigShadow
{
	const char *function;		/* who wants it, for messages:
								 * "migrate_diff()" */
	MigNameList schemas;		/* to be moved aside where they exist */
	MigNameList created;		/* those of them that what runs on the shadow
								 * creates itself; the others keep owner,
								 * privileges and comment.  All that existed
								 * are made anew, empty: see shadow.c */
	bool		keep_servers;	/* foreign servers, and foreign-data wrappers, */
	bool		keep_wrappers;	/* keep their names: what runs makes none, but
								 * its foreign tables may be of one */
} MigShadow;

typedef void (*MigShadowBody) (void *arg);

extern void mig_on_shadow(const MigShadow *shadow, MigShadowBody body, void *arg);
extern bool mig_shadow_is_active(void);
extern void mig_shadow_allow_new_enum_values(void);
extern void mig_shadow_check_locks(int nrelations);

#endif							/* MIG_SHADOW_H */
