/*-------------------------------------------------------------------------
 *
 * migrate.c
 *	  Entry point of the module.
 *
 * There are no hooks, no shared memory and no background workers that start
 * by themselves: the module is loaded by the first call of one of its
 * functions and needs no place in shared_preload_libraries.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "guc.h"
#include "pg_compat.h"

MIG_MODULE_MAGIC("migrate", "0.1.0");

PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	mig_define_settings();
}
