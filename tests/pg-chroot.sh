#!/bin/bash
# Run migrate's tests against a PostgreSQL version that this machine's Debian
# release does not have, in a chroot of a release that has it.
#
#   tests/pg-chroot.sh make SUITE VERSION ROOT           make the chroot, or
#                                                        bring it up to date
#   tests/pg-chroot.sh test VERSION ROOT SOURCE [ARG...] copy SOURCE into it and
#                                                        run tests/run ARG...
#   tests/pg-chroot.sh exec ROOT COMMAND...              run COMMAND in it as root
#
# SUITE and VERSION: bookworm 15, trixie 17, sid 18, experimental 19.
# Needs root, debootstrap, and unshare of util-linux.
# LEAN=1 leaves out clang and llvm, half of the space and a quarter of the time:
# they serve bitcode for JIT inlining alone.
# EXTRA="package..." installs more packages.  A ROOT under /dev/shm is fastest.
# TALLY=FILE is written by `test` with the results of tests/run --tally.
#
# Nothing stays mounted: every mount lives in a mount namespace of its own that
# ends with the command, and so does every server.  The network is the host's,
# so servers shall listen on unix sockets only.
set -euo pipefail

KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
PROXY=$(apt-config shell P Acquire::http::Proxy 2>/dev/null | sed "s/^P='\(.*\)'$/\1/")
CLEANENV=(env -i DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 HOME=/root
	PATH=/usr/sbin:/usr/bin:/sbin:/bin)

usage() { sed -n '2,/^set /{/^set/d;s/^# \{0,1\}//;p}' "$0"; }

die() { echo "pg-chroot: $*" >&2; exit 1; }

# The Debian mirror that this machine's own apt uses: the first one for the main
# archive, or else the first one of any kind.
mirror() {
	local all first
	all=$({
		sed -n 's/^URIs: *\([^ ]*\).*/\1/p' /etc/apt/sources.list.d/*.sources
		sed -n 's/^deb  *\(\[[^]]*\] *\)\{0,1\}\([^ ]*\) .*/\2/p' /etc/apt/sources.list /etc/apt/sources.list.d/*.list
	} 2>/dev/null) || true
	first=$(grep -m1 '/debian/*$' <<<"$all") || first=$(head -n1 <<<"$all")
	[ -n "$first" ] || die "no Debian mirror in the apt sources of this machine"
	echo "$first"
}

# in_root ROOT COMMAND...: run it in the chroot with a /proc and a /dev/shm of
# its own, and in a pid namespace, so that no server outlives the command.
in_root() {
	local root=$1
	shift
	unshare --mount --propagation private --pid --fork --kill-child bash -euc '
		root=$1; shift
		mount -t proc proc "$root/proc"
		mkdir -p "$root/dev/shm"
		mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$root/dev/shm"
		exec chroot "$root" "$@"' in_root "$root" "${CLEANENV[@]}" "$@" </dev/null
}

