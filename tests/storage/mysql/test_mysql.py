"""What is particular to MySQL and MariaDB: addresses, tables of others, collations, moments."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from tests.storage.conftest import Execute, Run, migrate
from tests.storage.models import NOW, SCHEMA, SESSION, USER, session, user
from watchword import Auth
from watchword.configuration.compilation import open_storage
from watchword.database.contract import (
    Condition,
    Engine,
    InvalidValue,
    Storage,
    StorageError,
    StorageUnavailable,
    UniqueViolation,
)
from watchword.database.schema import Field, FieldType, Model, Reference, Schema
from watchword.errors import ConfigurationError
from watchword.runtime.blocking import finish
from watchword.storage.mysql import MySQLStorage

HOST = "mysql://ada:hunter2@db.example:3307/app"
SMALL = Schema({"user": USER, "session": SESSION})
ANN = [Condition("id", "u-ann")]

FOREIGN_TABLES = (
    "CREATE TABLE `user` (`id` varchar(36) NOT NULL PRIMARY KEY, `name` varchar(255) NOT NULL,"
    " `email` varchar(255) NOT NULL UNIQUE, `emailVerified` boolean NOT NULL, `image` text,"
    " `createdAt` timestamp(3) DEFAULT CURRENT_TIMESTAMP(3) NOT NULL)",
    "CREATE TABLE `session` (`id` varchar(36) NOT NULL PRIMARY KEY,"
    " `expiresAt` datetime NOT NULL, `token` varchar(255) NOT NULL UNIQUE,"
    " `userId` varchar(36) NOT NULL REFERENCES `user` (`id`) ON DELETE CASCADE)",
    "CREATE INDEX `session_userId_idx` ON `session` (`userId`)",
)
"""Tables as Better Auth makes them, in a collation without regard to case and spaces at the end."""


@pytest.fixture
def storage(mysql_url: str) -> Storage:
    return MySQLStorage(mysql_url, pool_size=4, pool_timeout=20)


@pytest.fixture
def foreign(mysql_url: str, beside: Execute) -> Iterator[Engine]:
    """A blocking engine over tables that Better Auth made."""
    beside("ALTER DATABASE CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci")
    for statement in FOREIGN_TABLES:
        beside(statement)
    engine = MySQLStorage(mysql_url).blocking(SMALL)
    yield engine
    finish(engine.close())


def pem_certificate() -> str:
    """A certificate of an authority of its own."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "authority")])
    unsigned = x509.CertificateBuilder(name, name, key.public_key(), 1, NOW, NOW)
    authority = x509.BasicConstraints(ca=True, path_length=None)
    made = unsigned.add_extension(authority, critical=True).sign(key, hashes.SHA256())
    return made.public_bytes(Encoding.PEM).decode()


class TestAddresses:
    @pytest.mark.parametrize("scheme", ["mysql", "mariadb", "mysql+pymysql"])
    def test_a_url_is_served_by_its_scheme(self, scheme: str) -> None:
        storage = open_storage(f"{scheme}://ada@db.example/app")
        assert repr(storage) == "MySQLStorage('db.example:3306/app')"

    def test_a_url_says_it_all_and_wins_over_arguments(self) -> None:
        url = "mysql://a%40b:p%2Fw@[::1]:33/my%20db?pool_size=3&pool_timeout=1.5&ssl_mode=required"
        options = MySQLStorage(url, pool_size=7, lock_timeout=2).options
        assert (options.user, options.password) == ("a@b", "p/w")
        assert (options.host, options.port, options.database) == ("::1", 33, "my db")
        assert (options.pool_size, options.pool_timeout, options.lock_timeout) == (3, 1.5, 2)
        assert options.tls is not None

    @pytest.mark.parametrize(
        ("url", "option"),
        [
            ("mysql:app", "database"),
            ("postgresql://ada:hunter2@db.example/app", "database"),
            ("mysql://ada:hunter2@db.example", "database"),
            ("mysql://ada:hunter2@db.example/a/b", "database"),
            ("mysql://ada:hunter2@[::1/app", "database"),
            ("mysql://ada:hunter2@db.example:port/app", "database"),
            ("mysql://ada:hunter2@db.example:65536/app", "database"),
            (f"{HOST}?pool=3", "database"),
            (f"{HOST}?charset=latin1", "database"),
            (f"{HOST}?pool_size=0", "pool_size"),
            (f"{HOST}?pool_size=-1", "pool_size"),
            (f"{HOST}?pool_size=many", "pool_size"),
            (f"{HOST}?pool_timeout=nan", "pool_timeout"),
            (f"{HOST}?connect_timeout=soon", "connect_timeout"),
            (f"{HOST}?lock_timeout=0.5", "lock_timeout"),
            (f"{HOST}?read_timeout=10", "read_timeout"),
            (f"{HOST}?ssl_mode=always", "ssl_mode"),
            (f"{HOST}?ssl_ca=", "ssl_ca"),
            (f"{HOST}?ssl_ca=/nowhere/ca.pem", "ssl_ca"),
            (f"{HOST}?ssl_mode=required&ssl_cert=/nowhere/c.pem", "ssl_cert"),
            (f"{HOST}?ssl_key=/nowhere/k.pem", "ssl_key"),
            (f"{HOST}?ssl_mode=disabled&ssl_ca=/nowhere/ca.pem", "ssl_mode"),
        ],
    )
    def test_a_wrong_url_is_refused_with_the_option_and_without_the_password(
        self, url: str, option: str
    ) -> None:
        with pytest.raises(ConfigurationError) as refused:
            MySQLStorage.from_url(url)
        assert refused.value.option == option
        assert "hunter2" not in str(refused.value)

    def test_whoever_names_an_authority_wants_to_know_the_server(self, tmp_path: Path) -> None:
        authority = tmp_path / "ca.pem"
        authority.write_text(pem_certificate())

        def tls(query: str) -> ssl.SSLContext:
            context = MySQLStorage(f"{HOST}?{query}").options.tls
            assert context is not None
            return context

        named = tls(f"ssl_ca={authority}")
        assert (named.check_hostname, named.verify_mode) == (True, ssl.CERT_REQUIRED)
        assert len(named.get_ca_certs()) == 1
        loose = tls(f"ssl_ca={authority}&ssl_mode=verify_ca")
        assert (loose.check_hostname, loose.verify_mode) == (False, ssl.CERT_REQUIRED)
        looser = tls("ssl_mode=required")
        assert (looser.check_hostname, looser.verify_mode) == (False, ssl.CERT_NONE)

    def test_no_password_shows(self) -> None:
        storage = MySQLStorage(HOST)
        assert "hunter2" not in repr(storage) + repr(storage.options)

    def test_a_server_that_is_not_there_is_unavailable(self) -> None:
        engine = MySQLStorage("mysql://ada:hunter2@127.0.0.1:1/app").blocking(SCHEMA)
        with pytest.raises(StorageUnavailable, match=r"127\.0\.0\.1:1/app") as refused:
            finish(engine.count("user"))
        assert "hunter2" not in str(refused.value)


