/*-------------------------------------------------------------------------
 *
 * stmtdigest.h
 *	  Checksums of statements.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_STMTDIGEST_H
#define MIG_STMTDIGEST_H

#include "stmt.h"

extern char *mig_statement_checksum(const MigScriptSource *source, const MigStatement *statement);

#endif							/* MIG_STMTDIGEST_H */
