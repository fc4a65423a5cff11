#!/usr/bin/env python3
"""Write down the states that a schema had, for tests/pairs.py --steps.

  states.py git REPOSITORY PATH DIRECTORY
        each version that a file had in a git repository, a dump of the
        schema as db/structure.sql of Rails is; REPOSITORY is a git directory
  states.py migrations MIGRATIONS DIRECTORY
        pg_dump -s after each migration of a folder as diesel has it, such as
        "migrations" of rust-lang/crates.io; psql runs them, on a private server

DIRECTORY gets a file for each state, numbered in their order.
"""

import argparse
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, os.pardir, name) for name in ("bench", "convert")]

import scratch  # noqa: E402
import updown  # noqa: E402


class States:
    """The files of the states; one that is as the one before is left out."""

    def __init__(self, directory):
        self.directory = directory
        self.count = 0
        self.last = None
        os.makedirs(directory, exist_ok=True)

    def add(self, name, text):
        if text == self.last:
            return
        self.last = text
        self.count += 1
        path = os.path.join(self.directory, "%04d_%s.sql" % (self.count, re.sub(r"[^A-Za-z0-9_-]+", "_", name)))
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)


def run(command, **options):
    return subprocess.run(command, stdout=subprocess.PIPE, check=True, encoding="utf-8", errors="replace",
                          **options).stdout


def from_git(options, states):
    git = ["git", "--git-dir=" + options.source]
    commits = run(git + ["log", "--first-parent", "--reverse", "--format=%h", "--", options.path]).split()
    for commit in commits[-options.last:] if options.last else commits:
        found = subprocess.run(git + ["show", "%s:%s" % (commit, options.path)], stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, encoding="utf-8", errors="replace", check=False)
        if found.returncode == 0:
            # the rows that say which migrations ran are no part of the schema
            states.add(commit, re.sub(r"^INSERT INTO \S*schema_migrations\S* .*?;$", "", found.stdout,
                                      flags=re.MULTILINE | re.DOTALL))


def from_migrations(options, states):
    server = scratch.Server(options.pg, fsync=False)
    server.build()
    try:
        server.start()
        server.create("states")
        dump = [os.path.join(server.bindir, "pg_dump"), "-s", "-h", server.path("data"), "-p", str(server.port),
                "-U", "postgres", "-d", "states"]
        states.add("empty", run(dump))
        for _, migration in sorted(updown.read_diesel(options.source), key=lambda item: item[0]):
            run(server.psql("states", "-f", migration.up.path))
            states.add(os.path.basename(os.path.dirname(migration.up.path)), run(dump))
    finally:
        server.__exit__()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pg", default="15", metavar="VERSION", help="version or path of a pg_config (15)")
    parser.add_argument("--last", type=int, metavar="N", help="only the last N versions of the file")
    commands = parser.add_subparsers(dest="command", required=True)
    git = commands.add_parser("git")
    git.add_argument("source")
    git.add_argument("path")
    git.add_argument("directory")
    migrations = commands.add_parser("migrations")
    migrations.add_argument("source")
    migrations.add_argument("directory")
    options = parser.parse_args()
    states = States(options.directory)
    (from_git if options.command == "git" else from_migrations)(options, states)
    print("%s: %d states" % (options.directory, states.count))
    return 0


if __name__ == "__main__":
    sys.exit(main())
