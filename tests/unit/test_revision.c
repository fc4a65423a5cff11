/*-------------------------------------------------------------------------
 *
 * test_revision.c
 *	  Ids, branch labels, slugs and lists of names.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres_fe.h"

#include "errcodes.h"
#include "revision.h"
#include "tap.h"

static void
id_ok(const char *id)
{
	MigReport	report;

	ok(mig_check_revision_id(id, &report), psprintf("id \"%s\"", id));
}

static void
id_fails(const char *id, const char *part)
{
	MigReport	report;

	fails(mig_check_revision_id(id, &report), &report, ERRCODE_MIG_MALFORMED_SCRIPT, part,
		  psprintf("no id: \"%s\"", id));
}

static void
test_ids(void)
{
	id_ok("1975ea83b712");
	id_ok("v1.2/3 a");
	id_ok("\xc3\xa4\xe2\x82\xac");
	id_ok("heads1");
	id_fails("", "is empty");
	id_fails("head", "reserved");
	id_fails("heads", "reserved");
	id_fails("base", "reserved");
	id_fails("current", "reserved");
	id_fails("<base>", "reserved");
	id_fails("a@b", "\"@\" is not allowed");
	id_fails("a-b", "\"-\" is not allowed");
	id_fails("a+b", "\"+\" is not allowed");
	id_fails("a:b", "\":\" is not allowed");
	id_fails("a,b", "\",\" is not allowed");
	id_fails("a\nb", "control character");
	id_fails("a\x7f", "control character");
	id_fails(" a", "blank");
	id_fails("a ", "blank");
}

static void
test_labels(void)
{
	MigReport	report;

	ok(mig_check_branch_label("billing-api", &report), "a label with a sign");
	ok(mig_check_branch_label("2.0", &report), "a label with a digit");
	fails(mig_check_branch_label("lb-1", &report), &report, ERRCODE_MIG_MALFORMED_SCRIPT,
		  "sign before a digit", "a label that reads as steps");
	fails(mig_check_branch_label("lb-1", &report), &report, ERRCODE_MIG_MALFORMED_SCRIPT,
		  "steps below \"lb\"", "and why");
	fails(mig_check_branch_label("a+b", &report), &report, ERRCODE_MIG_MALFORMED_SCRIPT,
		  "not allowed in branch label", "a plus sign in a label");
	fails(mig_check_branch_label("a@b", &report), &report, ERRCODE_MIG_MALFORMED_SCRIPT,
		  "not allowed in branch label", "an at sign in a label");
	fails(mig_check_branch_label("heads", &report), &report, ERRCODE_MIG_MALFORMED_SCRIPT,
		  "reserved", "a symbol as a label");
	ok(mig_is_symbol("current") && !mig_is_symbol("Current"), "symbols");
	is(mig_direction_name(MIG_DOWNGRADE), "downgrade", "direction");
}

static void
slug(const char *message, int max_length, const char *want)
{
	is(mig_message_slug(message, max_length), want, psprintf("slug of \"%s\"", message));
}

static void
test_slugs(void)
{
	slug("create account", 40, "create_account");
	slug("", 40, "");
	slug("  Add: THE 'x' column!  ", 40, "add_the_x_column");
	slug("---", 40, "");
	slug("a_b__c", 40, "a_b__c");
	slug("\xc3\x84rger \xc3\xbc" "ber", 40, "\xc3\x84rger_\xc3\xbc" "ber");
	slug("this is a really long name that should be truncated here", 40,
		 "this_is_a_really_long_name_that_should_");
	slug("0123456789", 10, "0123456789");
	slug("01234567890", 10, "0123456789_");
	slug("ab cdefghijk", 10, "ab_");
	slug("\xc3\xa4\xc3\xa4\xc3\xa4", 3, "\xc3\xa4\xc3\xa4\xc3\xa4");
	slug("\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4", 3, "\xc3\xa4\xc3\xa4\xc3\xa4_");
	slug("../../etc/passwd", 40, "etc_passwd");
}

static void
test_lists(void)
{
	MigNameList list = {NULL, 0};
	MigNameList empty = {NULL, 0};
	int			i;

	ok(mig_name_list_split(&list, " a ,\tb c,d ", 11), "split");
	is(mig_name_list_join(&list), "a, b c, d", "and join");
	ok(mig_name_list_contains(&list, "b c") && !mig_name_list_contains(&list, "b"), "contains");
	ok(mig_name_list_split(&empty, "  \t", 3) && empty.count == 0, "blanks are no name");
	is(mig_name_list_join(&empty), "", "join nothing");
	ok(!mig_name_list_split(&empty, "a,,b", 4), "an empty name in between");
	ok(!mig_name_list_split(&empty, "a,", 2), "an empty name at the end");
	list.count = 0;
	for (i = 0; i < 1000; i++)
		mig_name_list_append(&list, psprintf("%d", i), strlen(psprintf("%d", i)));
	ok(list.count == 1000 && strcmp(list.names[999], "999") == 0, "a long list");
}

int
main(void)
{
	test_ids();
	test_labels();
	test_slugs();
	test_lists();
	return done_testing();
}
