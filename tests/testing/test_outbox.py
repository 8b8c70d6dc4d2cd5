"""What servers send is kept and read: by whomever it is sent, in whatever world."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from email.message import EmailMessage
from typing import Any

import pytest

from tests.support.plugins import drop, every_plugin
from tests.testing.conftest import ADDRESS
from tests.testing.sites import CLIENTS
from watchword import (
    Auth,
    ChangeEmail,
    DeleteUser,
    EmailVerification,
    Notices,
    PasswordReset,
    RequestPasswordReset,
    testing,
)
from watchword.features.mails import Mail
from watchword.plugins.email_otp import SignInByOTP
from watchword.plugins.phone_number import PhoneCode

ASKED = "/api/auth/request-password-reset"


def everything(send: Any = drop) -> Auth[Any]:
    """A server that has every option that sends."""
    return testing.auth(
        base_url=ADDRESS,
        email_verification=EmailVerification(send_verification_email=send),
        password_reset=PasswordReset(send_reset_password=send, reset_page=f"{ADDRESS}/new"),
        change_email=ChangeEmail(enabled=True, send_change_email_confirmation=send),
        delete_user=DeleteUser(enabled=True, send_delete_account_verification=send),
        notices=Notices(send=send),
        plugins=every_plugin(send, Organization={"send_invitation_email": send}),
    )


def places_of(options: Any, value: object) -> Iterator[str]:
    """The fields in which a value is, of a plugin and of what it is configured with."""
    for one in fields(options):
        found = getattr(options, one.name, None)
        if found is value:
            yield one.name
        elif is_dataclass(found) and not isinstance(found, type):
            yield from places_of(found, value)


def still(auth: Auth[Any]) -> list[str]:
    return [name for plugin in auth.config.plugins.values() for name in places_of(plugin, drop)]


def test_every_option_that_sends_is_captured_and_put_back() -> None:
    auth = everything()
    before = still(auth)
    assert len(before) >= 12
    with testing.captured(auth):
        assert still(auth) == []
    assert still(auth) == before


def test_what_is_not_sent_is_not_sent_while_it_is_captured() -> None:
    auth = testing.auth(base_url=ADDRESS)
    with testing.captured(auth) as outbox, CLIENTS["flask"](auth, ADDRESS) as client:
        refused = client.post(ASKED, json={"email": testing.make_user(auth).email})
        assert refused.status_code == 400
        assert len(outbox) == 0


@pytest.mark.parametrize("name", CLIENTS)
def test_reading_waits_for_what_is_sent_behind_the_answer(name: str, auth: Auth[Any]) -> None:
    ada, bob = testing.make_user(auth), testing.make_user(auth)
    with testing.captured(auth) as outbox, CLIENTS[name](auth, "http://testserver.local") as client:
        for user in (ada, bob, ada):
            assert client.post(ASKED, json={"email": user.email}).status_code == 200
        assert [message.to for message in outbox] == [ada.email, bob.email, ada.email]
        assert outbox.last().link == outbox.to(ada.email.upper())[-1].link
        assert outbox.last(to=bob.email).link.startswith(f"{ADDRESS}/api/auth/reset-password/")
        assert len(set(outbox.links)) == 3
        assert outbox.codes == []
        outbox.clear()
        assert outbox.messages == []


async def test_on_an_event_loop_it_is_awaited(auth: Auth[Any]) -> None:
    ada = testing.make_user(auth)
    with testing.captured(auth) as outbox:
        await auth.api.request_password_reset(RequestPasswordReset(email=ada.email))
        with pytest.raises(RuntimeError, match=r"await outbox\.settled\(\)"):
            outbox.last()
        assert (await outbox.settled()).last().to == ada.email
        assert outbox.last().to == ada.email
    await auth.close()


async def test_who_takes_too_long_is_told() -> None:
    go_on = threading.Event()

    def hangs(mail: Any, request: Any) -> None:
        assert go_on.wait(60)

    auth = testing.auth(password_reset=PasswordReset(send_reset_password=hangs))
    auth.blocking.users.create(email="ada@example.com")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("logging.Logger.warning", lambda *_: None)
        auth.blocking.api.request_password_reset(RequestPasswordReset(email="ada@example.com"))
    outbox = testing.Outbox()
    with pytest.raises(TimeoutError, match="1 pieces of background work"):
        await outbox.settled(0.01)
    with pytest.raises(TimeoutError, match="1 pieces of background work"):
        await asyncio.to_thread(outbox.wait, 0.01)
    go_on.set()
    await outbox.settled()
    auth.blocking.close()


def test_codes_by_mail_and_by_telephone() -> None:
    outbox = testing.Outbox()
    auth = everything(outbox.send)
    ada = testing.make_user(auth, email="ada@example.com")
    with CLIENTS["flask"](auth, ADDRESS) as client:
        asked = {"email": ada.email, "type": "sign-in"}
        client.post("/api/auth/email-otp/send-verification-otp", json=asked)
    code = outbox.last(to=ada.email).code
    done = auth.blocking.api.sign_in_email_otp(SignInByOTP(email=ada.email, otp=code))
    assert done.user.id == ada.id

    outbox.send(PhoneCode(phone_number="+4930123456", code="246810"))
    assert outbox.last(to="+4930123456").code == "246810"
    assert outbox.codes == [code, "246810"]
    auth.blocking.close()


def test_links_and_codes_are_found_in_texts() -> None:
    outbox = testing.Outbox()
    outbox.send_text(
        "+49301", "123456 is your code (not 12 or 2026-01-01). https://a.example/?c=98765"
    )
    assert outbox.last().codes == ("123456",)
    assert outbox.last().links == ("https://a.example/?c=98765",)

    mail = EmailMessage()
    mail["To"], mail["Subject"] = "ada@example.com", "Your code is 55555"
    mail.set_content("Or open <https://a.example/x>; see (https://a.example/help).")
    mail.add_alternative("<p>https://a.example/html</p>", subtype="html")
    outbox.send_message(mail)
    assert outbox.last(to="ada@example.com").code == "55555"
    assert outbox.last().links == ("https://a.example/x", "https://a.example/help")


def test_what_is_missing_is_said_by_name() -> None:
    outbox = testing.Outbox()
    with pytest.raises(LookupError, match="nothing was sent; messages went to nobody"):
        outbox.last()
    outbox.send_text("ada@example.com", "Hello")
    with pytest.raises(LookupError, match=r"sent to bob@.*; messages went to ada@example\.com"):
        outbox.last(to="bob@example.com")
    with pytest.raises(LookupError, match=r"ada@example\.com.* has no link"):
        assert outbox.last().link
    with pytest.raises(LookupError, match="has no code"):
        assert outbox.last().code


def test_nothing_secret_is_printed(auth: Auth[Any]) -> None:
    outbox = testing.Outbox()
    outbox.send_text("ada@example.com", "246810 or https://a.example/secret")
    url = "https://a.example/secret"
    outbox.send(Mail(user=testing.make_user(auth), url=url, token="secret"))
    printed = repr(outbox.messages)
    assert "ada@example.com" in printed
    assert "246810" not in printed
    assert "secret" not in printed
