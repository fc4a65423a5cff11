#!/usr/bin/env python3
"""A TCP proxy on the loopback address that makes the way longer.

  proxy.py PORT MILLISECONDS

Connects to PORT, prints the port that it listens on, and hands on whatever it
gets in either direction that much later.  The delay is that of a long line,
not of a thin one: what is sent meanwhile is not held up.  Ends with its
standard input.
"""

import asyncio
import sys


async def forward(reader, writer, delay):
    loop = asyncio.get_running_loop()
    queue = asyncio.Queue()

    async def send():
        while True:
            due, data = await queue.get()
            if due > loop.time():
                await asyncio.sleep(due - loop.time())
            if not data:
                break
            writer.write(data)
            await writer.drain()

    sender = asyncio.ensure_future(send())
    try:
        while True:
            data = await reader.read(1 << 16)
            await queue.put((loop.time() + delay, data))
            if not data:
                break
        await sender
    except ConnectionError:
        sender.cancel()
    finally:
        writer.close()


async def main(port, delay):
    async def accept(reader, writer):
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(forward(reader, server_writer, delay), forward(server_reader, writer, delay))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    # connections that are still open end with the process


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__.strip())
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2]) / 1000))
