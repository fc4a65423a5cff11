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
#include "revision.h"

extern bool mig_enum_has_label(const MigFact *fact, const char *label);
extern void mig_enum_added_labels(const MigFact *from, const MigFact *to, MigNameList *literals);

#endif							/* MIG_KIND_TYPE_H */
