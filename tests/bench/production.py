"""Production runs: what CALL migrate_run('head') costs, and what it spares those who use the tables meanwhile."""

import figures
import histories
import scratch

RUN = "CALL migrate_run('head')"
REFERENCE = "psql -f"


def write_transactions(path, count):
    """A file for psql: a transaction for each revision, which moves the version, too."""
    with open(path, "w", encoding="utf-8") as file:
        for number in range(count):
            file.write("BEGIN;\n%s" % "".join(histories.table_sql(number)))
            if number == 0:
                file.write("INSERT INTO version VALUES ('%s');\n" % histories.revision_id(0))
            else:
                file.write("UPDATE version SET version_num = '%s' WHERE version_num = '%s';\n"
                           % (histories.revision_id(number), histories.revision_id(number - 1)))
            file.write("COMMIT;\n")


class Contest:
    """Ways to make the same history, each revision in a transaction of its own."""

    def __init__(self, server, count):
        self.server = server
        self.count = count
        self.databases = []
        self.sql = server.path("transactions.sql")
        write_transactions(self.sql, count)
        server.drop("registered", "version")
        server.create("registered")
        with server.session("registered") as session:
            session.execute("CREATE EXTENSION migrate")
            session.execute("BEGIN")
            for name, text in histories.tables(count):
                session.execute("SELECT migrate_register($1, $2)", text, name)
            session.execute("COMMIT")
            session.execute("VACUUM ANALYZE")
        server.create("version")
        with server.session("version") as session:
            session.execute("CREATE TABLE version (version_num varchar(32) PRIMARY KEY)")

    def psql(self, template, *arguments):
        """A function that times a psql in a new database.

        The databases stay until the end: where many files have just been
        removed, ext4 takes several times as long to create a new one.
        """
        def run():
            database = "contest_%d" % len(self.databases)
            self.databases.append(database)
            self.server.create(database, template)
            self.server.checkpoint()
            result = figures.timed_psql(self.server.psql(database, *arguments))
            with self.server.session(database) as session:
                tables = session.value("SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relname LIKE 'item\\_%'")
            if int(tables) != self.count:
                raise scratch.BenchError("%s tables instead of %d" % (tables, self.count))
            return result
        return run


def production(server, options):
    """The time of CALL migrate_run() against psql, with and without fsync."""
    contest = Contest(server, options.revisions)
    contestants = {
        REFERENCE: contest.psql("version", "-f", contest.sql),
        RUN: contest.psql("registered", "-c", RUN),
        "psql -f, again (noise)": contest.psql("version", "-f", contest.sql),
    }
    for fsync in ["off"] if options.no_fsync else ["on", "off"]:
        figures.title("production: %d revisions, each in a transaction, with fsync %s" % (options.revisions, fsync))
        server.restart(fsync=fsync)
        rows = []
        results = figures.alternate(contestants, options.rounds, REFERENCE)
        for name, (middle, least, most, ratio, cpu, cpu_ratio) in results.items():
            rows.append((name, "%.2f" % middle, "%.2f" % least, "%.2f" % most, "%.2f" % ratio,
                         "%.2f" % cpu, "%.2f" % cpu_ratio, figures.verdict(ratio, 1.05) if name == RUN else ""))
        figures.table(["way", "seconds", "least", "most", "ratio", "cpu s", "ratio", ""], rows)
        print("  medians of %d rounds; ratio: median of the ratios to psql in the same round; cpu: of the backend; %s"
              % (options.rounds, figures.load()))
    server.restart()
    server.drop(*contest.databases)
