/*-------------------------------------------------------------------------
 *
 * shadow.c
 *	  The shadow: empty managed schemas under their true names, for a while.
 *
 * What DDL makes is found out by running it where nothing is yet.  In a
 * subtransaction that is always rolled back, the managed schemas get hidden
 * names, and empty ones take their place.  So nothing in the DDL needs to be
 * rewritten, and what the server says of the new objects is spelt as what it
 * says of the live ones.
 *
 * Other sessions see nothing of it and do not wait for it: no lock is taken
 * on the live objects.  That is why the names are changed in the catalogs
 * directly (setaside.c): ALTER SCHEMA ... RENAME locks the schema, and then
 * nobody could create anything in it.
 *
 * Every schema that existed is made anew, also where the model creates it:
 * extensions may live in it, and the role that runs the model need not be
 * able to create schemas.  The model's CREATE SCHEMA of one that exists does
 * nothing then (modelexec.c).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/twophase.h"
#include "access/xact.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "catalog/pg_enum.h"
#include "errcodes.h"
#include "guc.h"
#include "miscadmin.h"
#include "security.h"
#include "shadow.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "storage/proc.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

/* The lock is on a name of our own: this table's, with this part. */
#define SHADOW_LOCK_TABLE	"migrate_script"
#define SHADOW_LOCK_PART	2

/* Waiting for a lock of somebody else's, longer than this, helps nobody. */
#define MAX_LOCK_TIMEOUT	2000	/* milliseconds */

/* ----------
 * What it takes
 * ----------
 */

/*
 * Marks the stack of error contexts, so that a shadow within a shadow is
 * found.  A flag would have to be cleared after an error.
 */
static void
shadow_error_callback(void *arg)
{
}

/* Is this called by something that runs on a shadow? */
bool
mig_shadow_is_active(void)
{
	ErrorContextCallback *callback;

	for (callback = error_context_stack; callback != NULL; callback = callback->previous)
	{
		if (callback->callback == shadow_error_callback)
			return true;
	}
	return false;
}

/* The hidden schemas are those of the outer one: the inner would move its own. */
static void
refuse_nested(const MigShadow *shadow)
{
	if (mig_shadow_is_active())
		ereport(ERROR,
				(errcode(ERRCODE_MIG_RUN_ACTIVE),
				 errmsg("%s cannot be called by a model or a script that is being tried out", shadow->function),
				 errdetail("It would need a shadow of the schemas, and the caller runs on one."),
				 errhint("Remove the call from the model or the script.")));
}

/*
 * The caller is about to have empty schemas in place of the managed ones, and
 * whatever it creates there stands in for what they have: it must be able to
 * do that to the live ones.
 */
static void
check_privileges(const MigAside *aside)
{
	int			i;

	for (i = 0; i < aside->nschemas; i++)
	{
		const MigAsideSchema *schema = &aside->schemas[i];
		const char *owner;

		if (has_privs_of_role(GetUserId(), schema->owner))
			continue;
		owner = GetUserNameFromId(schema->owner, false);
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to build a shadow of schema \"%s\"", schema->name),
				 errdetail("Role \"%s\" does not have the privileges of role \"%s\", which owns the schema.",
						   GetUserNameFromId(GetUserId(), false), owner),
				 schema->owner == ROLE_PG_DATABASE_OWNER ?
				 errhint("Call it as the owner of the database, or take schema \"%s\" out of \"migrate.schemas\".",
						 schema->name) :
				 errhint("GRANT %s TO %s; or take schema \"%s\" out of \"migrate.schemas\".",
						 quote_identifier(owner), quote_identifier(GetUserNameFromId(GetUserId(), false)),
						 schema->name)));
	}
}

/* The number of locks that the server has room for. */
static int64
lock_table_size(void)
{
	return (int64) max_locks_per_xact * (MaxBackends + max_prepared_xacts);
}

/* What to set max_locks_per_transaction to, for so many locks. */
static int64
needed_setting(int64 nlocks)
{
	int64		backends = MaxBackends + max_prepared_xacts;
	int64		needed = (nlocks + backends - 1) / backends;

	/* room for others, and a round number */
	return (needed + needed / 4 + 15) / 16 * 16;
}

/*
 * Refuse to begin what cannot end: every table and index that is made is
 * locked until the shadow goes away.  The number is that of the tables and
 * indexes which are known to be made, so this errs on the side of trying.
 */
void
mig_shadow_check_locks(int nrelations)
{
	/* the server adds a tenth, and then takes what other tables leave */
	int64		room = lock_table_size() + lock_table_size() / 5;

	if (nrelations <= room)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
			 errmsg("the model is too large for the lock table of this server"),
			 errdetail("It creates at least %d tables and indexes, each of which stays locked for a while; there is room for about " INT64_FORMAT " locks.",
					   nrelations, lock_table_size()),
			 errhint("Set \"max_locks_per_transaction\" to " INT64_FORMAT " (it is %d) and restart the server.",
					 needed_setting(nrelations * INT64CONST(2)), max_locks_per_xact)));
}

