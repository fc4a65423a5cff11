/*-------------------------------------------------------------------------
 *
 * kinds.h
 *	  The kinds of facts.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_KINDS_H
#define MIG_KINDS_H

#include "fact.h"

/* a kind is read after those that its facts have as parents */
extern const MigKind *const mig_kinds[];
extern const int mig_nkinds;

extern const MigKind *mig_kind_by_name(const char *name);

/* kind_table.c */
extern const MigKind mig_kind_schema;
extern const MigKind mig_kind_table;
extern const MigKind mig_kind_sequence;
extern const MigKind mig_kind_sequence_owner;	/* OWNED BY */

/* kind_column.c */
extern const MigKind mig_kind_column;
extern const MigKind mig_kind_default;

/* kind_constraint.c */
extern const MigKind mig_kind_constraint;
extern const MigKind mig_kind_index;
extern const MigKind mig_kind_statistics;

/* kind_type.c */
extern const MigKind mig_kind_enum;
extern const MigKind mig_kind_domain;
extern const MigKind mig_kind_domain_constraint;
extern const MigKind mig_kind_composite;
extern const MigKind mig_kind_composite_attribute;
extern const MigKind mig_kind_range;

/* kind_view.c */
extern const MigKind mig_kind_view;
extern const MigKind mig_kind_matview;
extern const MigKind mig_kind_view_column;	/* of either, implicit */
extern const MigKind mig_kind_rule;

/* kind_routine.c */
extern const MigKind mig_kind_routine;	/* functions, procedures */
extern const MigKind mig_kind_aggregate;

/* kind_trigger.c */
extern const MigKind mig_kind_trigger;
extern const MigKind mig_kind_policy;
extern const MigKind mig_kind_event_trigger;

/* kind_global.c */
extern const MigKind mig_kind_extension;
extern const MigKind mig_kind_publication;
extern const MigKind mig_kind_fdw;
extern const MigKind mig_kind_server;

/* kind_operator.c */
extern const MigKind mig_kind_collation;
extern const MigKind mig_kind_operator;
extern const MigKind mig_kind_cast;
extern const MigKind mig_kind_text_search;	/* configurations, dictionaries */
extern const MigKind mig_kind_uncovered;	/* whatever no other kind reads */

/* kind_property.c: facts whose parent may be of any kind */
extern const MigKind mig_kind_comment;
extern const MigKind mig_kind_owner;
extern const MigKind mig_kind_privilege;

#endif							/* MIG_KINDS_H */
