"""A line to a remote BuildKit: a TCP port that leads to a unix socket, with limited speed and some delay.

Decides that both directions have the line's full speed, and that a byte arrives half a round trip after it was sent.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator

_CHUNK_BYTES = 16 << 10


@contextlib.contextmanager
def slow_line(socket: str, *, megabits: float, round_trip_s: float) -> Iterator[int]:
    """Open the line in a thread; gives the port on 127.0.0.1."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(_serve(socket, megabits * 1e6 / 8, round_trip_s / 2))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()


async def _serve(socket: str, bytes_a_second: float, delay_s: float) -> asyncio.Server:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_unix_connection(socket)
        await asyncio.gather(
            _carry(reader, there_writer, bytes_a_second, delay_s),
            _carry(there_reader, writer, bytes_a_second, delay_s),
        )

    return await asyncio.start_server(connected, "127.0.0.1", 0)


async def _carry(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, bytes_a_second: float, delay_s: float
) -> None:
    loop = asyncio.get_running_loop()
    underway: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(64)

    async def arrive() -> None:
        while True:
            arrives_s, data = await underway.get()
            await asyncio.sleep(arrives_s - loop.time())
            if not data:
                writer.close()
                return
            writer.write(data)
            await writer.drain()

    arriving = asyncio.create_task(arrive())
    free_s = loop.time()
    while data := await reader.read(_CHUNK_BYTES):
        free_s = max(free_s, loop.time()) + len(data) / bytes_a_second
        await underway.put((free_s + delay_s, data))
    await underway.put((loop.time() + delay_s, b""))
    with contextlib.suppress(ConnectionError):
        await arriving
