"""Databases that other tools made for the reference: moments as numbers, or as text of another
spelling. What is alive stays alive, and what is written has the form of what is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.support.browser import ORIGIN, SECRET, Browser, Clock
from watchword import (
    Auth,
    EmailAndPassword,
    PasswordReset,
    RateLimit,
    RateLimitRule,
    SessionOptions,
)
from watchword.crypto.passwords import Argon2Cost
from watchword.database.contract import Storage, StorageError
from watchword.runtime.blocking import finish

DAY = 86_400
NATIVE = {"sqlite": "date", "postgresql": "timestamptz", "mysql": r"datetime\(3\)"}
WHOLE = {"sqlite": "integer", "postgresql": "bigint", "mysql": "bigint"}
TEXT = {"sqlite": "text", "postgresql": "text", "mysql": "varchar(64)"}
FORMS = {
    "seconds": (WHOLE, "1800000000", r"\d{10}"),
    "milliseconds": (WHOLE, "1800000000000", r"\d{13}"),
    "text with a space": (TEXT, "'2027-01-15 08:00:00'", r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"),
    "text with a space and milliseconds": (
        TEXT,
        "'2027-01-15 08:00:00.000'",
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}",
    ),
    "ISO text": (
        TEXT,
        "'2027-01-15T08:00:00.000Z'",
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",
    ),
}
"""The column's type, a moment of January 2027 in it, and what every moment in it looks like."""

DATABASES = [
    "sqlite-file",
    "sqlite-memory",
    "postgres",
    "mysql",
    "sqlalchemy-sqlite",
    "sqlalchemy-postgres",
    "django-sqlite",
    "django-postgres",
]


@pytest.fixture
def mails() -> list[Any]:
    return []


@pytest.fixture
def auth(storage: Storage, clock: Clock, mails: list[Any]) -> Iterator[Auth[Any]]:
    auth = Auth(
        database=storage,
        secret=SECRET,
        base_url=ORIGIN,
        email_and_password=EmailAndPassword(
            enabled=True, argon2_cost=Argon2Cost(memory=64, passes=1, lanes=1)
        ),
        password_reset=PasswordReset(send_reset_password=lambda mail, request: mails.append(mail)),
        rate_limit=RateLimit(
            enabled=True,
            storage="database",
            max=1000,
            custom_rules={"/sign-*": RateLimitRule(max=1000)},
        ),
        clock=clock,
        environ={},
    )
    yield auth
    auth.blocking.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


class Database:
    """The tables of `auth`, made with other types for dates."""

    def __init__(self, auth: Auth[Any]) -> None:
        self.engine: Any = auth.blocking.runtime.engine
        self.quote = '"' if self.engine.dialect != "mysql" else "`"

    def create(self, types: dict[str, str], *, default: str = "") -> None:
        """Make the tables, as another tool would."""
        name = self.engine.dialect
        kind = f"{types[name]}{default}"
        dated = re.compile(rf"(At[`\"] ){NATIVE[name]}( DEFAULT CURRENT_TIMESTAMP(\(3\))?)?")
        finish(
            self.engine.apply(
                [dated.sub(rf"\1{kind}", text) for text in finish(self.engine.plan())]
            )
        )

    def put(self, moment: str) -> None:
        """A user with a session and a verification, stored by another server."""
        tables = {
            "user": {"id": "'u0'", "name": "'Eve'", "email": "'eve@example.com'"},
            "session": {"id": "'s0'", "token": "'old'", "userId": "'u0'", "expiresAt": moment},
            "verification": {"id": "'v0'", "identifier": "'x'", "value": "'x'"},
        }
        tables["user"]["emailVerified"] = "true" if self.engine.dialect == "postgresql" else "1"
        tables["verification"]["expiresAt"] = moment
        for table, row in tables.items():
            row |= {"createdAt": moment, "updatedAt": moment}
            names = ", ".join(map(self.quoted, row))
            self.run(
                f"INSERT INTO {self.quoted(table)} ({names}) VALUES ({', '.join(row.values())})"
            )

    def quoted(self, name: str) -> str:
        return f"{self.quote}{name}{self.quote}"

    def run(self, sql: str) -> None:
        finish(self.engine._connection.write(sql, ()))

    def moments(self) -> list[str]:
        """All that the date columns of users, sessions and verifications hold, as text."""
        found: list[str] = []
        for table in ("user", "session", "verification"):
            own = ["createdAt", "updatedAt", *(["expiresAt"] if table != "user" else [])]
            rows = finish(
                self.engine._connection.read(
                    f"SELECT {', '.join(map(self.quoted, own))} FROM {self.quoted(table)}", ()
                )
            )
            found += [str(value) for row in rows for value in row]
        return found


