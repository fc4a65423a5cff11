/*-------------------------------------------------------------------------
 *
 * template.h
 *	  What a new revision script is called, and what is in it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_TEMPLATE_H
#define MIG_TEMPLATE_H

#include "report.h"
#include "revision.h"

/* When a revision was made, in the time zone that its file is named in. */
typedef struct MigFileTime
{
	int			year;
	int			month;
	int			day;
	int			hour;
	int			minute;
	int			second;
	int64		epoch;			/* seconds since 1970-01-01 00:00:00+00 */
} MigFileTime;

extern bool mig_file_name(const char *file_template, const char *revision, const char *slug,
						  const MigFileTime *file_time, char **result, MigReport *report);
extern bool mig_message_line(const char *message, char **result, MigReport *report);
extern bool mig_render_template(const char *text, const MigNameList *names, const MigNameList *values,
								char **result, MigReport *report);
extern const char *mig_default_template(void);

#endif							/* MIG_TEMPLATE_H */
