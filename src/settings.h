/*-------------------------------------------------------------------------
 *
 * settings.h
 *	  What a session has set itself, for another one to have later.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_SETTINGS_H
#define MIG_SETTINGS_H

#include "lib/stringinfo.h"
#include "revision.h"

extern void mig_session_settings(MigNameList *settings);
extern void mig_adopt_settings(const MigNameList *settings);
extern void mig_pack_strings(StringInfo packed, const MigNameList *strings);
extern void mig_unpack_strings(const char *packed, MigNameList *strings);

#endif							/* MIG_SETTINGS_H */
