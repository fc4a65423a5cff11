/*-------------------------------------------------------------------------
 *
 * fact.h
 *	  Schema data: what is known of the objects of the managed schemas.
 *
 * A fact is one object, or one property that is made and unmade by a
 * statement of its own (a default, a comment).  What a kind of facts is, how
 * its facts are read and what SQL makes, changes and drops them, is a MigKind;
 * everything else treats all kinds alike.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_FACT_H
#define MIG_FACT_H

#include "catalog/objectaddress.h"
#include "lib/stringinfo.h"
#include "utils/hsearch.h"

typedef struct MigFact MigFact;
typedef struct MigKind MigKind;
typedef struct MigSchemaData MigSchemaData;

/* ----------
 * SQL that rules write
 * ----------
 */

typedef enum MigSqlForm
{
	MIG_SQL_STATEMENT,			/* a whole statement, without its semicolon */
	MIG_SQL_TABLE_ACTION		/* what follows ALTER TABLE name */
} MigSqlForm;

typedef struct MigSql
{
	MigSqlForm	form;
	const MigFact *table;		/* of an action */
	const char *text;
	const char *loses;			/* what data it loses, in words; else NULL */
} MigSql;

typedef struct MigSqlList
{
	MigSql	   *items;
	int			count;
	int			capacity;
} MigSqlList;

/* ----------
 * Kinds
 * ----------
 */

/* What an attribute is compared under. */
typedef enum MigCompare
{
	MIG_COMPARE_ALWAYS,
	MIG_COMPARE_NEVER,			/* only needed to write SQL */
	MIG_COMPARE_TYPE,			/* if migrate.compare_type is on */
	MIG_COMPARE_DEFAULT,		/* if migrate.compare_server_default is on */
	MIG_COMPARE_COMMENT			/* if migrate.compare_comment is on */
} MigCompare;

typedef struct MigAttribute
{
	const char *name;
	MigCompare	compare;
	bool		deparsed;		/* expressions, as the deparser prints them */
} MigAttribute;

/* How the identity of a fact is made of its names. */
typedef enum MigIdentityStyle
{
	MIG_IDENTITY_NAME,			/* name */
	MIG_IDENTITY_QUALIFIED,		/* schema.name */
	MIG_IDENTITY_ROUTINE,		/* schema.name(arguments) */
	MIG_IDENTITY_MEMBER,		/* identity of parent.name */
	MIG_IDENTITY_ON_PARENT,		/* name on identity of parent */
	MIG_IDENTITY_PARENT			/* that of the parent: comment, default */
} MigIdentityStyle;

/* Names that must differ within a schema, whatever the kinds; bits. */
#define MIG_NAMES_RELATION	1
#define MIG_NAMES_TYPE		2
#define MIG_NAMES_ROUTINE	4	/* with arguments */

/* What it takes to turn one side of a fact into the other. */
typedef enum MigChange
{
	MIG_CHANGE_NONE,			/* no statement is needed */
	MIG_CHANGE_ALTER,			/* the object stays */
	MIG_CHANGE_REPLACE,			/* it is dropped and created */
	MIG_CHANGE_RETYPE,			/* a type: the old one is renamed away, columns
								 * move to the new one, then it is dropped */
	MIG_CHANGE_REFUSE			/* it would lose data; *reason says why */
} MigChange;

struct MigKind
{
	const char *name;			/* object type, in pg_identify_object()'s words */
	Oid			class_id;		/* of the address of its facts; 0: none */
	MigIdentityStyle identity;
	const MigKind *parent_kind;	/* of the parent, if it is always the same */
	int			names;			/* MIG_NAMES_... bits */

	/*
	 * Order among statements that could as well come in any other: creates
	 * and changes, and drops.  See kinds.c.
	 */
	int			create_order;
	int			drop_order;

	/* May a surviving one be dropped and created because of another change? */
	bool		rebuildable;
	/* It is made by, and goes with, its parent; no statements of its own. */
	bool		implicit;
	/* The statement that creates its parent creates it, too. */
	bool		inside_parent;
	/* It is gone when its parent is. */
	bool		goes_with_parent;
	/* In no schema: see mig_schema_data_read(). */
	bool		global;

	/* ends with one whose name is NULL */
	const MigAttribute *attributes;

	/*
	 * What no fact of the kind is without, separated by blanks: names of
	 * attributes; "a:b" for b if a is set; "parent".  A document that lacks
	 * it is refused; so the rules can rely on it.
	 */
	const char *required;

