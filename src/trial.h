/*-------------------------------------------------------------------------
 *
 * trial.h
 *	  Doing something that may fail, so that nothing of it is left then.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_TRIAL_H
#define MIG_TRIAL_H

typedef void (*MigTrialBody) (void *arg);

extern ErrorData *mig_try(MigTrialBody body, void *arg);

#endif							/* MIG_TRIAL_H */
