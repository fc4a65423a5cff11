/*-------------------------------------------------------------------------
 *
 * digest.c
 *	  SHA-256 hashes as text.
 *
 * What is hashed is a list of strings, each with the zero byte that ends it,
 * which no string contains: so no two lists are the same bytes.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/cryptohash.h"
#include "common/sha2.h"
#include "digest.h"
#include "utils/builtins.h"

/* Append a string to what will be hashed. */
void
mig_digest_add(StringInfo buf, const char *part)
{
	appendBinaryStringInfo(buf, part, strlen(part) + 1);
}

/* The hash, in hexadecimal digits. */
char *
mig_digest(const StringInfoData *buf)
{
	pg_cryptohash_ctx *hash = pg_cryptohash_create(PG_SHA256);
	uint8		digest[PG_SHA256_DIGEST_LENGTH];
	char	   *hex = palloc0(2 * PG_SHA256_DIGEST_LENGTH + 1);

	if (hash == NULL || pg_cryptohash_init(hash) < 0 ||
		pg_cryptohash_update(hash, (const uint8 *) buf->data, buf->len) < 0 ||
		pg_cryptohash_final(hash, digest, sizeof(digest)) < 0)
		elog(ERROR, "could not compute SHA-256 hash: %s", pg_cryptohash_error(hash));
	pg_cryptohash_free(hash);
	hex_encode((const char *) digest, sizeof(digest), hex);
	return hex;
}
