#!/usr/bin/env python3
"""Run a history of revision scripts with psql alone.

A reference that shares no code with the extension: it reads the scripts of a
directory, orders them as Alembic would, and writes plain psql scripts of
them.  What the extension makes of a history must be what psql makes of it.

  history.py VERSIONS list
        the revisions in the order of the upgrade, one a line
  history.py VERSIONS upgrade|downgrade
        SQL of the whole history, for psql -X -v ON_ERROR_STOP=1 -1 -f
  history.py VERSIONS upgrade|downgrade REVISION...
        SQL of these revisions, in the order given
  history.py VERSIONS prove [--stairway]
        run all of it in a database of its own and compare pg_dump -s: up,
        down to nothing, up again; with --stairway also every revision by
        itself: up, down, up.  Connects as psql does (PGHOST, PGPORT, ...).
  history.py VERSIONS compare
        do the same with the extension, in another database: the order of
        the steps, pg_dump -s and the rows must be those of psql; needs a
        superuser and the extension installed
"""

import argparse
import difflib
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "convert"))

import sqltext  # noqa: E402

DIRECTIVE = re.compile(r"--\s*migrate:\s*(?P<words>.*?)\s*$", re.IGNORECASE)
FIELD = re.compile(r"--\s*(?P<name>Revision ID|Revises|Branch Labels|Depends On)\s*:\s*(?P<value>.*?)\s*$",
                   re.IGNORECASE)
# In a dump: the extension, and the version table that an offline script makes.
EXTENSION = re.compile(r"--\n-- Name: (?:migrate; Type: EXTENSION|EXTENSION migrate; Type: COMMENT|"
                       r"migrate_version(?: migrate_version_pkey)?; Type: (?:TABLE|CONSTRAINT));")
MOMENT = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d\.\d+\+\d\d(?::\d\d)?")
DIRECTIONS = {"upgrade": "upgrade", "up": "upgrade", "downgrade": "downgrade", "down": "downgrade"}


class HistoryError(Exception):
    pass


class Revision:
    def __init__(self, path):
        self.path = path
        self.fields = {}
        self.sections = {}      # direction -> SQL
        self.options = {}       # direction -> words after the direction
        self._read()
        if "revision id" not in self.fields:
            raise HistoryError("%s: has no revision id" % path)
        if "upgrade" not in self.sections:
            raise HistoryError("%s: has no upgrade section" % path)
        self.id = self.fields["revision id"]
        self.down_revision = self._names("revises")
        self.labels = self._names("branch labels")
        self.depends_on = self._names("depends on")
        self.parents = []

    def _names(self, field):
        return [name.strip() for name in self.fields.get(field, "").split(",") if name.strip()]

    def _read(self):
        with open(self.path, "rb") as file:
            text = file.read().decode("utf-8-sig")
        direction = start = None
        try:
            for token in sqltext.scan(text):
                if token.kind != sqltext.LINE_COMMENT:
                    continue
                field = FIELD.match(token.text)
                if direction is None and field:
                    self.fields[field.group("name").lower()] = field.group("value")
                words = DIRECTIVE.match(token.text)
                if words:
                    if direction:
                        self.sections[direction] = text[start:token.start]
                    direction, start = self._directive(words), token.end
        except sqltext.SqlError as error:
            raise HistoryError("%s:%d: %s" % (self.path, error.line, error)) from None
        if direction:
            self.sections[direction] = text[start:]

    def _directive(self, match):
        words = match.group("words").lower().split()
        direction = DIRECTIONS.get(words[0]) if words else None
        if direction is None or direction in self.sections:
            raise HistoryError("%s: unexpected directive: %s" % (self.path, match.group()))
        self.options[direction] = words[1:]
        return direction

    def sql(self, direction):
        """The section as a psql script that ends all its statements."""
        section = self.sections.get(direction)
        if section is None:
            raise HistoryError("%s: has no %s section" % (self.path, direction))
        tokens = [token for token in sqltext.scan(section)
                  if token.kind not in (sqltext.LINE_COMMENT, sqltext.BLOCK_COMMENT)]
        ended = not tokens or tokens[-1].kind in (sqltext.SEMICOLON, sqltext.ROWS)
        return section + ("\n" if ended else "\n;\n")


