/*-------------------------------------------------------------------------
 *
 * background.c
 *	  Background workers that are sessions like that of their caller.
 *
 * A worker gets what it is to do, with the roles and settings of its caller's
 * session, or of one that was there before, in a segment of dynamic shared
 * memory, and sends through a queue in it what a server sends to its client.
 *
 * Unless its kind is one that outlives the caller, whatever ends the caller's
 * (sub)transaction or process detaches the segment, and that ends the worker.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "background.h"
#include "libpq/pqformat.h"
#include "libpq/pqmq.h"
#include "libpq/pqsignal.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "pg_compat.h"
#include "settings.h"
#include "storage/proc.h"
#include "tcop/dest.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#define SEGMENT_MAGIC	0x6d696702
#define QUEUE_SIZE		((Size) 65536)

/* Keys of what every worker needs; those of a kind of worker are small. */
#define KEY_SESSION		UINT64CONST(0x6d69670000000001)
#define KEY_LIBRARIES	UINT64CONST(0x6d69670000000002)	/* by SerializeLibraryState() */
#define KEY_SETTINGS	UINT64CONST(0x6d69670000000003)	/* by SerializeGUCState() */
#define KEY_QUEUE		UINT64CONST(0x6d69670000000004)	/* messages of the protocol */
#define KEY_OWN_SETTINGS	UINT64CONST(0x6d69670000000005)	/* by mig_pack_strings() */
#define MAX_SESSION_PARTS	3

/* Whose session the worker is to be like. */
typedef struct Session
{
	Oid			database;
	Oid			authenticated_user;
	Oid			session_user;
	Oid			role;			/* of SET ROLE, or InvalidOid */
} Session;

/* ----------
 * The caller's side
 * ----------
 */

/* How often there was no room for a worker. */
static int	times_refused = 0;

/* Put something into the segment. */
static void
put_part(shm_toc *toc, const MigPart *part)
{
	void	   *copy = shm_toc_allocate(toc, part->size);

	memcpy(copy, part->data, part->size);
	shm_toc_insert(toc, part->key, copy);
}

/* What makes the worker's session one like this.  Returns the number of parts. */
static int
parts_of_this_session(MigPart *parts, Session *session)
{
	Size		libraries_size = EstimateLibraryStateSpace();
	Size		settings_size = EstimateGUCStateSpace();
	char	   *libraries = palloc(libraries_size);
	char	   *settings = palloc(settings_size);

	session->authenticated_user = GetAuthenticatedUserId();
	session->session_user = GetSessionUserId();
	session->role = GetCurrentRoleId();
	SerializeLibraryState(libraries_size, libraries);
	SerializeGUCState(settings_size, settings);
	parts[0] = (MigPart) {KEY_SESSION, session, sizeof(Session)};
	parts[1] = (MigPart) {KEY_LIBRARIES, libraries, libraries_size};
	parts[2] = (MigPart) {KEY_SETTINGS, settings, settings_size};
	return 3;
}

/* What makes it one like another.  Returns the number of parts. */
static int
parts_of_session(const MigSession *other, MigPart *parts, Session *session)
{
	StringInfoData settings;

	session->authenticated_user = session->session_user = other->user;
	session->role = other->role;
	initStringInfo(&settings);
	mig_pack_strings(&settings, other->settings);
	parts[0] = (MigPart) {KEY_SESSION, session, sizeof(Session)};
	parts[1] = (MigPart) {KEY_OWN_SETTINGS, settings.data, settings.len};
	return 2;
}

/* Make room for parts. */
static void
estimate_parts(shm_toc_estimator *estimator, const MigPart *parts, int nparts)
{
	int			i;

	for (i = 0; i < nparts; i++)
		shm_toc_estimate_chunk(estimator, parts[i].size);
	shm_toc_estimate_keys(estimator, nparts);
}

