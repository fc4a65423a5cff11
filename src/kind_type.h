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

/* The first columns of the query of a kind whose objects are types. */
#define MIG_TYPE_COLUMNS \
	"SELECT t.oid, 0, 0::pg_catalog.oid, 0::pg_catalog.oid, 0, n.nspname::pg_catalog.text," \
	" t.typname::pg_catalog.text, NULL::pg_catalog.text,"

extern bool mig_enum_has_label(const MigFact *fact, const char *label);
extern void mig_enum_added_labels(const MigFact *from, const MigFact *to, MigNameList *literals);
extern void mig_create_domain(MigSqlList *sql, const MigFact *domain, List *constraints);
extern const char *mig_composite_conversion(const MigFact *from, const MigFact *to);
extern bool mig_type_is_stored(const MigFact *type, bool inside);

#endif							/* MIG_KIND_TYPE_H */
