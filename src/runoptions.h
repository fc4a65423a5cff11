/*-------------------------------------------------------------------------
 *
 * runoptions.h
 *	  What a production run is asked to do.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_RUNOPTIONS_H
#define MIG_RUNOPTIONS_H

#include "keptstore.h"

typedef struct MigRunOptions
{
	const char *schema_name;	/* whose lineage */
	const char *target;
	MigDirection direction;
	bool		direction_given;	/* not found out from the target */
	int			lock_timeout;	/* milliseconds */
	int			lock_retry_for; /* milliseconds */

	/* of many schemas: */
	const char *schemas;		/* pattern of LIKE; NULL: one schema only */
	int			jobs;			/* workers */
	int			canary;			/* schemas that must succeed before others begin */
	int			max_failures;	/* schemas that may fail; -1: all */

	/* of one of the many: */
	int64		run;			/* number of the whole; 0: this is none of many */
	MigKeptStore *kept;			/* from schema to schema */
} MigRunOptions;

#endif							/* MIG_RUNOPTIONS_H */