@pytest.mark.parametrize("storage", DATABASES, indirect=True)
@pytest.mark.parametrize("form", FORMS)
def test_what_is_alive_stays_alive_in_columns_of_another_form(
    auth: Auth[Any], form: str, kind: str, clock: Clock, mails: list[Any]
) -> None:
    types, moment, looks = FORMS[form]
    database = Database(auth)
    database.create(types)
    database.put(moment)
    auth.blocking.close()

    laptop, phone = Browser(auth, kind), Browser(auth, kind)
    assert laptop.sign_up().status == 200
    assert phone.sign_in().status == 200
    laptop.post("/request-password-reset", {"email": "ada@example.com", "redirectTo": "/"})
    clock.forward(1800)
    # Whoever asks next sweeps what has ended: not the link that is good for half an hour more.
    phone.post("/request-password-reset", {"email": "ada@example.com", "redirectTo": "/"})
    auth.blocking.close()
    assert len(phone.get("/list-sessions").json) == 2
    followed = phone.get(f"/reset-password/{mails[0].token}", {"callbackURL": "/"})
    assert f"token={mails[0].token}" in (followed.header("location") or "")

    clock.forward(2 * DAY)
    assert laptop.session() is not None, "renewed"
    clock.forward(6 * DAY)
    assert laptop.session() is not None
    assert phone.session() is None, "ended seven days after its sign-in"
    database = Database(auth)
    assert [text for text in database.moments() if not re.fullmatch(looks, text)] == []


@pytest.mark.parametrize("storage", ["sqlite-file", "sqlalchemy-sqlite"], indirect=True)
def test_the_default_of_an_empty_column_tells_its_unit(auth: Auth[Any], kind: str) -> None:
    database = Database(auth)
    database.create(WHOLE, default=" DEFAULT (unixepoch())")
    Browser(auth, kind).sign_up()
    assert all(re.fullmatch(r"\d{10}", text) for text in database.moments())


@pytest.mark.parametrize("storage", ["sqlite-file", "postgres", "mysql"], indirect=True)
def test_an_empty_column_of_whole_numbers_holds_milliseconds(auth: Auth[Any], kind: str) -> None:
    database = Database(auth)
    database.create(WHOLE)
    Browser(auth, kind).sign_up()
    assert all(re.fullmatch(r"\d{13}", text) for text in database.moments())


@pytest.mark.parametrize("storage", DATABASES, indirect=True)
def test_text_of_two_spellings_is_compared_by_its_time(
    auth: Auth[Any], kind: str, clock: Clock
) -> None:
    database = Database(auth)
    database.create(TEXT)
    database.put(FORMS["ISO text"][1])
    browser = Browser(auth, kind)
    browser.sign_up()
    table, column = database.quoted("session"), database.quoted("expiresAt")
    soon = (clock() + timedelta(hours=1)).strftime("%Y-%m-%d %H:%M:%S")
    database.run(f"UPDATE {table} SET {column} = '{soon}' WHERE {database.quoted('id')} <> 's0'")
    auth.blocking.close()
    fresh = Auth(
        database=auth.storage,
        secret=SECRET,
        base_url=ORIGIN,
        session=SessionOptions(disable_refresh=True),
        clock=clock,
        environ={},
    )
    same = Browser(fresh, kind)
    same.jar = dict(browser.jar)
    assert len(same.get("/list-sessions").json) == 1
    clock.forward(3600)
    assert same.session() is None
    fresh.blocking.close()


@pytest.mark.parametrize("storage", ["sqlite-file"], indirect=True)
def test_numbers_beside_text_are_refused_before_anything_is_swept(auth: Auth[Any]) -> None:
    database = Database(auth)
    database.create(WHOLE)
    database.put("'2027-01-15 08:00:00'")
    table, column = database.quoted("session"), database.quoted("expiresAt")
    database.run(f"UPDATE {table} SET {column} = 1800000000, token = 'x' WHERE id = 's0'")
    database.run(
        f"INSERT INTO {table} (id, token, userId, {column}, createdAt, updatedAt) "
        "VALUES ('s1', 'y', 'u0', '2027-01-15 08:00:00', 1, 1)"
    )
    with pytest.raises(StorageError, match="both numbers and text in the column of session"):
        finish(auth.blocking.runtime.engine.count("session"))
