/*-------------------------------------------------------------------------
 *
 * modelclass.c
 *	  What becomes of each kind of statement in a model.
 *
 * A model is what people write, or what pg_dump and other tools print.  It is
 * run on empty schemas and undone, so only what shapes the schema matters:
 *
 *	 run		CREATE, ALTER, DROP and COMMENT of what is in schemas; DO and
 *				CALL; SELECT INTO; SET and set_config(); CREATE EXTENSION of one
 *				that is not installed; publications, event triggers, servers,
 *				foreign-data wrappers, casts; CLUSTER of one table; all else
 *				that is not named below
 *	 run, without the word
 *				CONCURRENTLY
 *	 run only if migrate.compare_privileges is on, else ignored silently
 *				GRANT, REVOKE, ALTER DEFAULT PRIVILEGES, OWNER TO, SECURITY LABEL
 *	 ignored, with a notice that counts them
 *				INSERT, UPDATE, DELETE, MERGE, TRUNCATE, COPY, SELECT setval()
 *	 ignored, with a notice
 *				other SELECTs; roles, databases, tablespaces, subscriptions, user
 *				mappings; DROP EXTENSION, ALTER EXTENSION ... UPDATE; REFRESH
 *				MATERIALIZED VIEW, VACUUM, ANALYZE, CLUSTER of all tables,
 *				REINDEX, CHECKPOINT, LOCK, NOTIFY, LISTEN, UNLISTEN, DISCARD,
 *				SET CONSTRAINTS
 *	 ignored silently
 *				BEGIN, COMMIT; settings that the server does not know, or that
 *				are the session's: SET ROLE, timeouts, client_encoding,
 *				transaction characteristics; RESET ALL; COMMENT ON EXTENSION,
 *				DATABASE, ROLE, TABLESPACE, SUBSCRIPTION; CREATE EXTENSION of an
 *				installed one, CREATE SCHEMA of one that exists (modelexec.c);
 *				psql's \restrict, \connect, \set and the like (modelscan.c)
 *	 refused	ROLLBACK, SAVEPOINT, PREPARE TRANSACTION; ALTER SYSTEM; DROP OWNED;
 *				PREPARE, EXECUTE, DEALLOCATE; cursors; EXPLAIN; ALTER ... ALL IN
 *				TABLESPACE; psql's \i, \if, \gexec and the like
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "guc.h"
#include "modelclass.h"
#include "pg_compat.h"
#include "utils/guc.h"

/* Settings that are the session's, not the schema's; see is_session_setting(). */
static const char *const session_settings[] = {
	"client_encoding", "deadlock_timeout", "idle_in_transaction_session_timeout", "idle_session_timeout",
	"lock_timeout", "role", "session_authorization", "session_replication_role", "statement_timeout"
};

/* Privileges and owners count only if they are compared. */
static MigModelVerdict
privileges_verdict(void)
{
	return mig_compare_privileges ? MIG_MODEL_RUN : MIG_MODEL_SILENT;
}

/* Is it in the cluster or the database as such, not in a schema? */
static bool
is_outside_schemas(ObjectType type)
{
	switch (type)
	{
		case OBJECT_DATABASE:
		case OBJECT_EXTENSION:
		case OBJECT_LARGEOBJECT:
		case OBJECT_PARAMETER_ACL:
		case OBJECT_ROLE:
		case OBJECT_SUBSCRIPTION:
		case OBJECT_TABLESPACE:
			return true;
		default:
			return false;
	}
}

/* ----------
 * SELECT
 * ----------
 */

/* The function that a SELECT consists of a call of, or NULL. */
static FuncCall *
called_function(SelectStmt *stmt)
{
	ResTarget  *target;

	if (list_length(stmt->targetList) != 1 || stmt->fromClause != NIL)
		return NULL;
	target = linitial_node(ResTarget, stmt->targetList);
	return IsA(target->val, FuncCall) ? (FuncCall *) target->val : NULL;
}

/* The name of a function, without its schema. */
static const char *
function_name(FuncCall *call)
{
	return strVal(llast(call->funcname));
}

/* The string that a constant is, or NULL. */
static const char *
string_constant(Node *node)
{
	A_Const    *constant = (A_Const *) node;

	if (!IsA(node, A_Const) || constant->isnull || !IsA(&constant->val, String))
		return NULL;
	return strVal(&constant->val);
}

/* Does a SELECT call the function? */
static bool
calls_function(SelectStmt *stmt, const char *name)
{
	FuncCall   *call = called_function(stmt);

	return call != NULL && strcmp(function_name(call), name) == 0;
}

