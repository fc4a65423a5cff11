/*-------------------------------------------------------------------------
 *
 * locktargets.c
 *	  What a statement will lock, as far as its parse tree tells.
 *
 * So that a run can look who is in the way before it asks for a lock, and
 * can ask for all locks of a revision before its first statement runs.
 *
 * Only locks count that others feel: ShareUpdateExclusive and stronger.  What
 * the tree cannot know (the partitions of a table, the table of an index, the
 * other end of a foreign key that is dropped) is noted as a question for the
 * catalogs; lockwanted.c asks it when the locks are wanted.
 *
 * A relation that is missed here is locked when the statement runs, under
 * lock_timeout like every lock; it is only not looked after before.  One that
 * is too many would be locked in vain, so where in doubt there is none.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/tablecmds.h"
#include "locktargets.h"
#include "pg_compat.h"
#include "stmtoption.h"
#include "storage/lock.h"

/* Make room for one more target; its name is copied. */
static MigLockTarget *
add_target(MigLockTargets *targets, const char *schema, const char *name, LOCKMODE mode)
{
	MigLockTarget *target;

	/* grows by powers of two */
	if (targets->count == 0)
		targets->items = palloc(sizeof(MigLockTarget));
	else if ((targets->count & (targets->count - 1)) == 0)
		targets->items = repalloc(targets->items, sizeof(MigLockTarget) * targets->count * 2);
	target = &targets->items[targets->count++];
	MemSet(target, 0, sizeof(MigLockTarget));
	target->schema = schema ? pstrdup(schema) : NULL;
	target->name = pstrdup(name);
	target->mode = mode;
	return target;
}

/* Note a relation, and its children unless ONLY is said. */
static MigLockTarget *
add_relation(MigLockTargets *targets, const RangeVar *relation, LOCKMODE mode, int others)
{
	MigLockTarget *target = add_target(targets, relation->schemaname, relation->relname, mode);

	target->others = relation->inh ? others : others & ~MIG_LOCKS_CHILDREN;
	return target;
}

/*
 * Note a relation whose name is a list of strings, without the last "skip" of
 * them, which are the name of something in it.  NULL if nothing is left.
 */
static MigLockTarget *
add_name(MigLockTargets *targets, List *names, int skip, LOCKMODE mode)
{
	int			n = list_length(names) - skip;

	if (n < 1)
		return NULL;
	return add_target(targets, n > 1 ? strVal(list_nth(names, n - 2)) : NULL, strVal(list_nth(names, n - 1)), mode);
}

/* Is one of these objects a relation? */
static bool
is_relation(ObjectType type)
{
	switch (type)
	{
		case OBJECT_TABLE:
		case OBJECT_INDEX:
		case OBJECT_SEQUENCE:
		case OBJECT_VIEW:
		case OBJECT_MATVIEW:
		case OBJECT_FOREIGN_TABLE:
			return true;
		default:
			return false;
	}
}

/* ----------
 * ALTER TABLE and CREATE TABLE
 * ----------
 */

/* The other end of a new foreign key. */
static void
find_in_constraint(Node *node, MigLockTargets *targets)
{
	Constraint *constraint = (Constraint *) node;

	if (IsA(node, Constraint) && constraint->contype == CONSTR_FOREIGN && constraint->pktable != NULL)
		add_relation(targets, constraint->pktable, ShareRowExclusiveLock, MIG_LOCKS_CHILDREN);
}

/* The foreign keys of a new column, or of whatever else a table is made of. */
static void
find_in_table_element(Node *node, MigLockTargets *targets)
{
	ListCell   *lc;

	if (IsA(node, ColumnDef))
	{
		foreach(lc, ((ColumnDef *) node)->constraints)
			find_in_constraint(lfirst(lc), targets);
	}
	else
		find_in_constraint(node, targets);
}

