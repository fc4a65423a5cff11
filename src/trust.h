/*-------------------------------------------------------------------------
 *
 * trust.h
 *	  Whose word it is that a script may run.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_TRUST_H
#define MIG_TRUST_H

#include "scripttable.h"

extern bool mig_speaks_for(const char *registered_by, Oid role);
extern bool mig_is_trusted(const char *registered_by, Oid caller, Oid *distrusting);
extern char *mig_distrust_detail(const char *registered_by);
extern void mig_check_trusted(const MigStoredScript *script, Oid caller);

#endif							/* MIG_TRUST_H */
