/*-------------------------------------------------------------------------
 *
 * security.h
 *	  The extension's own schema and owner, and work done in its name.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_SECURITY_H
#define MIG_SECURITY_H

typedef struct MigExtension
{
	Oid			owner;
	Oid			schema;
	const char *schema_name;	/* quoted, for use in SQL */
} MigExtension;

/* What mig_enter_owner() changed. */
typedef struct MigOwnerScope
{
	MigExtension extension;
	Oid			userid;
	int			sec_context;
	int			guc_nestlevel;
} MigOwnerScope;

extern void mig_find_extension(MigExtension *extension);
extern Oid	mig_extension_table(const MigExtension *extension, const char *table);
extern void mig_become_owner(MigOwnerScope *scope);
extern void mig_become_caller(const MigOwnerScope *scope);
extern void mig_enter_owner(MigOwnerScope *scope);
extern void mig_leave_owner(const MigOwnerScope *scope);
extern void mig_prevent_if_read_only(const char *function);
extern const char *mig_current_role_name(void);

#endif							/* MIG_SECURITY_H */