/* Make the segment, with all that the worker needs. */
static void
make_segment(MigBackground *background, const MigSession *other, const MigPart *parts, int nparts)
{
	Session		session = {.database = MyDatabaseId};
	MigPart		session_parts[MAX_SESSION_PARTS];
	int			nsession_parts = other ? parts_of_session(other, session_parts, &session) :
		parts_of_this_session(session_parts, &session);
	shm_toc_estimator estimator;
	shm_toc    *toc;
	Size		size;
	int			i;

	shm_toc_initialize_estimator(&estimator);
	estimate_parts(&estimator, session_parts, nsession_parts);
	estimate_parts(&estimator, parts, nparts);
	shm_toc_estimate_chunk(&estimator, QUEUE_SIZE);
	shm_toc_estimate_keys(&estimator, 1);
	size = shm_toc_estimate(&estimator);
	background->segment = dsm_create(size, 0);
	toc = shm_toc_create(SEGMENT_MAGIC, dsm_segment_address(background->segment), size);

	for (i = 0; i < nsession_parts; i++)
		put_part(toc, &session_parts[i]);
	for (i = 0; i < nparts; i++)
		put_part(toc, &parts[i]);
	background->queue = shm_mq_create(shm_toc_allocate(toc, QUEUE_SIZE), QUEUE_SIZE);
	shm_toc_insert(toc, KEY_QUEUE, background->queue);
	shm_mq_set_receiver(background->queue, MyProc);
}

/*
 * The segment is detached, by an error, the end of the process, or because
 * the worker is done: in any case it has no reason to live.
 */
static void
end_worker(dsm_segment *segment, Datum arg)
{
	BackgroundWorkerHandle *handle = (BackgroundWorkerHandle *) DatumGetPointer(arg);

	TerminateBackgroundWorker(handle);
	pfree(handle);
}

/* What all background workers of this library have in common. */
void
mig_background_describe(BackgroundWorker *worker, const char *function, const char *type)
{
	MemSet(worker, 0, sizeof(BackgroundWorker));
	worker->bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker->bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker->bgw_restart_time = BGW_NEVER_RESTART;
	strlcpy(worker->bgw_library_name, "migrate", sizeof(worker->bgw_library_name));
	strlcpy(worker->bgw_function_name, function, sizeof(worker->bgw_function_name));
	strlcpy(worker->bgw_name, type, sizeof(worker->bgw_name));
	strlcpy(worker->bgw_type, type, sizeof(worker->bgw_type));
}

/*
 * Register the worker, and see to it that it does not outlive us, unless it
 * is meant to; false if there is no room for one.  The handle is needed after
 * the memory of the transaction is gone.
 */
static bool
register_worker(MigBackground *background, const MigBackgroundKind *kind)
{
	BackgroundWorker bgw;
	MemoryContext oldcontext;
	bool		registered;

	mig_background_describe(&bgw, kind->function, kind->type);
	snprintf(bgw.bgw_name, sizeof(bgw.bgw_name), "%s for PID %d", kind->type, MyProcPid);
	bgw.bgw_main_arg = UInt32GetDatum(dsm_segment_handle(background->segment));
	bgw.bgw_notify_pid = MyProcPid;

	oldcontext = MemoryContextSwitchTo(TopMemoryContext);
	registered = RegisterDynamicBackgroundWorker(&bgw, &background->handle);
	MemoryContextSwitchTo(oldcontext);
	if (registered && !kind->outlives_caller)
		on_dsm_detach(background->segment, end_worker, PointerGetDatum(background->handle));
	return registered;
}

/* Start a worker; false if there is no room for one. */
static bool
try_start(MigBackground *background, const MigBackgroundKind *kind, const MigSession *session,
		  const MigPart *parts, int nparts)
{
	MemSet(background, 0, sizeof(MigBackground));
	make_segment(background, session, parts, nparts);
	if (!register_worker(background, kind))
	{
		dsm_detach(background->segment);
		times_refused++;
		return false;
	}
	background->notice_context = AllocSetContextCreate(CurrentMemoryContext, "migrate notice",
													   ALLOCSET_SMALL_SIZES);
	background->receiver = shm_mq_attach(background->queue, background->segment, background->handle);
	return true;
}

/*
 * Start a worker in a session like that of the caller, or, if that is not
 * NULL, like another one.  Nothing of it may be used after the end of the
 * current (sub)transaction: the segment belongs to its resource owner.
 */