# The base system, and the configuration of apt and dpkg in it.
make_base() {
	local suite=$1 version=$2 root=$3 base=$1 source
	[ "$suite" != experimental ] || base=sid
	source=$(mirror)
	[ -z "$PROXY" ] || export http_proxy=$PROXY
	# --force-check-gpg: debootstrap would only warn without a keyring.
	debootstrap --variant=minbase --force-check-gpg --keyring="$KEYRING" "$base" "$root" "$source"
	if [ "$suite" = experimental ]; then
		echo "deb $source experimental main" >"$root/etc/apt/sources.list.d/experimental.list"
		# PostgreSQL's own packages only: -t experimental for all of them
		# drags in half-finished transitions.
		printf '%s\n' "Package: src:postgresql-$version" 'Pin: release a=experimental' \
			'Pin-Priority: 990' >"$root/etc/apt/preferences.d/postgresql"
	fi
	# Release files of sid and experimental run past their Valid-Until when a
	# mirror lags; signatures are still checked.
	cat >"$root/etc/apt/apt.conf.d/99pg-chroot" <<-CONF
		Acquire::Languages "none";
		Acquire::Check-Valid-Until "false";
		Acquire::Retries "3";
		APT::Install-Recommends "false";
		${PROXY:+Acquire::http::Proxy "$PROXY";}
	CONF
	cat >"$root/etc/dpkg/dpkg.cfg.d/pg-chroot" <<-'CONF'
		force-unsafe-io
		path-exclude=/usr/share/doc/*
		path-exclude=/usr/share/man/*
		path-exclude=/usr/share/locale/*
	CONF
	# Packages must neither start a server nor make a cluster.
	printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
	chmod 755 "$root/usr/sbin/policy-rc.d"
	mkdir -p "$root/etc/postgresql-common"
	echo 'create_main_cluster = false' >"$root/etc/postgresql-common/createcluster.conf"
}

# PostgreSQL and what its extensions are built and tested with.
install_packages() {
	local version=$1 root=$2
	in_root "$root" apt-get update
	# shellcheck disable=SC2086
	in_root "$root" apt-get install -y "postgresql-$version" gcc make libc6-dev libipc-run-perl \
		"$([ -n "${LEAN:-}" ] && echo libpq-dev || echo "postgresql-server-dev-$version")" ${EXTRA:-}
	if [ -n "${LEAN:-}" ]; then
		in_root "$root" bash -euc 'cd /tmp
			apt-get -o APT::Sandbox::User=root download "$1"
			dpkg -x "$1"_*.deb /
			rm "$1"_*.deb' unpack "postgresql-server-dev-$version"
	fi
	in_root "$root" apt-get clean
}

# A chroot that is there and has the same packages is left alone; one that a
# run left half made is made again.
cmd_make() {
	[ $# = 3 ] || die "type: pg-chroot.sh make SUITE VERSION ROOT"
	local version=$2 root=$3 stamp=$3/.pg-chroot-$2 log=$3.log
	[ "$(id -u)" = 0 ] || die "needs root"
	command -v debootstrap >/dev/null || die "needs debootstrap; type: tests/install-packages chroots"
	mkdir -p "$root"
	exec 9>"$root.lock"
	flock 9
	if [ -e "$stamp" ] && [ "$(cat "$stamp")" = "${EXTRA:-}" ]; then return; fi
	if [ ! -e "$stamp" ]; then
		rm -rf --one-file-system "$root"
		mkdir -p "$root"
		# An explicit subshell with its own -e, which a condition would switch off.
		(set -e; make_base "$@") >"$log" 2>&1 9>&- & wait $! || { tail -n20 "$log" >&2; die "debootstrap failed"; }
	fi
	(set -e; install_packages "$version" "$root") >>"$log" 2>&1 9>&- & wait $! || { tail -n20 "$log" >&2; die "apt-get failed"; }
	echo "${EXTRA:-}" >"$stamp"
}

cmd_test() {
	[ $# -ge 3 ] || die "type: pg-chroot.sh test VERSION ROOT SOURCE [ARG...]"
	local version=$1 root=$2 source=$3 work status=0
	shift 3
	[ -e "$root/.pg-chroot-$version" ] || die "there is no PostgreSQL $version in $root; make it first"
	# A directory of its own: other runs may use the same chroot.  What failed
	# runs left for their readers goes after some hours.
	find "$root/var/tmp" -mindepth 1 -maxdepth 1 -name 'migrate.*' -mmin +180 -exec rm -rf {} +
	work=$(mktemp -d "$root/var/tmp/migrate.XXXXXX")
	chmod 755 "$work"
	mkdir "$work/src"
	tar -C "$source" --exclude=./.git --exclude='*.o' --exclude='*.bc' --exclude='*.so' -cf - . |
		tar -C "$work/src" --no-same-owner -xf - || [ "${PIPESTATUS[1]}" = 0 ]
	mkdir -m 1777 "$work/tmp"
	in_root "$root" env TMPDIR="${work#"$root"}/tmp" "${work#"$root"}/src/tests/run" --pg "$version" \
		--tally "${work#"$root"}/tally" "$@" || status=$?
	[ -z "${TALLY:-}" ] || cat "$work/tally" >>"$TALLY"
	if [ $status = 0 ]; then rm -rf --one-file-system "$work"; else echo "  (below $root)"; fi
	return $status
}

case "${1:-}" in
make) shift; cmd_make "$@" ;;
test) shift; cmd_test "$@" ;;
exec) shift; in_root "$@" ;;
*) usage; exit 2 ;;
esac
