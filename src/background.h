/*-------------------------------------------------------------------------
 *
 * background.h
 *	  Background workers that are sessions like that of their caller.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_BACKGROUND_H
#define MIG_BACKGROUND_H

#include "postmaster/bgworker.h"
#include "revision.h"
#include "storage/dsm.h"
#include "storage/shm_mq.h"
#include "storage/shm_toc.h"

/* What the caller puts into the worker's segment of shared memory; it is copied. */
typedef struct MigPart
{
	uint64		key;			/* for shm_toc_lookup() */
	const void *data;
	Size		size;
} MigPart;

/* What kind of worker it is. */
typedef struct MigBackgroundKind
{
	const char *function;		/* its main function */
	const char *type;			/* for pg_stat_activity */
	const char *purpose;		/* completes "a background worker is needed for" */
	bool		outlives_caller;
} MigBackgroundKind;

/* Whose session the worker's is to be like, if not like the caller's. */
typedef struct MigSession
{
	Oid			user;			/* who connects, and may reset his role to that */
	Oid			role;			/* of SET ROLE, or InvalidOid */
	const MigNameList *settings;	/* see settings.h */
} MigSession;

/* A worker, while it runs, as its caller sees it. */
typedef struct MigBackground
{
	dsm_segment *segment;
	shm_mq	   *queue;
	shm_mq_handle *receiver;	/* of it */
	BackgroundWorkerHandle *handle;
	MemoryContext notice_context;
	bool		is_done;		/* it said so */
	ErrorData  *edata;			/* the first error that it sent */
} MigBackground;

/* for all background workers */
extern void mig_background_describe(BackgroundWorker *worker, const char *function, const char *type);

/* for the caller */
extern void mig_background_start_as(MigBackground *background, const MigBackgroundKind *kind,
									const MigSession *session, const MigPart *parts, int nparts);
extern void mig_background_start(MigBackground *background, const MigBackgroundKind *kind, const MigPart *parts,
								 int nparts);
extern bool mig_background_try_start(MigBackground *background, const MigBackgroundKind *kind, const MigPart *parts,
									 int nparts);
extern int	mig_background_times_refused(void);
extern bool mig_background_read(MigBackground *background, bool nowait);
extern void *mig_background_part(const MigBackground *background, uint64 key);
extern ErrorData *mig_background_end(MigBackground *background);
extern ErrorData *mig_background_let_go(MigBackground *background);
extern void mig_background_stop(MigBackground *background);

/* for the worker */
extern dsm_segment *mig_background_map(dsm_handle handle);
extern shm_toc *mig_background_attach(Datum main_arg);
extern void mig_background_connect(shm_toc *toc);
extern void mig_background_done(void);
extern void mig_background_detach(void);

#endif							/* MIG_BACKGROUND_H */
