/*-------------------------------------------------------------------------
 *
 * holdback.c
 *	  What keeps a backfill from going on at once.
 *
 * Each batch makes WAL.  If standbys do not keep up with it, what is read
 * there gets old; if a replication slot is not read from, the disk gets full.
 *
 * How old what a standby shows is, the server tells only of those that have
 * something to replay just now, and as they see it.  So we remember where our
 * WAL was at which time: who has not replayed today what was there half a
 * minute ago is half a minute behind.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "guc.h"
#include "holdback.h"
#include "mb/pg_wchar.h"
#include "security.h"
#include "spiutil.h"
#include "utils/pg_lsn.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#define LOOK_INTERVAL		1000	/* milliseconds between two looks */
#define MIN_SAMPLE_INTERVAL 100 /* milliseconds between two samples */

/* The sample that is the n-th one counted back from the newest, from 0. */
static const MigWalSample *
sample_back(const MigHoldback *holdback, int n)
{
	return &holdback->samples[(holdback->next + MIG_HOLDBACK_SAMPLES - 1 - n) % MIG_HOLDBACK_SAMPLES];
}

/*
 * Remember where the WAL is now, unless that was done a moment ago.  The ring
 * of samples is to reach back twice as far as a standby may be behind.
 */
void
mig_holdback_note(MigHoldback *holdback)
{
	TimestampTz now = GetCurrentTimestamp();
	int			interval = Max(mig_batch_max_lag / (MIG_HOLDBACK_SAMPLES / 2), MIN_SAMPLE_INTERVAL);

	if (mig_batch_max_lag < 0 ||
		(holdback->nsamples > 0 && !TimestampDifferenceExceeds(sample_back(holdback, 0)->at, now, interval)))
		return;
	holdback->samples[holdback->next].position = GetFlushRecPtr(NULL);
	holdback->samples[holdback->next].at = now;
	holdback->next = (holdback->next + 1) % MIG_HOLDBACK_SAMPLES;
	holdback->nsamples = Min(holdback->nsamples + 1, MIG_HOLDBACK_SAMPLES);
}

/* Where the WAL was as long ago as a standby may be behind; 0: not known. */
static XLogRecPtr
oldest_allowed_position(const MigHoldback *holdback, TimestampTz now)
{
	int			i;

	for (i = 0; i < holdback->nsamples; i++)
	{
		const MigWalSample *sample = sample_back(holdback, i);

		if (TimestampDifferenceExceeds(sample->at, now, mig_batch_max_lag))
			return sample->position;
	}
	return InvalidXLogRecPtr;
}

/* Since when, as far as we know, has the WAL been beyond this position? */
static TimestampTz
beyond_since(const MigHoldback *holdback, XLogRecPtr position, TimestampTz now)
{
	TimestampTz since = now;
	int			i;

	for (i = 0; i < holdback->nsamples && sample_back(holdback, i)->position > position; i++)
		since = sample_back(holdback, i)->at;
	return since;
}

/*
 * The standby or subscriber that is the farthest behind, if that is too far;
 * else NULL.  What receives a backup or an archive replays nothing.
 */
static char *
find_lagging_standby(const MigHoldback *holdback)
{
	static const char *const query =
		"SELECT application_name, replay_lsn FROM pg_catalog.pg_stat_replication"
		" WHERE state IN ('streaming', 'catchup') AND replay_lsn < $1 ORDER BY replay_lsn LIMIT 1";
	TimestampTz now = GetCurrentTimestamp();
	MigSpiArgument argument = {LSNOID, (Datum) 0, false};
	XLogRecPtr	position = mig_batch_max_lag < 0 ? InvalidXLogRecPtr : oldest_allowed_position(holdback, now);
	char	   *reason = NULL;
	bool		isnull;

	if (position == InvalidXLogRecPtr)
		return NULL;
	argument.value = LSNGetDatum(position);
	if (mig_spi_select(query, 1, &argument) > 0)
	{
		XLogRecPtr	replayed = DatumGetLSN(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2, &isnull));
		long		lag = TimestampDifferenceMilliseconds(beyond_since(holdback, replayed, now), now);

		reason = lag < 10 * 1000 ?
			psprintf("standby \"%s\" is %ld ms behind", mig_spi_get_text(0, 1), lag) :
			psprintf("standby \"%s\" is %ld s behind", mig_spi_get_text(0, 1), lag / 1000);
	}
	SPI_freetuptable(SPI_tuptable);
	return reason;
}

/*
 * The replication slot that retains most, if that is too much; else NULL.
 * Those that nobody reads from count, too: they do harm first.
 */
static char *
find_retaining_slot(void)
{
	static const char *const query =
		"SELECT s.slot_name::pg_catalog.text, pg_catalog.pg_size_pretty(s.retained) FROM ("
		" SELECT slot_name, pg_catalog.pg_wal_lsn_diff($1, restart_lsn) AS retained"
		" FROM pg_catalog.pg_replication_slots WHERE wal_status <> 'lost') s"
		" WHERE s.retained > $2::pg_catalog.numeric * 1048576 ORDER BY s.retained DESC LIMIT 1";
	MigSpiArgument arguments[] = {
		{LSNOID, LSNGetDatum(GetFlushRecPtr(NULL)), false},
		{INT4OID, Int32GetDatum(mig_batch_max_retained_wal), false}
	};
	char	   *reason = NULL;

	if (mig_batch_max_retained_wal < 0)
		return NULL;
	if (mig_spi_select(query, lengthof(arguments), arguments) > 0)
		reason = psprintf("replication slot \"%s\" retains %s of WAL", mig_spi_get_text(0, 1), mig_spi_get_text(0, 2));
	SPI_freetuptable(SPI_tuptable);
	return reason;
}

/*
 * Look what there is, as the owner of the extension, since not everybody may
 * see other roles' connections.
 */
static void
look(MigHoldback *holdback)
{
	MigOwnerScope scope;
	char	   *reason;
	int			len = 0;

	PushActiveSnapshot(GetTransactionSnapshot());
	mig_enter_owner(&scope);
	reason = find_lagging_standby(holdback);
	if (reason == NULL)
		reason = find_retaining_slot();
	mig_leave_owner(&scope);
	PopActiveSnapshot();
	if (reason != NULL)
	{
		len = pg_mbcliplen(reason, strlen(reason), MIG_HOLDBACK_REASON - 1);
		memcpy(holdback->reason, reason, len);
	}
	holdback->reason[len] = '\0';
}

/*
 * Why a backfill should wait, in a few words, in the current memory context;
 * or NULL.  Called in a transaction, before each batch, and again and again
 * while the answer is not NULL; it looks no more often than makes sense.
 */
char *
mig_holdback_reason(MigHoldback *holdback)
{
	TimestampTz now = GetCurrentTimestamp();

	/* what others write makes standbys lag, too */
	mig_holdback_note(holdback);
	if (TimestampDifferenceExceeds(holdback->looked_at, now, LOOK_INTERVAL))
	{
		look(holdback);
		holdback->looked_at = now;
	}
	return holdback->reason[0] != '\0' ? pstrdup(holdback->reason) : NULL;
}
