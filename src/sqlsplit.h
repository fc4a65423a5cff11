/*-------------------------------------------------------------------------
 *
 * sqlsplit.h
 *	  Where statements end in SQL text, and the rows that follow some.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_SQLSPLIT_H
#define MIG_SQLSPLIT_H

#include "sqlscan.h"

/* What is known of the statement being scanned; zeroed before its first token. */
typedef struct MigStatementState
{
	int			ntokens;
	int			nwords;
	int			paren_depth;
	bool		creates_routine;	/* CREATE [OR REPLACE] FUNCTION|PROCEDURE */
	bool		or_replace;		/* CREATE OR REPLACE so far */
	int			atomic_depth;	/* inside BEGIN ATOMIC ... END */
	bool		is_copy;
	bool		from_stdin;		/* COPY ... FROM STDIN: rows follow */
	MigToken	previous;
} MigStatementState;

/* Rows between a COPY ... FROM STDIN statement and its end-of-data line. */
typedef struct MigCopyData
{
	size_t		statement_end;	/* offset after the statement's semicolon */
	size_t		start;			/* offset of the first row */
	size_t		len;			/* without the end-of-data line */
	int			line;			/* of the first row */
} MigCopyData;

extern bool mig_split_token(MigStatementState *state, const MigScanner *scanner, const MigToken *token);
extern bool mig_scan_copy_rows(MigScanner *scanner, const MigToken *semicolon, MigCopyData *copy, MigReport *report);

#endif							/* MIG_SQLSPLIT_H */