void
mig_background_start_as(MigBackground *background, const MigBackgroundKind *kind, const MigSession *session,
						const MigPart *parts, int nparts)
{
	if (!try_start(background, kind, session, parts, nparts))
		ereport(ERROR,
				(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				 errmsg("could not start a background worker"),
				 errdetail("One is needed for %s, and all %d of \"max_worker_processes\" are in use.",
						   kind->purpose, max_worker_processes),
				 errhint("Call again later, or increase \"max_worker_processes\".")));
}

/* The same, in a session like that of the caller. */
void
mig_background_start(MigBackground *background, const MigBackgroundKind *kind, const MigPart *parts, int nparts)
{
	mig_background_start_as(background, kind, NULL, parts, nparts);
}

/* The same, for who can do without; false if there is no room for one. */
bool
mig_background_try_start(MigBackground *background, const MigBackgroundKind *kind, const MigPart *parts, int nparts)
{
	return try_start(background, kind, NULL, parts, nparts);
}

/* How often in this session there was no room for a worker? */
int
mig_background_times_refused(void)
{
	return times_refused;
}

/* A part of the segment, which the worker may have changed since. */
void *
mig_background_part(const MigBackground *background, uint64 key)
{
	shm_toc    *toc = shm_toc_attach(SEGMENT_MAGIC, dsm_segment_address(background->segment));

	Assert(toc != NULL);
	return shm_toc_lookup(toc, key, false);
}

/* A notice of the worker is shown; there may be very many. */
static void
show_notice(const MigBackground *background, StringInfo message)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(background->notice_context);
	ErrorData	edata;

	pq_parse_errornotice(message, &edata);
	ThrowErrorData(&edata);
	MemoryContextSwitchTo(oldcontext);
	MemoryContextReset(background->notice_context);
}

/* The first error is kept.  What is fatal for the worker is not so for us. */
static void
keep_error(MigBackground *background, StringInfo message)
{
	if (background->edata != NULL)
		return;
	background->edata = palloc(sizeof(ErrorData));
	pq_parse_errornotice(message, background->edata);
	background->edata->elevel = ERROR;
	background->edata->output_to_server = true;
	background->edata->output_to_client = true;
}

/* A message of the worker. */
static void
take_message(MigBackground *background, StringInfo message)
{
	switch (pq_getmsgbyte(message))
	{
		case 'E':				/* ErrorResponse */
			keep_error(background, message);
			break;
		case 'N':				/* NoticeResponse */
			show_notice(background, message);
			break;
		case 'Z':				/* ReadyForQuery */
			background->is_done = true;
			break;
		default:
			break;
	}
}

/*
 * Read what the worker sends, until it goes away; with nowait, until there is
 * nothing to read at the moment.  Returns false if it has gone away.
 */
bool
mig_background_read(MigBackground *background, bool nowait)
{
	StringInfoData message;
	shm_mq_result result;
	Size		len;
	void	   *data;

	initStringInfo(&message);
	while ((result = shm_mq_receive(background->receiver, &len, &data, nowait)) == SHM_MQ_SUCCESS)
	{
		CHECK_FOR_INTERRUPTS();
		resetStringInfo(&message);
		appendBinaryStringInfo(&message, data, (int) len);
		take_message(background, &message);
	}
	pfree(message.data);
	return result == SHM_MQ_WOULD_BLOCK;
}

/* The worker went away without a word. */
static ErrorData *
lost_worker_error(void)
{
	ErrorData  *edata = palloc0(sizeof(ErrorData));

	edata->elevel = ERROR;
	edata->output_to_server = true;
	edata->output_to_client = true;
	edata->sqlerrcode = ERRCODE_ADMIN_SHUTDOWN;
	edata->message = pstrdup("background worker ended unexpectedly");
	edata->detail = pstrdup("It did not say why.");
	edata->hint = pstrdup("Look in the server's log; then call again: the run goes on where it stopped.");
	edata->assoc_context = CurrentMemoryContext;
	return edata;
}

/*
 * After mig_background_read() has returned false: have no more to do with the
 * worker.  One that outlives us need not have ended.  Returns NULL, or the
 * error that it sent.
 */
ErrorData *
mig_background_let_go(MigBackground *background)
{
	dsm_detach(background->segment);
	if (background->edata == NULL && !background->is_done)
		return lost_worker_error();
	return background->edata;
}

