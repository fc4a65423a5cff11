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

#include <limits.h>

#include "catalog/pg_class.h"
#include "commands/copy.h"
#include "common/jsonapi.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "nodes/parsenodes.h"
#include "parser/parse_node.h"
#include "parser/parse_type.h"
#include "parser/parser.h"
#include "postmaster/bgworker.h"
#include "storage/lock.h"
#include "storage/proc.h"
#include "storage/procarray.h"
#include "storage/sinvaladt.h"
#include "tcop/dest.h"
#include "tcop/pquery.h"
#include "utils/acl.h"
#include "utils/guc.h"
#include "utils/guc_tables.h"

/* 18 lets a module tell its name and version */
#ifdef PG_MODULE_MAGIC_EXT
#define MIG_MODULE_MAGIC(module_name, module_version) \
	PG_MODULE_MAGIC_EXT(.name = module_name, .version = module_version)
#else
#define MIG_MODULE_MAGIC(module_name, module_version) PG_MODULE_MAGIC
#endif

/* 16 moved the permission fields of a range table entry to a node of its own */
#if PG_VERSION_NUM >= 160000
#include "nodes/miscnodes.h"
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

/* The table that CLUSTER is about; NULL if the statement is not one, or is about all. */
#if PG_VERSION_NUM >= 190000
#define MIG_CLUSTERED_RELATION(stmt) \
	(IsA(stmt, RepackStmt) && ((RepackStmt *) (stmt))->relation != NULL ? \
	 ((RepackStmt *) (stmt))->relation->relation : NULL)
#else
#define MIG_CLUSTERED_RELATION(stmt) \
	(IsA(stmt, ClusterStmt) ? ((ClusterStmt *) (stmt))->relation : NULL)
#endif

/* 19 has a REPACK that lets others write; its options, NIL if there is none */
#if PG_VERSION_NUM >= 190000
#define MIG_REPACK_OPTIONS(stmt) \
	(IsA(stmt, RepackStmt) ? ((RepackStmt *) (stmt))->params : NIL)
#else
#define MIG_REPACK_OPTIONS(stmt) NIL
#endif

/* Does the role own the relation?  16 has one such function for all objects. */
#if PG_VERSION_NUM >= 160000
#define mig_owns_relation(relation, role) object_ownercheck(RelationRelationId, relation, role)
#else
#define mig_owns_relation(relation, role) pg_class_ownercheck(relation, role)
#endif

/*
 * The process that runs a virtual transaction, or 0.  17 counts processes
 * instead of backends.
 */
static inline int
mig_virtual_transaction_pid(VirtualTransactionId vxid)
{
	PGPROC	   *proc;

#if PG_VERSION_NUM >= 170000
	proc = vxid.procNumber == INVALID_PROC_NUMBER ? NULL : ProcNumberGetProc(vxid.procNumber);
	return proc != NULL && proc->vxid.lxid == vxid.localTransactionId ? proc->pid : 0;
#else
	proc = vxid.backendId == InvalidBackendId ? NULL : BackendIdGetProc(vxid.backendId);
	return proc != NULL && proc->lxid == vxid.localTransactionId ? proc->pid : 0;
#endif
}

/* The virtual transaction that a lock of that type is on. */
static inline VirtualTransactionId
mig_locktag_virtual_transaction(const LOCKTAG *tag)
{
	VirtualTransactionId vxid;

#if PG_VERSION_NUM >= 170000
	vxid.procNumber = (ProcNumber) tag->locktag_field1;
#else
	vxid.backendId = (BackendId) tag->locktag_field1;
#endif
	vxid.localTransactionId = tag->locktag_field2;
	return vxid;
}

/*
 * The OID of the type that format_type() calls so, or InvalidOid.  16 gave
 * parseTypeString() soft errors.
 */
static inline Oid
mig_find_type(const char *name)
{
	Oid			type;
	int32		typmod;

#if PG_VERSION_NUM >= 160000
	ErrorSaveContext escontext = {.type = T_ErrorSaveContext};

	if (!parseTypeString(name, &type, &typmod, (Node *) &escontext))
		return InvalidOid;
#else
	parseTypeString(name, &type, &typmod, true);
#endif
	return type;
}

/*
 * Pieces of the queries that read the catalogs.
 *
 * 18 made NOT NULL a constraint, with a name that ALTER TABLE can change; the
 * usual one, table_column_not_null, is taken for no name.
 */
#if PG_VERSION_NUM >= 180000
#define MIG_SQL_NOT_NULL \
	"CASE WHEN nn.oid IS NULL THEN 'NOT NULL' ELSE 'NOT NULL'" \
	" || CASE WHEN nn.connoinherit THEN ' NO INHERIT' ELSE '' END" \
	" || CASE WHEN nn.convalidated THEN '' ELSE ' NOT VALID' END END"
#define MIG_SQL_NOT_NULL_NAME \
	"CASE WHEN nn.conname <> (c.relname || '_' || a.attname || '_not_null') AND nn.conislocal THEN nn.conname::pg_catalog.text END"
#define MIG_SQL_NOT_NULL_JOIN \
	"LEFT JOIN pg_catalog.pg_constraint nn ON nn.contype = 'n' AND nn.conrelid = a.attrelid AND nn.conkey = ARRAY[a.attnum]"
#else
#define MIG_SQL_NOT_NULL		"'NOT NULL'"
#define MIG_SQL_NOT_NULL_NAME	"NULL::pg_catalog.text"
#define MIG_SQL_NOT_NULL_JOIN	""
#endif

