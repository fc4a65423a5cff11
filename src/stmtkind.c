/*-------------------------------------------------------------------------
 *
 * stmtkind.c
 *	  Which statements need a way of their own to be run.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "pg_compat.h"
#include "stmtkind.h"
#include "stmtoption.h"

/* What a REINDEX is, if it refuses a transaction. */
static const char *
reindex_refuses(ReindexStmt *stmt)
{
	if (mig_has_true_option(stmt->params, "concurrently"))
		return "REINDEX CONCURRENTLY";
	switch (stmt->kind)
	{
		case REINDEX_OBJECT_SCHEMA:
			return "REINDEX SCHEMA";
		case REINDEX_OBJECT_SYSTEM:
			return "REINDEX SYSTEM";
		case REINDEX_OBJECT_DATABASE:
			return "REINDEX DATABASE";
		default:
			return NULL;
	}
}

/* What an ALTER TABLE is, if it refuses a transaction. */
static const char *
alter_table_refuses(AlterTableStmt *stmt)
{
	ListCell   *lc;

	foreach(lc, stmt->cmds)
	{
		AlterTableCmd *cmd = lfirst_node(AlterTableCmd, lc);

		if (cmd->subtype == AT_DetachPartition && ((PartitionCmd *) cmd->def)->concurrent)
			return "ALTER TABLE ... DETACH PARTITION CONCURRENTLY";
	}
	return NULL;
}

/* What an ALTER DATABASE is, if it refuses a transaction. */
static const char *
alter_database_refuses(AlterDatabaseStmt *stmt)
{
	return mig_find_option(stmt->options, "tablespace") ? "ALTER DATABASE ... SET TABLESPACE" : NULL;
}

/* What an ALTER SUBSCRIPTION is, if it refuses a transaction. */
static const char *
alter_subscription_refuses(AlterSubscriptionStmt *stmt)
{
	bool		refreshes = !mig_has_false_option(stmt->options, "refresh");

	switch (stmt->kind)
	{
		case ALTER_SUBSCRIPTION_REFRESH_PUBLICATION:
			return "ALTER SUBSCRIPTION ... REFRESH PUBLICATION";
		case ALTER_SUBSCRIPTION_SET_PUBLICATION:
			return refreshes ? "ALTER SUBSCRIPTION ... SET PUBLICATION" : NULL;
		case ALTER_SUBSCRIPTION_ADD_PUBLICATION:
			return refreshes ? "ALTER SUBSCRIPTION ... ADD PUBLICATION" : NULL;
		case ALTER_SUBSCRIPTION_DROP_PUBLICATION:
			return refreshes ? "ALTER SUBSCRIPTION ... DROP PUBLICATION" : NULL;
		default:
			return NULL;
	}
}

/*
 * What the statement is, if it is one of those that call
 * PreventInTransactionBlock() in the server; else NULL.  Some decide only
 * when they run (REINDEX of a partitioned table, DROP SUBSCRIPTION with a
 * slot): those fail then, with the server's own message.
 */
const char *
mig_refuses_transaction(Node *stmt)
{
	if (MIG_IS_CLUSTER_ALL(stmt))
		return "CLUSTER";
	if (mig_has_true_option(MIG_REPACK_OPTIONS(stmt), "concurrently"))
		return "REPACK (CONCURRENTLY)";
	switch (nodeTag(stmt))
	{
		case T_IndexStmt:
			return ((IndexStmt *) stmt)->concurrent ? "CREATE INDEX CONCURRENTLY" : NULL;
		case T_DropStmt:
			return ((DropStmt *) stmt)->concurrent ? "DROP INDEX CONCURRENTLY" : NULL;
		case T_ReindexStmt:
			return reindex_refuses((ReindexStmt *) stmt);
		case T_AlterTableStmt:
			return alter_table_refuses((AlterTableStmt *) stmt);
		case T_VacuumStmt:
			return ((VacuumStmt *) stmt)->is_vacuumcmd ? "VACUUM" : NULL;
		case T_AlterSystemStmt:
			return "ALTER SYSTEM";
		case T_CreatedbStmt:
			return "CREATE DATABASE";
		case T_DropdbStmt:
			return "DROP DATABASE";
		case T_AlterDatabaseStmt:
			return alter_database_refuses((AlterDatabaseStmt *) stmt);
		case T_AlterSubscriptionStmt:
			return alter_subscription_refuses((AlterSubscriptionStmt *) stmt);
		case T_CreateTableSpaceStmt:
			return "CREATE TABLESPACE";
		case T_DropTableSpaceStmt:
			return "DROP TABLESPACE";
		case T_DiscardStmt:
			return ((DiscardStmt *) stmt)->target == DISCARD_ALL ? "DISCARD ALL" : NULL;
		case T_CreateSubscriptionStmt:
			return mig_has_false_option(((CreateSubscriptionStmt *) stmt)->options, "connect") ||
				mig_has_false_option(((CreateSubscriptionStmt *) stmt)->options, "create_slot") ?
				NULL : "CREATE SUBSCRIPTION";
		default:
			return NULL;
	}
}

/*
 * Does the statement do its work while others read and write?  Such a one may
 * take long, and may be waited for long, since nobody queues behind it.
 *
 * Not so DETACH PARTITION CONCURRENTLY, whose second transaction takes an
 * AccessExclusive lock on the partition.
 */
bool
mig_is_concurrent(Node *stmt)
{
	switch (nodeTag(stmt))
	{
		case T_IndexStmt:
			return ((IndexStmt *) stmt)->concurrent;
		case T_DropStmt:
			return ((DropStmt *) stmt)->concurrent;
		case T_ReindexStmt:
			return mig_has_true_option(((ReindexStmt *) stmt)->params, "concurrently");
		case T_VacuumStmt:
			return ((VacuumStmt *) stmt)->is_vacuumcmd && !mig_has_true_option(((VacuumStmt *) stmt)->options, "full");
		default:
			return false;
	}
}
