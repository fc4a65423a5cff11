/*-------------------------------------------------------------------------
 *
 * order.h
 *	  The order in which revisions are run or listed.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_ORDER_H
#define MIG_ORDER_H

#include "graph.h"

extern MigRevisionSet mig_order(const MigGraph *graph, const bool *wanted, const MigRevisionSet *tips);

#endif							/* MIG_ORDER_H */
