/*-------------------------------------------------------------------------
 *
 * namepattern.h
 *	  Patterns of object names: migrate.include, migrate.exclude.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_NAMEPATTERN_H
#define MIG_NAMEPATTERN_H

/* "type:schema.name"; type NULL: any, schema NULL: any */
typedef struct MigNamePattern
{
	const char *type;
	const char *schema;
	const char *name;
} MigNamePattern;

typedef struct MigNamePatterns
{
	MigNamePattern *items;
	int			count;
} MigNamePatterns;

extern const MigNamePatterns *mig_parse_name_patterns(const char *setting, const char *text);
extern bool mig_name_matches(const MigNamePatterns *patterns, const char *type, const char *schema, const char *name);

#endif							/* MIG_NAMEPATTERN_H */
