"""The door before Redis for workers elsewhere: TLS and nothing else, as many as it may, in good order to the end."""

import asyncio
import contextlib
import hashlib
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from config.launch import forwarder
from config.launch.certificate import Certificate, read, server_context
from tests.harness.certificates import certified
from tests.harness.servers import Redis, by_tls, wait_until


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """Of this machine."""
    pair = certified(tmp_path_factory.mktemp("tls") / "it", "127.0.0.1")
    return read(pair.certificate, pair.key)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    """Behind it."""
    made = Redis(tmp_path_factory.mktemp("redis"))
    made.start()
    yield made
    made.stop()


def client(port: int, certificate: Certificate) -> redis.Redis:
    """One that trusts it."""
    return redis.Redis(
        host="127.0.0.1",
        port=port,
        ssl=True,
        ssl_ca_certs=str(certificate.file),
        socket_timeout=20,
        retry=Retry(NoBackoff(), 0),
    )


def test_what_passes_is_the_same_on_the_other_side(server: Redis, certificate: Certificate) -> None:
    def there_and_back(number: int) -> bool:
        content = hashlib.sha256(str(number).encode()).digest() * 20_000
        with client(port, certificate) as one:
            one.set(f"it:{number}", content)
            return bool(one.get(f"it:{number}") == content)

    with by_tls(server, certificate) as port, ThreadPoolExecutor(16) as pool:
        assert all(pool.map(there_and_back, range(24)))


def test_nothing_passes_in_the_clear(server: Redis, certificate: Certificate) -> None:
    with by_tls(server, certificate) as port:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
            plain.sendall(b"PING\r\n")
            with contextlib.suppress(ConnectionResetError):
                assert b"PONG" not in plain.recv(100)
        old = ssl.create_default_context(cafile=certificate.file)
        old.minimum_version = ssl.TLSVersion.TLSv1_2
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        with socket.create_connection(("127.0.0.1", port)) as raw, old.wrap_socket(raw, server_hostname="127.0.0.1"):
            pass


def wait_for_nothing(one: redis.Redis) -> None:
    """As a worker waits for orders."""
    with contextlib.suppress(redis.RedisError):
        one.brpop(["no"], timeout=20)


def test_it_outlives_redis_and_ends_while_somebody_waits(server: Redis, certificate: Certificate) -> None:
    with by_tls(server, certificate) as port:
        one = client(port, certificate)
        assert one.ping()
        server.stop()
        for _ in range(2):  # the connection that there was, and a new one
            with pytest.raises(redis.ConnectionError):
                one.ping()
        server.start()
        assert one.ping()
        waits = threading.Thread(target=wait_for_nothing, args=(one,))
        waits.start()
        with redis.Redis.from_url(server.url) as other:
            wait_until(lambda: other.info("clients")["blocked_clients"] == 1, what="it waits")
    waits.join(5)
    assert not waits.is_alive(), "it was told"


@contextlib.asynccontextmanager
async def at_work(server: Redis, certificate: Certificate, places_count: int) -> AsyncIterator[int]:
    """The door itself, in this process, with few places; its port."""
    door = forwarder.Forwarder(server.socket, server_context(certificate.file, certificate.key), places_count)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        taking = asyncio.create_task(door.take(listener))
        yield int(listener.getsockname()[1])
        taking.cancel()
    await door.close()
    assert not door._connections


def test_who_is_slow_to_shake_hands_loses_the_place_and_who_comes_meanwhile_waits(
    server: Redis, certificate: Certificate, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(forwarder, "HANDSHAKE_WITHIN_S", 0.6)

    async def scene() -> None:
        async with at_work(server, certificate, 2) as port:
            silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
            third = asyncio.create_task(asyncio.to_thread(client(port, certificate).ping))
            await asyncio.sleep(0.2)
            assert not third.done(), "both places are taken"
            assert await asyncio.wait_for(third, 5)
            for reader, writer in silent:
                assert await asyncio.wait_for(reader.read(), 5) == b""
                writer.close()

    asyncio.run(scene())
    assert capsys.readouterr().err.count("127.0.0.1: SSL handshake is taking longer than") == 2


def test_it_takes_no_more_connections_than_the_system_gives_files(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = [256, 256]
    monkeypatch.setattr("resource.getrlimit", lambda which: tuple(limits))
    monkeypatch.setattr("resource.setrlimit", lambda which, wanted: limits.__setitem__(0, wanted[0]))
    assert forwarder.places_count() == (256 - 64) // 2
    limits[1] = 100_000
    assert forwarder.places_count() == forwarder.MOST_CONNECTIONS
    assert limits[0] == 2 * forwarder.MOST_CONNECTIONS + 64
