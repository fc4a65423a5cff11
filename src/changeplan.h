/*-------------------------------------------------------------------------
 *
 * changeplan.h
 *	  From the differences between two sets of schema data to operations.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_CHANGEPLAN_H
#define MIG_CHANGEPLAN_H

#include <limits.h>

#include "fact.h"
#include "nodes/pg_list.h"
#include "revision.h"

typedef enum MigOperationType
{
	MIG_OPERATION_DROP,
	MIG_OPERATION_CREATE,
	MIG_OPERATION_ALTER,
	MIG_OPERATION_RENAME_AWAY,	/* a type that a new one of its name replaces */
	MIG_OPERATION_DROP_AWAY		/* and when nothing uses it any more */
} MigOperationType;

#define MIG_RANK_UNKNOWN	INT_MAX

/* Something to be done. */
typedef struct MigOperation
{
	MigOperationType type;
	const MigFact *from;		/* what is dropped or altered; else NULL */
	const MigFact *to;			/* what is created, or altered to; else NULL */
	bool		rebuilt;		/* nothing about it changes but that something
								 * it needs does */
	bool		retyped;		/* a column whose type is replaced */
	List	   *parts;			/* columns of a table that is created,
								 * constraints of a domain */
	const char *note;			/* a comment for who reads it, or NULL */
	MigSqlList	sql;
	int			order;			/* MigStatementOrder */
	int			index;
	struct MigOperation **next; /* must come later */
	int			nnext;
	int			next_capacity;
	int			npredecessors;
	struct MigOperation **preferred_next;	/* had better come later */
	int			npreferred_next;
	int			preferred_capacity;
	int			npreferred;
	int			rank;			/* place of the creation of what it is a part
								 * of, or MIG_RANK_UNKNOWN */
} MigOperation;

typedef enum MigFactState
{
	MIG_STATE_KEEP,
	MIG_STATE_ALTER,
	MIG_STATE_REPLACE,
	MIG_STATE_RETYPE,
	MIG_STATE_DROP,				/* from only */
	MIG_STATE_CREATE			/* to only */
} MigFactState;

/* What happens to a fact, and the operations that it takes part in. */
typedef struct MigFactPlan
{
	MigFactState state;
	bool		rebuilt;		/* replaced only because of another */
	bool		retyped;
	MigOperation *leave;		/* drops it, or renames it away */
	MigOperation *change;		/* alters it */
	MigOperation *enter;		/* creates it */
	MigOperation *end;			/* drops what was renamed away */
} MigFactPlan;

/* What cannot be done. */
typedef struct MigRefusal
{
	const MigFact *fact;
	const char *reason;
} MigRefusal;

typedef struct MigChangePlan
{
	MigSchemaData *from;
	MigSchemaData *to;
	MigFactPlan *from_plans;	/* by index of the fact */
	MigFactPlan *to_plans;
	MigOperation **operations;	/* in their order */
	int			noperations;
	int			capacity;
	int			nordered;
	bool		explicit_parts; /* see mig_make_operations() */
	MigRefusal *refusals;
	int			nrefusals;
	MigNameList retyped_enums;	/* identities of those that must be replaced */
} MigChangePlan;

extern MigChangePlan *mig_change_plan(MigSchemaData *from, MigSchemaData *to);
extern MigFactPlan *mig_fact_plan(const MigChangePlan *plan, const MigFact *fact);

/* changegraph.c */
extern void mig_make_operations(MigChangePlan *plan, bool explicit_parts);
extern void mig_prefer(MigOperation *first, MigOperation *second);

/* changebody.c */
extern void mig_prefer_by_bodies(MigChangePlan *plan);

/* changeorder.c */
extern bool mig_order_operations(MigChangePlan *plan);
extern const char *mig_describe_cycle(const MigChangePlan *plan);

/* changewrite.c */
extern const char *mig_operation_name(MigOperationType type);
extern void mig_write_operation(const MigChangePlan *plan, MigOperation *operation);
extern char *mig_sql_text(const MigSqlList *sql);
extern char *mig_operation_sql(const MigOperation *operation);
extern char *mig_operation_reverse_sql(const MigChangePlan *plan, const MigOperation *operation);
extern const char *mig_operation_loses(const MigOperation *operation);

#endif							/* MIG_CHANGEPLAN_H */
