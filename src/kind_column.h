/*-------------------------------------------------------------------------
 *
 * kind_column.h
 *	  Columns of tables, and their defaults.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_KIND_COLUMN_H
#define MIG_KIND_COLUMN_H

#include "fact.h"

extern bool mig_column_is_inherited(const MigFact *column);
extern bool mig_is_inherited_from(const MigFact *fact, const MigFact *origin);
extern bool mig_follows_parent(const MigFact *fact);
extern const MigFact *mig_column_default(const MigFact *column);
extern const char *mig_column_sequence(const MigFact *column);
extern void mig_append_column(StringInfo buf, const MigFact *column, const MigFact *default_fact);
extern void mig_column_extras(MigSqlList *sql, const MigFact *column);

/* kind_columntype.c */
extern bool mig_same_base_type(const char *a, const char *b);
extern bool mig_column_stays_comparable(const MigFact *from, const MigFact *to);
extern bool mig_column_changes_type(const MigFact *from, const MigFact *to);
extern void mig_column_set_type(MigSqlList *sql, const MigFact *from, const MigFact *to, bool through_text);
extern const char *mig_default_storage(const char *type);

#endif							/* MIG_KIND_COLUMN_H */
