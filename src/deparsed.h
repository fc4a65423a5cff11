/*-------------------------------------------------------------------------
 *
 * deparsed.h
 *	  Expressions as the deparser prints them, in a form that lasts.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_DEPARSED_H
#define MIG_DEPARSED_H

extern const char *mig_lasting_form(const char *text);

#endif							/* MIG_DEPARSED_H */
