/*-------------------------------------------------------------------------
 *
 * assertion.c
 *	  Running a query whose result decides whether the revision goes on.
 *
 * Rows are looked at as they come, none is kept, and the first one that
 * decides ends the query: so an assertion over a large table needs no memory,
 * and may run in parallel.  The error is raised after SPI is done, for its
 * context to be the place in the script and nothing else.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "assertion.h"
#include "catalog/pg_type.h"
#include "errcodes.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

/* Of a row that should not be there, so much is shown. */
#define MAX_SHOWN_COLUMNS	8
#define MAX_SHOWN_BYTES		64

/* Takes the rows of the query. */
typedef struct AssertionReceiver
{
	DestReceiver pub;
	MigAssertion assertion;
	MemoryContext context;		/* of the caller */
	bool		one_boolean;	/* is that what the query returns? */
	uint64		rows;			/* seen */
	const char *failure;		/* what was wrong with the last one, or NULL */
} AssertionReceiver;

/* Append a value as text, at most MAX_SHOWN_BYTES of it. */
static void
append_value(StringInfo buf, TupleTableSlot *slot, int column)
{
	bool		isnull;
	Datum		value = slot_getattr(slot, column, &isnull);
	Oid			output;
	bool		isvarlena;
	char	   *text;
	int			len;

	if (isnull)
	{
		appendStringInfoString(buf, "null");
		return;
	}
	getTypeOutputInfo(TupleDescAttr(slot->tts_tupleDescriptor, column - 1)->atttypid, &output, &isvarlena);
	text = OidOutputFunctionCall(output, value);
	len = (int) strlen(text);
	if (len <= MAX_SHOWN_BYTES)
		appendStringInfoString(buf, text);
	else
		appendStringInfo(buf, "%.*s...", pg_mbcliplen(text, len, MAX_SHOWN_BYTES), text);
}

/* A row in the form of "Key (id, name)=(1, Ada)", which people know. */
static const char *
describe_row(TupleTableSlot *slot)
{
	TupleDesc	tupdesc = slot->tts_tupleDescriptor;
	int			ncolumns = Min(tupdesc->natts, MAX_SHOWN_COLUMNS);
	const char *more = tupdesc->natts > ncolumns ? ", ..." : "";
	StringInfoData buf;
	int			i;

	if (ncolumns == 0)
		return "a row";
	initStringInfo(&buf);
	appendStringInfoChar(&buf, '(');
	for (i = 0; i < ncolumns; i++)
		appendStringInfo(&buf, "%s%s", i > 0 ? ", " : "", NameStr(TupleDescAttr(tupdesc, i)->attname));
	appendStringInfo(&buf, "%s)=(", more);
	for (i = 0; i < ncolumns; i++)
	{
		appendStringInfoString(&buf, i > 0 ? ", " : "");
		append_value(&buf, slot, i + 1);
	}
	appendStringInfo(&buf, "%s)", more);
	return buf.data;
}

/* The query begins: does it return what the assertion is about? */
static void
receiver_startup(DestReceiver *self, int operation, TupleDesc tupdesc)
{
	AssertionReceiver *receiver = (AssertionReceiver *) self;

	receiver->one_boolean = tupdesc->natts == 1 &&
		getBaseType(TupleDescAttr(tupdesc, 0)->atttypid) == BOOLOID;
}

/* Look at one row.  Returns whether the next one is of interest. */
static bool
receive_row(TupleTableSlot *slot, DestReceiver *self)
{
	AssertionReceiver *receiver = (AssertionReceiver *) self;
	bool		isnull;
	Datum		value;

	receiver->rows++;
	if (receiver->assertion == MIG_ASSERT_EMPTY)
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(receiver->context);

		receiver->failure = describe_row(slot);
		MemoryContextSwitchTo(oldcontext);
		return false;
	}
	if (!receiver->one_boolean)
		return false;
	value = slot_getattr(slot, 1, &isnull);
	if (isnull)
		receiver->failure = "null";
	else if (!DatumGetBool(value))
		receiver->failure = "false";
	return receiver->failure == NULL;
}

/* Of the end of the query, and of the receiver, nothing is to be done. */
static void
receiver_nothing(DestReceiver *self)
{
}

/* Raise MG010 unless what was received is what was asserted. */
static void
check_assertion(const AssertionReceiver *receiver)
{
	if (receiver->assertion == MIG_ASSERT_TRUE && !receiver->one_boolean)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("assertion does not return one boolean column"),
				 errdetail("\"-- migrate:assert\" wants rows that are true."),
				 errhint("Select a condition, such as SELECT count(*) = 0 FROM ..., or write \"-- migrate:assert empty\" for a query that finds what must not be."),
				 errposition(1)));
	if (receiver->failure == NULL && (receiver->rows > 0 || receiver->assertion == MIG_ASSERT_EMPTY))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_MIG_ASSERTION),
			 errmsg(MIG_ASSERTION_FAILED),
			 receiver->failure == NULL ? errdetail("The query returned no row.") :
			 receiver->assertion == MIG_ASSERT_TRUE ?
			 errdetail("Row %llu of the query is %s.", (unsigned long long) receiver->rows, receiver->failure) :
			 errdetail("The query returned %s, and maybe more.", receiver->failure),
			 errhint(MIG_ASSERTION_HINT),
			 errposition(1)));
}

/*
 * Run the query of an assertion, as the current user, in the current
 * transaction; SPI is connected.
 *
 * Raises MG010 if it does not return what is asserted.  Returns the number of
 * rows; no SPI_tuptable is left.
 */
uint64
mig_execute_assertion(MigAssertion assertion, const char *text)
{
	AssertionReceiver receiver = {
		.pub = {
			.receiveSlot = receive_row,
			.rStartup = receiver_startup,
			.rShutdown = receiver_nothing,
			.rDestroy = receiver_nothing,
			.mydest = DestNone
		},
		.assertion = assertion,
		.context = CurrentMemoryContext
	};
	SPIExecuteOptions options = {0};
	int			result;

	/* a background worker has none, and analyzing the query may need one */
	PushActiveSnapshot(GetTransactionSnapshot());
	options.dest = &receiver.pub;
	result = SPI_execute_extended(text, &options);
	/* SPI leaves us in its context, which dies with the connection */
	MemoryContextSwitchTo(receiver.context);
	PopActiveSnapshot();
	if (result < 0)
		elog(ERROR, "SPI_execute_extended failed: %s", SPI_result_code_string(result));
	check_assertion(&receiver);
	return receiver.rows;
}
