/*-------------------------------------------------------------------------
 *
 * scriptdir.h
 *	  The script location: a directory on the server.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_SCRIPTDIR_H
#define MIG_SCRIPTDIR_H

#include "nodes/pg_list.h"

/* what some editors begin a file with */
#define MIG_UTF8_BOM	"\xEF\xBB\xBF"

/* what is in this directory of the script location is the model */
#define MIG_MODEL_DIRECTORY	"model"

/* A script on disk. */
typedef struct MigScriptFile
{
	char	   *path;			/* in the script location, with "/" */
	char	   *stamp;			/* changes when the file does */
} MigScriptFile;

extern bool mig_is_printable_path(const char *path);
extern void mig_require_script_location(void);
extern void mig_scriptdir_scan(MigScriptFile **files, int *nfiles);
extern void mig_scriptdir_scan_model(MigScriptFile **files, int *nfiles);
extern char *mig_scriptdir_read(const char *path, size_t *len);
extern void mig_scriptdir_write(const char *path, const char *text, bool may_exist);
extern bool mig_scriptdir_exists(const char *path);
extern void mig_scriptdir_make_directory(const char *path);
extern bool mig_scriptdir_is_empty(void);
extern char *mig_clean_script_text(const char *text, size_t len, const char *path, size_t *clean_len);
extern List *mig_get_version_locations(void);
extern int	mig_version_location_rank(List *locations, const char *path);

#endif							/* MIG_SCRIPTDIR_H */
