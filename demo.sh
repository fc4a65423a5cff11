#!/bin/bash
# See migrate at work, on a private throw-away PostgreSQL.
#
#   ./demo.sh           install what is missing, build, start a server of its
#                       own, show the main commands, and leave the server for
#                       you to go on with psql
#   ./demo.sh --stop    stop that server and remove everything it made
#
# The server lives in one temporary directory and listens on a unix socket there
# that only you can reach.  Nothing but Debian packages is installed in the
# system, and no database cluster of the system is created, started or touched.
# PG_CONFIG=... takes another server than PostgreSQL 15.
set -euo pipefail

TOP=$(cd "$(dirname "$0")" && pwd)
HOME_OF_DEMO=${TMPDIR:-/tmp}/migrate-demo-$(id -un)
STAGE=$HOME_OF_DEMO/stage
server_user=

usage() { sed -n '2,/^set /{/^set/d;s/^# \{0,1\}//;p}' "$0"; }

die() { echo "demo.sh: $*" >&2; exit 1; }

say() { if [ -t 1 ]; then printf '\n\033[1m%s\033[0m\n' "$*"; else printf '\n%s\n' "$*"; fi; }

# Run a command as the user who owns the server: root must not.
as_owner() {
	if [ -z "$server_user" ]; then
		"$@"
	else
		setpriv --reuid "$server_user" --regid "$(id -g "$server_user")" --init-groups \
			env HOME="$HOME_OF_DEMO" "$@"
	fi
}

choose_owner() {
	[ "$(id -u)" = 0 ] || return 0
	for server_user in postgres nobody; do
		if id "$server_user" >/dev/null 2>&1; then return; fi
	done
	die "root cannot run PostgreSQL, and there is no user postgres or nobody; run ./demo.sh as an ordinary user"
}

# PostgreSQL 15 is the default; another version that is installed with its
# headers does as well.
find_server() {
	local version
	if [ -z "${PG_CONFIG:-}" ]; then
		for version in 15 18 17 16 19; do
			PG_CONFIG=/usr/lib/postgresql/$version/bin/pg_config
			if [ -x "$PG_CONFIG" ] && [ -x "${PG_CONFIG%/*}/postgres" ]; then break; fi
			PG_CONFIG=
		done
	fi
	[ -n "$PG_CONFIG" ] || return 1
	bindir=$("$PG_CONFIG" --bindir) || die "$PG_CONFIG does not run"
}

# Stop the server of an earlier demo, and remove its directory.  The name can be
# guessed, so it must be ours.
stop() {
	local owner
	[ -e "$HOME_OF_DEMO" ] || [ -L "$HOME_OF_DEMO" ] || return 1
	owner=$(stat -c %U "$HOME_OF_DEMO")
	[ ! -L "$HOME_OF_DEMO" ] && [ "$owner" = "${server_user:-$(id -un)}" ] ||
		die "$HOME_OF_DEMO belongs to $owner; set TMPDIR to another directory"
	if [ -s "$HOME_OF_DEMO/data/postmaster.pid" ]; then
		as_owner "$(cat "$HOME_OF_DEMO/bindir")/pg_ctl" -s -w -m fast -D "$HOME_OF_DEMO/data" stop || true
	fi
	rm -rf --one-file-system "$HOME_OF_DEMO"
}

# Build a copy, and install it below the demo's directory.
build() {
	local log=$HOME_OF_DEMO/build.log
	mkdir "$HOME_OF_DEMO/src"
	cp -r "$TOP"/{Makefile,migrate.control,sql,src} "$HOME_OF_DEMO/src"
	find "$HOME_OF_DEMO/src" \( -name '*.o' -o -name '*.bc' -o -name '*.so' \) -delete
	if ! make -s -C "$HOME_OF_DEMO/src" -j"$(nproc)" PG_CONFIG="$PG_CONFIG" with_llvm=no \
		DESTDIR="$STAGE" all install >"$log" 2>&1; then
		tail -n 30 "$log" >&2
		die "the build failed; the whole log is $log"
	fi
}