/* ----------
 * The shadow
 * ----------
 */

/*
 * Settings for what runs on the shadow.  They end with the subtransaction.
 *
 * Triggers and event triggers of the database are not meant for it; bodies of
 * functions may name what is made later.
 */
static void
change_settings(void)
{
	int			lock_timeout = LockTimeout > 0 ? Min(LockTimeout, MAX_LOCK_TIMEOUT) : MAX_LOCK_TIMEOUT;

	(void) set_config_option("session_replication_role", "replica", PGC_SUSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	mig_set_for_now("check_function_bodies", "off");
	mig_set_for_now("lock_timeout", psprintf("%d", lock_timeout));
}

/* Put the shadow in the place of the schemas. */
static void
set_up(const MigShadow *shadow)
{
	MigExtension extension;
	MigAside	aside;
	Oid			userid;
	int			sec_context;

	mig_find_extension(&extension);
	/* two shadows would wait for each other's rows of pg_namespace */
	LockDatabaseObject(RelationRelationId, mig_extension_table(&extension, SHADOW_LOCK_TABLE), SHADOW_LOCK_PART,
					   ShareUpdateExclusiveLock);
	mig_find_schemas(&shadow->schemas, &shadow->created, &aside);
	check_privileges(&aside);

	GetUserIdAndSecContext(&userid, &sec_context);
	SetUserIdAndSecContext(BOOTSTRAP_SUPERUSERID, sec_context | SECURITY_LOCAL_USERID_CHANGE);
	change_settings();
	aside.keep_servers = shadow->keep_servers;
	aside.keep_wrappers = shadow->keep_wrappers;
	mig_set_aside(&aside);
	SetUserIdAndSecContext(userid, sec_context);
}

/* Say what helps against an error that is not the model's fault. */
static void
explain_error(ErrorData *edata)
{
	if (edata->sqlerrcode == ERRCODE_OUT_OF_MEMORY && edata->message_id != NULL &&
		strcmp(edata->message_id, "out of shared memory") == 0)
		edata->hint = psprintf("Set \"max_locks_per_transaction\" to " INT64_FORMAT " or more (it is %d) and restart the server: all that the model creates stays locked for a while.",
							   needed_setting(2 * lock_table_size()), max_locks_per_xact);
	else if (edata->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE && edata->hint == NULL)
		edata->hint = "Another session uses what the model refers to outside of the managed schemas, or compares the model, too. Call again.";
}

/* Back to what there was before. */
static void
roll_back(MemoryContext context, ResourceOwner owner)
{
	RollbackAndReleaseCurrentSubTransaction();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
}

/* ----------
 * Values that are added to enums
 * ----------
 */

/*
 * The server refuses the use of a value in the transaction that adds it: if
 * that were rolled back, the value could remain in an index.  On a shadow all
 * is rolled back together, and a history that added and used values in
 * several transactions is run in one.  So there the server is made to forget
 * which values are new.
 */
void
mig_shadow_allow_new_enum_values(void)
{
	AtEOXact_Enum();
}

/* What it knows of the values that the caller's transaction has added. */
static void *
save_new_enum_values(void)
{
	Size		size = EstimateUncommittedEnumsSpace();
	void	   *values = palloc(size);

	SerializeUncommittedEnums(values, size);
	return values;
}

/* After a shadow, those are not to be used, as before. */
static void
restore_new_enum_values(void *values)
{
	AtEOXact_Enum();
	RestoreUncommittedEnums(values);
}

/*
 * Run something on empty schemas, as the current user; whatever it does to
 * the database is undone, also after an error, which is raised again.
 *
 * What the body wants to keep it allocates in a context of its caller's.
 * Called outside of owner scopes.  Raises 42501, 25006, and MG004 for a
 * shadow within a shadow.
 */
void
mig_on_shadow(const MigShadow *shadow, MigShadowBody body, void *arg)
{
	MemoryContext oldcontext = CurrentMemoryContext;
	ResourceOwner oldowner = CurrentResourceOwner;
	ErrorContextCallback callback;
	void	   *enum_values;

	mig_prevent_if_read_only(shadow->function);
	refuse_nested(shadow);
	enum_values = save_new_enum_values();
	callback.callback = shadow_error_callback;
	callback.arg = NULL;
	callback.previous = error_context_stack;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(oldcontext);
	PG_TRY();
	{
		error_context_stack = &callback;
		set_up(shadow);
		body(arg);
		error_context_stack = callback.previous;
	}
	PG_CATCH();
	{
		ErrorData  *edata;

		MemoryContextSwitchTo(oldcontext);
		edata = CopyErrorData();
		FlushErrorState();
		roll_back(oldcontext, oldowner);
		restore_new_enum_values(enum_values);
		explain_error(edata);
		ReThrowError(edata);
	}
	PG_END_TRY();
	roll_back(oldcontext, oldowner);
	restore_new_enum_values(enum_values);
}
