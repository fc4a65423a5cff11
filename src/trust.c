/*-------------------------------------------------------------------------
 *
 * trust.c
 *	  Whose word it is that a script may run.
 *
 * A script runs with the rights of who runs it.  If a lesser role could put
 * a script before a greater one, it would gain its rights: so the store keeps
 * who registered a script, and a role that has rights which that one has not
 * must say by itself that it trusts the script: by migrate_trust(), or by
 * registering the same text.
 *
 * A script can undo a SET ROLE, or a SET SESSION AUTHORIZATION, of its
 * session; so what counts is not only the current user.
 *
 * Files of the script location are trusted: only a superuser can set it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_authid.h"
#include "miscadmin.h"
#include "pg_compat.h"
#include "trust.h"
#include "utils/acl.h"
#include "utils/builtins.h"

/*
 * Does a script of the given registrant have at most the rights that the
 * registrant has, if the role runs it?
 */
bool
mig_speaks_for(const char *registered_by, Oid role)
{
	Oid			registrant;

	if (registered_by == NULL)
		return true;
	registrant = get_role_oid(registered_by, true);
	if (!OidIsValid(registrant))
		return false;
	return registrant == role || mig_can_become(registrant, role);
}

/*
 * May what the registrant said run with the rights of this session?  If not,
 * *distrusting is the role that has some which the registrant has not.
 */
bool
mig_is_trusted(const char *registered_by, Oid caller, Oid *distrusting)
{
	Oid			roles[] = {caller, GetSessionUserId(), GetAuthenticatedUserId()};
	int			i;

	for (i = 0; i < lengthof(roles); i++)
	{
		if (mig_speaks_for(registered_by, roles[i]))
			continue;
		*distrusting = roles[i];
		return false;
	}
	return true;
}

/* For an error message: why nobody trusts the registrant. */
char *
mig_distrust_detail(const char *registered_by)
{
	if (OidIsValid(get_role_oid(registered_by, true)))
		return psprintf("Role \"%s\" registered it, and would run statements with rights that it does not have.",
						registered_by);
	return psprintf("Role \"%s\", which registered it, does not exist.", registered_by);
}

/* Raise an error unless the script may run with the rights of this session. */
void
mig_check_trusted(const MigStoredScript *script, Oid caller)
{
	Oid			distrusting;
	const char *role;

	if (mig_is_trusted(script->registered_by, caller, &distrusting))
		return;
	role = GetUserNameFromId(distrusting, false);
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("the script of revision %s must be trusted by role \"%s\" first", script->revision.id, role),
			 errdetail("%s", mig_distrust_detail(script->registered_by)),
			 errhint("Read it: SELECT script FROM migrate_show('%s'); then, as role \"%s\": SELECT * FROM migrate_trust('%s');",
					 script->revision.id, role, script->revision.id)));
}
