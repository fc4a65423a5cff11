/*-------------------------------------------------------------------------
 *
 * revscript.h
 *	  The text of a revision script: header, sections, directives, rows.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_REVSCRIPT_H
#define MIG_REVSCRIPT_H

#include "batchoptions.h"
#include "report.h"
#include "revision.h"
#include "sqlsplit.h"

#define MIG_CHECKSUM_LENGTH 64	/* hexadecimal digits of a SHA-256 */

/* What a query must return for the revision to go on. */
typedef enum MigAssertion
{
	MIG_ASSERT_NOTHING,
	MIG_ASSERT_TRUE,			/* rows, and true in all of them */
	MIG_ASSERT_EMPTY			/* no row */
} MigAssertion;

/* "-- migrate:assert", which is about the statement that follows it. */
typedef struct MigAssertDirective
{
	MigAssertion assertion;
	size_t		start;			/* of the comment */
	int			line;
} MigAssertDirective;

/* "-- migrate:batch", which is about the statement that follows it. */
typedef struct MigBatchDirective
{
	MigBatchOptions options;
	size_t		start;			/* of the comment */
	int			line;
} MigBatchDirective;

/* All offsets are into the text of the whole script. */
typedef struct MigSection
{
	bool		present;
	bool		none;			/* "downgrade none": nothing to undo */
	bool		no_transaction; /* "transaction:false" */
	size_t		start;
	size_t		len;
	MigCopyData *copies;
	int			ncopies;
	MigAssertDirective *asserts;
	int			nasserts;
	MigBatchDirective *batches;
	int			nbatches;
	size_t	   *cuts;			/* ends of statements, far apart: see scanner */
	int			ncuts;
} MigSection;

typedef struct MigRevisionScript
{
	MigRevision revision;		/* path is not set */
	MigSection	upgrade;
	MigSection	downgrade;
	char		checksum[MIG_CHECKSUM_LENGTH + 1];
} MigRevisionScript;

extern bool mig_revscript_parse(const char *text, size_t len, bool standard_strings,
								MigRevisionScript *script, MigReport *report);
extern const MigSection *mig_revscript_section(const MigRevisionScript *script, MigDirection direction);
extern int	mig_line_number(const char *text, size_t offset);

#endif							/* MIG_REVSCRIPT_H */
