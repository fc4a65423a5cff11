/*-------------------------------------------------------------------------
 *
 * purecore.h
 *	  What the pure core needs so that one source serves two builds.
 *
 * The pure core (revisions, graph, targets, plans, scanner, drawings) takes
 * strings and arrays and gives strings and arrays; it knows neither catalogs
 * nor files, and it reports errors in a MigReport instead of throwing.  The
 * server links it, and so do the stand-alone unit tests, compiled with
 * -DFRONTEND under AddressSanitizer.  That is why it uses arrays, not List:
 * pg_list.h does not link outside the server.
 *
 * Included after postgres.h or postgres_fe.h.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_PURECORE_H
#define MIG_PURECORE_H

#ifdef FRONTEND
#include "common/fe_memutils.h"
#include "common/logging.h"
#define CHECK_FOR_INTERRUPTS()	((void) 0)
#else
#include "miscadmin.h"
#endif

/*
 * palloc() refuses more than 1 GB, and so does the frontend's malloc() in
 * practice; arrays over all revisions of a graph stay far below.
 */
#define mig_alloc_array(type, n)	((type *) palloc(sizeof(type) * Max((n), 1)))
#define mig_alloc0_array(type, n)	((type *) palloc0(sizeof(type) * Max((n), 1)))

#endif							/* MIG_PURECORE_H */
