/*-------------------------------------------------------------------------
 *
 * kind_table.h
 *	  Schemas, tables and sequences.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_KIND_TABLE_H
#define MIG_KIND_TABLE_H

#include "fact.h"

/* What is written inside CREATE TABLE. */
typedef struct MigTableElement
{
	const MigFact *column;		/* a column; else NULL */
	const MigFact *column_default;	/* its default, if that is written, too */
	const char *constraint;		/* the text of a constraint; else NULL */
} MigTableElement;

extern void mig_rename_in_schema(MigSqlList *sql, const char *type, const MigFact *from, const MigFact *to);
extern char *mig_create_table_text(const MigFact *table, const MigTableElement *elements, int nelements);

#endif							/* MIG_KIND_TABLE_H */
