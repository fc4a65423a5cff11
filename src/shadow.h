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

typedef struct MigShadow
{
	MigNameList schemas;		/* to be moved aside where they exist */
	MigNameList created;		/* those of them that what runs on the shadow
								 * creates itself; the others are made anew,
								 * empty, if they existed */
} MigShadow;

typedef void (*MigShadowBody) (void *arg);

extern void mig_on_shadow(const MigShadow *shadow, MigShadowBody body, void *arg);

#endif							/* MIG_SHADOW_H */
