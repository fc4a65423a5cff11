# migrate: database migrations inside the server.
#
#   make                      build for the server that pg_config belongs to
#   make install              install it there
#   make installcheck         test it on a running server
#
#   PG_CONFIG=/path/pg_config another server (15 to 19)
#   WERROR=1                  warnings are errors
#   with_llvm=no              no bitcode for JIT inlining: faster, needs no clang
#
# tests/run builds and tests without a running server and installs nothing.

EXTENSION = migrate
MODULE_big = migrate
OBJS = $(patsubst %.c,%.o,$(sort $(wildcard src/*.c)))
DATA = $(sort $(wildcard sql/migrate--*.sql))

PG_CFLAGS = -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers
ifdef WERROR
# Not -Wshadow=compatible-local: PGXS has it from 16 on, and a header of 15 is
# not clean.  Not -Wformat-nonliteral: SQL is formatted with a schema's name.
PG_CFLAGS += -Werror -Wold-style-definition -Wformat=2 -Wno-format-nonliteral \
	-Wmissing-declarations
endif

# Tests run in this order.  One name a line, each with its backslash, and the
# list ended by an empty line, so that two branches that add a test merge;
# tests/lint fails for a file in tests/sql or tests/specs that is not listed.
# pg_regress creates the extension before the first test, as all of them share
# a database; a test of CREATE or DROP EXTENSION makes a database of its own.
# --no-locale and --encoding: the sort order and the encoding of the expected
# output, whatever the server's are.
REGRESS = \
	helpers \
	catalog \
	header \
	register \
	author \
	upgrade \
	downgrade \
	stamp \
	names \
	look \
	offline \
	execute \
	ledger \
	assert \
	transaction \
	run \
	trust \
	errors \
	snapshot \
	model \
	autogenerate \
	check \
	diff \
	diff_partitions \
	diff_views \
	diff_routines \
	diff_triggers \
	diff_types \
	diff_comments \
	diff_privileges \
	diff_globals \
	prove \
	stamp_auto \
	tenants \
	compare_roles \
	run_concurrently \
	batch \
	jobs \
	backfill \

REGRESS_OPTS = --inputdir=tests --load-extension=migrate --encoding=UTF8 --no-locale

ISOLATION = \
	autogenerate_during_upgrade \
	backfill_among_others \
	look_during_run \
	model_together \
	one_moment \
	progress \
	register_together \
	run_lock_timeout \
	shadow_concurrent \
	shadow_together \
	stale_snapshot \
	upgrade_at_head \
	upgrade_readers \
	upgrade_serialization \
	upgrade_together \

# PGXS adds --outputdir=output_iso and then looks for expected/ under the
# input directory; the second --outputdir brings expected/ back to the top.
ISOLATION_OPTS = --inputdir=tests --outputdir=. --load-extension=migrate

TAP_TESTS = 1
PROVE_TESTS = tests/t/*.pl

EXTRA_CLEAN = src/*.gcno src/*.gcda results regression.diffs regression.out log

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# PGXS does not track headers.
$(OBJS): $(wildcard src/*.h)
$(OBJS:.o=.bc): $(wildcard src/*.h)
