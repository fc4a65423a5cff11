#!/bin/bash
# Install what is missing, build with warnings as errors, and pass all tests.
#
#   ./check.sh            PostgreSQL 15, 17, 18, and 19 where it installs
#   ./check.sh --quick    PostgreSQL 15 alone
#   ./check.sh 15 18      these versions
#
# Packages are installed with apt-get, as root or through sudo.  Versions that
# this Debian release does not have are tested in chroots (tests/matrix), which
# takes root or sudo.  Nothing of the extension is installed in the system, and
# no database cluster of the system is created, started or touched.
#
# The last line is "N passed, N failed"; the exit status is 0 if none failed.
set -euo pipefail
cd "$(dirname "$0")"

case "${1:-}" in
-h | --help) sed -n '2,/^set /{/^set/d;s/^# \{0,1\}//;p}' "$0"; exit ;;
--quick) versions=(15) ;;
-*) echo "check.sh: unrecognized option \"$1\"; type: ./check.sh --help" >&2; exit 2 ;;
*) versions=("$@") ;;
esac

tests/install-packages tests 15 ||
	echo "check.sh: PostgreSQL 15 cannot be installed here; a chroot takes its place"
exec tests/matrix ${versions[@]+"${versions[@]}"}
