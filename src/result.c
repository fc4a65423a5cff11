/*-------------------------------------------------------------------------
 *
 * result.c
 *	  Rows of results.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "result.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

/* Names as the results show them: none is null. */
const char *
mig_join_or_null(const MigNameList *list)
{
	return list->count > 0 ? mig_name_list_join(list) : NULL;
}

/* Begin a row. */
void
mig_row_begin(MigResultRow *row)
{
	row->ncolumns = 0;
}

/* The next column, of any type. */
void
mig_row_datum(MigResultRow *row, Datum value, bool isnull)
{
	Assert(row->ncolumns < MIG_RESULT_MAX_COLUMNS);
	row->values[row->ncolumns] = value;
	row->nulls[row->ncolumns++] = isnull;
}

/* The next column is text, or name as text; NULL is null. */
void
mig_row_text(MigResultRow *row, const char *value)
{
	mig_row_datum(row, value ? CStringGetTextDatum(value) : (Datum) 0, value == NULL);
}

/* The next column is an integer. */
void
mig_row_int(MigResultRow *row, int value)
{
	mig_row_datum(row, Int32GetDatum(value), false);
}

/* The next column is a boolean. */
void
mig_row_bool(MigResultRow *row, bool value)
{
	mig_row_datum(row, BoolGetDatum(value), false);
}

/* Append the row to a set that InitMaterializedSRF() began. */
void
mig_row_put(MigResultRow *row, ReturnSetInfo *rsinfo)
{
	Assert(row->ncolumns == rsinfo->setDesc->natts);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, row->values, row->nulls);
}

/* The row as the only result of a function that returns a composite type. */
Datum
mig_row_return(MigResultRow *row, FunctionCallInfo fcinfo)
{
	TupleDesc	desc;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	Assert(row->ncolumns == desc->natts);
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), row->values, row->nulls));
}
