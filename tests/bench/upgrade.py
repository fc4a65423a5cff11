"""A whole history at once: migrate_upgrade('head'), psql, and other tools."""

import contextlib
import os
import subprocess
import sys
import time

import figures
import histories
import peers
import scratch

UPGRADE = "SELECT count(*) FROM migrate_upgrade('head')"
LOOP = ("DO $$ DECLARE sql text; BEGIN"
        " FOR sql IN SELECT text FROM texts ORDER BY number LOOP EXECUTE sql; END LOOP; END $$")

# The ways whose time a delay must not change; only they are run more than once with it.
UNMOVED = ["migrate_upgrade", "+ migrate_register, one statement", "+ loading a directory"]


@contextlib.contextmanager
def delayed(server, milliseconds):
    """A port of the server with a delay in each direction."""
    proxy = subprocess.Popen([sys.executable, os.path.join(os.path.dirname(os.path.abspath(__file__)), "proxy.py"),
                              str(server.port), str(milliseconds)],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8")
    try:
        yield int(proxy.stdout.readline())
    finally:
        proxy.stdin.close()
        proxy.wait()


class Contest:
    """Ways to bring an empty database to the head of the same history."""

    def __init__(self, server, count):
        self.server = server
        self.count = count
        self.scripts = histories.tables(count)
        self.location = server.path("history")
        self.sql = server.path("all.sql")
        histories.write(self.location, self.scripts)
        with open(self.sql, "w", encoding="utf-8") as file:
            file.write("".join("".join(histories.table_sql(number)) for number in range(count)))
        with open(server.path("calls.sql"), "w", encoding="utf-8") as file:
            file.write(histories.register_calls(self.scripts) + UPGRADE + ";\n")
        with open(server.path("once.sql"), "w", encoding="utf-8") as file:
            file.write(histories.register_at_once(self.scripts) + UPGRADE + ";\n")
        server.readable(server.directory + "/history")
        self._templates()

    def _templates(self):
        """Databases that the contestants start from, copied before the clock runs."""
        self.server.create("empty")
        with self.server.session("empty") as session:
            session.execute("CREATE EXTENSION migrate")
        self.server.create("registered", "empty")
        with self.server.session("registered") as session:
            session.execute("BEGIN")
            for name, text in self.scripts:
                session.execute("SELECT migrate_register($1, $2)", text, name)
            session.execute("COMMIT")
            session.execute("VACUUM ANALYZE")
        self.server.create("stored", "empty")
        with self.server.session("stored") as session:
            session.execute("CREATE TABLE texts (number int, text text)")
            for number in range(self.count):
                session.execute("INSERT INTO texts VALUES ($1::int, $2)", str(number),
                                "".join(histories.table_sql(number)))

    def _run(self, template, run, location=""):
        """What run(database) returns, in a new database: seconds and processor seconds."""
        self.server.create("contest", template)
        if location:
            self.server.admin("ALTER DATABASE contest SET migrate.script_location = '%s'" % location)
        self.server.checkpoint()
        result = run("contest")
        with self.server.session("contest") as session:
            tables = session.value("SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relname LIKE 'item\\_%'")
        if int(tables) != self.count:
            raise scratch.BenchError("%s tables instead of %d" % (tables, self.count))
        self.server.drop("contest")
        return result

    def _bind(self, database, port):
        start = time.perf_counter()
        with self.server.session(database, port) as session:
            session.execute("BEGIN")
            for name, text in self.scripts:
                session.execute("SELECT migrate_register($1, $2)", text, name)
            session.execute(UPGRADE)
            session.execute("COMMIT")
            seconds = time.perf_counter() - start
            return seconds, figures.processor_seconds(session.value(figures.BACKEND_STAT))

    def contestants(self, port=None):
        """{name: function}.  With a port, all go through it; else by the socket."""
        def psql(template, *arguments, location=""):
            return lambda: self._run(template, lambda database: figures.timed_psql(
                self.server.psql(database, *arguments, port=port)), location)

        return {
            "psql -1 -f": psql("template0", "-1", "-f", self.sql),
            "migrate_upgrade": psql("registered", "-c", UPGRADE),
            "+ migrate_register, one statement": psql("empty", "-1", "-f", self.server.path("once.sql")),
            "+ migrate_register, a call each": psql("empty", "-1", "-f", self.server.path("calls.sql")),
            "+ migrate_register, bind parameters": lambda: self._run(
                "empty", lambda database: self._bind(database, port)),
            "+ loading a directory": psql("empty", "-c", UPGRADE, location=self.location),
        }

    def loop(self):
        return lambda: self._run("stored", lambda database: figures.timed_psql(
            self.server.psql(database, "-c", LOOP)))

    def peer(self, peer, port):
        arguments, environment = peer.command("contest", port)
        return lambda: self._run("template0", lambda _: (figures.timed_process(
            arguments, env=dict(os.environ, **environment), cwd=self.server.directory)[0], None))


def _find_peers(contest, options):
    if options.no_peers:
        return []
    ready, skipped = peers.available()
    for name, reason in skipped.items():
        print("  %s is skipped: %s" % (name, reason))
    for peer in ready:
        peer.write(contest.server.path("peer-" + peer.name), contest.count)
    if ready:
        print("  peers: " + ", ".join("%s %s" % (peer.name, peer.version()) for peer in ready))
    return ready


def _contest(server, options):
    contest = getattr(server, "contest", None)
    if contest is None:
        contest = server.contest = Contest(server, options.revisions)
        contest.peers = _find_peers(contest, options)
    return contest


def upgrade(server, options):
    """N revisions against psql and other tools."""
    figures.title("upgrade: %d revisions, each a table with 8 columns, a primary key, an index, a foreign key"
                  % options.revisions)
    contest = _contest(server, options)
    contestants = contest.contestants()
    contestants["psql -1 -f, again (noise)"] = contestants["psql -1 -f"]
    contestants["PL/pgSQL loop over stored texts"] = contest.loop()
    for peer in contest.peers:
        contestants[peer.name] = contest.peer(peer, server.port)
    results = figures.alternate(contestants, options.rounds, "psql -1 -f")
    targets = {"migrate_upgrade": 0.95, "+ migrate_register, one statement": 1.05,
               "+ migrate_register, a call each": 1.05, "+ migrate_register, bind parameters": 1.05,
               "+ loading a directory": 1.05}
    rows = []
    for name, (middle, least, most, ratio, cpu, cpu_ratio) in results.items():
        rows.append((name, "%.2f" % middle, "%.2f" % least, "%.2f" % most, "%.2f" % ratio,
                     "" if cpu is None else "%.2f" % cpu, "" if cpu is None else "%.2f" % cpu_ratio,
                     figures.verdict(ratio, targets[name]) if name in targets else ""))
    figures.table(["way", "seconds", "least", "most", "ratio", "cpu s", "ratio", ""], rows)
    print("  medians of %d rounds; ratio: median of the ratios to psql in the same round; cpu: of the backend; %s"
          % (options.rounds, figures.load()))


def delay(server, options):
    """The same over a connection with a delay."""
    figures.title("delay: %d revisions, %g ms on the loopback connection in each direction"
                  % (options.revisions, options.delay))
    contest = _contest(server, options)
    with delayed(server, 0) as near, delayed(server, options.delay) as far:
        ports = [near, far]
        trips = []
        for port in ports:
            with server.session("postgres", port) as session:
                trips.append(figures.repeat(lambda: session.timed("SELECT 1"), 21)[0] * 1000)
        print("  a round trip takes %.1f ms and %.1f ms" % tuple(trips))
        ways = [contest.contestants(port) for port in ports]
        names = UNMOVED + ["psql -1 -f", "+ migrate_register, bind parameters"] + [peer.name for peer in contest.peers]
        seconds = {name: ([], []) for name in names}
        for number in range(options.delay_rounds):
            for name in names if number == 0 else UNMOVED:
                for side, port in enumerate(ports):
                    figures.progress("round %d: %s" % (number + 1, name))
                    run = ways[side].get(name)
                    if run is None:
                        run = contest.peer(next(peer for peer in contest.peers if peer.name == name), port)
                    seconds[name][side].append(run()[0])
    rows = []
    for name in names:
        without, with_delay = (figures.median(taken) for taken in seconds[name])
        rows.append((name, len(seconds[name][0]), "%.2f" % without, "%.2f" % with_delay,
                     "%+.2f" % (with_delay - without),
                     "%.2f" % figures.median(b / a for a, b in zip(*seconds[name]))))
    figures.table(["way", "rounds", "s without", "s with", "more", "ratio"], rows)
    print("  medians, all through the proxy, the start of the client and its connection included; %s" % figures.load())
