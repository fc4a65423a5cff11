/*-------------------------------------------------------------------------
 *
 * tenant.h
 *	  The schema that a run is for.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_TENANT_H
#define MIG_TENANT_H

#include "fmgr.h"

/* the lineage of the database as a whole */
#define MIG_ORDINARY_SCHEMA	""

extern char *mig_schema_argument(FunctionCallInfo fcinfo, int argument);
extern void mig_require_schema(const char *schema_name, bool create);
extern int	mig_enter_schema(const char *schema_name);
extern char *mig_schema_search_path(const char *schema_name);
extern const char *mig_schema_noun(const char *schema_name);
extern const char *mig_schema_clause(const char *schema_name);

#endif							/* MIG_TENANT_H */