/* CREATE TABLE, also of a partition, and of a foreign table. */
static void
find_in_create_table(CreateStmt *stmt, MigLockTargets *targets)
{
	ListCell   *lc;

	foreach(lc, stmt->inhRelations)
	{
		RangeVar   *parent = lfirst_node(RangeVar, lc);

		if (stmt->partbound != NULL)
			add_relation(targets, parent, AccessExclusiveLock, MIG_LOCKS_DEFAULT_PARTITION);
		else
			add_relation(targets, parent, ShareUpdateExclusiveLock, 0);
	}
	foreach(lc, stmt->tableElts)
		find_in_table_element(lfirst(lc), targets);
	foreach(lc, stmt->constraints)
		find_in_constraint(lfirst(lc), targets);
}

/* Is the command about the named table alone? */
static bool
leaves_children_alone(AlterTableType subtype)
{
	switch (subtype)
	{
		case AT_SetOptions:
		case AT_ResetOptions:
		case AT_SetCompression:
		case AT_ChangeOwner:
		case AT_ClusterOn:
		case AT_DropCluster:
		case AT_SetLogged:
		case AT_SetUnLogged:
		case AT_SetTableSpace:
		case AT_SetAccessMethod:
		case AT_SetRelOptions:
		case AT_ResetRelOptions:
		case AT_AddInherit:
		case AT_DropInherit:
		case AT_AddOf:
		case AT_DropOf:
		case AT_ReplicaIdentity:
		case AT_EnableRowSecurity:
		case AT_DisableRowSecurity:
		case AT_ForceRowSecurity:
		case AT_NoForceRowSecurity:
		case AT_AttachPartition:
		case AT_DetachPartition:
		case AT_DetachPartitionFinalize:
		case AT_GenericOptions:
			return true;
		default:
			return false;
	}
}

/* What one command of an ALTER TABLE locks besides its table. */
static void
find_in_command(AlterTableStmt *stmt, AlterTableCmd *cmd, MigLockTargets *targets)
{
	switch (cmd->subtype)
	{
		case AT_AddColumn:
		case AT_AddConstraint:
			if (cmd->def != NULL)
				find_in_table_element(cmd->def, targets);
			break;
		case AT_DropConstraint:
			add_relation(targets, stmt->relation, AccessExclusiveLock, MIG_LOCKS_KEY_TABLES)->constraint =
				pstrdup(cmd->name);
			break;
		case AT_DropColumn:
		case AT_AlterColumnType:
			add_relation(targets, stmt->relation, AccessExclusiveLock, MIG_LOCKS_KEY_TABLES)->column =
				pstrdup(cmd->name);
			break;
		case AT_AddInherit:
			add_relation(targets, (RangeVar *) cmd->def, ShareUpdateExclusiveLock, 0);
			break;
		case AT_AttachPartition:
		case AT_DetachPartition:
		case AT_DetachPartitionFinalize:
			if (((PartitionCmd *) cmd->def)->name != NULL)
				add_relation(targets, ((PartitionCmd *) cmd->def)->name, AccessExclusiveLock, MIG_LOCKS_CHILDREN);
			add_relation(targets, stmt->relation, ShareUpdateExclusiveLock, MIG_LOCKS_DEFAULT_PARTITION);
			break;
		default:
			break;
	}
	if (cmd->behavior == DROP_CASCADE)
		targets->complete = false;
}

/* ALTER TABLE, and of whatever else is a relation. */
static void
find_in_alter_table(AlterTableStmt *stmt, MigLockTargets *targets)
{
	LOCKMODE	mode = AlterTableGetLockLevel(stmt->cmds);
	bool		recurses = false;
	ListCell   *lc;

	foreach(lc, stmt->cmds)
	{
		if (!leaves_children_alone(lfirst_node(AlterTableCmd, lc)->subtype))
			recurses = true;
	}
	add_relation(targets, stmt->relation, mode, recurses ? MIG_LOCKS_CHILDREN : 0);
	foreach(lc, stmt->cmds)
		find_in_command(stmt, lfirst_node(AlterTableCmd, lc), targets);
}

/* ----------
 * Other statements
 * ----------
 */

