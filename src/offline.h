/*-------------------------------------------------------------------------
 *
 * offline.h
 *	  A run as a script for psql.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_OFFLINE_H
#define MIG_OFFLINE_H

#include "revision.h"
#include "store.h"

extern char *mig_offline_script(const MigStore *store, const MigExtension *extension, MigDirection direction,
								const char *range, const char *search_path);

#endif							/* MIG_OFFLINE_H */
