"""What is particular to Redis and Valkey: addresses, connections, and keys that others share."""

from __future__ import annotations

import asyncio
import datetime
import importlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from redis import Redis

from tests.storage.conftest import CALLERS, Crowd, Run
from tests.support.databases import KeySpace
from tests.support.services import free_port, require
from tests.support.tcp_proxy import tcp_proxy
from watchword import ConfigurationError
from watchword.database.contract import StorageUnavailable
from watchword.database.secondary import SecondaryEngine, SecondaryUnavailable
from watchword.runtime.blocking import finish
from watchword.storage.redis import RedisStorage


@pytest.fixture
def server(redis: KeySpace) -> Iterator[Redis]:
    with Redis.from_url(redis.url, decode_responses=True) as client:
        yield client


def opened(storage: RedisStorage, kind: str) -> SecondaryEngine:
    return storage.blocking() if kind == "blocking" else storage.asynchronous()


@pytest.fixture
def engine(redis: KeySpace, kind: str, run: Run[Any]) -> Iterator[SecondaryEngine]:
    engine = opened(RedisStorage(redis.url, prefix=redis.prefix), kind)
    yield engine
    run(engine.close())


def test_keys_begin_with_the_prefix_and_end_in_time(
    engine: SecondaryEngine, run: Run[Any], redis: KeySpace, server: Redis
) -> None:
    run(engine.set("a", "1", 60))
    run(engine.set("b", "2"))
    run(engine.replace("c", None, "3", 60))
    run(engine.replace("d", None, "4"))
    ends = {key: server.ttl(redis.prefix + key) for key in "abcd"}
    assert ends == {"a": 60, "b": -1, "c": 60, "d": -1}


def test_the_first_increment_sets_the_end_and_the_others_leave_it(
    engine: SecondaryEngine, run: Run[Any], redis: KeySpace, server: Redis
) -> None:
    """L4."""
    run(engine.increment("count", 60))
    run(engine.increment("count", 9_000))
    assert server.ttl(f"{redis.prefix}count") == 60


def test_a_counter_that_somebody_left_without_an_end_gets_one(
    engine: SecondaryEngine, run: Run[Any], redis: KeySpace, server: Redis
) -> None:
    server.set(f"{redis.prefix}count", 7)
    assert run(engine.increment("count", 60)) == 8
    assert server.ttl(f"{redis.prefix}count") == 60


def test_a_value_of_another_type_is_refused_without_an_outage(
    engine: SecondaryEngine, run: Run[Any], redis: KeySpace, server: Redis
) -> None:
    server.rpush(f"{redis.prefix}list", "secret")
    with pytest.raises(StorageUnavailable, match=r"^Redis refused GET \(ResponseError\)$") as error:
        run(engine.get("list"))
    assert not isinstance(error.value, SecondaryUnavailable)
    assert run(engine.get("other")) is None


def test_a_crowd_shares_few_connections(
    redis: KeySpace, kind: str, run: Run[Any], crowd: Crowd
) -> None:
    with tcp_proxy(redis.url) as proxy:
        storage = RedisStorage(proxy.url, prefix=redis.prefix, max_connections=3, timeout=20)
        engine = opened(storage, kind)
        assert sorted(crowd(lambda number: engine.increment("n", 60))) == [*range(1, CALLERS + 1)]
        assert proxy.accepted <= 3
        run(engine.close())


def test_a_connection_that_the_server_closed_is_made_anew(
    redis: KeySpace, kind: str, run: Run[Any]
) -> None:
    with tcp_proxy(redis.url) as proxy:
        engine = opened(RedisStorage(proxy.url, prefix=redis.prefix), kind)
        run(engine.set("key", "value", 60))
        proxy.stop()
        proxy.start()
        assert run(engine.get("key")) == "value"
        run(engine.close())


def test_every_event_loop_has_connections_of_its_own(redis: KeySpace) -> None:
    engine = RedisStorage(redis.url, prefix=redis.prefix).asynchronous()

    async def use() -> str | None:
        await engine.set("key", "value", 60)
        found = await engine.get("key")
        await engine.close()
        return found

    assert [asyncio.run(use()) for _ in range(3)] == ["value"] * 3
    first, second = asyncio.Runner(), asyncio.Runner()
    with first, second:
        first.run(engine.set("key", "one", 60))
        second.run(engine.set("key", "two", 60))
        assert first.run(engine.get("key")) == "two"
        first.run(engine.close())
        second.run(engine.close())


def test_a_forked_process_makes_its_own_connections(
    engine: SecondaryEngine, kind: str, run: Run[Any]
) -> None:
    run(engine.set("key", "parent", 60))
    child = os.fork()
    if child == 0:
        mine = finish if kind == "blocking" else asyncio.Runner().run
        for number in range(100):
            mine(engine.set("child", str(number), 60))
        os._exit(0 if mine(engine.get("child")) == "99" else 1)
    for _ in range(100):
        assert run(engine.get("key")) == "parent"
    assert os.waitpid(child, 0)[1] == 0


