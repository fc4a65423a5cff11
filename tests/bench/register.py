"""Bringing scripts into the store."""

import time

import figures
import histories
from rss import Peak


def _each(session, scripts):
    session.execute("BEGIN")
    for name, text in scripts:
        session.execute("SELECT migrate_register($1, $2)", text, name)
    session.execute("COMMIT")


def _commit_each(session, scripts):
    for name, text in scripts:
        session.execute("SELECT migrate_register($1, $2)", text, name)


def _once(session, scripts):
    session.execute(histories.register_at_once(scripts))


def _insert(session, scripts):
    session.execute("BEGIN")
    for name, text in scripts:
        session.execute("INSERT INTO plain VALUES ($1, $2)", name, text)
    session.execute("COMMIT")


def register(server, options):
    """How long does a script take to register?"""
    figures.title("register: scripts of an application table each, into an empty store")
    rows = []
    for count in options.registered:
        scripts = histories.tables(count)
        location = server.path("register")
        histories.write(location, scripts)
        server.readable(location)

        def _load(session, _, location=location):
            session.execute("SET migrate.script_location = '%s'" % location)
            session.execute("SELECT count(*) FROM migrate_load()")

        ways = {"a call each, one transaction": _each, "the same again, unchanged": None,
                "a call each, a transaction each": _commit_each,
                "one statement": _once, "migrate_load": _load,
                "(plain INSERT, one transaction)": _insert}
        for name, way in ways.items():
            figures.progress("%d scripts: %s" % (count, name))
            seconds, grown = [], []
            for _ in range(3):
                server.create("register")
                with server.session("register") as session:
                    session.execute("CREATE EXTENSION migrate")
                    session.execute("CREATE TABLE plain (path text PRIMARY KEY, script text)")
                    if way is None:
                        _each(session, scripts)
                with server.session("register") as session, Peak(session.pid) as peak:
                    start = time.perf_counter()
                    (way or _each)(session, scripts)
                    seconds.append(time.perf_counter() - start)
                grown.append(peak.grown)
                server.drop("register")
            middle = figures.median(seconds)
            rows.append((name, count, "%.2f" % middle, "%.2f" % min(seconds), "%.2f" % max(seconds),
                         "%.0f" % (middle * 1e6 / count), "%.1f" % figures.median(grown)))
    figures.table(["way", "scripts", "seconds", "least", "most", "us each", "MB grown"], rows)
    print("  medians of 3; %s" % figures.load())