/* DROP of anything. */
static void
find_in_drop(DropStmt *stmt, MigLockTargets *targets)
{
	LOCKMODE	mode = stmt->concurrent ? ShareUpdateExclusiveLock : AccessExclusiveLock;
	ListCell   *lc;

	targets->complete = stmt->behavior != DROP_CASCADE && stmt->removeType != OBJECT_EXTENSION &&
		stmt->removeType != OBJECT_STATISTIC_EXT;
	foreach(lc, stmt->objects)
	{
		if (is_relation(stmt->removeType))
		{
			MigLockTarget *target = add_name(targets, lfirst(lc), 0, mode);

			if (stmt->removeType == OBJECT_INDEX)
				target->table_mode = mode;
			else
				target->others = MIG_LOCKS_PARENT | MIG_LOCKS_KEY_TABLES;
		}
		else if (stmt->removeType == OBJECT_TRIGGER || stmt->removeType == OBJECT_RULE ||
				 stmt->removeType == OBJECT_POLICY)
			add_name(targets, lfirst(lc), 1, mode);
	}
}

/* ALTER ... RENAME of anything. */
static void
find_in_rename(RenameStmt *stmt, MigLockTargets *targets)
{
	bool		recurses = stmt->renameType == OBJECT_COLUMN || stmt->renameType == OBJECT_TABCONSTRAINT ||
		stmt->renameType == OBJECT_TRIGGER;

	if (stmt->relation != NULL)
		add_relation(targets, stmt->relation,
					 stmt->renameType == OBJECT_INDEX ? ShareUpdateExclusiveLock : AccessExclusiveLock,
					 recurses ? MIG_LOCKS_CHILDREN : 0);
}

/* COMMENT and SECURITY LABEL: weak locks, unless on a relation or a column. */
static void
find_in_comment(ObjectType type, Node *object, MigLockTargets *targets)
{
	if (is_relation(type))
		add_name(targets, (List *) object, 0, ShareUpdateExclusiveLock);
	else if (type == OBJECT_COLUMN)
		add_name(targets, (List *) object, 1, ShareUpdateExclusiveLock);
}

/*
 * REINDEX of an index or a table; of more than that nothing is known, nor
 * which indexes a table has.
 */
static void
find_in_reindex(ReindexStmt *stmt, MigLockTargets *targets)
{
	bool		concurrent = mig_has_true_option(stmt->params, "concurrently");

	if (stmt->relation == NULL)
		targets->complete = false;
	else if (stmt->kind == REINDEX_OBJECT_INDEX)
		add_relation(targets, stmt->relation, concurrent ? ShareUpdateExclusiveLock : AccessExclusiveLock, 0)->table_mode =
			concurrent ? ShareUpdateExclusiveLock : ShareLock;
	else
	{
		add_relation(targets, stmt->relation, concurrent ? ShareUpdateExclusiveLock : ShareLock, MIG_LOCKS_CHILDREN);
		targets->complete = concurrent;
	}
}

/* VACUUM and ANALYZE. */
static void
find_in_vacuum(VacuumStmt *stmt, MigLockTargets *targets)
{
	LOCKMODE	mode = mig_has_true_option(stmt->options, "full") ? AccessExclusiveLock : ShareUpdateExclusiveLock;
	ListCell   *lc;

	if (stmt->rels == NIL)
		targets->complete = false;
	foreach(lc, stmt->rels)
	{
		RangeVar   *relation = lfirst_node(VacuumRelation, lc)->relation;

		if (relation != NULL)
			add_relation(targets, relation, mode, 0);
	}
}

/* A list of relations that are locked alike. */
static void
find_in_list(List *relations, LOCKMODE mode, MigLockTargets *targets)
{
	ListCell   *lc;

	foreach(lc, relations)
	{
		if (IsA(lfirst(lc), RangeVar))
			add_relation(targets, lfirst_node(RangeVar, lc), mode, MIG_LOCKS_CHILDREN);
	}
}

