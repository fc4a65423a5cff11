"""What an application feels of revisions that need ACCESS EXCLUSIVE locks on the tables it uses."""

import contextlib
import glob
import os
import random
import subprocess
import threading
import time

import figures
import histories
import scratch

TABLES = 4
ROWS = 10000
CLIENTS = 4
RATE = 300              # transactions a second
READERS = 2             # sessions with long transactions
HELD = 2, 6             # for so many seconds,
BETWEEN = 1, 3          # with a pause of so many
REVISIONS = 2           # of a deployment
INTERVAL = 5            # seconds from the beginning of one to that of the next one
LOCK_TIMEOUT = "2s"     # of psql; that of migrate_run() by default
RETRY = 1               # seconds until psql tries again

READ = "SELECT value, note FROM account_:table WHERE id = :id;\n"
WRITE = "UPDATE account_:table SET value = value + 1 WHERE id = :id;\n"
VARIABLES = "\\set table random(1, %d)\n\\set id random(1, %d)\n" % (TABLES, ROWS)


def upgrade_sql(number):
    table = "account_%d" % (number % TABLES + 1)
    return ("ALTER TABLE %s ADD COLUMN extra_%03d integer NOT NULL DEFAULT 0;\n"
            "ALTER TABLE %s ALTER COLUMN note SET DEFAULT 'revision %d';\n" % (table, number, table, number))


def script(number):
    return histories.script(number, upgrade_sql(number),
                            "ALTER TABLE account_%d DROP COLUMN extra_%03d;\n" % (number % TABLES + 1, number),
                            "extra %03d" % number)


class Application:
    """pgbench, and sessions that now and then read in a long transaction."""

    def __init__(self, server, database, directory, seed):
        self.server = server
        self.database = database
        self.directory = directory
        self.seed = seed
        self.stopped = threading.Event()
        self.failures = []

    def _long_transactions(self, number):
        chance = random.Random("%s reader %d" % (self.seed, number))
        try:
            with self.server.session(self.database, application="report") as session:
                while not self.stopped.wait(chance.uniform(*BETWEEN)):
                    session.execute("BEGIN")
                    session.execute("SELECT count(*) FROM account_%d" % chance.randint(1, TABLES))
                    self.stopped.wait(chance.uniform(*HELD))
                    session.execute("COMMIT")
        except Exception as error:      # pylint: disable=broad-except; raised again by latencies()
            self.failures.append(error)

    @contextlib.contextmanager
    def running(self):
        readers = [threading.Thread(target=self._long_transactions, args=(number,)) for number in range(READERS)]
        pgbench = subprocess.Popen(
            [os.path.join(self.server.bindir, "pgbench"), "-h", self.server.path("data"), "-p", str(self.server.port),
             "-U", "postgres", "-n", "-c", str(CLIENTS), "-j", "1", "-R", str(RATE), "-T", "3600",
             "--random-seed", str(self.seed), "-f", os.path.join(self.directory, "read.sql") + "@4",
             "-f", os.path.join(self.directory, "write.sql") + "@1",
             "--log", "--log-prefix", os.path.join(self.directory, "log"), self.database],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, encoding="utf-8")
        for reader in readers:
            reader.start()
        try:
            yield
        finally:
            self.stopped.set()
            ended = pgbench.poll() is not None
            pgbench.terminate()
            said = pgbench.communicate()[1]
            for reader in readers:
                reader.join()
        if ended:
            raise scratch.BenchError("pgbench ended: %s" % said[-2000:])
        if self.failures:
            raise self.failures[0]

    def latencies(self, since):
        """Of transactions that ended since then: milliseconds from when they were due, sorted."""
        found = []
        for name in glob.glob(os.path.join(self.directory, "log.*")):
            with open(name, encoding="utf-8") as file:
                for line in file:
                    fields = line.split()
                    # client, transaction, microseconds, script, end: seconds and microseconds, lag; the last line may be cut
                    if len(fields) == 7 and line.endswith("\n") and float(fields[4]) >= since:
                        found.append(int(fields[2]) / 1000)
            os.remove(name)
        return sorted(found)


def deploy_nothing(_server, _database, _first):
    """What the application is like by itself."""


def deploy_by_run(server, database, _first):
    figures.timed_process(server.psql(database, "-c", "CALL migrate_run('+%d')" % REVISIONS))


