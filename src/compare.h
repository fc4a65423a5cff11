/*-------------------------------------------------------------------------
 *
 * compare.h
 *	  What is compared: the database, the model, a revision, a document.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_COMPARE_H
#define MIG_COMPARE_H

#include "changeplan.h"
#include "model.h"
#include "shadow.h"

/* What a comparison is about. */
typedef struct MigScope
{
	const char *function;		/* for messages: "migrate_diff()" */
	const char *schema_name;	/* whose lineage it is about */
	MigNameList schemas;		/* the managed ones */
	const char *path_schema;	/* that of unqualified names, if it is managed */
	MigModel	model;			/* without parts: there is none */
	MigShadow	shadow;
} MigScope;

extern void mig_scope_open(MigScope *scope, const char *function, const char *schema_name, bool qualified);
extern void mig_scope_add_schemas(MigScope *scope, const MigNameList *created);
extern void mig_require_model(const MigScope *scope);
extern MigSchemaData *mig_read_database(const MigScope *scope);
extern MigSchemaData *mig_read_model(const MigScope *scope);
extern MigSchemaData *mig_execute_and_read_model(const MigScope *scope);
extern void mig_declare(const MigScope *scope, MigSchemaData *data, bool is_model);
extern void mig_ignore_aside(MigSchemaData *data);
extern void mig_ignore_undeclared(MigSchemaData *data, const MigSchemaData *declared);

#endif							/* MIG_COMPARE_H */
