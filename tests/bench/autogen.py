"""Comparing a database with a model: migrate_check(), migrate_snapshot()."""

import os
import time

import figures
import peers
import scratch

CHECK = "DO $$ BEGIN PERFORM count(*) FROM migrate_check(); EXCEPTION WHEN SQLSTATE 'MG009' THEN NULL; END $$"
SNAPSHOT = "SELECT count(migrate_snapshot()::text)"
DIFFER = "SELECT count(*) FROM migrate_diff('database', 'model')"

# The same tables as those of ddl(), as they are declared for Alembic.
ALEMBIC = """\
import sys

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

url, count, changed = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "changed"
metadata = sa.MetaData()
for number in range(count):
    name = "item_%05d" % number
    columns = [sa.Column("id", sa.BigInteger, primary_key=True),
               sa.Column("parent", sa.BigInteger, sa.ForeignKey("item_%05d.id" % max(number - 1, 0),
                                                                name=name + "_parent_fkey"), nullable=False),
               sa.Column("name", sa.Text, nullable=False), sa.Column("code", sa.String(20)),
               sa.Column("amount", sa.Numeric(12, 2), server_default="0"), sa.Column("done", sa.Boolean),
               sa.Column("made", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
               sa.Column("day", sa.Date), sa.Column("number", sa.Integer, server_default="1"),
               sa.Column("note", sa.Text)]
    if changed and number % 100 == 0:
        columns.append(sa.Column("more", sa.Integer))
    table = sa.Table(name, metadata, *columns)
    sa.Index(name + "_name_idx", table.c.name)
    sa.Index(name + "_made_idx", table.c.made, table.c.code)
with sa.create_engine(url).connect() as connection:
    found = compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata)
print(len(found))
"""


def table_sql(number, changed=False):
    name = "item_%05d" % number
    return """\
CREATE TABLE %s (
    id bigint PRIMARY KEY,
    parent bigint NOT NULL CONSTRAINT %s_parent_fkey REFERENCES item_%05d,
    name text NOT NULL,
    code varchar(20),
    amount numeric(12,2) DEFAULT 0,
    done boolean,
    made timestamptz NOT NULL DEFAULT now(),
    day date,
    number integer DEFAULT 1,
    note text%s
);
CREATE INDEX %s_name_idx ON %s (name);
CREATE INDEX %s_made_idx ON %s (made, code);
""" % (name, name, max(number - 1, 0), ",\n    more integer" if changed and number % 100 == 0 else "",
       name, name, name, name)


def ddl(count, changed=False):
    return "".join(table_sql(number, changed) for number in range(count))


class Compared:
    """A database of so many tables, and models of it."""

    def __init__(self, server, count):
        self.server, self.count = server, count
        self.sql = server.path("model.sql")
        with open(self.sql, "w", encoding="utf-8") as file:
            file.write(ddl(count, True))
        server.create("compared")
        with server.session("compared") as session:
            session.execute("CREATE EXTENSION migrate")
            session.execute(ddl(count))
        for name, changed in ("changed", True), ("same", False):
            server.create(name, "compared")
            with server.session(name) as session:
                session.execute("SELECT migrate_model('model.sql', $1)", ddl(count, changed))
        # a template must be at rest, and have its statistics, as a database in use has
        for name in "compared", "changed", "same":
            with server.session(name) as session:
                session.execute("VACUUM ANALYZE")

    def forget(self):
        self.server.drop("compared", "changed", "same")

    def run(self, template, run):
        """What run(database) returns, in a copy."""
        self.server.create("contest", template)
        self.server.checkpoint()
        try:
            return run("contest")
        finally:
            self.server.drop("contest")

    def psql(self, template, *arguments):
        return lambda: self.run(template, lambda database: figures.timed_psql(
            self.server.psql(database, *arguments)))


def _alembic(compared):
    """How to run Alembic's comparison, or None."""
    ready, skipped = peers.available(["Alembic"])
    for name, reason in skipped.items():
        print("  without %s: %s" % (name, reason))
    if not ready:
        return None
    script = compared.server.path("compare.py")
    with open(script, "w", encoding="utf-8") as file:
        file.write(ALEMBIC)
    python = os.path.join(os.path.dirname(ready[0].program), "python")
    url = "postgresql+psycopg2://postgres@127.0.0.1:%d/contest" % compared.server.port

    def compare(_):
        seconds, output = figures.timed_process([python, script, url, str(compared.count), "changed"])
        if int(output) < 1:
            raise scratch.BenchError("Alembic found %s differences" % output.strip())
        return seconds, None
    return lambda: compared.run("compared", compare)


