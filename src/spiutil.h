/*-------------------------------------------------------------------------
 *
 * spiutil.h
 *	  SPI with every return code checked.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_SPIUTIL_H
#define MIG_SPIUTIL_H

#include "executor/spi.h"
#include "revision.h"

/* An argument of a query. */
typedef struct MigSpiArgument
{
	Oid			type;
	Datum		value;
	bool		isnull;
} MigSpiArgument;

#define MIG_SPI_MAX_ARGUMENTS 24

extern void mig_spi_connect(void);
extern void mig_spi_finish(void);
extern uint64 mig_spi_execute(int expected, const char *sql, int nargs, const MigSpiArgument *arguments);
extern uint64 mig_spi_select(const char *sql, int nargs, const MigSpiArgument *arguments);
extern SPIPlanPtr mig_spi_prepare(const char *sql, int nargs, const Oid *types);
extern uint64 mig_spi_execute_plan(int expected, SPIPlanPtr plan, int nargs, const MigSpiArgument *arguments);
extern MigSpiArgument mig_spi_text(const char *value);
extern MigSpiArgument mig_spi_name_list(const MigNameList *list);
extern char *mig_spi_get_text(uint64 row, int column);
extern void mig_spi_get_column(MigNameList *list);
extern List *mig_spi_get_oids(void);
extern void mig_spi_get_name_list(uint64 row, int column, MigNameList *list);
extern Datum mig_name_list_datum(const MigNameList *list);

#endif							/* MIG_SPIUTIL_H */
