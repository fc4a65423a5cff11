/*-------------------------------------------------------------------------
 *
 * digest.h
 *	  SHA-256 hashes as text.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_DIGEST_H
#define MIG_DIGEST_H

#include "lib/stringinfo.h"

extern void mig_digest_add(StringInfo buf, const char *part);
extern char *mig_digest(const StringInfoData *buf);

#endif							/* MIG_DIGEST_H */
