"""W13: a look-alike of an address is nobody's address, by whatever door it comes in.

U+212A, the sign for kelvin, is `k` in lower case: whoever changes the case first and checks for
ASCII afterwards takes it for the letter. And many collations call addresses equal that are not.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cli.conftest import Workplace, bare, refused, work
from tests.core.conftest import MakeAuth
from tests.importing.conftest import Target, filled, target
from tests.support.browser import Browser
from watchword import Mail, ModelHooks, PasswordReset, SignUpEmail
from watchword.features.identifiers import normal_email, same_email
from watchword.storage.sqlite import SQLiteStorage

__all__ = ["bare", "target", "work"]

KELVIN, LONG_S, DOTTED_I = "\u212a", "\u017f", "\u0130"
VICTIM = "kim.silva@example.com"
LOOK_ALIKES = [
    VICTIM.replace("k", KELVIN),
    VICTIM.replace("s", LONG_S),
    VICTIM.replace("i", DOTTED_I),
    VICTIM.replace("i", "\u0131"),
    VICTIM.replace("k", "\uff2b"),
    VICTIM.replace("a", "a\u0301"),
    VICTIM.replace("example", "ex\u00e1mple"),
]


def account(email: str) -> dict[str, Any]:
    google = {"provider": "google", "account_id": "thief"}
    return {"id": "1", "email": email, "email_verified": True, "accounts": [google]}


@pytest.mark.parametrize("email", LOOK_ALIKES)
@pytest.mark.parametrize("options", [(), ("--update",)], ids=["new", "update"])
def test_w13_an_import_takes_nobodys_account_by_a_look_alike(
    target: Target, email: str, options: tuple[str, ...]
) -> None:
    victim = SignUpEmail(email=VICTIM, password="correct horse", name="Kim")
    target.auth.blocking.api.sign_up_email(victim)
    target.rows("UPDATE user SET emailVerified = 1")
    ran = target.run("ndjson", "-", *options, piped=json.dumps(account(email)) + "\n")
    assert "1: not a valid e-mail address" in ran.out
    assert target.emails() == [VICTIM]
    assert target.accounts(VICTIM) == []


@pytest.mark.parametrize("email", LOOK_ALIKES)
def test_w13_an_import_gives_nobody_the_address_of_somebody_to_come(
    target: Target, email: str
) -> None:
    target.run("ndjson", "-", piped=json.dumps(account(email)) + "\n")
    assert target.emails() == []


def test_w13_a_look_alike_in_the_source_does_not_push_out_the_owner(target: Target) -> None:
    lines = [json.dumps(account(LOOK_ALIKES[0])), json.dumps({**account(VICTIM), "id": "2"})]
    target.run("ndjson", "-", piped="\n".join(lines) + "\n")
    assert target.emails() == [VICTIM]


def test_w13_what_allauth_verified_for_a_look_alike_is_not_verified(target: Target) -> None:
    url = filled(
        target.folder / "django.db",
        f"""
        CREATE TABLE auth_user (id integer, email text, password text);
        CREATE TABLE account_emailaddress (user_id integer, email text, verified integer);
        INSERT INTO auth_user VALUES (1, '{VICTIM}', '!');
        INSERT INTO account_emailaddress VALUES (1, '{LOOK_ALIKES[0]}', 1);
        """,
    )
    target.run("django", url)
    assert target.user(VICTIM)["emailVerified"] == 0


@pytest.mark.parametrize("email", LOOK_ALIKES)
def test_w13_create_admin_takes_no_look_alike(work: Workplace, email: str) -> None:
    app = (work.folder / "app.py").read_text()
    fields = "from watchword import User\nclass Member(User):\n    role: str | None = None\n"
    work.write(
        "app.py", fields + app.replace("auth = Auth(", "auth = Auth(\n    user_type=Member,")
    )
    assert work("migrate", "--yes").status == 0
    ran = work("create-admin", "--email", email, "--password-stdin", piped="correct horse\n")
    refused(ran, "This is not an e-mail address")


@pytest.mark.parametrize("email", LOOK_ALIKES)
@pytest.mark.parametrize("path", ["/sign-up/email", "/sign-in/email", "/request-password-reset"])
def test_w13_endpoints_refuse_look_alikes(browser: Browser, path: str, email: str) -> None:
    browser.sign_up(VICTIM)
    body = {"name": "Thief", "email": email, "password": "password1234"}
    assert browser.post(path, body).status == 400


class _Accents(SQLiteStorage):
    """A database whose collation knows no accents and no case, as MySQL's usual ones."""

    def blocking(self, schema: Any) -> Any:
        return _Blind(super().blocking(schema))

    def asynchronous(self, schema: Any) -> Any:
        return _Blind(super().asynchronous(schema))


class _Blind:
    def __init__(self, engine: Any) -> None:
        self._engine = engine

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    async def find_many(self, model: str, where: Any = (), **how: Any) -> Any:
        email = next((one.value for one in where if one.field == "email"), None)
        if model != "user" or email is None:
            return await self._engine.find_many(model, where, **how)
        rows = await self._engine.find_many("user", limit=None)
        return [row for row in rows if _plain(row["email"]) == _plain(email)]

    async def find_one(self, model: str, where: Any, **how: Any) -> Any:
        if model == "user" and any(one.field == "email" for one in where):
            found = await self.find_many(model, where)
            return found[0] if found else None
        return await self._engine.find_one(model, where, **how)


def _plain(text: str) -> str:
    return text.translate({0xE1: "a", 0x301: None, 0x212A: "k"}).lower()


@pytest.fixture
def outbox() -> list[Mail]:
    return []


@pytest.fixture
def blind(make_auth: MakeAuth, tmp_path: Any, kind: str, outbox: list[Mail]) -> Browser:
    """A server on such a database, in which somebody has an address with an accent."""

    def accented(values: Any, call: Any) -> dict[str, Any] | None:
        return {"email": "ad\u00e1@example.com"} if values["name"] == "Accent" else None

    auth = make_auth(
        database=_Accents(f"{tmp_path}/test.db"),
        database_hooks={"user": ModelHooks(create_before=accented)},
        password_reset=PasswordReset(send_reset_password=lambda mail, _: outbox.append(mail)),
    )
    browser = Browser(auth, kind)
    assert browser.sign_up("accent@example.com", name="Accent").status == 200
    browser.jar.clear()
    return browser


def test_w13_what_a_collation_calls_equal_is_compared_again(
    blind: Browser, outbox: list[Mail]
) -> None:
    assert blind.sign_in("ada@example.com").status == 401
    assert blind.post("/request-password-reset", {"email": "ada@example.com"}).status == 200
    blind.auth.blocking.close()
    assert outbox == []
    assert blind.sign_up("ada@example.com", name="Ada").json["user"]["email"] == "ada@example.com"


def test_w13_who_has_the_very_address_is_found_behind_the_look_alike(
    blind: Browser, outbox: list[Mail]
) -> None:
    ada = blind.sign_up("ada@example.com", name="Ada").json["user"]["id"]
    assert blind.sign_in("ada@example.com").json["user"]["id"] == ada
    blind.post("/request-password-reset", {"email": "ada@example.com"})
    blind.auth.blocking.close()
    assert [mail.user.id for mail in outbox] == [ada]


def test_w13_one_spelling_of_an_address() -> None:
    assert normal_email("Ada@Example.COM") == "ada@example.com"
    assert same_email("ADA@example.com", "ada@EXAMPLE.com")
    for email in LOOK_ALIKES:
        assert normal_email(email) == email
        assert not same_email(email, VICTIM)