# What makes a server find an extension below another directory.  A server that
# is not Debian's and older than 18 has no setting for it.
settings() {
	local known
	known=$(as_owner "$bindir/postgres" --describe-config | cut -f1)
	if grep -qx extension_control_path <<<"$known"; then
		echo "extension_control_path = '$STAGE$("$PG_CONFIG" --sharedir):\$system'"
	elif grep -qx extension_destdir <<<"$known"; then
		echo "extension_destdir = '$STAGE'"
	else
		die "this server has no extension_destdir; install migrate in it: make install PG_CONFIG=$PG_CONFIG"
	fi
	cat <<-CONF
		dynamic_library_path = '$STAGE$("$PG_CONFIG" --pkglibdir):\$libdir'
		listen_addresses = ''
		unix_socket_directories = '$HOME_OF_DEMO'
		unix_socket_permissions = 0700
		fsync = off
		client_min_messages = notice
	CONF
}

# The directory is closed to others, which is why "trust" will do.
start() {
	local data=$HOME_OF_DEMO/data log=$HOME_OF_DEMO/server.log
	as_owner "$bindir/initdb" -D "$data" -A trust -U postgres -E UTF8 --locale=C.UTF-8 -N \
		>"$HOME_OF_DEMO/initdb.log" 2>&1 || { tail -n 20 "$HOME_OF_DEMO/initdb.log" >&2; die "initdb failed"; }
	settings | as_owner tee -a "$data/postgresql.conf" >/dev/null
	as_owner "$bindir/pg_ctl" -s -w -D "$data" -l "$log" start ||
		{ tail -n 20 "$log" >&2; die "the server did not start"; }
}

run_psql() { "$bindir/psql" -X -q -h "$HOME_OF_DEMO" -p 5432 -U postgres "$@"; }

# Comments are what the demo says, so they stand out on a terminal.
highlight() {
	if [ -t 1 ]; then sed -u $'s/^--.*/\033[1;36m&\033[0m/'; else cat; fi
}

show() {
	local script=$HOME_OF_DEMO/demo.sql
	sed -e '1,2d' -e "s|@location@|$HOME_OF_DEMO/migrations|" "$TOP/demo/demo.sql" >"$script"
	run_psql -c 'CREATE DATABASE shop' postgres </dev/null
	run_psql --echo-all -v ON_ERROR_STOP=1 -P pager=off shop <"$script" 2>&1 | highlight ||
		die "the demo failed; the server goes on: ${enter[*]}"
}

case "${1:-}" in
-h | --help) usage; exit ;;
--stop)
	choose_owner
	if stop; then echo "The demo's server is stopped, and its directory is removed."; else echo "There is no demo server to stop."; fi
	exit
	;;
'') ;;
*) echo "demo.sh: unrecognized argument \"$1\"; type: ./demo.sh --help" >&2; exit 2 ;;
esac

unset MAKEFLAGS MFLAGS MAKELEVEL
for name in ${!PG@}; do [ "$name" = PG_CONFIG ] || unset "$name"; done
export LC_ALL=C.UTF-8

find_server && command -v make >/dev/null && command -v gcc >/dev/null ||
	"$TOP/tests/install-packages" server 15
find_server || die "there is no PostgreSQL with its headers; type: apt-get install postgresql-server-dev-15"
choose_owner
stop || true
cd /
mkdir -m 700 "$HOME_OF_DEMO"
echo "$bindir" >"$HOME_OF_DEMO/bindir"
enter=(psql -h "$HOME_OF_DEMO" -U postgres shop)
command -v psql >/dev/null || enter[0]=$bindir/psql

say "Building migrate for $("$PG_CONFIG" --version) ..."
build
cp -r "$TOP/demo" "$HOME_OF_DEMO/migrations"
[ -z "$server_user" ] || chown -R "$server_user:" "$HOME_OF_DEMO"
say "Starting a private server in $HOME_OF_DEMO ..."
start
show
say "The server is yours.  Go on with:"
echo "  ${enter[*]}"
echo "The revision scripts are in $HOME_OF_DEMO/migrations/versions; ./demo.sh --stop ends it all."
