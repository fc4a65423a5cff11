/*-------------------------------------------------------------------------
 *
 * spiutil.c
 *	  SPI with every return code checked.
 *
 * For the queries on the extension's own tables.  SPI switches to a memory
 * context of its own, which SPI_finish() frees; here the current one stays,
 * and what the getters return is allocated in it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "nodes/parsenodes.h"
#include "revision.h"
#include "spiutil.h"
#include "utils/array.h"
#include "utils/builtins.h"

/* Connect to SPI; the current memory context stays what it is. */
void
mig_spi_connect(void)
{
	MemoryContext context = CurrentMemoryContext;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	MemoryContextSwitchTo(context);
}

/* The end of the connection. */
void
mig_spi_finish(void)
{
	MemoryContext context = CurrentMemoryContext;

	SPI_finish();
	MemoryContextSwitchTo(context);
}

/* The arguments as SPI wants them. */
typedef struct SpiArguments
{
	Oid			types[MIG_SPI_MAX_ARGUMENTS];
	Datum		values[MIG_SPI_MAX_ARGUMENTS];
	char		nulls[MIG_SPI_MAX_ARGUMENTS];
} SpiArguments;

/* SPI takes types, values and nulls apart. */
static void
split_arguments(SpiArguments *split, int nargs, const MigSpiArgument *arguments)
{
	int			i;

	Assert(nargs <= MIG_SPI_MAX_ARGUMENTS);
	MemSet(split, 0, sizeof(SpiArguments));
	for (i = 0; i < nargs; i++)
	{
		split->types[i] = arguments[i].type;
		split->values[i] = arguments[i].value;
		split->nulls[i] = arguments[i].isnull ? 'n' : ' ';
	}
}

/* Raise an error unless SPI returned what was expected. */
static void
check_result(int result, int expected, const char *what)
{
	if (result != expected)
		elog(ERROR, "SPI returned %s for \"%s\"", SPI_result_code_string(result), what);
}

/* Run a query and check its result. */
static uint64
execute(int expected, bool read_only, const char *sql, int nargs, const MigSpiArgument *arguments)
{
	SpiArguments split;
	MemoryContext context = CurrentMemoryContext;
	int			result;

	split_arguments(&split, nargs, arguments);
	result = SPI_execute_with_args(sql, nargs, split.types, split.values, split.nulls, read_only, 0);
	MemoryContextSwitchTo(context);
	check_result(result, expected, sql);
	return SPI_processed;
}

/*
 * Plan a query, for as long as the current SPI connection lasts, or with
 * SPI_keepplan() longer.  The plan does not depend on the arguments.
 */
SPIPlanPtr
mig_spi_prepare(const char *sql, int nargs, const Oid *types)
{
	MemoryContext context = CurrentMemoryContext;
	SPIPlanPtr	plan = SPI_prepare_cursor(sql, nargs, unconstify(Oid *, types), CURSOR_OPT_GENERIC_PLAN);

	MemoryContextSwitchTo(context);
	if (plan == NULL)
		elog(ERROR, "SPI returned %s for \"%s\"", SPI_result_code_string(SPI_result), sql);
	return plan;
}

/* Run a planned query, in a snapshot of its own; returns the number of rows. */
uint64
mig_spi_execute_plan(int expected, SPIPlanPtr plan, int nargs, const MigSpiArgument *arguments)
{
	SpiArguments split;
	MemoryContext context = CurrentMemoryContext;
	int			result;

	split_arguments(&split, nargs, arguments);
	result = SPI_execute_plan(plan, split.values, split.nulls, false, 0);
	MemoryContextSwitchTo(context);
	check_result(result, expected, "a prepared statement");
	return SPI_processed;
}

/*
 * Run a query, in a snapshot of its own.  SPI reports some failures only by
 * its result, and those silently.
 *
 * Returns the number of rows processed; SPI_tuptable has those returned.
 */
uint64
mig_spi_execute(int expected, const char *sql, int nargs, const MigSpiArgument *arguments)
{
	return execute(expected, false, sql, nargs, arguments);
}

/*
 * Run a SELECT in the active snapshot, which the caller has pushed: several
 * tables are then seen as of one moment.
 */
uint64
mig_spi_select(const char *sql, int nargs, const MigSpiArgument *arguments)
{
	return execute(SPI_OK_SELECT, true, sql, nargs, arguments);
}

/* A text argument; NULL is null. */
MigSpiArgument
mig_spi_text(const char *value)
{
	MigSpiArgument argument;

	argument.type = TEXTOID;
	argument.isnull = value == NULL;
	argument.value = value ? CStringGetTextDatum(value) : (Datum) 0;
	return argument;
}

/* The names as a text[]. */
Datum
mig_name_list_datum(const MigNameList *list)
{
	Datum	   *elements = palloc(sizeof(Datum) * Max(list->count, 1));
	int			i;

	for (i = 0; i < list->count; i++)
		elements[i] = CStringGetTextDatum(list->names[i]);
	return PointerGetDatum(construct_array(elements, list->count, TEXTOID, -1, false, TYPALIGN_INT));
}

/* A text[] argument. */
MigSpiArgument
mig_spi_name_list(const MigNameList *list)
{
	MigSpiArgument argument;

	argument.type = TEXTARRAYOID;
	argument.isnull = false;
	argument.value = mig_name_list_datum(list);
	return argument;
}

/* A text column of a returned row; NULL if it is null.  Columns count from 1. */
char *
mig_spi_get_text(uint64 row, int column)
{
	bool		isnull;
	Datum		value = SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

/* The first column, text and not null, of all returned rows; frees them. */
void
mig_spi_get_column(MigNameList *list)
{
	uint64		n = SPI_processed;
	uint64		row;

	list->names = NULL;
	list->count = 0;
	for (row = 0; row < n; row++)
	{
		char	   *value = mig_spi_get_text(row, 1);

		mig_name_list_add(list, value);
		pfree(value);
	}
	SPI_freetuptable(SPI_tuptable);
}

/* The first column, OIDs and not null, of all returned rows; frees them. */
List *
mig_spi_get_oids(void)
{
	List	   *oids = NIL;
	uint64		n = SPI_processed;
	uint64		row;
	bool		isnull;

	for (row = 0; row < n; row++)
		oids = lappend_oid(oids, DatumGetObjectId(SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc,
																1, &isnull)));
	SPI_freetuptable(SPI_tuptable);
	return oids;
}

/* A text[] column of a returned row. */
void
mig_spi_get_name_list(uint64 row, int column, MigNameList *list)
{
	bool		isnull;
	Datum		value = SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, &isnull);
	ArrayType  *array;
	Datum	   *elements;
	bool	   *nulls;
	int			n;
	int			i;

	list->names = NULL;
	list->count = 0;
	if (isnull)
		return;
	array = DatumGetArrayTypeP(value);
	if (ARR_NDIM(array) == 0)
		return;
	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &n);
	for (i = 0; i < n; i++)
	{
		if (!nulls[i])
			mig_name_list_append(list, VARDATA_ANY(DatumGetPointer(elements[i])),
								 VARSIZE_ANY_EXHDR(DatumGetPointer(elements[i])));
	}
}