def test_connections_are_made_when_they_are_used(redis: KeySpace) -> None:
    with tcp_proxy(redis.url) as proxy:
        storage = RedisStorage(proxy.url)
        storage.blocking()
        storage.asynchronous()
        assert proxy.accepted == 0


def test_a_unix_socket_and_the_number_of_a_database(tmp_path: Path, run: Run[Any]) -> None:
    socket = tmp_path / "s"
    with OwnServer(tmp_path, "--port", "0", "--unixsocket", str(socket)):
        storage = RedisStorage(f"unix://{socket}?db=3", prefix="")
        engine = storage.blocking()
        finish(engine.set("key", "value", 60))
        finish(engine.close())
        with Redis(unix_socket_path=str(socket), db=3, decode_responses=True) as client:
            assert client.keys() == ["key"]


class OwnServer:
    """A Redis server of the test's own, over within it."""

    def __init__(self, folder: Path, *options: str) -> None:
        found = shutil.which("redis-server") or shutil.which("valkey-server")
        require(found is not None, "redis-server", "Install it (Debian: redis-server).")
        command = [str(found), "--save", "", "--dir", str(folder), *options]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if "eady to accept connections" in line:
                return
        pytest.fail("redis-server did not start")

    def __exit__(self, *error: object) -> None:
        assert self._process.stdout is not None
        self._process.terminate()
        self._process.stdout.close()
        self._process.wait(20)


def certificate(folder: Path, address: str) -> list[str]:
    """A certificate for an address, signed by itself; the server's options for it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / "key.pem").write_bytes(private)
    return [
        *("--tls-cert-file", str(folder / "cert.pem"), "--tls-key-file", str(folder / "key.pem")),
        *("--tls-ca-cert-file", str(folder / "cert.pem"), "--tls-auth-clients", "no"),
    ]


@pytest.mark.parametrize(("address", "trusted"), [("127.0.0.1", True), ("192.0.2.1", False)])
def test_tls_checks_who_signed_and_for_whom(
    tmp_path: Path, kind: str, run: Run[Any], address: str, trusted: bool
) -> None:
    port = free_port()
    options = certificate(tmp_path, address)
    with OwnServer(tmp_path, "--port", "0", "--tls-port", str(port), *options):
        url = f"rediss://127.0.0.1:{port}/0?ssl_ca_certs={tmp_path}/cert.pem"
        known, unknown = RedisStorage(url), RedisStorage(url.partition("?")[0])
        engine, suspicious = opened(known, kind), opened(unknown, kind)
        if trusted:
            run(engine.set("key", "value", 60))
        else:
            with pytest.raises(SecondaryUnavailable):
                run(engine.set("key", "value", 60))
        with pytest.raises(SecondaryUnavailable):
            run(suspicious.set("key", "value", 60))
        run(engine.close())
        run(suspicious.close())


WRONG = {
    "http://localhost": "no Redis serves 'http' URLs",
    "localhost:6379": "no Redis serves",
    "redis://:secret@localhost:99999": "cannot be parsed",
    "redis://:secret@localhost/first": "the database is no number",
    "redis://:secret@localhost?patience=3": "'patience' is no parameter",
    "redis://:secret@localhost?socket_timeout=secret": "a wrong value",
    "redis://:secret@localhost?ssl_cert_reqs=none": "a wrong value",
    "rediss://:secret@localhost?ssl_cert_reqs=secret": "a wrong value",
}


@pytest.mark.parametrize("url", WRONG)
def test_a_wrong_url_is_refused_at_once_without_its_password(url: str) -> None:
    with pytest.raises(ConfigurationError, match=WRONG[url]) as error:
        RedisStorage(url)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    "option", [{"timeout": 0}, {"connect_timeout": -1}, {"pause": 9_999}, {"max_connections": 0}]
)
def test_a_wrong_option_is_refused_at_once(option: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as error:
        RedisStorage("redis://localhost", **option)
    assert error.value.option == next(iter(option))


def test_its_text_names_the_server_and_nothing_else() -> None:
    assert repr(RedisStorage("valkeys://ada:secret@cache.example/3")) == (
        "RedisStorage('Redis at cache.example:6379')"
    )


def test_without_redis_py_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    for loaded in list(sys.modules):
        if loaded == "redis" or loaded.startswith(("redis.", "watchword.storage.redis")):
            monkeypatch.delitem(sys.modules, loaded)
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(ImportError, match=r"pip install \"watchword\[redis\]\""):
        importlib.import_module("watchword.storage.redis")