def check(compared, options):
    """A changed model: executed, compared."""
    figures.title("autogenerate: %d tables, a model with some columns more" % compared.count)
    contestants = {"psql -1 -f": compared.psql("template0", "-1", "-f", compared.sql),
                   "migrate_check": compared.psql("changed", "-c", CHECK),
                   "migrate_diff": compared.psql("changed", "-c", DIFFER),
                   "psql -1 -f, again": compared.psql("template0", "-1", "-f", compared.sql)}
    alembic = None if options.no_peers else _alembic(compared)
    if alembic:
        contestants["Alembic compare_metadata"] = alembic
    results = figures.alternate(contestants, options.rounds, "psql -1 -f")
    figures.table(["way", "seconds", "least", "most", "ratio", "cpu s", "cpu ratio"],
                  [[name] + ["-" if value is None else "%.2f" % value for value in values]
                   for name, values in results.items()])
    print(figures.verdict(results["migrate_check"][3], 1.5))


def repeated(compared):
    """Reading, and comparing again."""
    figures.title("autogenerate: %d tables, again and again" % compared.count)

    def last(database, *sessions):
        """(milliseconds, of the processor) of the last statement of the last session."""
        for statements in sessions:
            with compared.server.session(database) as session:
                for one in statements[:-1]:
                    session.execute(one)
                before = figures.processor_seconds(session.value(figures.BACKEND_STAT))
                seconds = session.timed(statements[-1])
                after = figures.processor_seconds(session.value(figures.BACKEND_STAT))
        return seconds * 1000, (after - before) * 1000

    rows = []
    for name, template, target, *sessions in (
            ("migrate_snapshot, first in session", "compared", 300, [SNAPSHOT]),
            ("migrate_snapshot, again", "compared", 300, [SNAPSHOT, SNAPSHOT]),
            ("migrate_check, first of all", "same", None, [CHECK]),
            ("migrate_check, unchanged model", "same", 500, [CHECK], [CHECK]),
            ("migrate_check, in the same session", "same", 500, [CHECK, CHECK]),
            ("migrate_check, unchanged and different", "changed", 500, [CHECK], [CHECK])):
        figures.progress(name)
        times = [compared.run(template, lambda database, sessions=sessions: last(database, *sessions))
                 for _ in range(3)]
        wall = [one for one, _ in times]
        middle = figures.median(wall)
        rows.append([name] + ["%.0f" % value for value in (middle, min(wall), max(wall),
                                                           figures.median([cpu for _, cpu in times]))]
                    + ["" if target is None else "%d: %s" % (target, "met" if middle <= target else "MISSED")])
    figures.table(["what", "ms", "least", "most", "cpu ms", "target"], rows)
    print("  medians of 3; %s" % figures.load())


def many(server, options):
    """Tables by the ten thousand need more locks than there are by default."""
    count = options.many_tables
    figures.title("autogenerate: %d tables" % count)
    # each takes some 15: itself, its indexes, its toast table, its type...
    server.restart(max_locks_per_transaction=max(512, count // 3))
    compared = Compared(server, count)

    def timed(template, sql):
        def run(database):
            with server.session(database) as session:
                start = time.perf_counter()
                rows = session.execute(sql)
                return time.perf_counter() - start, rows
        return compared.run(template, run)

    rows = []
    for name, template, sql in (("migrate_snapshot", "compared", SNAPSHOT), ("migrate_check", "same", CHECK),
                                ("migrate_diff, %d changes" % (count // 100), "changed", DIFFER)):
        figures.progress(name)
        seconds, answer = timed(template, sql)
        rows.append([name, "%.2f" % seconds, answer[0][0] if answer else ""])
    figures.table(["what", "seconds", "answer"], rows)
    # the same with the default must be refused before anything was built
    server.restart(max_locks_per_transaction=64)
    with server.session("changed") as session:
        start = time.perf_counter()
        try:
            session.execute(DIFFER)
            print("  max_locks_per_transaction = 64: it went well")
        except Exception as error:      # pylint: disable=broad-except
            lines = str(error).strip().splitlines()[1:]
            print("  max_locks_per_transaction = 64: after %.2f s\n    %s" % (
                time.perf_counter() - start, "\n    ".join(lines)))
    server.restart()
    compared.forget()


def autogen(server, options):
    """migrate_check() and what it is made of."""
    compared = Compared(server, options.tables)
    check(compared, options)
    repeated(compared)
    compared.forget()
    many(server, options)
