/*-------------------------------------------------------------------------
 *
 * sqlscan.h
 *	  Lexical scanner for SQL text.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_SQLSCAN_H
#define MIG_SQLSCAN_H

#include "report.h"

typedef enum MigTokenKind
{
	MIG_TOKEN_EOF,
	MIG_TOKEN_LINE_COMMENT,		/* -- up to, not including, the line end */
	MIG_TOKEN_BLOCK_COMMENT,
	MIG_TOKEN_WORD,				/* unquoted identifier or keyword */
	MIG_TOKEN_QUOTED,			/* "identifier", with U& if given */
	MIG_TOKEN_STRING,			/* '...' of any kind, or $tag$...$tag$ */
	MIG_TOKEN_NUMBER,
	MIG_TOKEN_PARAM,			/* $1 */
	MIG_TOKEN_OPERATOR,
	MIG_TOKEN_SELF,				/* a character that stands for itself */
	MIG_TOKEN_BACKSLASH			/* never valid in SQL: a psql command */
} MigTokenKind;

typedef struct MigToken
{
	MigTokenKind kind;
	size_t		start;			/* byte offset in the text */
	size_t		len;			/* in bytes */
	int			line;			/* of its first character, from 1 */
	bool		first_on_line;	/* only blanks before it on its line */
} MigToken;

typedef struct MigScanner
{
	const char *text;
	size_t		len;
	size_t		pos;			/* where the next token is looked for */
	int			line;			/* line number at pos */
	bool		line_start;		/* only blanks since the last newline */
	bool		standard_strings;	/* standard_conforming_strings */
} MigScanner;

extern void mig_scan_init(MigScanner *scanner, const char *text, size_t len, bool standard_strings);
extern bool mig_scan_token(MigScanner *scanner, MigToken *token, MigReport *report);
extern bool mig_token_is_word(const MigScanner *scanner, const MigToken *token, const char *word);
extern bool mig_token_is_char(const MigScanner *scanner, const MigToken *token, char c);
extern size_t mig_canonical_bytes(const char *text, size_t len, bool fold_case, size_t *done, char *buf, size_t size);
extern bool mig_is_space(char c);
extern bool mig_is_ident_start(char c);

#endif							/* MIG_SQLSCAN_H */