/* CREATE SCHEMA with what is created in it. */
static void
find_in_create_schema(CreateSchemaStmt *stmt, MigLockTargets *targets)
{
	ListCell   *lc;

	foreach(lc, stmt->schemaElts)
	{
		MigLockTargets element = {0};
		int			i;

		mig_find_lock_targets(lfirst(lc), &element);
		for (i = 0; i < element.count; i++)
			*add_target(targets, NULL, "", NoLock) = element.items[i];
		targets->complete &= element.complete;
	}
}

/* Does the statement change what later names mean, or whose rights count? */
static bool
changes_names(VariableSetStmt *stmt)
{
	if (stmt->kind == VAR_RESET_ALL)
		return true;
	return stmt->name != NULL &&
		(pg_strcasecmp(stmt->name, "search_path") == 0 || pg_strcasecmp(stmt->name, "role") == 0 ||
		 pg_strcasecmp(stmt->name, "session_authorization") == 0);
}

/* Statements on one table or view.  False: it is none of them. */
static bool
find_in_table_ddl(Node *stmt, MigLockTargets *targets)
{
	switch (nodeTag(stmt))
	{
		case T_AlterTableStmt:
			find_in_alter_table((AlterTableStmt *) stmt, targets);
			return true;
		case T_CreateStmt:
			find_in_create_table((CreateStmt *) stmt, targets);
			return true;
		case T_CreateForeignTableStmt:
			find_in_create_table(&((CreateForeignTableStmt *) stmt)->base, targets);
			return true;
		case T_IndexStmt:
			add_relation(targets, ((IndexStmt *) stmt)->relation,
						 ((IndexStmt *) stmt)->concurrent ? ShareUpdateExclusiveLock : ShareLock,
						 MIG_LOCKS_CHILDREN);
			return true;
		case T_CreateTrigStmt:
			add_relation(targets, ((CreateTrigStmt *) stmt)->relation, ShareRowExclusiveLock, MIG_LOCKS_CHILDREN);
			return true;
		case T_CreatePolicyStmt:
			add_relation(targets, ((CreatePolicyStmt *) stmt)->table, AccessExclusiveLock, 0);
			return true;
		case T_AlterPolicyStmt:
			add_relation(targets, ((AlterPolicyStmt *) stmt)->table, AccessExclusiveLock, 0);
			return true;
		case T_RuleStmt:
			add_relation(targets, ((RuleStmt *) stmt)->relation, AccessExclusiveLock, 0);
			return true;
		case T_ViewStmt:
			if (((ViewStmt *) stmt)->replace)
				add_relation(targets, ((ViewStmt *) stmt)->view, AccessExclusiveLock, 0);
			return true;
		case T_AlterSeqStmt:
			add_relation(targets, ((AlterSeqStmt *) stmt)->sequence, ShareRowExclusiveLock, 0);
			return true;
		case T_CreateStatsStmt:
			find_in_list(((CreateStatsStmt *) stmt)->relations, ShareUpdateExclusiveLock, targets);
			return true;
		case T_RefreshMatViewStmt:
			add_relation(targets, ((RefreshMatViewStmt *) stmt)->relation,
						 ((RefreshMatViewStmt *) stmt)->concurrent ? ExclusiveLock : AccessExclusiveLock, 0);
			return true;
		default:
			return false;
	}
}