class TestTablesOfBetterAuth:
    def test_they_need_no_change(self, foreign: Engine) -> None:
        assert finish(foreign.plan()) == []

    def test_text_is_compared_in_bytes_and_still_through_the_index(
        self, foreign: Engine, beside: Execute
    ) -> None:
        async def body() -> None:
            await foreign.create("user", user("ann"))
            for number in range(200):
                await foreign.create("session", session(f"filler {number}", "ann"))
            await foreign.create("session", session("Token", "ann"))
            for other in ("token", "TOKEN", "Token ", "Tökén"):
                one = [Condition("token", other)]
                assert await foreign.find_one("session", one) is None
                assert await foreign.take("session", one) is None
                assert await foreign.update("session", one, {"userId": "u-ann"}) == 0
                assert await foreign.count("session", [Condition("token", [other], "in")]) == 0
                assert await foreign.count("session", [Condition("token", other, "ends_with")]) == 0
            assert await foreign.count("session", [Condition("token", "token", "ne")]) == 201
            assert await foreign.count("session", [Condition("token", ["token"], "not_in")]) == 201
            odd = [Condition("token", "TOKEN", insensitive=True)]
            assert await foreign.count("session", odd) == 1

        finish(body())
        queries: Any = foreign._queries  # pyright: ignore[reportAttributeAccessIssue]
        sql, params = queries.select("session", [Condition("token", "Token")], limit=1)
        looked: Any = foreign._connection  # pyright: ignore[reportAttributeAccessIssue]
        [plan] = finish(looked.read(f"EXPLAIN {sql}", params))
        assert (plan[3], plan[5]) == ("const", "token")
        sql, params = queries.select("session", [Condition("userId", "u-none")])
        [plan] = finish(looked.read(f"EXPLAIN {sql}", params))
        assert (plan[3], plan[5]) == ("ref", "session_userId_idx")

    def test_a_guard_on_a_moment_of_whole_seconds_holds_for_what_create_returned(
        self, foreign: Engine
    ) -> None:
        async def body() -> None:
            await foreign.create("user", user("ann"))
            made: Any = await foreign.create("session", {**session("t", "ann"), "expiresAt": NOW})
            assert made["expiresAt"].microsecond == 0
            guard = [Condition("id", made["id"]), Condition("expiresAt", made["expiresAt"])]
            assert await foreign.update_if("session", guard, {"token": "new"})

        finish(body())

    def test_a_moment_beyond_timestamp_is_refused_with_its_column(self, foreign: Engine) -> None:
        far = datetime(2040, 1, 1, tzinfo=UTC)
        with pytest.raises(InvalidValue, match=r"^createdAt: "):
            finish(foreign.create("user", {**user("ann"), "createdAt": far}))
        assert finish(foreign.count("user")) == 0

    def test_text_that_is_too_long_is_refused_and_never_cut(self, foreign: Engine) -> None:
        async def body() -> None:
            with pytest.raises(InvalidValue, match=r"^name: ") as refused:
                await foreign.create("user", {**user("ann"), "name": "secret" * 50})
            assert "secret" not in str(refused.value)
            with pytest.raises(InvalidValue, match=r"^image: "):
                await foreign.reserve("user", {**user("ann"), "image": "x" * 70_000})
            assert await foreign.count("user") == 0

        finish(body())

    def test_new_tables_may_refer_to_them(self, mysql_url: str, beside: Execute) -> None:
        beside("ALTER DATABASE CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci")
        beside(FOREIGN_TABLES[0])
        boss = Field(
            name="boss", type=FieldType.STRING, required=False, references=Reference("user")
        )
        person = Model(name="user", fields=(*USER.fields, boss))
        engine = MySQLStorage(mysql_url).blocking(Schema({"user": person, "session": SESSION}))

        async def body() -> None:
            await migrate(engine)
            assert await engine.plan() == []
            await engine.create("user", user("ann"))
            await engine.create("user", {**user("bob"), "boss": "u-ann"})
            await engine.create("session", session("t", "bob"))
            assert await engine.delete("user", ANN) == 1
            assert await engine.count("session") == 0
            await engine.close()

        finish(body())


