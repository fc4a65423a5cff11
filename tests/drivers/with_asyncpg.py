"""The checks of 008_drivers.pl with asyncpg: binary parameters and results."""

import asyncio
import sys

try:
    import asyncpg
except ImportError:
    sys.exit(77)
first, second, third = sys.argv[1:]


async def main():
    connection = await asyncpg.connect()

    async def column(sql, *values):
        return " ".join(str(row[0]) for row in await connection.fetch(sql, *values))

    print("registered", await column("SELECT path FROM migrate_register($1, $2)", first, "versions/a1.sql"))
    print("registered", await column("SELECT path FROM migrate_register($1)", second))
    transaction = connection.transaction()
    await transaction.start()
    print("upgraded", await column("SELECT revision FROM migrate_upgrade($1)", "head"))
    await transaction.rollback()
    print("rolled back", await column("SELECT count(*) FROM migrate_version"))
    # whole rows, so that every type goes over the wire
    print("upgraded", " ".join(row["revision"] for row in await connection.fetch("SELECT * FROM migrate_upgrade($1)", "head")))
    prepared = await connection.prepare("SELECT count(*) FROM migrate_upgrade($1)")
    for _ in range(2):
        print("again", await prepared.fetchval("head"))
    try:
        await connection.fetch("SELECT migrate_upgrade($1)", "nowhere")
    except asyncpg.PostgresError as error:
        print("error", error.sqlstate)
    print("text", await column("SELECT t FROM account"))
    async with connection.transaction():
        cursor = await connection.cursor("SELECT revision FROM migrate_downgrade($1)", "base")
        print("cursor", (await cursor.fetchrow())[0], (await cursor.fetchrow())[0])
    print("left", await column("SELECT count(*) FROM migrate_version"))
    print("registered", await column("SELECT path FROM migrate_register($1)", third))
    try:
        async with connection.transaction():
            await connection.fetch("CALL migrate_run($1)", "head")
    except asyncpg.PostgresError as error:
        print("in a transaction", error.sqlstate)
    await connection.fetch("CALL migrate_run($1)", "head")
    print("run", await column("""SELECT version_num || ' ' || indisvalid
        FROM migrate_version, pg_index WHERE indexrelid = 'account_t'::regclass"""))
    await connection.close()


asyncio.run(main())