class History:
    def __init__(self, directory):
        paths = [os.path.join(directory, name) for name in sorted(os.listdir(directory)) if name.endswith(".sql")]
        self.revisions = [Revision(path) for path in paths]     # in load order
        self.by_name = {}
        for revision in self.revisions:
            for name in [revision.id] + revision.labels:
                if name in self.by_name:
                    raise HistoryError("%s: %s is taken by %s" % (revision.path, name, self.by_name[name].path))
                self.by_name[name] = revision
        self.position = {revision: number for number, revision in enumerate(self.revisions)}
        for revision in self.revisions:
            for name in revision.down_revision + revision.depends_on:
                if name not in self.by_name:
                    raise HistoryError("%s: %s is not there" % (revision.path, name))
                if self.by_name[name] not in revision.parents:
                    revision.parents.append(self.by_name[name])
        parents = {parent for revision in self.revisions for parent in revision.parents}
        self.heads = [revision for revision in self.revisions if revision not in parents]
        self._ancestors = {}

    def ancestors(self, revision):
        """The revision and all that it needs."""
        if revision not in self._ancestors:
            found = {revision}
            todo = [revision]
            while todo:
                for parent in todo.pop().parents:
                    if parent not in found:
                        found.add(parent)
                        todo.append(parent)
            self._ancestors[revision] = found
        return self._ancestors[revision]

    def downgrade_order(self):
        """Alembic's order of the whole history, newest first.

        Walk down from the first head; when something else on the way needs
        what comes next, go on there.
        """
        front = list(self.heads)
        cursor = 0
        order = []
        while front:
            revision = front[cursor]
            needed = [number for number, other in enumerate(front)
                      if other is not revision and revision in self.ancestors(other)]
            if needed:
                cursor = needed[0]
                continue
            order.append(revision)
            ups = [parent for parent in revision.parents if parent not in order and parent not in front]
            if ups:
                front[cursor] = ups[0]
                front += ups[1:]
            else:
                del front[cursor]
                cursor = max(cursor - 1, 0)
        if len(order) != len(self.revisions):
            raise HistoryError("the history has a cycle")
        return order

    def order(self, direction):
        order = self.downgrade_order()
        return order if direction == "downgrade" else order[::-1]

    def script(self, direction, revisions=None):
        """A psql script; what a revision sets is over with it."""
        lines = []
        for revision in revisions if revisions is not None else self.order(direction):
            lines.append("\\echo %s %s\nRESET ALL;\n" % (direction, revision.id))
            lines.append(revision.sql(direction))
        lines.append("RESET ALL;\n")
        return "".join(lines)


