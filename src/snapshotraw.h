/*-------------------------------------------------------------------------
 *
 * snapshotraw.h
 *	  A document of schema data that is read, but not believed yet.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_SNAPSHOTRAW_H
#define MIG_SNAPSHOTRAW_H

#include "fact.h"

/* A reference to another fact. */
typedef struct MigRawReference
{
	const MigKind *kind;		/* NULL: there is none */
	char	   *identity;
} MigRawReference;

/* A fact whose references are not looked up yet. */
typedef struct MigRawFact
{
	const MigKind *kind;
	MigRawReference parent;
	char	   *schema;
	char	   *name;
	char	   *arguments;
	const char **values;		/* one for each attribute */
	int			position;		/* if one of them says so, else 0 */
	int			first_need;		/* in the needs of all facts */
	int			nneeds;
	int			kind_number;	/* in mig_kinds */
	MigFact    *fact;			/* what was made of it */
} MigRawFact;

typedef struct MigRawDocument
{
	MemoryContext scratch;		/* of the arrays here; the strings are in the
								 * context that was current, and are kept */
	char	   *path_schema;
	char	   *fingerprint;
	MigRawFact *facts;
	int			nfacts;
	int			facts_capacity;
	MigRawReference *needs;
	int			nneeds;
	int			needs_capacity;
} MigRawDocument;

/* Refuse a document; the arguments make the DETAIL. */
#define MIG_REFUSE_DOCUMENT(...) \
	ereport(ERROR, \
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE), \
			 errmsg("the document is not schema data made by migrate_snapshot()"), \
			 errdetail(__VA_ARGS__), \
			 errhint("Pass a document unchanged, as SELECT migrate_snapshot(); returned it in this version of the extension.")))

extern void mig_snapshot_parse(MigRawDocument *document, const char *json);
extern const char *mig_describe_raw(const MigRawDocument *document, const MigRawFact *raw);

#endif							/* MIG_SNAPSHOTRAW_H */