def deploy_by_psql(server, database, first):
    for number in range(first, first + REVISIONS):
        figures.timed_process(server.psql(database, "-1", "-f", server.path("latency", "%d.sql" % number)))


def deploy_by_patient_psql(server, database, first):
    """With a lock timeout, and again and again until it works."""
    for number in range(first, first + REVISIONS):
        while True:
            try:
                figures.timed_process(server.psql(database, "-1", "-c", "SET LOCAL lock_timeout = '%s'" % LOCK_TIMEOUT,
                                                  "-f", server.path("latency", "%d.sql" % number)))
                break
            except scratch.BenchError as error:
                if "lock timeout" not in str(error):
                    raise
            time.sleep(RETRY)


WAYS = {
    "nothing is deployed": deploy_nothing,
    "CALL migrate_run()": deploy_by_run,
    "psql": deploy_by_psql,
    "psql, lock_timeout, retries": deploy_by_patient_psql,
}


def _prepare(server, deployments):
    """The database to begin with, and what psql runs."""
    directory = server.path("latency")
    os.makedirs(directory, exist_ok=True)
    for name, text in ("read.sql", READ), ("write.sql", WRITE):
        with open(os.path.join(directory, name), "w", encoding="utf-8") as file:
            file.write(VARIABLES + text)
    server.create("accounts")
    with server.session("accounts") as session:
        session.execute("CREATE EXTENSION migrate")
        for table in range(1, TABLES + 1):
            session.execute("CREATE TABLE account_%d (id integer PRIMARY KEY, value integer NOT NULL, note text)" % table)
            session.execute("INSERT INTO account_%d SELECT i, 0, 'account ' || i FROM generate_series(1, %d) i"
                            % (table, ROWS))
        for number in range(deployments * REVISIONS):
            with open(os.path.join(directory, "%d.sql" % number), "w", encoding="utf-8") as file:
                file.write(upgrade_sql(number))
            session.execute("SELECT migrate_register($1, $2)", script(number),
                            histories.path(number, "extra %03d" % number))
        session.execute("VACUUM ANALYZE")


def _run(server, deploy, deployments, seed):
    """(sorted latencies, seconds of each deployment) of a way to deploy."""
    server.create("contest", "accounts")
    server.checkpoint()
    application = Application(server, "contest", server.path("latency"), seed)
    taken = []
    with application.running():
        time.sleep(2)
        began = time.time()
        for number in range(deployments):
            time.sleep(max(0, began + number * INTERVAL - time.time()))
            start = time.perf_counter()
            deploy(server, "contest", number * REVISIONS)
            taken.append(time.perf_counter() - start)
        time.sleep(max(0, began + deployments * INTERVAL - time.time()) + 1)
    server.drop("contest")
    return application.latencies(began), taken


def _percentile(values, percent):
    return values[min(int(len(values) * percent / 100), len(values) - 1)]


def latency(server, options):
    """Latencies of an application while revisions lock its tables."""
    figures.title("latency: %d transactions a second on %d tables, %d times %d revisions with ACCESS EXCLUSIVE locks"
                  % (RATE, TABLES, options.deployments, REVISIONS))
    _prepare(server, options.deployments)
    names = list(WAYS)
    found = {name: [] for name in names}
    for number in range(options.latency_rounds):
        for name in names[number % len(names):] + names[:number % len(names)]:
            figures.progress("round %d of %d: %s" % (number + 1, options.latency_rounds, name))
            latencies, taken = _run(server, WAYS[name], options.deployments, number + 1)
            found[name].append((_percentile(latencies, 50), _percentile(latencies, 99), latencies[-1],
                                100 * sum(value > 100 for value in latencies) / len(latencies),
                                sum(taken), max(taken)))
    server.drop("accounts")
    rows = []
    for name in names:
        middle = [figures.median(values) for values in zip(*found[name])]
        rows.append((name, "%.1f" % middle[0], "%.1f" % middle[1], "%.0f" % middle[2], "%.2f" % middle[3],
                     "" if name == names[0] else "%.1f" % middle[4], "" if name == names[0] else "%.1f" % middle[5]))
    figures.table(["way", "p50 ms", "p99 ms", "most ms", "% over 100 ms", "s to deploy", "longest"], rows)
    print("  medians of %d rounds; %s" % (options.latency_rounds, figures.load()))