class Server:
    """A scratch database, reached with the client programs."""

    def __init__(self, bindir, database):
        self.bindir = bindir
        self.database = database
        self.environment = dict(os.environ, PGOPTIONS=os.environ.get("PGOPTIONS", "") +
                                " -c client_min_messages=warning", PGCLIENTENCODING="UTF8")

    def run(self, program, *arguments):
        path = os.path.join(self.bindir, program) if self.bindir else program
        result = subprocess.run([path, *arguments], env=self.environment, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, encoding="utf-8", check=False)
        if result.returncode != 0:
            last = result.stdout.strip().splitlines()[-1:]
            raise HistoryError("%s failed after: %s\n%s" % (program, "".join(last), result.stderr.strip()))
        return result.stdout

    def __enter__(self):
        self.run("dropdb", "--if-exists", self.database)
        self.run("createdb", "-T", "template0", "-E", "UTF8", self.database)
        return self

    def __exit__(self, *_):
        self.run("dropdb", self.database)

    def psql(self, script, *options):
        with tempfile.NamedTemporaryFile("w", suffix=".sql", encoding="utf-8", newline="") as file:
            file.write(script)
            file.flush()
            self.run("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", *options,
                     "-d", self.database, "-f", file.name)

    def query(self, sql):
        """Run one command, as one transaction; return its rows."""
        text = self.run("psql", "-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=verbose",
                        "-d", self.database, "-c", sql)
        return [line.split("\t") for line in text.splitlines()]

    def dump(self):
        """pg_dump -s without the extension.

        Newer versions also make up a key each time.
        """
        text = self.run("pg_dump", "-s", "-d", self.database)
        text = re.sub(r"^\\(un)?restrict .*\n", "", text, flags=re.MULTILINE)
        parts = re.split(r"^(?=--\n-- (?:Name: |PostgreSQL database dump complete))", text, flags=re.MULTILINE)
        return "".join(part for part in parts if not EXTENSION.match(part)).splitlines()

    def rows(self):
        """All rows of the tables, but for the times at which they were made."""
        text = self.run("pg_dump", "-a", "-d", self.database, "--exclude-table-data=public.migrate_*")
        text = re.sub(r"^\\(un)?restrict .*\n", "", text, flags=re.MULTILINE)
        parts = re.split(r"^(?=--\n-- (?:Name: |Data for Name: |PostgreSQL database dump complete))", text,
                         flags=re.MULTILINE)
        text = "".join(part for part in parts if "Name: migrate_" not in part)
        return MOMENT.sub("(moment)", text).splitlines()


def expect_same(what, one, other):
    if one == other:
        return
    diff = "\n".join(difflib.unified_diff(one, other, "expected", "found", lineterm="", n=2))
    raise HistoryError("%s: the schema differs\n%s" % (what, diff))


ONE_TRANSACTION = "-1"


def prove(history, server, stairway):
    with server:
        empty = server.dump()
        server.psql(history.script("upgrade"), ONE_TRANSACTION)
        full = server.dump()
        print("%d revisions up in one transaction: %d lines of schema" % (len(history.revisions), len(full)))
        server.psql(history.script("downgrade"), ONE_TRANSACTION)
        expect_same("all revisions down", empty, server.dump())
        print("all down in one transaction: nothing left")
        server.psql(history.script("upgrade"), ONE_TRANSACTION)
        expect_same("all revisions up again", full, server.dump())
        print("all up again: the same schema")
    if not stairway:
        return
    with server:
        before = server.dump()
        for revision in history.order("upgrade"):
            server.psql(history.script("upgrade", [revision]), ONE_TRANSACTION)
            after = server.dump()
            server.psql(history.script("downgrade", [revision]), ONE_TRANSACTION)
            expect_same("%s: down" % revision.path, before, server.dump())
            server.psql(history.script("upgrade", [revision]), ONE_TRANSACTION)
            expect_same("%s: up again" % revision.path, after, server.dump())
            before = after
        expect_same("one revision at a time", full, before)
        print("stairway: every revision up, down and up again: the same schema")
        for revision in history.order("downgrade"):
            server.psql(history.script("downgrade", [revision]), ONE_TRANSACTION)
        expect_same("one revision at a time, down", empty, server.dump())
        print("all down one at a time: nothing left")


def literal(text):
    return "'%s'" % text.replace("'", "''")


def register(server, scripts):
    """Push (path, text) pairs into the script store, in one transaction."""
    server.psql("".join("SELECT migrate_register(%s, %s);\n" % (literal(text), literal(path))
                        for path, text in scripts), ONE_TRANSACTION)


def expect_steps(direction, revisions, rows):
    found = [row[0] for row in rows]
    expected = [revision.id for revision in revisions]
    if found != expected:
        raise HistoryError("the steps of the %s differ:\nexpected %s\nfound    %s" %
                           (direction, " ".join(expected), " ".join(found)))


def migrate(server, direction, target):
    return server.query("SELECT revision, statements FROM migrate_%s(%s)" % (direction, literal(target)))


