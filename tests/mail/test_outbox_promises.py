"""What the outbox tells nobody, and what it stores together with what mails promise."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.mail.mailing_auth import ADA, MailingAuth, ask, mailer, mailing_auth, rows
from tests.support.browser import Browser, Clock
from tests.support.mail_server import MailServer
from watchword import Auth, Call, ModelHooks, PasswordReset, VersionedSecret
from watchword.features.letters import Letter, mailer_of
from watchword.mail.outbox import QueuedMail
from watchword.plugins import EmailOTP, MagicLink, Organization
from watchword.runtime.blocking import finish


def test_neither_link_nor_address_stands_in_the_table(
    make_auth: MakeAuth, mails: MailServer, tmp_path: Path
) -> None:
    server = mailing_auth(
        make_auth, mails, "blocking", mail=mailer(mails, outbox=True), plugins=[MagicLink()]
    )
    server.server.stop()
    ask(server)
    text = repr(rows(tmp_path))
    with closing(sqlite3.connect(tmp_path / "test.db")) as database:
        (identifier,) = database.execute(
            "select identifier from verification where identifier like 'magic-link:%'"
        ).fetchone()
    token = identifier.removeprefix("magic-link:")
    for secret in (ADA, "example", "http", token):
        assert secret not in text
    raw = (tmp_path / "test.db").read_bytes()
    assert raw.count(token.encode()) <= 2  # in the table of verifications and its index


def test_secrets_may_be_exchanged_while_mails_wait(
    make_auth: MakeAuth, mails: MailServer, clock: Clock, tmp_path: Path
) -> None:
    old = VersionedSecret(1, "old-0123456789-abcdefghijklmnop")
    new = VersionedSecret(2, "new-0123456789-abcdefghijklmnop")
    options: dict[str, Any] = {"plugins": [MagicLink()], "secret": None}
    outbox = mailer(mails, outbox=True)
    first = mailing_auth(make_auth, mails, "blocking", mail=outbox, secrets=[old], **options)
    mails.stop()
    ask(first)
    mails.start()
    clock.forward(60)
    both = [new, old]
    second = mailing_auth(make_auth, mails, "blocking", mail=outbox, secrets=both, **options)
    assert second.auth.blocking.mails.send_due() == {"sent": 1}
    mails.stop()
    ask(second, "bob@example.com")
    mails.start()
    clock.forward(60)
    third = mailing_auth(make_auth, mails, "blocking", mail=outbox, secrets=[old], **options)
    assert third.auth.blocking.mails.send_due() == {"failed": 1}
    (entry,) = third.auth.blocking.mails.list(state="failed")
    assert (entry.to, entry.state) == ("", "failed")
    assert "another secret" in (entry.last_error or "")


class Recorder:
    """An engine that notes what it is asked."""

    def __init__(self, engine: Any, seen: list[str]) -> None:
        self._engine = engine
        self._seen = seen

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._engine, name)

        def noted(*given: Any, **named: Any) -> Any:
            self._seen.append(f"{name} {given[0]}" if given else name)
            return found(*given, **named)

        return noted if callable(found) else found

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Recorder, None]:
        async with self._engine.transaction() as inside:
            yield Recorder(inside, self._seen)


def statements(auth: Auth[Any], path: str, body: dict[str, str]) -> list[str]:
    """What the database is asked while an answer is waited for."""
    seen: list[str] = []
    runtime: Any = auth.blocking.runtime
    engine, background, held = runtime.engine, runtime.background, []
    runtime.engine = Recorder(engine, seen)
    runtime.background = lambda work, promised=False: held.append(work)
    try:
        assert Browser(auth).post(path, body).status == 200
    finally:
        runtime.engine, runtime.background = engine, background
    answered = list(seen)
    for work in held:
        runtime.background(work)
    runtime.drain()
    return answered


@pytest.mark.parametrize(
    "path",
    [
        "/request-password-reset",
        "/email-otp/request-password-reset",
        "/send-verification-email",
    ],
)
def test_the_work_of_an_answer_does_not_tell_whether_an_address_is_known(
    make_auth: MakeAuth, mails: MailServer, tmp_path: Path, path: str
) -> None:
    auth = make_auth(
        mail=mailer(mails, outbox=True),
        plugins=[EmailOTP()],
        password_reset=PasswordReset(reset_page="/x"),
    )
    MailingAuth(auth, mails).browser().sign_up()
    auth.blocking.runtime.drain()
    statements(auth, path, {"email": "first@example.com"})  # sweeps, as one does in a minute
    known, unknown = (
        statements(auth, path, {"email": email}) for email in (ADA, "nobody@example.com")
    )
    assert known.count("create mailOutbox") == unknown.count("create mailOutbox") == 1
    assert known == unknown
    assert len(mails.posts) == 1
    assert rows(tmp_path) == []


def test_decoys_are_listed_nowhere_and_swept(
    make_auth: MakeAuth, mails: MailServer, clock: Clock, tmp_path: Path
) -> None:
    served = mailing_auth(
        make_auth,
        mails,
        "blocking",
        mail=mailer(mails, outbox=True),
        password_reset=PasswordReset(reset_page="/x"),
    )
    runtime = served.auth.blocking.runtime
    # The process dies behind the answer.
    runtime.background = lambda work, promised=False: work.close()  # pyright: ignore
    served.browser().post("/request-password-reset", {"email": "nobody@example.com"})
    del runtime.background  # pyright: ignore
    (row,) = rows(tmp_path)
    assert row["state"] == "decoy"
    assert served.auth.blocking.mails.list() == []
    assert served.auth.blocking.mails.send_due() == {}
    assert served.auth.blocking.mails.retry(row["id"]) is False
    clock.forward(3601)
    served.auth.blocking.mails.send_due()
    assert rows(tmp_path) == []
    assert mails.posts == []


def test_an_invitation_and_its_mail_are_stored_together_or_not_at_all(
    make_auth: MakeAuth, mails: MailServer, tmp_path: Path
) -> None:
    def fail(values: object, call: object) -> None:
        raise RuntimeError("the application fails at last")

    served = mailing_auth(
        make_auth,
        mails,
        "blocking",
        mail=mailer(mails, outbox=True),
        database_hooks={"mailOutbox": ModelHooks(create_before=fail)},
        plugins=[Organization()],
    )
    browser = served.browser()
    browser.sign_up()
    made = browser.post("/organization/create", {"name": "Acme", "slug": "acme"})
    asked = {"email": "bob@example.com", "role": "member", "organizationId": made.json["id"]}
    assert browser.post("/organization/invite-member", asked).status == 500
    served.auth.blocking.runtime.drain()
    assert (rows(tmp_path), mails.posts) == ([], [])
    listed = browser.get("/organization/list-invitations", {"organizationId": made.json["id"]})
    assert listed.json == []


def test_the_mail_of_an_undone_transaction_is_undone(
    make_auth: MakeAuth, mails: MailServer, tmp_path: Path
) -> None:

    auth = make_auth(mail=mailer(mails, outbox=True))
    config, runtime = auth.config, auth.blocking.runtime
    assert config.sites.fixed is not None
    call = Call(config, runtime, config.sites.fixed)

    async def undone() -> None:
        async with call.db.transaction():
            await mailer_of(call).post(call, Letter(kind="magic-link", to=ADA, url="x"), None)
            assert await call.db.count(QueuedMail) == 1
            raise RuntimeError

    with pytest.raises(RuntimeError):
        finish(undone())
    runtime.drain()
    assert rows(tmp_path) == []
    assert mails.posts == []


def test_a_hook_of_the_database_may_refuse_a_mail_and_that_is_told(
    make_auth: MakeAuth, mails: MailServer, logged: pytest.LogCaptureFixture
) -> None:
    served = mailing_auth(
        make_auth,
        mails,
        "blocking",
        mail=mailer(mails, outbox=True),
        plugins=[MagicLink()],
        database_hooks={"mailOutbox": ModelHooks(create_before=lambda values, call: False)},
    )
    ask(served)
    assert mails.posts == []
    assert any("a hook of the database refused it" in one.getMessage() for one in logged.records)