	/*
	 * The query that reads the facts, or NULL if code of its own does.  $1 is
	 * an oid[] of the managed schemas.  Columns: object OID (oid), sub-id
	 * (int4), class OID of the parent or 0 (oid), OID of the parent or 0
	 * (oid), sub-id of the parent (int4), schema name or NULL (text), name
	 * (text), identity arguments or NULL (text), then the attributes in their
	 * order (text).  Members of extensions and rows whose parent is no fact
	 * are left out by the reader.  It is run with the search_path that
	 * unqualified names are for, so that deparse functions qualify only what
	 * they must.  All names in it are schema-qualified.
	 */
	const char *query;

	/* Write the statements that create the fact, its children excepted. */
	void		(*create) (MigSqlList *sql, const MigFact *fact);
	/* Write the statements that drop it. */
	void		(*drop) (MigSqlList *sql, const MigFact *fact);

	/*
	 * Say how to turn one into the other; some compared attribute differs.
	 * NULL: MIG_CHANGE_REPLACE if rebuildable, else MIG_CHANGE_REFUSE.
	 */
	MigChange	(*change) (const MigFact *from, const MigFact *to, const char **reason);
	/* For MIG_CHANGE_ALTER: write the statements. */
	void		(*alter) (MigSqlList *sql, const MigFact *from, const MigFact *to);
	/* Write the statements that rename it to the names of the other. */
	void		(*rename) (MigSqlList *sql, const MigFact *from, const MigFact *to);

	/*
	 * Must a dependent be out of the way while a fact is altered?  NULL: no.
	 * "dependent" is a fact of the same side as "from" that needs it.
	 */
	bool		(*breaks) (const MigFact *from, const MigFact *to, const MigFact *dependent);
};

/* ----------
 * Facts
 * ----------
 */

struct MigFact
{
	const MigKind *kind;
	const MigSchemaData *data;
	ObjectAddress address;		/* valid only where it was read */
	MigFact    *parent;			/* NULL: the database */
	const char *schema;			/* NULL: in none */
	const char *name;
	const char *arguments;		/* identity arguments of routines, else NULL */
	const char *identity;		/* quoted, and always with the schema */
	const char **values;		/* one for each attribute; NULL: not set */
	MigFact   **needs;			/* what must exist for it, parents included */
	int			nneeds;
	int			needs_capacity;
	int			index;			/* in the facts of its schema data */
	bool		ignored;		/* as if it were not there */
	MigFact    *twin;			/* the same on the other side; see
								 * mig_match_facts() */
};

struct MigSchemaData
{
	MemoryContext context;
	const char *path_schema;	/* schema of unqualified names, or NULL */
	MigFact   **facts;
	int			nfacts;
	int			capacity;
	HTAB	   *by_key;			/* kind and identity */
	HTAB	   *by_address;
};

extern MigSchemaData *mig_schema_data_create(const char *path_schema);
extern void mig_schema_data_free(MigSchemaData *data);
extern MigFact *mig_fact_add(MigSchemaData *data, const MigKind *kind, MigFact *parent,
							 const char *schema, const char *name, const char *arguments);
extern MigFact *mig_fact_find(const MigSchemaData *data, const MigKind *kind, const char *identity);
extern MigFact *mig_fact_at(const MigSchemaData *data, Oid class_id, Oid object_id, int32 subid);
extern void mig_fact_set_address(MigFact *fact, Oid class_id, Oid object_id, int32 subid);
extern void mig_fact_need(MigFact *fact, MigFact *needed);
extern bool mig_fact_needs(const MigFact *fact, const MigFact *needed);
extern int	mig_kind_nattributes(const MigKind *kind);
extern const char *mig_value(const MigFact *fact, const char *attribute);
extern bool mig_value_is(const MigFact *fact, const char *attribute, const char *value);
extern bool mig_same_value(const MigFact *from, const MigFact *to, const char *attribute);
extern bool mig_attribute_differs(const MigFact *from, const MigFact *to, int attribute);
extern bool mig_fact_moves(const MigFact *from, const MigFact *to);
extern bool mig_fact_differs(const MigFact *from, const MigFact *to);
extern const char *mig_sql_name(const MigFact *fact);
extern const char *mig_sql_local_name(const MigFact *fact);
extern void mig_match_facts(MigSchemaData *from, MigSchemaData *to);

extern void mig_sql_statement(MigSqlList *sql, const char *format,...) pg_attribute_printf(2, 3);
extern void mig_sql_action(MigSqlList *sql, const MigFact *table, const char *format,...) pg_attribute_printf(3, 4);
extern void mig_sql_append(MigSqlList *sql, const MigSql *item);
extern void mig_sql_loses(MigSqlList *sql, const char *format,...) pg_attribute_printf(2, 3);

#endif							/* MIG_FACT_H */