/* Has this process that lock?  17 can ask for a stronger one, too. */
#if PG_VERSION_NUM >= 170000
#define mig_is_lock_held(tag, mode) LockHeldByMe(tag, mode, false)
#else
#define mig_is_lock_held(tag, mode) LockHeldByMe(tag, mode)
#endif

/* since 16 the actions of the parser of JSON return what became of them */
#if PG_VERSION_NUM >= 160000
#define MIG_JSON_ACTION		static JsonParseErrorType
#define MIG_JSON_ACTION_END return JSON_SUCCESS
#else
#define MIG_JSON_ACTION		static void
#define MIG_JSON_ACTION_END return
#endif

/* A lexer that unescapes strings; 17 takes one to initialize. */
static inline JsonLexContext *
mig_make_json_lex_context(const char *json, size_t len)
{
#if PG_VERSION_NUM >= 170000
	return makeJsonLexContextCstringLen(NULL, json, len, GetDatabaseEncoding(), true);
#else
	return makeJsonLexContextCstringLen(unconstify(char *, json), (int) len, GetDatabaseEncoding(), true);
#endif
}

/* 18 made NOT NULL of domains a constraint with a name, too */
#if PG_VERSION_NUM >= 180000
#define MIG_SQL_DOMAIN_NOT_NULL \
	"CASE WHEN nn.conname <> (t.typname || '_not_null')" \
	" THEN 'CONSTRAINT ' || pg_catalog.quote_ident(nn.conname) || ' NOT NULL' ELSE 'NOT NULL' END"
#define MIG_SQL_DOMAIN_NOT_NULL_JOIN \
	"LEFT JOIN pg_catalog.pg_constraint nn ON nn.contypid = t.oid AND nn.contype = 'n'"
#else
#define MIG_SQL_DOMAIN_NOT_NULL	"'NOT NULL'"
#define MIG_SQL_DOMAIN_NOT_NULL_JOIN ""
#endif

/* 16 has ICU rules, and 17 one column for the locales of all providers but libc */
#if PG_VERSION_NUM >= 170000
#define MIG_SQL_COLLATION_LOCALE "c.colllocale"
#else
#define MIG_SQL_COLLATION_LOCALE "c.colliculocale"
#endif
#if PG_VERSION_NUM >= 160000
#define MIG_SQL_COLLATION_RULES	"c.collicurules"
#else
#define MIG_SQL_COLLATION_RULES	"NULL::pg_catalog.text"
#endif

/* 18 publishes generated columns, 19 sequences, and all tables but some */
#if PG_VERSION_NUM >= 190000
#define MIG_SQL_PUBLICATION_FOR \
	"CASE WHEN p.puballtables THEN 'ALL TABLES' || COALESCE((SELECT" \
	" ' EXCEPT (TABLE ' || pg_catalog.string_agg('ONLY ' || r.prrelid::pg_catalog.regclass::pg_catalog.text, ', '" \
	" ORDER BY r.prrelid::pg_catalog.regclass::pg_catalog.text) || ')'" \
	" FROM pg_catalog.pg_publication_rel r WHERE r.prpubid = p.oid AND r.prexcept), '') END," \
	" CASE WHEN p.puballsequences THEN 'ALL SEQUENCES' END"
#define MIG_SQL_PUBLICATION_TABLE_FILTER " AND NOT r.prexcept"
#else
#define MIG_SQL_PUBLICATION_FOR	"CASE WHEN p.puballtables THEN 'ALL TABLES' END"
#define MIG_SQL_PUBLICATION_TABLE_FILTER ""
#endif
#if PG_VERSION_NUM >= 180000
#define MIG_SQL_PUBLICATION_GENERATED \
	"CASE p.pubgencols WHEN 's' THEN 'stored' ELSE 'none' END"
#else
#define MIG_SQL_PUBLICATION_GENERATED "NULL::pg_catalog.text"
#endif

/* 19 has foreign-data wrappers with a function that makes connection strings */
#if PG_VERSION_NUM >= 190000
#define MIG_SQL_FDW_CONNECTION \
	"CASE WHEN f.fdwconnection <> 0 THEN f.fdwconnection::pg_catalog.regproc::pg_catalog.text END"
#else
#define MIG_SQL_FDW_CONNECTION	"NULL::pg_catalog.text"
#endif

/* Run a portal to its end, at top level; 18 dropped an argument. */
static inline void
mig_portal_run(Portal portal, QueryCompletion *qc)
{
#if PG_VERSION_NUM >= 180000
	PortalRun(portal, FETCH_ALL, true, None_Receiver, None_Receiver, qc);
#else
	PortalRun(portal, FETCH_ALL, true, true, None_Receiver, None_Receiver, qc);
#endif
}

/*
 * A background worker connects for somebody who is connected already; 17 can
 * skip the check of the LOGIN attribute, too.
 */
#if PG_VERSION_NUM >= 170000
#define MIG_WORKER_CONNECTION (BGWORKER_BYPASS_ALLOWCONN | BGWORKER_BYPASS_ROLELOGINCHECK)
#else
#define MIG_WORKER_CONNECTION BGWORKER_BYPASS_ALLOWCONN
#endif

/* All settings, and how many they are; 16 tells both at once. */
static inline struct config_generic **
mig_all_settings(int *n)
{
#if PG_VERSION_NUM >= 160000
	return get_guc_variables(n);
#else
	*n = GetNumConfigOptions();
	return get_guc_variables();
#endif
}

/* 19 gives handlers of signals more to know, and its constants another name */
#if PG_VERSION_NUM >= 190000
#define MIG_SIGNAL_IGNORED PG_SIG_IGN
#else
#define MIG_SIGNAL_IGNORED SIG_IGN
#endif

#endif							/* MIG_PG_COMPAT_H */
