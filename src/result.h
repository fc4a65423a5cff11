/*-------------------------------------------------------------------------
 *
 * result.h
 *	  Rows of results.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_RESULT_H
#define MIG_RESULT_H

#include "nodes/execnodes.h"
#include "revision.h"

#define MIG_RESULT_MAX_COLUMNS 32

/* A row that is filled from left to right. */
typedef struct MigResultRow
{
	int			ncolumns;
	Datum		values[MIG_RESULT_MAX_COLUMNS];
	bool		nulls[MIG_RESULT_MAX_COLUMNS];
} MigResultRow;

extern const char *mig_join_or_null(const MigNameList *list);
extern void mig_row_begin(MigResultRow *row);
extern void mig_row_datum(MigResultRow *row, Datum value, bool isnull);
extern void mig_row_text(MigResultRow *row, const char *value);
extern void mig_row_int(MigResultRow *row, int value);
extern void mig_row_bool(MigResultRow *row, bool value);
extern void mig_row_put(MigResultRow *row, ReturnSetInfo *rsinfo);
extern Datum mig_row_return(MigResultRow *row, FunctionCallInfo fcinfo);

#endif							/* MIG_RESULT_H */
