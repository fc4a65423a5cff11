/*-------------------------------------------------------------------------
 *
 * trial.h
 *	  Doing something that may fail, so that nothing of it is left then.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_TRIAL_H
#define MIG_TRIAL_H

/* Returns whether what was done is to stay. */
typedef bool (*MigTrialBody) (void *arg);

extern ErrorData *mig_try(MigTrialBody body, void *arg);
extern ErrorData *mig_try_commit(void);
extern bool mig_is_of_the_moment(const ErrorData *edata);

#endif							/* MIG_TRIAL_H */