def offline_script(server, direction, revisions):
    rows = server.query("SELECT encode(convert_to(migrate_%s_sql('%s'), 'UTF8'), 'hex')" % (direction, revisions))
    return bytes.fromhex(rows[0][0]).decode("utf-8")


def compare(history, server, other):
    with server:
        empty = server.dump()
        server.psql(history.script("upgrade"), ONE_TRANSACTION)
        full = server.dump()
        full_rows = server.rows()
    with other:
        other.query("CREATE EXTENSION migrate")
        scripts = []
        for revision in history.revisions:
            with open(revision.path, "rb") as file:
                scripts.append(("versions/" + os.path.basename(revision.path), file.read().decode("utf-8-sig")))
        register(other, scripts)
        steps = migrate(other, "upgrade", "heads")
        expect_steps("upgrade", history.order("upgrade"), steps)
        expect_same("upgrade by the extension", full, other.dump())
        expect_same("rows after the upgrade by the extension", full_rows, other.rows())
        print("upgrade by the extension: %d revisions, %d statements, the schema and the rows of psql" %
              (len(steps), sum(int(step[1]) for step in steps)))
        steps = migrate(other, "downgrade", "base")
        expect_steps("downgrade", history.order("downgrade"), steps)
        expect_same("downgrade by the extension", empty, other.dump())
        print("downgrade by the extension: %d revisions, %d statements, nothing left" %
              (len(steps), sum(int(step[1]) for step in steps)))
        for revision in history.order("upgrade"):
            expect_steps("upgrade", [revision], migrate(other, "upgrade", revision.id))
        expect_same("upgrade by the extension, one revision at a time", full, other.dump())
        expect_same("rows after the upgrade one revision at a time", full_rows, other.rows())
        print("upgrade again by the extension, one revision at a time: the same")
        up = offline_script(other, "upgrade", "base:heads")
        down = offline_script(other, "downgrade", "head:base") if len(history.heads) == 1 else None
    with server:
        server.psql(up)
        versions = server.query("SELECT version_num FROM migrate_version ORDER BY 1")
        expected = sorted([revision.id] for revision in history.heads)
        if versions != expected:
            raise HistoryError("versions after the offline script: %s, not %s" % (versions, expected))
        expect_same("upgrade by the offline script", full, server.dump())
        expect_same("rows after the upgrade by the offline script", full_rows, server.rows())
        print("upgrade by the offline script, run by psql: the same")
        if down:
            server.psql(down)
            server.query("DROP TABLE IF EXISTS migrate_version")
            expect_same("downgrade by the offline script", empty, server.dump())
            print("downgrade by the offline script, run by psql: nothing left")


def write(text):
    sys.stdout.buffer.write(text.encode("utf-8"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("versions", help="directory of revision scripts")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list")
    for direction in ("upgrade", "downgrade"):
        command = commands.add_parser(direction)
        command.add_argument("revision", nargs="*")
    for name in ("prove", "compare"):
        command = commands.add_parser(name)
        command.add_argument("--bindir", default="", help="directory of psql and pg_dump (default: the path's)")
        command.add_argument("--database", default="history_py", help="name of the scratch database, dropped and made")
        if name == "prove":
            command.add_argument("--stairway", action="store_true", help="also every revision by itself")
    arguments = parser.parse_args()
    try:
        history = History(arguments.versions)
        if arguments.command == "list":
            write("".join(revision.id + "\n" for revision in history.order("upgrade")))
        elif arguments.command == "prove":
            prove(history, Server(arguments.bindir, arguments.database), arguments.stairway)
        elif arguments.command == "compare":
            compare(history, Server(arguments.bindir, arguments.database),
                    Server(arguments.bindir, arguments.database + "_extension"))
        else:
            unknown = [name for name in arguments.revision if name not in history.by_name]
            if unknown:
                raise HistoryError("%s is not there" % ", ".join(unknown))
            chosen = [history.by_name[name] for name in arguments.revision] or None
            write(history.script(arguments.command, chosen))
    except (HistoryError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
