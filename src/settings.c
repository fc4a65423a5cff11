/*-------------------------------------------------------------------------
 *
 * settings.c
 *	  What a session has set itself, for another one to have later.
 *
 * A setting is a string, name=value.  Those that come from configuration
 * files, the database or the role are not among them: the other session has
 * its own of those, as of the moment when it begins.  Nor are roles, which
 * are told apart, what belongs to a transaction, and the encoding, which is a
 * matter of a client.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "pg_compat.h"
#include "settings.h"
#include "utils/guc.h"
#include "utils/guc_tables.h"

/* What no other session shall have. */
static const char *const left_out[] = {
	"client_encoding",
	"role",
	"seed",
	"session_authorization",
	"transaction_deferrable",
	"transaction_isolation",
	"transaction_read_only",
};

/* Is it something that this session, or its client, has set for itself? */
static bool
is_own_setting(const struct config_generic *setting)
{
	int			i;

	if (setting->source != PGC_S_CLIENT && setting->source != PGC_S_SESSION)
		return false;
	if (setting->context != PGC_USERSET && setting->context != PGC_SUSET)
		return false;
	for (i = 0; i < lengthof(left_out); i++)
	{
		if (strcmp(setting->name, left_out[i]) == 0)
			return false;
	}
	return true;
}

/*
 * What this session has set.  Not to be called in an owner scope, where some
 * settings are not the session's.
 */
void
mig_session_settings(MigNameList *settings)
{
	int			n;
	struct config_generic **all = mig_all_settings(&n);
	int			i;

	MemSet(settings, 0, sizeof(MigNameList));
	for (i = 0; i < n; i++)
	{
		const char *value;

		if (!is_own_setting(all[i]))
			continue;
		value = GetConfigOption(all[i]->name, true, false);
		if (value != NULL)
			mig_name_list_add(settings, psprintf("%s=%s", all[i]->name, value));
	}
}

/*
 * Set what another session had set.  It was allowed to do so, by its roles at
 * that time, and so is not asked again.
 */
void
mig_adopt_settings(const MigNameList *settings)
{
	int			i;

	for (i = 0; i < settings->count; i++)
	{
		char	   *name = pstrdup(settings->names[i]);
		char	   *value = strchr(name, '=');

		Assert(value != NULL);
		*value++ = '\0';
		(void) set_config_option(name, value, PGC_SUSET, PGC_S_SESSION, GUC_ACTION_SET, true, 0, false);
	}
}

/* Write strings one after the other, each with its end, and an empty one. */
void
mig_pack_strings(StringInfo packed, const MigNameList *strings)
{
	int			i;

	for (i = 0; i < strings->count; i++)
		appendBinaryStringInfo(packed, strings->names[i], strlen(strings->names[i]) + 1);
	appendStringInfoChar(packed, '\0');
}

/* Read what mig_pack_strings() wrote; none of the strings was empty. */
void
mig_unpack_strings(const char *packed, MigNameList *strings)
{
	MemSet(strings, 0, sizeof(MigNameList));
	for (; *packed != '\0'; packed += strlen(packed) + 1)
		mig_name_list_add(strings, packed);
}