/* The same, when the process has ended. */
ErrorData *
mig_background_end(MigBackground *background)
{
	WaitForBackgroundWorkerShutdown(background->handle);
	return mig_background_let_go(background);
}

/*
 * After an error, a cancel for instance: wait until the worker has ended and
 * let go of its locks.  It must not wait for us meanwhile: nobody reads any
 * more what it still has to say.
 */
void
mig_background_stop(MigBackground *background)
{
	shm_mq_detach(background->receiver);
	TerminateBackgroundWorker(background->handle);
	HOLD_INTERRUPTS();
	WaitForBackgroundWorkerShutdown(background->handle);
	RESUME_INTERRUPTS();
}

/* ----------
 * The worker's side
 * ----------
 */

/* What the worker got from its caller; NULL: no more. */
static dsm_segment *attached = NULL;

/* Map a segment of the caller's, who must still be there. */
dsm_segment *
mig_background_map(dsm_handle handle)
{
	dsm_segment *segment = dsm_attach(handle);

	if (segment == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("could not map dynamic shared memory segment"),
				 errdetail("The session that started the worker has ended.")));
	return segment;
}

/* Find the segment, and send messages to the caller from now on. */
shm_toc *
mig_background_attach(Datum main_arg)
{
	shm_toc    *toc;
	shm_mq	   *queue;

	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	attached = mig_background_map(DatumGetUInt32(main_arg));
	toc = shm_toc_attach(SEGMENT_MAGIC, dsm_segment_address(attached));
	if (toc == NULL)
		elog(ERROR, "invalid magic number in dynamic shared memory segment");
	queue = shm_toc_lookup(toc, KEY_QUEUE, false);
	shm_mq_set_sender(queue, MyProc);
	pq_redirect_to_shm_mq(attached, shm_mq_attach(queue, attached, NULL));
	return toc;
}

/*
 * Have the libraries and settings of the session.  Where they are those of
 * another one, it is as for any new session of its user but for what that one
 * has set.
 */
static void
adopt_settings(shm_toc *toc)
{
	const char *packed = shm_toc_lookup(toc, KEY_OWN_SETTINGS, true);

	if (packed != NULL)
	{
		MigNameList settings;

		mig_unpack_strings(packed, &settings);
		process_session_preload_libraries();
		mig_adopt_settings(&settings);
		return;
	}
	RestoreLibraryState(shm_toc_lookup(toc, KEY_LIBRARIES, false));
	RestoreGUCState(shm_toc_lookup(toc, KEY_SETTINGS, false));
}

/*
 * Have the roles and settings of the session.  Roles come last: the settings
 * may have been made by somebody else.
 */
static void
adopt_session(shm_toc *toc, const Session *session)
{
	StartTransactionCommand();
	adopt_settings(toc);
	if (GetSessionUserId() != session->session_user)
		SetConfigOption("session_authorization", GetUserNameFromId(session->session_user, false),
						PGC_USERSET, PGC_S_SESSION);
	if (GetCurrentRoleId() != session->role)
		SetConfigOption("role", OidIsValid(session->role) ? GetUserNameFromId(session->role, false) : "none",
						PGC_USERSET, PGC_S_SESSION);
	SetConfigOption("client_encoding", GetDatabaseEncodingName(), PGC_USERSET, PGC_S_SESSION);
	CommitTransactionCommand();
}

/*
 * Connect to the database of the caller, in a session like his.  The current
 * memory context stays what it is.
 */
void
mig_background_connect(shm_toc *toc)
{
	MemoryContext oldcontext = CurrentMemoryContext;
	const Session *session = shm_toc_lookup(toc, KEY_SESSION, false);

	BackgroundWorkerInitializeConnectionByOid(session->database, session->authenticated_user,
											  MIG_WORKER_CONNECTION);
	/* messages before the settings are there */
	SetClientEncoding(GetDatabaseEncoding());
	adopt_session(toc, session);
	MemoryContextSwitchTo(oldcontext);
}

/* Tell the caller that all is done. */
void
mig_background_done(void)
{
	ReadyForQuery(DestRemote);
}

/*
 * Have no more to do with the caller: what is in the segment is gone, and
 * errors go to the server's log alone.
 */
void
mig_background_detach(void)
{
	dsm_detach(attached);
	attached = NULL;
}
