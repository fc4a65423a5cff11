/*-------------------------------------------------------------------------
 *
 * stmt.h
 *	  The statements of a revision script.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_STMT_H
#define MIG_STMT_H

#include "locktargets.h"
#include "nodes/parsenodes.h"
#include "place.h"
#include "tcop/utility.h"

/* One statement; offsets are into the text of the whole script. */
typedef struct MigStatement
{
	size_t		start;			/* after blanks and comments */
	size_t		len;			/* up to, not including, the semicolon */
	int			line;			/* of its first character, from 1 */
	int			log_level;		/* LogStmtLevel */
	const char *refuses;		/* what it is, if it cannot run in a
								 * transaction block; else NULL */
	bool		is_concurrent;	/* it refuses one, may wait for long, and holds
								 * up nobody who reads or writes meanwhile */
	const char *new_enum_value; /* that it adds and a later statement of the
								 * section uses, which takes a commit between */
	int			new_enum_value_line;	/* of that statement */
	MigAssertion assertion;		/* about what it returns */
	const MigBatchOptions *batch;	/* may run in batches, with a commit each;
									 * else NULL */
	MigLockTargets targets;		/* what it will lock */
	bool		sets;			/* SET or RESET of a setting */
	bool		changes_settings;	/* SET, or something that may do it */
	bool		changes_role;	/* SET ROLE or SET SESSION AUTHORIZATION */
	const char *creates_schema; /* by CREATE SCHEMA; else NULL */
	bool		has_elements;	/* the schema, in the same statement */
	const char *creates_extension;	/* else NULL */
	const MigCopyData *copy;	/* rows of COPY FROM STDIN, or NULL */
} MigStatement;

typedef struct MigStatementList
{
	MigStatement *items;
	int			count;
} MigStatementList;

/*
 * Must the statement have a transaction of its own: because it refuses
 * another, or because a later one needs what it did committed?
 */
static inline bool
mig_stands_alone(const MigStatement *statement)
{
	return statement->refuses != NULL || statement->new_enum_value != NULL;
}

extern void mig_parse_script(MigScriptSource *source);
extern void mig_parse_section(const MigScriptSource *source, MigStatementList *list);

/*
 * Is given each statement of a text while its parse tree lives: offsets of
 * what the parser takes for its start, and of its end.
 */
typedef void (*MigStatementVisitor) (void *arg, Node *stmt, size_t location, size_t end);

extern void mig_parse_text(const MigScriptSource *source, const char *text, size_t start, size_t len,
						   MigStatementVisitor visit, void *arg);
extern size_t mig_skip_to_token(const MigScriptSource *source, size_t offset, size_t end);

#endif							/* MIG_STMT_H */
