/*-------------------------------------------------------------------------
 *
 * batchcursor.h
 *	  How far a backfill has come, in the tables of the extension.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_BATCHCURSOR_H
#define MIG_BATCHCURSOR_H

#include "datatype/timestamp.h"
#include "revision.h"
#include "security.h"

typedef enum MigBatchPhase
{
	MIG_BATCH_RANGES,			/* of keys, or of blocks */
	MIG_BATCH_NULLS,			/* rows with a null in their key, or, without
								 * a key, the rest */
	MIG_BATCH_SKIPPED			/* rows that others had locked */
} MigBatchPhase;

/* A row of the table migrate_backfill. */
typedef struct MigBatchCursor
{
	const char *schema_name;	/* these three are the key */
	const char *revision;
	const char *checksum;
	MigBatchPhase phase;
	MigNameList position;		/* the last key, or the next block; none: the
								 * beginning */
	int			pass;			/* over the blocks, from 1 */
	int64		pass_rows;		/* changed, or left to others, in it */
	int			size;			/* rows of the next batch */
	int64		rows_seen;		/* gone through */
	int64		rows_changed;
	int64		batches;		/* 0: there is no row yet */
	TimestampTz started_at;
} MigBatchCursor;

/* Keys of rows that were skipped: a list of values for each column. */
typedef struct MigSkippedKeys
{
	MigNameList *columns;
	int			count;
	int64		last_id;
} MigSkippedKeys;

extern bool mig_batch_cursor_read(const MigExtension *extension, MigBatchCursor *cursor);
extern void mig_batch_cursor_write(const MigExtension *extension, const MigBatchCursor *cursor, int64 run,
								   const char *statement);
extern void mig_batch_cursor_end(const MigExtension *extension, const MigBatchCursor *cursor);
extern void mig_batch_skip(const MigExtension *extension, const MigBatchCursor *cursor, const MigNameList *key);
extern void mig_batch_read_skipped(const MigExtension *extension, const MigBatchCursor *cursor, int ncolumns,
								   MigSkippedKeys *keys);
extern void mig_batch_forget_skipped(const MigExtension *extension, const MigBatchCursor *cursor, int64 last_id);
extern bool mig_batch_forget_revision(const MigExtension *extension, const char *schema_name, const char *revision);

#endif							/* MIG_BATCHCURSOR_H */