ZONES = """
import sys
from datetime import datetime
from tests.storage.models import NOW, SCHEMA, user
from watchword.runtime.blocking import finish
from watchword.storage.mysql import MySQLStorage
assert datetime.now().astimezone().utcoffset()
engine = MySQLStorage(sys.argv[1]).blocking(SCHEMA)
print(finish(engine.create("user", user("ann")))["createdAt"] == NOW)
finish(engine.close())
"""


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kolkata"])
@pytest.mark.parametrize("kind_of_column", ["datetime(3)", "timestamp(3)"])
def test_moments_are_utc_whatever_the_zone_of_the_process(
    mysql_url: str, beside: Execute, zone: str, kind_of_column: str
) -> None:
    finish(migrate(MySQLStorage(mysql_url).blocking(SCHEMA)))
    beside(f"ALTER TABLE `user` MODIFY `createdAt` {kind_of_column} NOT NULL")
    path = os.pathsep.join([".", *filter(None, sys.path)])
    command = [sys.executable, "-c", ZONES, mysql_url]
    environment = {**os.environ, "TZ": zone, "PYTHONPATH": path}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    assert done.stdout == "True\n"
    beside("SET time_zone = '+00:00'")
    assert beside("SELECT `createdAt` FROM `user`") == [(NOW.replace(tzinfo=None),)]


def test_the_zone_of_other_sessions_changes_no_timestamp(foreign: Engine, beside: Execute) -> None:
    finish(foreign.create("user", user("ann")))
    beside("SET time_zone = '-05:00'")
    assert beside("SELECT UNIX_TIMESTAMP(`createdAt`) FROM `user`")[0][0] * 1000 == (
        1_772_600_767_089
    )
    beside("UPDATE `user` SET `createdAt` = FROM_UNIXTIME(1000000000.5)")
    found: Any = finish(foreign.find_one("user", ()))
    assert found["createdAt"] == datetime.fromtimestamp(1000000000.5, UTC)


class TestOwnTables:
    def test_addresses_that_differ_in_an_accent_are_two(
        self, engine: Engine, run: Run[Any]
    ) -> None:
        async def body() -> None:
            await engine.create("user", {**user("a"), "email": "jose@example.com"})
            await engine.create("user", {**user("b"), "email": "josé@example.com"})
            with pytest.raises(UniqueViolation):
                await engine.create("user", {**user("c"), "email": "jose@example.com"})

        run(body())

    def test_a_fraction_is_refused_and_not_rounded(self, engine: Engine, run: Run[Any]) -> None:
        with pytest.raises(InvalidValue, match=r"thing\.number"):
            run(engine.create("thing", {"id": "1", "number": 2.5}))
        assert run(engine.create("thing", {"id": "1", "number": 2.0}))["number"] == 2

    def test_rows_that_match_count_also_when_nothing_changes(
        self, engine: Engine, run: Run[Any]
    ) -> None:
        run(engine.create("user", user("ann")))
        assert run(engine.update("user", ANN, {"name": "ann"})) == 1
        assert run(engine.update_if("user", ANN, {"name": "ann"})) == user("ann")

    def test_statements_before_a_refused_one_stay_and_the_rest_comes_later(
        self, mysql_url: str
    ) -> None:
        async def body() -> None:
            engine = MySQLStorage(mysql_url).blocking(SCHEMA)
            statements = await engine.plan()
            with pytest.raises(StorageError, match="NONSENSE"):
                await engine.apply([*statements[:2], "NONSENSE", *statements[2:]])
            left = await engine.plan()
            assert 0 < len(left) < len(statements)
            await engine.apply(statements)
            assert await engine.plan() == []
            await engine.close()

        finish(body())


def test_an_auth_object_opens_a_mysql_url(mysql_url: str) -> None:
    auth = Auth(database=mysql_url, secret="0123456789" * 4, environ={})
    assert auth.blocking.migrate()
    assert auth.blocking.migrate() == []
    auth.blocking.close()
