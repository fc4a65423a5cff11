"""Memory of the backend against the number of statements that it runs."""

import figures
import histories
from rss import Peak

# What the backend has allocated when a statement of the script runs.
MARK = "INSERT INTO mark SELECT 'bench', sum(total_bytes) FROM pg_backend_memory_contexts;\n"


def _script(number, statements, marked):
    rows = range(number * statements, (number + 1) * statements)
    lines = ["INSERT INTO item VALUES (%d, 'row number %d of the table');\n" % (row, row) if row % 2 == 0 else
             "UPDATE item SET name = 'another name for it' WHERE id = %d;\n" % row for row in rows]
    if marked:
        # after 100 statements the caches of the backend are filled
        middle = min(100, statements // 2)
        lines[middle:middle] = [MARK]
        lines.append(MARK)
    return histories.script(number, "".join(lines), "TRUNCATE item;\n", "step %06d" % number)


def _measure(server, revisions, statements):
    server.create("memory")
    with server.session("memory") as session:
        session.execute("CREATE EXTENSION migrate")
        session.execute("CREATE TABLE item (id bigint PRIMARY KEY, name text)")
        session.execute("CREATE TABLE mark (name text, bytes bigint, number int GENERATED ALWAYS AS IDENTITY)")
        # rows to update: PostgreSQL remembers each row that a transaction both adds and changes
        session.execute("INSERT INTO item SELECT i, 'a name' FROM generate_series(1, %d, 2) i"
                        % (revisions * statements))
        size = 0
        for number in range(revisions):
            text = _script(number, statements, number in (0, revisions - 1))
            size += len(text)
            session.execute("SELECT migrate_register($1, $2)", text, histories.path(number, "step"))
    with server.session("memory") as session:
        session.execute("SET client_min_messages = warning")
        with Peak(session.pid) as peak:
            seconds = session.timed("SELECT count(*) FROM migrate_upgrade('head')")
        marks = [int(row[0]) for row in session.execute("SELECT bytes FROM mark ORDER BY number")]
    server.drop("memory")
    megabytes = size / 1048576
    return ("%d x %d" % (revisions, statements), "%.2f" % seconds, "%.1f" % (seconds * 1e6 / revisions / statements),
            "%.2f" % megabytes, "%.1f" % peak.grown, "%.1f" % (peak.grown / megabytes),
            "%.2f" % (marks[0] / 1048576), "%.2f" % (marks[-1] / 1048576), "%+.2f" % ((marks[-1] - marks[0]) / 1048576))


def memory(server, options):
    """Memory does not grow with the number of statements run."""
    figures.title("memory: one-row INSERT and UPDATE statements")
    cases = [(1, statements) for statements in options.statements]
    cases += [(100, options.statements[-1] // 100), (1000, options.statements[-1] // 1000)]
    rows = []
    for revisions, statements in cases:
        figures.progress("%d x %d" % (revisions, statements))
        rows.append(_measure(server, revisions, statements))
    figures.table(["revisions x statements", "seconds", "us each", "MB of scripts", "MB grown", "per script MB",
                   "first", "last", "while running"], rows)
    print("  MB grown: the most that the backend's memory grew by; first, last: MB allocated in its memory contexts\n"
          "  when an early and the last statement ran; while running: their difference, which must stay near 0")
