/*-------------------------------------------------------------------------
 *
 * errcodes.h
 *	  SQLSTATEs of class MG, those that only migrate raises.
 *
 * README.md lists them with their meaning; tests/sql/errors.sql shows the
 * whole message of each.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_ERRCODES_H
#define MIG_ERRCODES_H

/*
 * elog.h has these for the server; the pure core is also compiled for the
 * frontend, where they are missing.
 */
#ifndef MAKE_SQLSTATE
#define PGSIXBIT(ch)	(((ch) - '0') & 0x3F)
#define MAKE_SQLSTATE(ch1,ch2,ch3,ch4,ch5)	\
	(PGSIXBIT(ch1) + (PGSIXBIT(ch2) << 6) + (PGSIXBIT(ch3) << 12) + \
	 (PGSIXBIT(ch4) << 18) + (PGSIXBIT(ch5) << 24))
#define ERRCODE_INVALID_PARAMETER_VALUE	MAKE_SQLSTATE('2','2','0','2','3')
#endif

#define ERRCODE_MIG_UNKNOWN_REVISION	MAKE_SQLSTATE('M','G','0','0','1')
#define ERRCODE_MIG_MULTIPLE_HEADS		MAKE_SQLSTATE('M','G','0','0','2')
#define ERRCODE_MIG_SCRIPT_CHANGED		MAKE_SQLSTATE('M','G','0','0','3')
#define ERRCODE_MIG_RUN_ACTIVE			MAKE_SQLSTATE('M','G','0','0','4')
#define ERRCODE_MIG_MALFORMED_SCRIPT	MAKE_SQLSTATE('M','G','0','0','5')
#define ERRCODE_MIG_BROKEN_GRAPH		MAKE_SQLSTATE('M','G','0','0','6')
#define ERRCODE_MIG_IRREVERSIBLE		MAKE_SQLSTATE('M','G','0','0','7')
#define ERRCODE_MIG_NO_TRANSACTION		MAKE_SQLSTATE('M','G','0','0','8')
#define ERRCODE_MIG_NOT_AT_HEAD			MAKE_SQLSTATE('M','G','0','0','9')
#define ERRCODE_MIG_ASSERTION			MAKE_SQLSTATE('M','G','0','1','0')
#define ERRCODE_MIG_WOULD_DESTROY		MAKE_SQLSTATE('M','G','0','1','1')
#define ERRCODE_MIG_NOT_REACHABLE		MAKE_SQLSTATE('M','G','0','1','2')

#endif							/* MIG_ERRCODES_H */
