/*-------------------------------------------------------------------------
 *
 * history.h
 *	  Ranges of the history.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_HISTORY_H
#define MIG_HISTORY_H

#include "graph.h"
#include "target.h"

extern bool mig_split_range(const char *range, char **start, char **end, MigReport *report);
extern bool mig_history(const MigGraph *graph, const MigRows *rows, const char *range,
						MigRevisionSet *result, MigReport *report);

#endif							/* MIG_HISTORY_H */
