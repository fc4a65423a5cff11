/*-------------------------------------------------------------------------
 *
 * holdback.h
 *	  What keeps a backfill from going on at once.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_HOLDBACK_H
#define MIG_HOLDBACK_H

#include "access/xlogdefs.h"
#include "datatype/timestamp.h"

#define MIG_HOLDBACK_SAMPLES	64
#define MIG_HOLDBACK_REASON		160

/* Where the WAL was, and when: a standby that is behind that lags. */
typedef struct MigWalSample
{
	XLogRecPtr	position;
	TimestampTz at;
} MigWalSample;

/* Zeroed to begin with. */
typedef struct MigHoldback
{
	MigWalSample samples[MIG_HOLDBACK_SAMPLES]; /* a ring */
	int			nsamples;
	int			next;
	TimestampTz looked_at;		/* and found this: */
	char		reason[MIG_HOLDBACK_REASON];	/* "": none */
} MigHoldback;

extern void mig_holdback_note(MigHoldback *holdback);
extern char *mig_holdback_reason(MigHoldback *holdback);

#endif							/* MIG_HOLDBACK_H */
