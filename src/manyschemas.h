/*-------------------------------------------------------------------------
 *
 * manyschemas.h
 *	  Production runs of many schemas.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_MANYSCHEMAS_H
#define MIG_MANYSCHEMAS_H

#include "runoptions.h"

extern int64 mig_run_many_schemas(const MigRunOptions *options);

#endif							/* MIG_MANYSCHEMAS_H */
