/*-------------------------------------------------------------------------
 *
 * kind_type.h
 *	  Types that users make.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_KIND_TYPE_H
#define MIG_KIND_TYPE_H

#include "fact.h"
#include "nodes/pg_list.h"
#include "revision.h"

extern bool mig_enum_has_label(const MigFact *fact, const char *label);
extern void mig_enum_added_labels(const MigFact *from, const MigFact *to, MigNameList *literals);
extern void mig_create_domain(MigSqlList *sql, const MigFact *domain, List *constraints);
extern const char *mig_composite_conversion(const MigFact *from, const MigFact *to);

#endif							/* MIG_KIND_TYPE_H */
