"""Setting a column of a large table, one statement or batches, and what an application that works on it feels."""

import glob
import os
import subprocess
import time

import figures
import scratch

RATE = 200              # transactions a second
CLIENTS = 4
BATCH = 10000           # rows, of the loop by hand
WARM = 3                # seconds of the application before

CREATE = """CREATE TABLE item (id bigint PRIMARY KEY, payload text NOT NULL, value integer);
INSERT INTO item SELECT i, repeat(md5(i::text), 3) FROM generate_series(1, %d) AS i;
VACUUM ANALYZE item;
CREATE EXTENSION migrate"""
WRITE = "\\set id random(1, %d)\nUPDATE item SET payload = payload WHERE id = :id;\n"
UPDATE = "UPDATE item SET value = 1"
LOOP = """DO $$
DECLARE
	first bigint := 1;
	last bigint := (SELECT max(id) FROM item);
BEGIN
	WHILE first <= last LOOP
		UPDATE item SET value = 1 WHERE id >= first AND id < first + %d;
		COMMIT;
		first := first + %d;
	END LOOP;
END $$""" % (BATCH, BATCH)
CALL = "CALL migrate_backfill('item', '%s')" % UPDATE
NOTHING = "nothing"
WAYS = {
    NOTHING: ["SELECT pg_sleep(10)"],
    "one UPDATE": [UPDATE],
    "loop by hand": [LOOP],
    "CALL migrate_backfill()": [CALL],
    "the same, batch_target = 100 ms": ["SET migrate.batch_target = '100 ms'", CALL],
}


class Application:
    """A pgbench that updates single rows by their key."""

    def __init__(self, server, database, script):
        self.prefix = server.path("backfill.log")
        self.process = subprocess.Popen(
            [os.path.join(server.bindir, "pgbench"), "-h", server.path("data"), "-p", str(server.port), "-U", "postgres",
             "-n", "-c", str(CLIENTS), "-j", "1", "-R", str(RATE), "-T", "36000", "-f", script,
             "--log", "--log-prefix", self.prefix, database],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, encoding="utf-8")

    def stop(self):
        """Its latencies: (end of the transaction, milliseconds since it was due)."""
        ended = self.process.poll() is not None
        self.process.terminate()
        said = self.process.communicate()[1]
        if ended:
            raise scratch.BenchError("pgbench ended: %s" % said[-2000:])
        found = []
        for name in glob.glob(self.prefix + ".*"):
            with open(name, encoding="utf-8") as file:
                for line in file:
                    fields = line.split()
                    # client, transaction, microseconds, script, end: seconds and microseconds, lag; the last line may be cut
                    if len(fields) == 7 and line.endswith("\n"):
                        found.append((float(fields[4]) + float(fields[5]) / 1e6, float(fields[2]) / 1000))
            os.remove(name)
        return found


def measure(server, name, script, rows):
    """(seconds, bytes that the table has grown by, and had, sorted latencies) of one way, in a new copy of the table."""
    server.drop("backfill_copy")
    server.create("backfill_copy", "backfill")
    server.checkpoint()
    with server.session("backfill_copy") as session:
        before = int(session.value("SELECT pg_relation_size('item')"))
        application = Application(server, "backfill_copy", script)
        time.sleep(WARM)
        since = time.time()
        seconds, _ = figures.timed_process(server.psql("backfill_copy", *(word for sql in WAYS[name] for word in ("-c", sql))))
        # who was kept waiting to the end is counted, too
        until = time.time()
        time.sleep(1)
        latencies = application.stop()
        growth = int(session.value("SELECT pg_relation_size('item')")) - before
        if name != NOTHING and int(session.value("SELECT count(*) FROM item WHERE value = 1")) != rows:
            raise scratch.BenchError("%s has not set all rows" % name)
    return seconds, growth, before, sorted(took for end, took in latencies if end >= since and end - took / 1000 <= until)


def backfill(server, options):
    """An int column of all rows is set, while an application updates random rows."""
    count = options.rows
    figures.title("backfill: %d rows, beside %d transactions a second" % (count, RATE))
    server.restart(autovacuum="on")
    server.drop("backfill")
    server.create("backfill")
    with server.session("backfill") as session:
        for statement in (CREATE % count).split(";\n"):
            session.execute(statement)
    script = server.path("backfill.sql")
    with open(script, "w", encoding="utf-8") as file:
        file.write(WRITE % count)
    rows = []
    for name in WAYS:
        figures.progress(name)
        seconds, growth, before, latencies = measure(server, name, script, count)
        rows.append((name, "%.1f" % seconds, "%.0f" % (growth / 2**20), "%.0f" % (100 * growth / before),
                     len(latencies), *("%.1f" % latencies[min(int(len(latencies) * share), len(latencies) - 1)]
                                       for share in (0.5, 0.99, 1))))
    figures.table(["way", "seconds", "growth MB", "%", "transactions", "median ms", "p99 ms", "most ms"], rows)
    print("  latencies: of the application's transactions meanwhile; %s" % figures.load())
    server.drop("backfill_copy", "backfill")
    server.restart()
