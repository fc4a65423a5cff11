"""Runs of many schemas: CALL migrate_run('head', schemas => ...), against one psql that goes through all of them."""

import time

import figures
import histories
import scratch

REFERENCE = "psql -f"
ALTERS = 20
PATTERN = "tenant\\_%"
FIRST, SECOND = (histories.revision_id(number) for number in (0, 1))
COLUMNS = "id bigint PRIMARY KEY, name text NOT NULL, amount numeric(12,2) NOT NULL DEFAULT 0, note text"


def tenant(number):
    return "tenant_%05d" % number


def alters():
    """What a revision does to each schema."""
    kinds = ["ALTER TABLE item ADD COLUMN c%d integer DEFAULT 0;\n", "ALTER TABLE item ALTER COLUMN c%d SET NOT NULL;\n",
             "ALTER TABLE item ALTER COLUMN c%d DROP DEFAULT;\n", "ALTER TABLE item RENAME COLUMN c%d TO d%d;\n"]
    return "".join(kind.replace("%d", str(step // len(kinds)))
                   for step, kind in ((step, kinds[step % len(kinds)]) for step in range(ALTERS)))


def write_transactions(path, count):
    """A file for psql: a transaction for each schema."""
    with open(path, "w", encoding="utf-8") as file:
        for number in range(count):
            file.write("BEGIN;\nSET LOCAL search_path = %s, public;\n%sINSERT INTO public.version VALUES ('%s', '%s');\nCOMMIT;\n"
                       % (tenant(number), alters(), tenant(number), SECOND))


class Contest:
    """Ways to make the same revision in all schemas of a database."""

    def __init__(self, server, count):
        self.server = server
        self.count = count
        self.databases = []
        self.latest = {}    # by template
        self.sql = server.path("tenants.sql")
        write_transactions(self.sql, count)
        server.drop("tenants", "tenants_migrate")
        server.create("tenants")
        with server.session("tenants") as session:
            session.execute("CREATE TABLE version (schema_name name, version_num varchar(32), PRIMARY KEY (schema_name, version_num))")
            for number in range(count):
                session.execute("CREATE SCHEMA %s CREATE TABLE item (%s)" % (tenant(number), COLUMNS))
            session.execute("VACUUM ANALYZE")
        server.create("tenants_migrate", "tenants")
        with server.session("tenants_migrate") as session:
            session.execute("CREATE EXTENSION migrate")
            for number, up in enumerate(["CREATE TABLE item (%s);\n" % COLUMNS, alters()]):
                session.execute("SELECT migrate_register($1, $2)", histories.script(number, up, "", "step %d" % number),
                                histories.path(number, "step"))
            # the tables are there; a stamp for each would be a row of the ledger for each
            session.execute("INSERT INTO migrate_version (schema_name, version_num) SELECT nspname, '%s' FROM pg_namespace"
                            " WHERE nspname LIKE '%s'" % (FIRST, PATTERN))
            session.execute("VACUUM ANALYZE")

    def way(self, template, versions, *arguments):
        """A function that times a psql in a new database, which is left for the rest of the case."""
        def run():
            database = "tenants_%d" % len(self.databases)
            self.databases.append(database)
            self.latest[template] = database
            self.server.create(database, template)
            self.server.checkpoint()
            before = self.server.ended_seconds()
            seconds, _ = figures.timed_process(self.server.psql(database, *arguments))
            # the postmaster does not take notice at once
            time.sleep(0.2)
            processor = self.server.ended_seconds() - before
            with self.server.session(database) as session:
                done = session.value("SELECT count(*) FROM %s WHERE version_num = '%s'" % (versions, SECOND))
            if int(done) != self.count:
                raise scratch.BenchError("%s schemas instead of %d" % (done, self.count))
            return seconds, processor
        return run


def call(jobs):
    return "CALL migrate_run('head', schemas => '%s', jobs => %d)" % (PATTERN, jobs)


def tell_nothing_to_do(server, database, count):
    """What a call costs that finds all schemas at the head."""
    rows = []
    for name, sql, target in (("second " + call(2), call(2), 100 if count <= 10000 else None),
                              ("migrate_status()", "SELECT count(*) FROM migrate_status('%s')" % PATTERN, None)):
        with server.session(database) as session:
            first = session.timed(sql) * 1000
            middle, least, most = (value * 1000 for value in figures.repeat(lambda: session.timed(sql), 10))
        rows.append((name, "%.1f" % middle, "%.1f" % least, "%.1f" % most, "%.1f" % first,
                     figures.verdict(middle, target) if target else ""))
    figures.table(["%d schemas, nothing to do" % count, "ms", "least", "most", "first in session", ""], rows)


def tenants(server, options):
    """The time of a revision of 20 ALTERs in all schemas, and that of a call with nothing to do."""
    count = options.tenants
    contest = Contest(server, count)
    contestants = {
        REFERENCE: contest.way("tenants", "version", "-f", contest.sql),
        "jobs => 1": contest.way("tenants_migrate", "migrate_version", "-c", call(1)),
        "jobs => 2": contest.way("tenants_migrate", "migrate_version", "-c", call(2)),
    }
    targets = {"jobs => 1": 1.1, "jobs => 2": 0.65}
    for fsync in ["off"] if options.no_fsync else ["on", "off"]:
        figures.title("tenants: %d schemas, a revision of %d ALTERs in each, a transaction for each schema, with fsync %s"
                      % (count, ALTERS, fsync))
        server.restart(fsync=fsync)
        rows = []
        results = figures.alternate(contestants, options.tenant_rounds, REFERENCE)
        for name, (middle, least, most, ratio, cpu, cpu_ratio) in results.items():
            rows.append((name, "%.2f" % middle, "%.2f" % least, "%.2f" % most, "%.2f" % ratio, "%.2f" % cpu,
                         "%.2f" % cpu_ratio, figures.verdict(ratio, targets[name]) if name in targets else ""))
        figures.table(["way", "seconds", "least", "most", "ratio", "cpu s", "ratio", ""], rows)
        print("  medians of %d rounds; ratio: median of the ratios to psql in the same round; cpu: of backends and workers; %s"
              % (options.tenant_rounds, figures.load()))
    server.restart()
    tell_nothing_to_do(server, contest.latest["tenants_migrate"], count)
    server.drop(*contest.databases)
