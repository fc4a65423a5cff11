/*-------------------------------------------------------------------------
 *
 * batchcondition.c
 *	  Which rows a batch is about, in SQL.
 *
 * Values are parameters of type text, which are cast to the types of the
 * columns: so cursors can be kept as text.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "batchcondition.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "spiutil.h"
#include "utils/builtins.h"

/* Add a value; returns the number of its parameter. */
int
mig_batch_add_value(MigBatchValues *values, Oid type, Datum value)
{
	values->types[values->count] = type;
	values->values[values->count] = value;
	return ++values->count;
}

/* Append the columns of the key as a row. */
static void
append_columns(StringInfo buf, const MigBatchKey *key, const char *name)
{
	int			i;

	for (i = 0; i < key->ncolumns; i++)
		appendStringInfo(buf, "%s%s.%s", i == 0 ? "(" : ", ", name, key->columns[i].name);
	appendStringInfoChar(buf, ')');
}

/* Append a comparison of the key with a position, if there is one. */
static void
append_bound(StringInfo buf, const MigBatchKey *key, const char *name, const char *comparison,
			 const MigNameList *position, MigBatchValues *values)
{
	int			i;

	if (position->count == 0)
		return;
	appendStringInfoString(buf, " AND ");
	append_columns(buf, key, name);
	appendStringInfo(buf, " %s ", comparison);
	for (i = 0; i < key->ncolumns; i++)
		appendStringInfo(buf, "%s$%d::%s", i == 0 ? "(" : ", ",
						 mig_batch_add_value(values, TEXTOID, CStringGetTextDatum(position->names[i])),
						 key->columns[i].type);
	appendStringInfoChar(buf, ')');
}

/* The condition of a range of keys, after "from", up to "to"; the columns are not null. */
char *
mig_batch_range(const MigBatchKey *key, const char *name, const MigNameList *from, const MigNameList *to,
				MigBatchValues *values)
{
	StringInfoData buf;
	int			i;

	initStringInfo(&buf);
	appendStringInfoString(&buf, "true");
	append_bound(&buf, key, name, ">", from, values);
	append_bound(&buf, key, name, "<=", to, values);
	for (i = 0; i < key->ncolumns; i++)
	{
		/* unlike IS NOT NULL, also true of a row with nulls in it */
		if (key->columns[i].nullable)
			appendStringInfo(&buf, " AND %s.%s IS DISTINCT FROM NULL", name, key->columns[i].name);
	}
	return buf.data;
}

/* The condition of the rows that are in no range of keys; without a key, of all. */
char *
mig_batch_nulls(const MigBatchKey *key, const char *name)
{
	StringInfoData buf;
	int			i;

	if (key->ncolumns == 0)
		return "true";
	initStringInfo(&buf);
	appendStringInfoString(&buf, "(false");
	for (i = 0; i < key->ncolumns; i++)
	{
		if (key->columns[i].nullable)
			appendStringInfo(&buf, " OR %s.%s IS NOT DISTINCT FROM NULL", name, key->columns[i].name);
	}
	appendStringInfoChar(&buf, ')');
	return buf.data;
}

/* The condition that a key is one of a list. */
char *
mig_batch_keys(const MigBatchKey *key, const char *name, const MigNameList *columns, MigBatchValues *values)
{
	StringInfoData buf;
	int			i;

	initStringInfo(&buf);
	appendStringInfoString(&buf, "EXISTS (SELECT FROM ROWS FROM (");
	for (i = 0; i < key->ncolumns; i++)
		appendStringInfo(&buf, "%spg_catalog.unnest($%d)", i == 0 ? "" : ", ",
						 mig_batch_add_value(values, TEXTARRAYOID, mig_name_list_datum(&columns[i])));
	appendStringInfoString(&buf, ") AS migrate_keys (");
	for (i = 0; i < key->ncolumns; i++)
		appendStringInfo(&buf, "%sk%d", i == 0 ? "" : ", ", i);
	appendStringInfoString(&buf, ") WHERE (");
	for (i = 0; i < key->ncolumns; i++)
		appendStringInfo(&buf, "%smigrate_keys.k%d::%s", i == 0 ? "" : ", ", i, key->columns[i].type);
	appendStringInfoString(&buf, ") = ");
	append_columns(&buf, key, name);
	appendStringInfoChar(&buf, ')');
	return buf.data;
}

/* The condition of a range of blocks. */
char *
mig_batch_blocks(const char *name, uint32 from, uint32 to, MigBatchValues *values)
{
	int			first = mig_batch_add_value(values, TEXTOID, CStringGetTextDatum(psprintf("(%u,0)", from)));
	int			last = mig_batch_add_value(values, TEXTOID, CStringGetTextDatum(psprintf("(%u,0)", to)));

	return psprintf("%s.ctid >= $%d::pg_catalog.tid AND %s.ctid < $%d::pg_catalog.tid", name, first, name, last);
}

/* Run a query of our own over the table, as the caller. */
uint64
mig_batch_select(const char *sql, const MigBatchValues *values)
{
	MigSpiArgument arguments[lengthof(values->values)];
	int			i;

	for (i = 0; i < values->count; i++)
		arguments[i] = (MigSpiArgument) {values->types[i], values->values[i], false};
	return mig_spi_execute(SPI_OK_SELECT, sql, values->count, arguments);
}

/* The columns of the key, of our alias t, as a list; each with a suffix, such as a cast. */
char *
mig_batch_columns(const MigBatchKey *key, const char *suffix)
{
	StringInfoData buf;
	int			i;

	initStringInfo(&buf);
	for (i = 0; i < key->ncolumns; i++)
		appendStringInfo(&buf, "%st.%s%s", i == 0 ? "" : ", ", key->columns[i].name, suffix);
	return buf.data;
}

/* The key in a row of the result. */
MigNameList
mig_batch_get_key(const MigBatchKey *key, uint64 row)
{
	MigNameList values = {NULL, 0};
	int			i;

	for (i = 0; i < key->ncolumns; i++)
		mig_name_list_add(&values, mig_spi_get_text(row, i + 1));
	return values;
}