/* Statements on objects of any kind.  False: it is none of them. */
static bool
find_in_other_ddl(Node *stmt, MigLockTargets *targets)
{
	RangeVar   *relation = MIG_CLUSTERED_RELATION(stmt);

	if (relation != NULL)
	{
		add_relation(targets, relation, AccessExclusiveLock, 0);
		return true;
	}
	switch (nodeTag(stmt))
	{
		case T_DropStmt:
			find_in_drop((DropStmt *) stmt, targets);
			return true;
		case T_RenameStmt:
			find_in_rename((RenameStmt *) stmt, targets);
			return true;
		case T_AlterObjectSchemaStmt:
			if (((AlterObjectSchemaStmt *) stmt)->relation != NULL)
				add_relation(targets, ((AlterObjectSchemaStmt *) stmt)->relation, AccessExclusiveLock, 0);
			return true;
		case T_CommentStmt:
			find_in_comment(((CommentStmt *) stmt)->objtype, ((CommentStmt *) stmt)->object, targets);
			return true;
		case T_SecLabelStmt:
			find_in_comment(((SecLabelStmt *) stmt)->objtype, ((SecLabelStmt *) stmt)->object, targets);
			return true;
		case T_TruncateStmt:
			find_in_list(((TruncateStmt *) stmt)->relations, AccessExclusiveLock, targets);
			targets->complete = ((TruncateStmt *) stmt)->behavior != DROP_CASCADE;
			return true;
		case T_LockStmt:
			if (((LockStmt *) stmt)->mode >= ShareUpdateExclusiveLock)
				find_in_list(((LockStmt *) stmt)->relations, ((LockStmt *) stmt)->mode, targets);
			return true;
		case T_ReindexStmt:
			find_in_reindex((ReindexStmt *) stmt, targets);
			return true;
		case T_VacuumStmt:
			find_in_vacuum((VacuumStmt *) stmt, targets);
			return true;
		case T_CreateSchemaStmt:
			find_in_create_schema((CreateSchemaStmt *) stmt, targets);
			return true;
		case T_VariableSetStmt:
			targets->complete = !changes_names((VariableSetStmt *) stmt);
			return true;
		default:
			return false;
	}
}

/* Is it DDL that locks no relation that was there before? */
static bool
is_lockless_ddl(Node *stmt)
{
	switch (nodeTag(stmt))
	{
		case T_AlterCollationStmt:
		case T_AlterDefaultPrivilegesStmt:
		case T_AlterEnumStmt:
		case T_AlterEventTrigStmt:
		case T_AlterFdwStmt:
		case T_AlterForeignServerStmt:
		case T_AlterFunctionStmt:
		case T_AlterObjectDependsStmt:
		case T_AlterOpFamilyStmt:
		case T_AlterOperatorStmt:
		case T_AlterOwnerStmt:
		case T_AlterRoleSetStmt:
		case T_AlterRoleStmt:
		case T_AlterStatsStmt:
		case T_AlterTSConfigurationStmt:
		case T_AlterTSDictionaryStmt:
		case T_AlterTypeStmt:
		case T_AlterUserMappingStmt:
		case T_CompositeTypeStmt:
		case T_CreateAmStmt:
		case T_CreateCastStmt:
		case T_CreateConversionStmt:
		case T_CreateDomainStmt:
		case T_CreateEnumStmt:
		case T_CreateEventTrigStmt:
		case T_CreateFdwStmt:
		case T_CreateForeignServerStmt:
		case T_CreateFunctionStmt:
		case T_CreateOpClassStmt:
		case T_CreateOpFamilyStmt:
		case T_CreatePLangStmt:
		case T_CreateRangeStmt:
		case T_CreateRoleStmt:
		case T_CreateSeqStmt:
		case T_CreateTransformStmt:
		case T_CreateUserMappingStmt:
		case T_DefineStmt:
		case T_DropUserMappingStmt:
		case T_GrantRoleStmt:
		case T_GrantStmt:
			return true;
		default:
			return false;
	}
}

/*
 * Find out which relations the statement, a raw parse tree, will lock.
 *
 * "complete" says that it is DDL, and that all locks that it takes on
 * relations, so far as they are ShareUpdateExclusive or stronger, are among
 * the targets or on what it creates itself.  It is not set for what reads or
 * writes rows, runs code, drops what depends on something (CASCADE), or
 * changes how later names are looked up.
 *
 * Names are copied into the current memory context: the tree dies.
 */
void
mig_find_lock_targets(Node *stmt, MigLockTargets *targets)
{
	targets->items = NULL;
	targets->count = 0;
	targets->complete = true;
	if (!find_in_table_ddl(stmt, targets) && !find_in_other_ddl(stmt, targets))
		targets->complete = is_lockless_ddl(stmt);
}
