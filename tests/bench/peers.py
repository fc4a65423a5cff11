"""Other migration tools, on the same statements, as they run by default.

  Alembic           one transaction for all revisions; a file each that calls op.execute()
  node-pg-migrate   one transaction for all migrations; an SQL file each
  dbmate            a transaction for each migration; an SQL file each

They are installed below the user's cache directory and stay there.  A peer
that cannot be installed is passed over, and the reason is said.
"""

import json
import os
import shutil
import subprocess
import sys

import histories

CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "migrate-bench")

ALEMBIC_ENV = """\
from alembic import context
from sqlalchemy import create_engine

engine = create_engine(context.config.get_main_option("sqlalchemy.url"))
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""

ALEMBIC_REVISION = '''\
"""create item %(number)05d

Revision ID: %(id)s
Revises: %(down)s
"""
from alembic import op

revision = %(id)r
down_revision = %(down)r
branch_labels = None
depends_on = None


def upgrade() -> None:
%(calls)s

def downgrade() -> None:
    op.execute("DROP TABLE item_%(number)05d")
'''


class Skipped(Exception):
    pass


def _install(arguments):
    try:
        result = subprocess.run(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                encoding="utf-8", errors="replace", timeout=600, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Skipped(str(error)) from None
    if result.returncode:
        lines = [line for line in result.stdout.splitlines() if line.strip()]
        raise Skipped("%s: %s" % (" ".join(arguments[:3]), lines[-1] if lines else "failed"))


class Alembic:
    name = "Alembic"

    def install(self):
        place = os.path.join(CACHE, "alembic")
        self.program = os.path.join(place, "bin", "alembic")
        self.pip = os.path.join(place, "bin", "pip")
        if not os.path.exists(self.program):
            _install([sys.executable, "-m", "venv", place])
            _install([self.pip, "-q", "install", "alembic", "sqlalchemy", "psycopg2-binary"])

    def version(self):
        words = subprocess.run([self.program, "--version"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               encoding="utf-8", check=False).stdout.split()
        return words[-1] if words else "?"

    def write(self, directory, count):
        self.directory = directory
        versions = os.path.join(directory, "versions")
        os.makedirs(versions)
        with open(os.path.join(directory, "env.py"), "w", encoding="utf-8") as file:
            file.write(ALEMBIC_ENV)
        for number in range(count):
            names = {"number": number, "id": histories.revision_id(number),
                     "down": histories.revision_id(number - 1) if number else None,
                     "calls": "".join("    op.execute(%r)\n" % sql for sql in histories.table_sql(number))}
            with open(os.path.join(versions, "%(id)s_create_item_%(number)05d.py" % names), "w",
                      encoding="utf-8") as file:
                file.write(ALEMBIC_REVISION % names)

    def command(self, database, port):
        with open(os.path.join(self.directory, "alembic.ini"), "w", encoding="utf-8") as file:
            file.write("[alembic]\nscript_location = %s\n"
                       "sqlalchemy.url = postgresql+psycopg2://postgres@127.0.0.1:%d/%s\n"
                       % (self.directory, port, database))
        return [self.program, "-c", os.path.join(self.directory, "alembic.ini"), "upgrade", "head"], {}


class Npm:
    """A tool that is a package of npm."""

    packages = ()

    def install(self):
        if not shutil.which("npm"):
            raise Skipped("npm is not installed")
        place = os.path.join(CACHE, "npm")
        self.program = os.path.join(place, "node_modules", ".bin", self.name)
        if not os.path.exists(self.program):
            os.makedirs(place, exist_ok=True)
            _install(["npm", "install", "--no-audit", "--no-fund", "--prefix", place, *self.packages])

    def version(self):
        package = os.path.join(CACHE, "npm", "node_modules", self.name, "package.json")
        if not self.program.startswith(CACHE):
            return self.program
        with open(package, encoding="utf-8") as file:
            return json.load(file)["version"]


class Dbmate(Npm):
    name = "dbmate"
    packages = ("dbmate",)

    def install(self):
        self.program = shutil.which("dbmate")
        if not self.program:
            super().install()

    def write(self, directory, count):
        self.directory = directory
        os.makedirs(directory)
        for number in range(count):
            with open(os.path.join(directory, "%014d_create_item.sql" % (20260101000000 + number)), "w",
                      encoding="utf-8") as file:
                file.write("-- migrate:up\n%s\n-- migrate:down\nDROP TABLE item_%05d;\n"
                           % ("".join(histories.table_sql(number)), number))

    def command(self, database, port):
        # without --no-dump-schema it would run pg_dump, too
        return [self.program, "--url", "postgres://postgres@127.0.0.1:%d/%s?sslmode=disable" % (port, database),
                "--migrations-dir", self.directory, "--no-dump-schema", "migrate"], {}


class NodePgMigrate(Npm):
    name = "node-pg-migrate"
    packages = ("node-pg-migrate", "pg")

    def write(self, directory, count):
        self.directory = directory
        os.makedirs(directory)
        for number in range(count):
            with open(os.path.join(directory, "%d_create-item.sql" % (1767225600000 + number)), "w",
                      encoding="utf-8") as file:
                file.write("-- Up Migration\n%s\n-- Down Migration\nDROP TABLE item_%05d;\n"
                           % ("".join(histories.table_sql(number)), number))

    def command(self, database, port):
        url = "postgres://postgres@127.0.0.1:%d/%s" % (port, database)
        return [self.program, "up", "-m", self.directory], {"DATABASE_URL": url}


def available(names=None):
    """The peers that can be run: [peer], and why others cannot: {name: reason}."""
    ready, skipped = [], {}
    for peer in (Alembic(), Dbmate(), NodePgMigrate()):
        if names is not None and peer.name not in names:
            continue
        try:
            peer.install()
            ready.append(peer)
        except Skipped as reason:
            skipped[peer.name] = str(reason)
    return ready, skipped
