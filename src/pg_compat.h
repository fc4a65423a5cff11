/*-------------------------------------------------------------------------
 *
 * pg_compat.h
 *	  What differs between the supported major versions of PostgreSQL.
 *
 * PG_VERSION_NUM appears here and nowhere else; a wrapper has the signature
 * of the newest version.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_PG_COMPAT_H
#define MIG_PG_COMPAT_H

#if PG_VERSION_NUM < 150000 || PG_VERSION_NUM >= 200000
#error "migrate supports PostgreSQL 15 to 19"
#endif

#include "commands/copy.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "nodes/parsenodes.h"
#include "parser/parse_node.h"
#include "parser/parser.h"

/* 18 lets a module tell its name and version */
#ifdef PG_MODULE_MAGIC_EXT
#define MIG_MODULE_MAGIC(module_name, module_version) \
	PG_MODULE_MAGIC_EXT(.name = module_name, .version = module_version)
#else
#define MIG_MODULE_MAGIC(module_name, module_version) PG_MODULE_MAGIC
#endif

/* 16 moved the permission fields of a range table entry to a node of its own */
#if PG_VERSION_NUM >= 160000
#include "parser/parse_relation.h"
#endif

/*
 * Ask for INSERT on the given columns (attribute numbers) of the relation in
 * nsitem, as COPY FROM does; raises an error if the caller lacks it.
 */
static inline void
mig_check_insert_permission(ParseState *pstate, ParseNamespaceItem *nsitem, List *attnums)
{
	ListCell   *lc;
	Bitmapset **columns;

#if PG_VERSION_NUM >= 160000
	RTEPermissionInfo *perminfo = nsitem->p_perminfo;

	perminfo->requiredPerms = ACL_INSERT;
	columns = &perminfo->insertedCols;
#else
	RangeTblEntry *rte = nsitem->p_rte;

	rte->requiredPerms = ACL_INSERT;
	columns = &rte->insertedCols;
#endif
	foreach(lc, attnums)
	{
		*columns = bms_add_member(*columns, lfirst_int(lc) - FirstLowInvalidHeapAttributeNumber);
	}

#if PG_VERSION_NUM >= 160000
	ExecCheckPermissions(pstate->p_rtable, list_make1(perminfo), true);
#else
	ExecCheckRTPerms(pstate->p_rtable, true);
#endif
}

/*
 * Can one role take on the rights of another?  16 gave memberships options,
 * and one of them says whether SET ROLE works.
 */
#if PG_VERSION_NUM >= 160000
#define mig_can_become(member, role) member_can_set_role(member, role)
#else
#define mig_can_become(member, role) is_member_of_role(member, role)
#endif

/* 19 has no other way to read strings */
#if PG_VERSION_NUM >= 190000
#define MIG_STANDARD_STRINGS true
#else
#define MIG_STANDARD_STRINGS standard_conforming_strings
#endif

/* 19 has REFRESH SEQUENCES, too, and names this one in full */
#if PG_VERSION_NUM < 190000
#define ALTER_SUBSCRIPTION_REFRESH_PUBLICATION ALTER_SUBSCRIPTION_REFRESH
#endif

/* 19 made CLUSTER a case of REPACK */
#if PG_VERSION_NUM >= 190000
#define MIG_IS_CLUSTER_ALL(stmt) \
	(IsA(stmt, RepackStmt) && ((RepackStmt *) (stmt))->relation == NULL)
#else
#define MIG_IS_CLUSTER_ALL(stmt) \
	(IsA(stmt, ClusterStmt) && ((ClusterStmt *) (stmt))->relation == NULL)
#endif

#endif							/* MIG_PG_COMPAT_H */
