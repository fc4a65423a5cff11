"""Large stores: loading, planning, and above all having nothing to do."""

import os
import shutil

import figures
import histories
import pq
from rss import Peak

UPGRADE = "SELECT count(*) FROM migrate_upgrade('head')"
TARGET_PUSHED = 1.0         # ms
TARGET_DIRECTORY = 50.0
LIMIT = 30                  # s


def _nothing_to_do(server, database, location=""):
    """Medians in ms: (first call of a session, later calls, SELECT 1)."""
    first, later, base = [], [], []
    for _ in range(11):
        with server.session(database) as session:
            if location:
                session.execute("SET migrate.script_location = '%s'" % location)
            base.append(min(session.timed("SELECT 1") for _ in range(5)))
            first.append(session.timed(UPGRADE))
            later += [session.timed(UPGRADE) for _ in range(10)]
    return tuple(1000 * figures.median(values) for values in (first, later, base))


def _step(server, database, sql, location):
    """Seconds and MB for a statement in a session of its own."""
    with server.session(database) as session:
        session.execute("SET client_min_messages = warning")
        if location:
            session.execute("SET migrate.script_location = '%s'" % location)
        with Peak(session.pid) as peak:
            seconds = session.timed(sql)
        return seconds, peak.grown


STEPS = [("load the files", "SELECT count(*) FROM migrate_load()", True),
         ("load again, nothing new", "SELECT count(*) FROM migrate_load()", True),
         ("graph: heads", "SELECT count(*) FROM migrate_heads()", False),
         ("history", "SELECT count(*) FROM migrate_history()", False),
         ("plan to head", "SELECT count(*) FROM migrate_plan('head')", False),
         ("stamp head", "SELECT count(*) FROM migrate_stamp('head')", False)]


def _large(server, size):
    database, location = "store_%d" % size, server.path("store_%d" % size)
    histories.write(location, histories.small(size))
    server.readable(location)
    server.create(database)
    with server.session(database) as session:
        session.execute("CREATE EXTENSION migrate")
    results = {}
    for name, sql, with_location in STEPS:
        figures.progress("%d revisions: %s" % (size, name))
        results[name] = _step(server, database, sql, location if with_location else "")
    figures.progress("%d revisions: nothing to do" % size)
    results["pushed"] = _nothing_to_do(server, database)
    results["directory"] = _nothing_to_do(server, database, location)
    return results


def _after_a_run(server, size):
    """Nothing to do, right after a run of so many steps: the version row has changed as often."""
    location = server.path("store_%d" % size)
    server.create("walked")
    with server.session("walked") as session:
        session.execute("CREATE EXTENSION migrate")
        session.execute("CREATE TABLE done (step int)")
        session.execute("SET migrate.script_location = '%s'" % location)
        session.execute("SET client_min_messages = warning")
        seconds = session.timed(UPGRADE)
    before = _nothing_to_do(server, "walked")
    with server.session("walked") as session:
        session.execute("VACUUM")
    after = _nothing_to_do(server, "walked")
    server.drop("walked")
    return seconds, before, after


def _limited(session, sql, *parameters):
    """Milliseconds as text; what takes more than LIMIT is given up."""
    session.execute("SET statement_timeout = '%ds'" % LIMIT)
    try:
        return "%.1f" % (1000 * session.timed(sql, *parameters)), True
    except pq.PqError as error:
        if "statement timeout" not in str(error):
            raise
        return "> %d" % (LIMIT * 1000), False
    finally:
        session.execute("RESET statement_timeout")


def _changed(server, size):
    """What asks which revisions are applied: a file of one is gone, a script of another one is changed."""
    database, location = "store_%d" % size, server.path("store_%d" % size)
    scripts = histories.small(size)
    with server.session(database) as session:
        # the last revision is not applied, so that its script may be replaced
        session.execute("SELECT count(*) FROM migrate_stamp('%s')" % histories.revision_id(size - 2))
        name, text = scripts[-1]
        other = text.replace("VALUES (", "SELECT (")
        replaced, _ = _limited(session, "SELECT migrate_register($1, $2)", other, name)
        session.execute("SELECT migrate_register($1, $2)", text, name)
        session.execute("SELECT count(*) FROM migrate_stamp('head')")
        os.unlink(os.path.join(location, scripts[size // 2][0]))
        session.execute("SET migrate.script_location = '%s'" % location)
        vanished, known = _limited(session, UPGRADE)
        if known:
            vanished, known = _limited(session, UPGRADE)
    return replaced, vanished


def idle(server, options):
    """Nothing to do, and large stores."""
    small, large = options.sizes[0], options.sizes[-1]
    figures.title("idle: large stores, and nothing to do")
    results = {size: _large(server, size) for size in options.sizes}

    rows = []
    for name, _, _ in STEPS:
        cells = []
        for size in options.sizes:
            seconds, grown = results[size][name]
            cells += ["%.0f" % (seconds * 1000), "%.1f" % (seconds * 1e6 / size), "%.1f" % grown]
        few, many = results[small][name][0] / small, results[large][name][0] / large
        rows.append([name] + cells + ["%.2f" % (many / few)])
    header = ["step"]
    for size in options.sizes:
        header += ["ms, %d" % size, "us each", "MB"]
    figures.table(header + ["growth"], rows)
    print("  MB: what the backend's memory grew by at most; growth: time per revision, largest store to smallest")
    print("  (1 is linear)")

    rows = []
    for size in options.sizes:
        for name, target in ("pushed", TARGET_PUSHED), ("directory", TARGET_DIRECTORY):
            first, later, base = results[size][name]
            rows.append(("%s, %d revisions" % (name, size), "%.2f" % later, "%.2f" % first, "%.2f" % base,
                         figures.verdict(later, target) if size == small else ""))
    seconds, before, after = _after_a_run(server, small)
    rows.append(("right after a run of %d steps" % small, "%.2f" % before[1], "%.2f" % before[0], "%.2f" % before[2],
                 figures.verdict(before[1], TARGET_PUSHED)))
    rows.append(("the same after VACUUM", "%.2f" % after[1], "%.2f" % after[0], "%.2f" % after[2], ""))
    print()
    figures.table(["nothing to do", "ms", "first in session", "SELECT 1", ""], rows)
    rows = [(size, *_changed(server, size)) for size in options.sizes]
    print()
    figures.table(["revisions", "replace a script, ms", "file of an applied one gone, ms"], rows)
    print("  %d steps of one INSERT each, loaded from the directory, took %.1f s; %s"
          % (small, seconds, figures.load()))
    for size in options.sizes:
        server.drop("store_%d" % size)
        shutil.rmtree(server.path("store_%d" % size))
