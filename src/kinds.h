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

/*
 * The order of statements that could as well come in any other: what only
 * stands in the way goes first, as do the statements that remove code; then
 * everything is made and changed, what others are built on before what is
 * built on it; data go last.
 */
typedef enum MigStatementOrder
{
	MIG_DROP_PROPERTY = 1,
	MIG_DROP_POLICY,
	MIG_DROP_EVENT_TRIGGER,
	MIG_DROP_PUBLICATION,
	MIG_DROP_TRIGGER,
	MIG_DROP_RULE,
	MIG_DROP_VIEW,
	MIG_DROP_CAST,
	MIG_DROP_OPERATOR,
	MIG_DROP_ROUTINE,
	MIG_DROP_STATISTICS,
	MIG_DROP_FOREIGN_KEY,
	MIG_DROP_INDEX,
	MIG_DROP_CONSTRAINT,
	MIG_DROP_DEFAULT,
	MIG_CREATE_SCHEMA,
	MIG_CREATE_EXTENSION,
	MIG_CREATE_COLLATION,
	MIG_CREATE_TYPE,
	MIG_CREATE_DOMAIN,
	MIG_CREATE_TEXT_SEARCH,
	MIG_CREATE_SERVER,
	MIG_CREATE_SEQUENCE,
	MIG_CREATE_TABLE,
	MIG_CREATE_COLUMN,
	MIG_CREATE_DEFAULT,
	MIG_CREATE_SEQUENCE_OWNER,
	MIG_CREATE_CONSTRAINT,
	MIG_CREATE_INDEX,
	MIG_CREATE_FOREIGN_KEY,
	MIG_CREATE_STATISTICS,
	MIG_CREATE_VIEW,
	MIG_CREATE_ROUTINE,
	MIG_CREATE_OPERATOR,
	MIG_CREATE_CAST,
	MIG_CREATE_RULE,
	MIG_CREATE_TRIGGER,
	MIG_CREATE_POLICY,
	MIG_CREATE_PUBLICATION,
	MIG_CREATE_EVENT_TRIGGER,
	MIG_CREATE_OWNER,
	MIG_CREATE_PROPERTY,
	MIG_DROP_COLUMN,
	MIG_DROP_SEQUENCE,
	MIG_DROP_TABLE,
	MIG_DROP_SERVER,
	MIG_DROP_TEXT_SEARCH,
	MIG_DROP_DOMAIN,
	MIG_DROP_TYPE,
	MIG_DROP_COLLATION,
	MIG_DROP_EXTENSION,
	MIG_DROP_SCHEMA
} MigStatementOrder;

/* a kind is read after those that its facts have as parents */
extern const MigKind *const mig_kinds[];
extern const int mig_nkinds;

extern const MigKind *mig_kind_by_name(const char *name);

/*
 * Pieces of queries: an element "o" of an array of options, as SQL.
 */
#define MIG_SQL_OPTION \
	"pg_catalog.quote_ident(pg_catalog.split_part(o, '=', 1)) || '='" \
	" || CASE WHEN pg_catalog.substr(o, pg_catalog.strpos(o, '=') + 1) ~ '^[a-z0-9_.]+$'" \
	" THEN pg_catalog.substr(o, pg_catalog.strpos(o, '=') + 1)" \
	" ELSE pg_catalog.quote_literal(pg_catalog.substr(o, pg_catalog.strpos(o, '=') + 1)) END"
#define MIG_SQL_GENERIC_OPTION \
	"pg_catalog.quote_ident(pg_catalog.split_part(o, '=', 1)) || ' '" \
	" || pg_catalog.quote_literal(pg_catalog.substr(o, pg_catalog.strpos(o, '=') + 1))"

/* kind_table.c */
extern const MigKind mig_kind_schema;
extern const MigKind mig_kind_table;
extern const MigKind mig_kind_partition;	/* PARTITION OF */
extern const MigKind mig_kind_sequence;
extern const MigKind mig_kind_sequence_owner;	/* OWNED BY */

/* kind_column.c */
extern const MigKind mig_kind_column;
extern const MigKind mig_kind_default;

/* kind_constraint.c */
extern const MigKind mig_kind_constraint;
extern const MigKind mig_kind_index;
extern const MigKind mig_kind_statistics;

/* kind_partindex.c */
extern const MigKind mig_kind_partition_index;	/* part of an index or
												 * constraint of the parent */

/* kind_type.c, kind_composite.c */
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
extern const MigKind mig_kind_publication_table;	/* a table in one */
extern const MigKind mig_kind_publication_schema;	/* all tables of a schema */
extern const MigKind mig_kind_fdw;
extern const MigKind mig_kind_server;

/* kind_operator.c */
extern const MigKind mig_kind_collation;
extern const MigKind mig_kind_operator;
extern const MigKind mig_kind_cast;
extern const MigKind mig_kind_conversion;
extern const MigKind mig_kind_uncovered;	/* whatever no other kind reads */

/* kind_text_search.c */
extern const MigKind mig_kind_ts_parser;
extern const MigKind mig_kind_ts_template;
extern const MigKind mig_kind_ts_dictionary;
extern const MigKind mig_kind_ts_configuration;

/* kind_property.c: facts whose parent may be of any kind */
extern const MigKind mig_kind_comment;
extern const MigKind mig_kind_owner;
extern const MigKind mig_kind_privilege;

#endif							/* MIG_KINDS_H */
