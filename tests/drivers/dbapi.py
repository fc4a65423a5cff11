"""The checks of 008_drivers.pl with a Python DB-API module, named by the
first argument: psycopg2 has the simple protocol, psycopg the extended one."""

import importlib
import sys

try:
    driver = importlib.import_module(sys.argv[1])
except ImportError:
    sys.exit(77)
first, second, third = sys.argv[2:]

connection = driver.connect("")
cursor = connection.cursor()


def column(sql, *values):
    cursor.execute(sql, values)
    return " ".join(str(row[0]) for row in cursor.fetchall())


print("registered", column("SELECT path FROM migrate_register(%s, %s)", first, "versions/a1.sql"))
print("registered", column("SELECT path FROM migrate_register(%s)", second))
connection.commit()
print("upgraded", column("SELECT revision FROM migrate_upgrade(%s)", "head"))
connection.rollback()
print("rolled back", column("SELECT count(*) FROM migrate_version"))
print("upgraded", column("SELECT revision FROM migrate_upgrade(%s)", "head"))
connection.commit()
for _ in range(2):
    print("again", column("SELECT count(*) FROM migrate_upgrade(%s)", "head"))
try:
    cursor.execute("SELECT migrate_upgrade(%s)", ("nowhere",))
except driver.Error as error:
    print("error", getattr(error, "sqlstate", None) or error.pgcode)
connection.rollback()
print("text", column("SELECT t FROM account"))
part = connection.cursor("part")
part.execute("SELECT revision FROM migrate_downgrade(%s)", ("base",))
print("cursor", part.fetchone()[0], part.fetchone()[0])
part.close()
connection.commit()
print("left", column("SELECT count(*) FROM migrate_version"))
print("registered", column("SELECT path FROM migrate_register(%s)", third))
connection.commit()
try:
    cursor.execute("CALL migrate_run(%s)", ("head",))
except driver.Error as error:
    print("in a transaction", getattr(error, "sqlstate", None) or error.pgcode)
connection.rollback()
connection.autocommit = True
cursor.execute("CALL migrate_run(%s)", ("head",))
print("run", column("""SELECT version_num || ' ' || indisvalid
    FROM migrate_version, pg_index WHERE indexrelid = 'account_t'::regclass"""))
