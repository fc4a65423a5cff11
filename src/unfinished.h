/*-------------------------------------------------------------------------
 *
 * unfinished.h
 *	  Revisions that were run statement by statement, and not to their end.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_UNFINISHED_H
#define MIG_UNFINISHED_H

#include "datatype/timestamp.h"
#include "nodes/pg_list.h"
#include "revision.h"
#include "security.h"

/* A row of the table migrate_unfinished. */
typedef struct MigUnfinished
{
	char	   *revision;
	MigDirection direction;
	int64		run;			/* the latest that worked on it */
	MigNameList done;			/* checksums of the statements that have run */
	TimestampTz started_at;
} MigUnfinished;

extern int	mig_unfinished_read(const MigExtension *extension, const char *schema_name, MigUnfinished **list);
extern const MigUnfinished *mig_unfinished_find(const MigUnfinished *list, int n, const char *revision);
extern void mig_unfinished_begin(const MigExtension *extension, const char *schema_name, int64 run,
								 const char *revision, MigDirection direction);
extern void mig_unfinished_advance(const MigExtension *extension, const char *schema_name, const char *revision,
								   const char *checksum);
extern void mig_unfinished_note_indexes(const MigExtension *extension, const char *schema_name,
										const char *revision, List *indexes);
extern List *mig_unfinished_indexes(const MigExtension *extension, const char *schema_name, const char *revision);
extern void mig_unfinished_end(const MigExtension *extension, const char *schema_name, const char *revision);

#endif							/* MIG_UNFINISHED_H */
