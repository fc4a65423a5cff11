/*-------------------------------------------------------------------------
 *
 * options.h
 *	  Lists of options: of sequences, relations, foreign objects.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_OPTIONS_H
#define MIG_OPTIONS_H

#include "fact.h"
#include "nodes/pg_list.h"

extern void mig_append_sequence_options(StringInfo buf, const MigFact *fact, const char *type);
extern bool mig_sequence_restarts(const MigFact *from, const MigFact *to);
extern void mig_append_sequence_changes(StringInfo buf, const MigFact *from, const MigFact *to, const char *word);
extern void mig_sequence_goes_on(MigSqlList *sql, const MigFact *column, const MigFact *options, const char *sequence);
extern const char *mig_option_names(const char *from, const char *to);
extern const char *mig_generic_option_changes(const char *from, const char *to);
extern List *mig_list_missing(const char *from, const char *to);

#endif							/* MIG_OPTIONS_H */