/* ----------
 * SET
 * ----------
 */

/* Does the setting belong to the session, whatever the model says? */
static bool
is_session_setting(const char *name)
{
	int			i;

	if (pg_strncasecmp(name, "transaction_", strlen("transaction_")) == 0 ||
		pg_strncasecmp(name, "default_transaction_", strlen("default_transaction_")) == 0 ||
		pg_strncasecmp(name, "migrate.", strlen("migrate.")) == 0)
		return true;
	for (i = 0; i < lengthof(session_settings); i++)
	{
		if (pg_strcasecmp(name, session_settings[i]) == 0)
			return true;
	}
	/* a dump of a newer version; what has a dot may be the model's own */
	return strchr(name, '.') == NULL && GetConfigOption(name, true, false) == NULL;
}

/* The first string in a list of constants, or NULL. */
static const char *
first_string(List *constants)
{
	return constants ? string_constant(linitial(constants)) : NULL;
}

/*
 * Which setting does the statement set?  NULL if none.  *value is its first
 * value, if that is a string, else NULL.
 */
const char *
mig_model_setting(Node *stmt, const char **value)
{
	*value = NULL;
	if (IsA(stmt, VariableSetStmt))
	{
		VariableSetStmt *set = (VariableSetStmt *) stmt;

		*value = first_string(set->args);
		return set->name;
	}
	if (IsA(stmt, SelectStmt) && calls_function((SelectStmt *) stmt, "set_config"))
	{
		FuncCall   *call = called_function((SelectStmt *) stmt);

		if (list_length(call->args) != 3)
			return NULL;
		*value = string_constant(lsecond(call->args));
		return first_string(call->args);
	}
	return NULL;
}

/* SET or set_config(). */
static MigModelVerdict
setting_verdict(Node *stmt)
{
	const char *value;
	const char *name = mig_model_setting(stmt, &value);

	/* RESET ALL has no name */
	return name == NULL || is_session_setting(name) ? MIG_MODEL_SILENT : MIG_MODEL_RUN;
}

/* A SELECT is run only for what it sets or creates. */
static MigModelVerdict
select_verdict(SelectStmt *stmt)
{
	if (stmt->intoClause != NULL)
		return MIG_MODEL_RUN;
	if (calls_function(stmt, "set_config"))
		return setting_verdict((Node *) stmt);
	return calls_function(stmt, "setval") ? MIG_MODEL_ROWS : MIG_MODEL_IGNORE;
}

/* ----------
 * ALTER and DROP
 * ----------
 */

/* Are all actions of an ALTER TABLE of this type? */
static bool
all_actions_are(AlterTableStmt *stmt, AlterTableType type)
{
	ListCell   *lc;

	foreach(lc, stmt->cmds)
	{
		if (lfirst_node(AlterTableCmd, lc)->subtype != type)
			return false;
	}
	return true;
}

/* Does an action of ALTER TABLE only remove something? */
static bool
action_drops(AlterTableCmd *cmd)
{
	return cmd->subtype == AT_DropConstraint || cmd->subtype == AT_DropColumn ||
		(cmd->subtype == AT_ColumnDefault && cmd->def == NULL);
}

/*
 * Does the statement only remove something?  A dump may begin with such
 * statements, for what a database has before it is restored.  Here there is
 * nothing yet; and later, what they name is not for them.
 */
bool
mig_model_only_drops(Node *stmt)
{
	ListCell   *lc;

	if (IsA(stmt, DropStmt))
		return true;
	if (!IsA(stmt, AlterTableStmt))
		return false;
	foreach(lc, ((AlterTableStmt *) stmt)->cmds)
	{
		if (!action_drops(lfirst_node(AlterTableCmd, lc)))
			return false;
	}
	return true;
}

/* Has the statement the word CONCURRENTLY? */
bool
mig_model_is_concurrent(Node *stmt)
{
	ListCell   *lc;

	if (IsA(stmt, IndexStmt))
		return ((IndexStmt *) stmt)->concurrent;
	if (IsA(stmt, DropStmt))
		return ((DropStmt *) stmt)->concurrent;
	if (!IsA(stmt, AlterTableStmt))
		return false;
	foreach(lc, ((AlterTableStmt *) stmt)->cmds)
	{
		AlterTableCmd *cmd = lfirst_node(AlterTableCmd, lc);

		if (cmd->subtype == AT_DetachPartition && ((PartitionCmd *) cmd->def)->concurrent)
			return true;
	}
	return false;
}

/* ----------
 * All
 * ----------
 */

