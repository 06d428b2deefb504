"""
The private Redis for workers on other machines, by TLS alone: takes TLS connections and hands on to the Unix socket.

A process of ours in front, because the server out of the lock is built without TLS and others are built with it or
without: so it is one way for all of them, Redis itself opens no port, and the certificate is used by one library.
It knows nothing of what passes: who a worker is, and what it may, Redis decides.
"""

import argparse
import asyncio
import contextlib
import resource
import signal
import socket
import ssl
import sys
from pathlib import Path
from typing import Final

from config.launch.certificate import Certificate, server_context
from config.launch.supervisor import say

#: Connections at once, where the system gives us files enough; the next one waits. A worker has about ten.
MOST_CONNECTIONS: Final = 4_000
#: Files that are no connections, and two for each that is one.
_OTHER_FILES, _FILES_EACH = 64, 2
HANDSHAKE_WITHIN_S: Final = 10.0
CLOSE_WITHIN_S: Final = 3.0
#: Held of one direction of one connection, in each of the buffers on its way. [bytes]
BUFFER_BYTES: Final = 64 * 1024
#: As Redis does for TCP: a peer that is silent for so long is asked whether it lives. [s]
_KEEPALIVE_S: Final = 300
LISTENS: Final = "Takes TLS connections"


def command(*, host: str, port: int, unix_socket: Path, certificate: Certificate) -> list[str]:
    """The command line of this process."""
    return [
        *[sys.executable, "-m", "config.launch.forwarder", "--host", host, "--port", str(port)],
        *["--socket", str(unix_socket), "--certificate", str(certificate.file), "--key", str(certificate.key)],
    ]


def places_count() -> int:
    """How many connections there may be at once; raises our own limit of open files as far as the system lets us."""
    wanted = MOST_CONNECTIONS * _FILES_EACH + _OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return MOST_CONNECTIONS
    return max(1, min(MOST_CONNECTIONS, (soft - _OTHER_FILES) // _FILES_EACH))


class Forwarder:
    """
    Hands connections on until it is stopped.

    Parameters
    ----------
    unix_socket : Path
        Where Redis listens.
    tls : ssl.SSLContext
        Our side of TLS.
    places_count : int
        Connections at once, those included that have not yet shaken hands.
    """

    def __init__(self, unix_socket: Path, tls: ssl.SSLContext, places_count: int) -> None:
        self._unix_socket, self._tls = unix_socket, tls
        self._places = asyncio.Semaphore(places_count)
        self._connections: set[asyncio.Task[None]] = set()

    async def take(self, listener: socket.socket) -> None:
        """Take connections, as many as there are places; the others wait in the system's own queue."""
        loop = asyncio.get_running_loop()
        while True:
            await self._places.acquire()
            try:
                near, address = await loop.sock_accept(listener)
            except OSError as problem:
                self._places.release()
                say(f"No connection could be taken: {problem}")
                await asyncio.sleep(0.5)
                continue
            task = loop.create_task(self._serve(near, str(address[0])))
            self._connections.add(task)
            task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._connections.discard(task)
        self._places.release()

    async def close(self) -> None:
        """End all connections."""
        for task in self._connections:
            task.cancel()
        if self._connections:
            await asyncio.wait(self._connections, timeout=CLOSE_WITHIN_S)

    async def _serve(self, near: socket.socket, who: str) -> None:
        near.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if hasattr(socket, "TCP_KEEPIDLE"):
            near.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _KEEPALIVE_S)
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=BUFFER_BYTES)
        protocol = asyncio.StreamReaderProtocol(reader)
        try:
            transport, _ = await loop.connect_accepted_socket(
                lambda: protocol,
                near,
                ssl=self._tls,
                ssl_handshake_timeout=HANDSHAKE_WITHIN_S,
                ssl_shutdown_timeout=CLOSE_WITHIN_S,
            )
        except OSError as problem:  # no TLS, too slow, or it does not take our certificate
            say(f"{who}: {problem}")
            return
        writer = asyncio.StreamWriter(transport, protocol, reader, loop)
        try:
            from_redis, to_redis = await asyncio.open_unix_connection(str(self._unix_socket), limit=BUFFER_BYTES)
        except OSError as problem:
            say(f"{who}: Redis does not answer: {problem}")
            await _closed(writer)
            return
        both = [loop.create_task(_pass_on(reader, to_redis)), loop.create_task(_pass_on(from_redis, writer))]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in both:
                one.cancel()
            await asyncio.gather(_closed(to_redis), _closed(writer))


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while content := await reader.read(BUFFER_BYTES):
            writer.write(content)
            await writer.drain()


async def _closed(writer: asyncio.StreamWriter) -> None:
    """What is still to be sent is sent; a peer that does not take it is not waited for."""
    writer.close()
    try:
        async with asyncio.timeout(CLOSE_WITHIN_S):
            await writer.wait_closed()
    except OSError:  # a TimeoutError is one
        writer.transport.abort()


async def forward(*, host: str, port: int, unix_socket: Path, tls: ssl.SSLContext) -> None:
    """Listen, and hand on until the system asks us to stop."""
    family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
    everywhere = host == "::" and socket.has_dualstack_ipv6()
    count = places_count()
    forwarder = Forwarder(unix_socket, tls, count)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with socket.create_server((host, port), family=family, dualstack_ipv6=everywhere) as listener:
        listener.setblocking(False)
        taking = asyncio.create_task(forwarder.take(listener))
        say(f"{LISTENS} at {host} port {port}, at most {count} at once.")
        await asyncio.wait([taking, asyncio.create_task(stop.wait())], return_when=asyncio.FIRST_COMPLETED)
        taking.cancel()
    await forwarder.close()


def main() -> int:
    """Read the command line and forward."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", required=True, type=int)
    for name in ("--socket", "--certificate", "--key"):
        parser.add_argument(name, required=True, type=Path)
    told = parser.parse_args()
    try:
        tls = server_context(told.certificate, told.key)
        asyncio.run(forward(host=told.host, port=told.port, unix_socket=told.socket, tls=tls))
    except OSError as problem:  # the files or the port went away since they were looked at
        say(f"Workers on other machines find no door: {problem}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
