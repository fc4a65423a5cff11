/*-------------------------------------------------------------------------
 *
 * objectname.h
 *	  How statements name objects.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_OBJECTNAME_H
#define MIG_OBJECTNAME_H

#include "fact.h"
#include "revision.h"

extern const char *mig_operator_name(const MigFact *fact);
extern void mig_object_phrase(StringInfo buf, const MigFact *fact);
extern const char *mig_object_text(const MigFact *fact);
extern const char *mig_grant_target(const MigFact *fact);
extern void mig_drop_object(MigSqlList *sql, const MigFact *fact);
extern void mig_rename_object(MigSqlList *sql, const MigFact *from, const MigFact *to);
extern void mig_array_items(const char *array, MigNameList *items);
extern void mig_array_pairs(const MigFact *fact, const char *first, const char *second,
							MigNameList *first_items, MigNameList *second_items);

#endif							/* MIG_OBJECTNAME_H */
