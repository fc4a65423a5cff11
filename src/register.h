/*-------------------------------------------------------------------------
 *
 * register.h
 *	  Single scripts that come as text.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_REGISTER_H
#define MIG_REGISTER_H

#include "store.h"

extern void mig_register_script(const char *text, const char *path, bool accept_changes, MigStoredScript *result);
extern void mig_unregister_script(const char *revision, MigStoredScript *result);
extern void mig_edit_script(const char *revision, const char *text, MigStoredScript *result);
extern bool mig_resolve_list(const MigGraph *graph, const char *text, MigRevisionSet *result, MigReport *report);

#endif							/* MIG_REGISTER_H */
