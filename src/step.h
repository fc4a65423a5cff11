/*-------------------------------------------------------------------------
 *
 * step.h
 *	  What comes before and after the statements of a step.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_STEP_H
#define MIG_STEP_H

#include "prepare.h"
#include "record.h"
#include "result.h"

extern void mig_refuse_nested_run(void);
extern int64 mig_begin_recording(MigRecorder *recorder);
extern void mig_summarize(void);
extern void mig_step_announce(const MigGraph *graph, const MigPreparedStep *prepared);
extern void mig_step_record(const MigRecorder *recorder, const MigStore *store, const MigPreparedStep *prepared,
							MigLogEntry *entry, const MigStatementResult *results);
extern void mig_row_step(MigResultRow *row, int number, const MigGraph *graph, const MigPreparedStep *prepared);

#endif							/* MIG_STEP_H */
