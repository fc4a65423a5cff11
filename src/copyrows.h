/*-------------------------------------------------------------------------
 *
 * copyrows.h
 *	  COPY FROM STDIN with the rows in the script.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_COPYROWS_H
#define MIG_COPYROWS_H

extern uint64 mig_copy_rows(const char *statement, const char *rows, size_t len);

#endif							/* MIG_COPYROWS_H */
