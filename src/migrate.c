/*-------------------------------------------------------------------------
 *
 * migrate.c
 *	  Entry point of the module.
 *
 * There are no hooks and no shared memory: the module is loaded by the first
 * call of one of its functions, and need not be in shared_preload_libraries.
 * If it is, interrupted jobs go on by themselves.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "guc.h"
#include "launcher.h"
#include "miscadmin.h"
#include "pg_compat.h"

MIG_MODULE_MAGIC("migrate", "0.1.0");

PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	mig_define_settings();
	if (process_shared_preload_libraries_in_progress)
		mig_register_launcher();
}
