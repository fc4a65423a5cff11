#!/usr/bin/env python3
"""Run the history of crates.io with the extension and with psql, and compare.

  cratesio.py MIGRATIONS

MIGRATIONS is the folder "migrations" of the public repository
rust-lang/crates.io: up.sql and down.sql in one folder for each migration.
They are not part of this project.  Connects as psql does (PGHOST, PGPORT,
...), as a superuser, to a server that has the extension migrate and
PostgreSQL's own additional modules installed.

psql gives the truth, file by file: what a file does, whether it wants to be
outside of a transaction block, whether it works at all.  The history is run
in legs.  The first one goes from nothing up to the head, down as far as the
project's own down files work, and up again.  Below the first down file that
does not work begins the next leg, in a new database, and so on to the base.
After each part of a leg, pg_dump -s of the extension's database must be that
of psql's, and a file that fails in psql must fail with the same message in
the extension, and change nothing.

The offline script of the whole upgrade, run by psql, must do the same as well.

The revisions whose statements refuse a transaction block are run the way a
user runs them: migrate_upgrade() up to the one before, the statements by
psql, migrate_stamp(), and on.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "convert")]

import history  # noqa: E402
import sqltext  # noqa: E402
import updown  # noqa: E402

NO_TRANSACTION = "cannot run inside a transaction block"
REFUSED = "MG008"
UP, DOWN = "upgrade", "downgrade"


class Mismatch(Exception):
    pass


class Server(history.Server):
    """A scratch database; statements that fail are results, not exceptions."""

    def attempt(self, *arguments):
        """Run psql; return the error message, or None."""
        path = os.path.join(self.bindir, "psql") if self.bindir else "psql"
        result = subprocess.run([path, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=verbose",
                                 "-d", self.database, *arguments], env=self.environment,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", check=False)
        self.output = result.stdout
        if result.returncode == 0:
            return None
        found = re.search(r"(?:ERROR|FATAL): +(.*)", result.stderr)
        return found.group(1) if found else result.stderr.strip()

    def run_file(self, path):
        """Run a file: in one transaction, or, if it refuses that, without."""
        error = self.attempt("-1", "-f", path)
        if error is None or NO_TRANSACTION not in error:
            return error, True
        return self.attempt("-f", path), False

    def size(self):
        return len(self.dump())


class Counts:
    def __init__(self):
        self.revisions = {UP: 0, DOWN: 0}
        self.statements = {UP: 0, DOWN: 0}
        self.by_hand = {UP: 0, DOWN: 0}


class Leg:
    """One way up, down and up again, in both databases."""

    def __init__(self, migrations, top, oracle, subject, offline, counts):
        self.migrations = migrations    # those up to the top, in order
        self.top = top
        self.oracle = oracle
        self.subject = subject
        self.offline = offline          # for the offline script, or None
        self.counts = counts
        # numbers of migrations that are marked so; those that psql finds are added
        self.refuses = {
            UP: {number for number in range(top + 1) if not migrations[number].up.transaction},
            DOWN: {number for number in range(top + 1) if not migrations[number].down.transaction},
        }

    # What psql does

    def oracle_up(self, first):
        """Apply from number first to the top.  Return (number, error) of the one that fails."""
        for number in range(first, self.top + 1):
            error, transaction = self.oracle.run_file(self.migrations[number].up.path)
            if not transaction:
                self.refuses[UP].add(number)
            if error:
                return number, error
        return None

    def oracle_down(self):
        """Undo from the top.  Return (number, error) of the one that fails, or None at the base."""
        for number in range(self.top, -1, -1):
            error, transaction = self.oracle.run_file(self.migrations[number].down.path)
            if not transaction:
                self.refuses[DOWN].add(number)
            if error:
                return number, error
        return None

    # What the extension does

    def name(self, number):
        return self.migrations[number].revision if number >= 0 else "base"

    def call(self, direction, number):
        """Migrate to a revision; count."""
        sql = "SELECT count(*), coalesce(sum(statements), 0) FROM migrate_%s('%s')" % (direction, self.name(number))
        error = self.subject.attempt("-c", sql)
        if error:
            raise Mismatch("%s to %s fails: %s" % (direction, self.name(number), error))
        revisions, statements = self.subject.output.strip().split("|")
        self.counts.revisions[direction] += int(revisions)
        self.counts.statements[direction] += int(statements)

    def expect_current(self, number):
        rows = [row[0] for row in self.subject.query("SELECT revision FROM migrate_current()")]
        expected = [self.name(number)] if number >= 0 else []
        if rows != expected:
            raise Mismatch("current is %s, not %s" % (rows, expected))

    def expect_failure(self, direction, number, error):
        """The revision fails as in psql, and nothing changes."""
        target = number if direction == UP else number - 1
        before = self.subject.dump()
        found = self.subject.attempt("-c", "SELECT * FROM migrate_%s('%s')" % (direction, self.name(target)))
        if found is None or not (found == error or (REFUSED in found and number in self.refuses[direction])):
            raise Mismatch("%s of %s: psql says\n  %s\nthe extension\n  %s" %
                           (direction, self.name(number), error, found))
        history.expect_same("failed %s of %s" % (direction, self.name(number)), before, self.subject.dump())

    def by_hand(self, direction, number):
        """A revision that refuses a transaction block: psql and stamp."""
        migration = self.migrations[number]
        target = number if direction == UP else number - 1
        self.expect_failure(direction, number, REFUSED)
        error = self.subject.attempt("-f", (migration.up if direction == UP else migration.down).path)
        if error:
            raise Mismatch("%s of %s by psql fails: %s" % (direction, self.name(number), error))
        self.subject.query("SELECT migrate_stamp('%s')" % self.name(target))
        self.expect_current(target)
        self.counts.by_hand[direction] += 1

    def subject_up(self, first, last):
        """Apply from number first to number last."""
        for number in sorted(self.refuses[UP]):
            if first <= number <= last:
                if number > first:
                    self.call(UP, number - 1)
                self.by_hand(UP, number)
                first = number + 1
        if first <= last:
            self.call(UP, last)
        self.expect_current(last)

    def subject_down(self, first, last):
        """Undo from number first down to number last."""
        for number in sorted(self.refuses[DOWN], reverse=True):
            if last <= number <= first:
                if number < first:
                    self.call(DOWN, number)
                self.by_hand(DOWN, number)
                first = number - 1
        if last <= first:
            self.call(DOWN, last - 1)
        self.expect_current(last - 1)

    def compare(self, what):
        history.expect_same("%s: extension and psql" % what, self.oracle.dump(), self.subject.dump())
        print("  %-62s same schema, %5d lines" % (what, self.oracle.size()))

    def run(self):
        """Return the number of the migration whose down file fails, or None."""
        top = self.name(self.top)
        failed = self.oracle_up(0)
        if failed:
            raise Mismatch("up.sql of %s fails: %s" % (self.name(failed[0]), failed[1]))
        self.subject_up(0, self.top)
        self.compare("up to %s" % top)

        if self.offline:
            with self.offline:
                self.offline.psql(history.offline_script(self.subject, UP, "base:" + top))
                history.expect_same("offline script", self.oracle.dump(), self.offline.dump())
                print("  offline script, run by psql: same schema")

        stop = self.oracle_down()
        bottom = stop[0] + 1 if stop else 0
        if bottom <= self.top:
            self.subject_down(self.top, bottom)
            self.compare("down to %s" % self.name(bottom - 1))
        if stop:
            print("  %s cannot be undone:\n    %s" % (self.migrations[stop[0]].folder, stop[1]))
            self.expect_failure(DOWN, *stop)
        if bottom <= self.top:
            failed = self.oracle_up(bottom)
            last = failed[0] - 1 if failed else self.top
            if last >= bottom:
                self.subject_up(bottom, last)
            if failed:
                print("  %s cannot be applied again:\n    %s" % (self.migrations[failed[0]].folder, failed[1]))
                self.expect_failure(UP, *failed)
            self.compare("up again to %s" % self.name(last))
        return stop[0] if stop else None


def convert(source, output):
    """Make revision scripts of the migrations; return both."""
    migrations = [migration for _, migration in sorted(updown.read_diesel(source), key=lambda item: item[0])]
    if not migrations:
        raise Mismatch("%s: holds no migrations" % source)
    updown.convert(migrations, output, "", False)
    for migration in migrations:
        migration.folder = os.path.basename(os.path.dirname(migration.up.path))
    return migrations


def read_scripts(directory):
    scripts = []
    for name in sorted(os.listdir(directory)):
        with open(os.path.join(directory, name), encoding="utf-8", newline="") as file:
            scripts.append(("versions/" + name, file.read()))
    return scripts


def statement_count(migrations):
    return sum(len(sqltext.statements(section.sql))
               for migration in migrations for section in (migration.up, migration.down) if section)


def run(arguments, versions):
    migrations = convert(arguments.migrations, versions)
    print("%d migrations with %d statements converted" % (len(migrations), statement_count(migrations)))
    scripts = read_scripts(versions)
    counts = Counts()
    top = len(migrations) - 1
    leg = broken = 0
    while top is not None and top >= 0:
        leg += 1
        print("leg %d" % leg)
        with Server(arguments.bindir, arguments.database) as oracle, \
                Server(arguments.bindir, arguments.database + "_extension") as subject:
            subject.query("CREATE EXTENSION migrate")
            history.register(subject, scripts)
            offline = Server(arguments.bindir, arguments.database + "_offline") if leg == 1 else None
            stop = Leg(migrations, top, oracle, subject, offline, counts).run()
        broken += stop is not None
        top = stop - 1 if stop is not None else None
    for direction in (UP, DOWN):
        print("%s: %d revisions and %d statements by the extension, %d revisions by psql and stamp" %
              (direction, counts.revisions[direction], counts.statements[direction], counts.by_hand[direction]))
    print("all the same as with psql; %d legs, %d down files that do not work" % (leg, broken))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("migrations", help="the folder migrations of rust-lang/crates.io")
    parser.add_argument("--bindir", default="", help="directory of psql and pg_dump (default: the path's)")
    parser.add_argument("--database", default="cratesio_py", help="name of the scratch databases, dropped and made")
    arguments = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)
    try:
        with tempfile.TemporaryDirectory() as versions:
            run(arguments, versions)
    except (Mismatch, history.HistoryError, updown.ConvertError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
