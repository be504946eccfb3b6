"""A line to a remote BuildKit or registry: a TCP port that leads to a socket, with limited speed and some delay.

Decides that both directions have the line's full speed, and that a byte arrives half a round trip after it was sent.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator

_CHUNK_BYTES = 16 << 10


@contextlib.contextmanager
def slow_line(socket: str | int, *, megabits: float, round_trip_s: float) -> Iterator[int]:
    """Open the line in a thread; gives the port on 127.0.0.1.

    Args:
        socket: Path of a unix socket, or a port on 127.0.0.1.
        megabits: Its speed, a second.
        round_trip_s: Its delay.
    """
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
        loop.run_until_complete(_end())
        loop.close()


async def _end() -> None:
    """Close all connections."""
    open_ones = asyncio.all_tasks() - {asyncio.current_task()}
    for task in open_ones:
        task.cancel()
    await asyncio.gather(*open_ones, return_exceptions=True)
    await asyncio.sleep(0)


async def _serve(socket: str | int, bytes_a_second: float, delay_s: float) -> asyncio.Server:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if isinstance(socket, int):
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", socket)
        else:
            there_reader, there_writer = await asyncio.open_unix_connection(socket)
        try:
            await asyncio.gather(
                _carry(reader, there_writer, bytes_a_second, delay_s),
                _carry(there_reader, writer, bytes_a_second, delay_s),
            )
        except (ConnectionError, asyncio.CancelledError):
            pass  # Either end has gone, or the line is closed.
        finally:
            writer.close()
            there_writer.close()

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
