/*-------------------------------------------------------------------------
 *
 * guc.h
 *	  Settings.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_GUC_H
#define MIG_GUC_H

extern PGDLLIMPORT int mig_batch_max_lag;
extern PGDLLIMPORT int mig_batch_max_retained_wal;
extern PGDLLIMPORT int mig_batch_target;
extern PGDLLIMPORT bool mig_compare_comment;
extern PGDLLIMPORT bool mig_compare_privileges;
extern PGDLLIMPORT bool mig_compare_server_default;
extern PGDLLIMPORT bool mig_compare_type;
extern PGDLLIMPORT char *mig_exclude;
extern PGDLLIMPORT char *mig_file_template;
extern PGDLLIMPORT char *mig_include;
extern PGDLLIMPORT int mig_lock_retry_for;
extern PGDLLIMPORT int mig_lock_timeout;
extern PGDLLIMPORT bool mig_recursive_version_locations;
extern PGDLLIMPORT char *mig_schemas;
extern PGDLLIMPORT char *mig_script_location;
extern PGDLLIMPORT char *mig_template;
extern PGDLLIMPORT char *mig_timezone;
extern PGDLLIMPORT int mig_truncate_slug_length;
extern PGDLLIMPORT char *mig_version_locations;

extern void mig_define_settings(void);
extern bool mig_has_script_location(void);
extern void mig_set_for_now(const char *name, const char *value);

#endif							/* MIG_GUC_H */
