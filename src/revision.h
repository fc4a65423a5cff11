/*-------------------------------------------------------------------------
 *
 * revision.h
 *	  One node of the history, and the names it may have.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_REVISION_H
#define MIG_REVISION_H

#include "report.h"

/* Strings of a header field; the order is the one in the file. */
typedef struct MigNameList
{
	char	  **names;
	int			count;
} MigNameList;

typedef struct MigRevision
{
	char	   *id;
	MigNameList down_revision;	/* parents; none: a base */
	MigNameList depends_on;		/* ids or branch labels */
	MigNameList branch_labels;
	char	   *message;		/* one line; may be empty */
	char	   *create_date;	/* as written, or NULL */
	char	   *path;			/* in the script location */
} MigRevision;

typedef enum MigDirection
{
	MIG_UPGRADE,
	MIG_DOWNGRADE
} MigDirection;

extern const char *mig_direction_name(MigDirection direction);
extern bool mig_check_revision_id(const char *id, MigReport *report);
extern bool mig_check_branch_label(const char *label, MigReport *report);
extern bool mig_check_dependency(const char *name, MigReport *report);
extern bool mig_is_symbol(const char *name);
extern char *mig_message_slug(const char *message, int max_length);
extern void mig_name_list_append(MigNameList *list, const char *name, size_t len);
extern void mig_name_list_add(MigNameList *list, const char *name);
extern void mig_name_list_sort(MigNameList *list);
extern bool mig_name_list_sorted_contains(const MigNameList *list, const char *name);
extern bool mig_name_list_contains(const MigNameList *list, const char *name);
extern bool mig_name_list_equal(const MigNameList *a, const MigNameList *b);
extern bool mig_name_list_split(MigNameList *list, const char *text, size_t len);
extern char *mig_name_list_join(const MigNameList *list);

#endif							/* MIG_REVISION_H */