/* BEGIN and COMMIT change nothing where all is one transaction; others would. */
static MigModelVerdict
transaction_verdict(TransactionStmt *stmt)
{
	switch (stmt->kind)
	{
		case TRANS_STMT_BEGIN:
		case TRANS_STMT_START:
		case TRANS_STMT_COMMIT:
			return MIG_MODEL_SILENT;
		default:
			return MIG_MODEL_REFUSE;
	}
}

/* Statements about single tables are run, those about all are not. */
static MigModelVerdict
cluster_verdict(Node *stmt)
{
	return MIG_IS_CLUSTER_ALL(stmt) ? MIG_MODEL_IGNORE : MIG_MODEL_RUN;
}

/* GRANT and REVOKE. */
static MigModelVerdict
grant_verdict(GrantStmt *stmt)
{
	return is_outside_schemas(stmt->objtype) ? MIG_MODEL_SILENT : privileges_verdict();
}

/* ALTER ... OWNER TO. */
static MigModelVerdict
owner_verdict(AlterOwnerStmt *stmt)
{
	return is_outside_schemas(stmt->objectType) ? MIG_MODEL_SILENT : privileges_verdict();
}

/* What becomes of the statement? */
MigModelVerdict
mig_model_classify(Node *stmt)
{
	switch (nodeTag(stmt))
	{
		case T_InsertStmt:
		case T_UpdateStmt:
		case T_DeleteStmt:
		case T_MergeStmt:
		case T_TruncateStmt:
		case T_CopyStmt:
			return MIG_MODEL_ROWS;
		case T_SelectStmt:
			return select_verdict((SelectStmt *) stmt);
		case T_VariableSetStmt:
			return setting_verdict(stmt);
		case T_TransactionStmt:
			return transaction_verdict((TransactionStmt *) stmt);
		case T_AlterTableStmt:
			return all_actions_are((AlterTableStmt *) stmt, AT_ChangeOwner) ? privileges_verdict() : MIG_MODEL_RUN;
		case T_DropStmt:
			return ((DropStmt *) stmt)->removeType == OBJECT_EXTENSION ? MIG_MODEL_IGNORE : MIG_MODEL_RUN;
		case T_CommentStmt:
			return is_outside_schemas(((CommentStmt *) stmt)->objtype) ? MIG_MODEL_SILENT : MIG_MODEL_RUN;
		case T_GrantStmt:
			return grant_verdict((GrantStmt *) stmt);
		case T_AlterOwnerStmt:
			return owner_verdict((AlterOwnerStmt *) stmt);
		case T_SecLabelStmt:
			return is_outside_schemas(((SecLabelStmt *) stmt)->objtype) ? MIG_MODEL_SILENT : privileges_verdict();
		case T_AlterDefaultPrivilegesStmt:
			return privileges_verdict();

		case T_CreateRoleStmt:
		case T_AlterRoleStmt:
		case T_AlterRoleSetStmt:
		case T_DropRoleStmt:
		case T_GrantRoleStmt:
		case T_ReassignOwnedStmt:
		case T_CreatedbStmt:
		case T_DropdbStmt:
		case T_AlterDatabaseStmt:
		case T_AlterDatabaseRefreshCollStmt:
		case T_AlterDatabaseSetStmt:
		case T_CreateTableSpaceStmt:
		case T_DropTableSpaceStmt:
		case T_AlterTableSpaceOptionsStmt:
		case T_CreateSubscriptionStmt:
		case T_AlterSubscriptionStmt:
		case T_DropSubscriptionStmt:
		case T_CreateUserMappingStmt:
		case T_AlterUserMappingStmt:
		case T_DropUserMappingStmt:
		case T_AlterExtensionStmt:
		case T_RefreshMatViewStmt:
		case T_VacuumStmt:
		case T_ReindexStmt:
		case T_CheckPointStmt:
		case T_LockStmt:
		case T_NotifyStmt:
		case T_ListenStmt:
		case T_UnlistenStmt:
		case T_DiscardStmt:
		case T_ConstraintsSetStmt:
			return MIG_MODEL_IGNORE;

		case T_AlterSystemStmt:
		case T_DropOwnedStmt:
		case T_PrepareStmt:
		case T_ExecuteStmt:
		case T_DeallocateStmt:
		case T_DeclareCursorStmt:
		case T_FetchStmt:
		case T_ClosePortalStmt:
		case T_ExplainStmt:
		case T_AlterTableMoveAllStmt:
			return MIG_MODEL_REFUSE;

		default:
			return cluster_verdict(stmt);
	}
}
