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
extern void mig_check_trusted(const MigStoredScript *script, Oid caller);

#endif							/* MIG_TRUST_H */
