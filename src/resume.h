/*-------------------------------------------------------------------------
 *
 * resume.h
 *	  Going on with a revision that was run in part.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_RESUME_H
#define MIG_RESUME_H

#include "prepare.h"
#include "unfinished.h"

extern int	mig_resume_count(const MigExtension *extension, const char *schema_name, const MigPreparedStep *prepared);
extern void mig_resume_check_plan(const MigUnfinished *list, int n, const MigPreparedStep *steps, int nsteps,
								  MigDirection direction);
extern void mig_resume_begin_anew(const MigExtension *extension, const char *schema_name, const char *revision);

#endif							/* MIG_RESUME_H */
