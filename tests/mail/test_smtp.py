"""SMTP, in both worlds, against a real server: what arrives, what is refused, what is deferred."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP as Speaker

from tests.support.certificates import Certificates, certificates
from tests.support.mail_server import MailServer, mail_server, talking
from tests.support.services import free_port
from watchword.mail import SMTP, MailDeferred, MailRefused

Send = Callable[[SMTP, EmailMessage], None]


def blocking(smtp: SMTP, message: EmailMessage) -> None:
    smtp.send(message)


def asynchronous(smtp: SMTP, message: EmailMessage) -> None:
    async def run() -> None:
        # What the runtime does around it.
        async with asyncio.timeout(smtp.patience):
            await smtp.send_async(message)

    asyncio.run(run())


@pytest.fixture(params=[blocking, asynchronous])
def send(request: pytest.FixtureRequest) -> Send:
    return request.param


def message(to: str = "ada@example.com", subject: str = "Hello") -> EmailMessage:
    made = EmailMessage()
    local, _, domain = to.rpartition("@")
    made["From"] = Address("The App", "no-reply", "app.example")
    made["To"] = Address("", local, domain)
    made["Subject"] = subject
    made.set_content("Come in: https://app.example/in\n.\n..\nBye")
    return made


def test_a_mail_arrives_as_it_was_written(send: Send, mails: MailServer) -> None:
    send(SMTP(mails.url), message(subject="Grüße aus 東京"))
    (post,) = mails.posts
    assert (post.sender, post.recipients) == ("no-reply@app.example", ["ada@example.com"])
    assert post.message["Subject"] == "Grüße aus 東京"
    assert post.text == "Come in: https://app.example/in\n.\n..\nBye\n"
    assert b"\r\n" in post.raw


def test_starttls_and_a_password(send: Send, trusted: Certificates) -> None:
    server = MailServer(users={"app": "p@ss/word:1"})
    server.start(
        tls_context=trusted.server(),
        require_starttls=True,
        auth_required=True,
        authenticator=server.authenticate,
    )
    try:
        url = f"smtp://app:p%40ss%2Fword%3A1@127.0.0.1:{server.port}"
        send(SMTP(url, tls=trusted.client()), message())
    finally:
        server.stop()
    assert len(server.posts) == 1


def test_tls_from_the_first_byte(send: Send, trusted: Certificates) -> None:
    with mail_server(ssl_context=trusted.server()) as server:
        url = f"smtps://localhost:{server.port}"
        send(SMTP(url, tls=trusted.client()), message())
    assert len(server.posts) == 1


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_certificate_that_nobody_vouches_for_ends_it(
    send: Send, trusted: Certificates, scheme: str
) -> None:
    options = {"ssl_context" if scheme == "smtps" else "tls_context": trusted.server()}
    with mail_server(**options) as server:
        smtp = SMTP(
            f"{scheme}://127.0.0.1:{server.port}", starttls=True if scheme == "smtp" else None
        )
        with pytest.raises(MailDeferred, match="certificate is not trusted") as told:
            send(smtp, message())
    assert told.value.unreachable
    assert server.posts == []


def test_a_certificate_of_another_host_ends_it(send: Send) -> None:
    with (
        certificates("elsewhere.example") as made,
        mail_server(tls_context=made.server()) as server,
    ):
        smtp = SMTP(server.url, starttls=True, tls=made.client())
        with pytest.raises(MailDeferred, match="certificate is not trusted"):
            send(smtp, message())
    assert server.posts == []


def test_who_wants_tls_does_not_go_on_without(send: Send, mails: MailServer) -> None:
    url = mails.url.replace("smtp://", "smtp://app:secret-password@")
    with pytest.raises(MailDeferred, match="the server offers no STARTTLS"):
        send(SMTP(url), message())
    assert mails.posts == []


def test_answers_from_before_tls_are_not_believed(send: Send, trusted: Certificates) -> None:
    """Somebody in between says yes to everything ahead of time."""

    def talk(client: socket.socket) -> None:
        client.sendall(b"220 hello\r\n")
        client.recv(4096)
        client.sendall(b"250-me\r\n250 STARTTLS\r\n")
        client.recv(4096)
        client.sendall(b"220 go\r\n250 me\r\n250 ok\r\n250 ok\r\n354 go\r\n250 taken\r\n")
        with trusted.server().wrap_socket(client, server_side=True) as inside:
            inside.recv(4096)
            inside.sendall(b"554 it was not me\r\n")
            inside.recv(4096)

    with talking(talk) as port:
        smtp = SMTP(f"smtp://127.0.0.1:{port}", starttls=True, tls=trusted.client(), timeout=5)
        with pytest.raises((MailDeferred, TimeoutError)):
            send(smtp, message())


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
def test_a_mail_that_is_refused_is_refused_for_ever(
    send: Send, mails: MailServer, command: str
) -> None:
    mails.answers[command] = "550 5.1.1 <ada@example.com> https://app.example/in is unknown"
    with pytest.raises(MailRefused) as told:
        send(SMTP(mails.url), message())
    assert told.value.reason == f"550 5.1.1 ({command})"
    assert "ada" not in str(told.value)


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
def test_a_mail_that_is_put_off_is_tried_again(send: Send, mails: MailServer, command: str) -> None:
    mails.answers[command] = "451 4.7.1 come back later, ada@example.com"
    with pytest.raises(MailDeferred) as told:
        send(SMTP(mails.url), message())
    assert (told.value.reason, told.value.unreachable) == (f"451 4.7.1 ({command})", False)


def test_a_wrong_password_is_for_the_operator_to_mend(send: Send, trusted: Certificates) -> None:
    server = MailServer(users={"app": "right"})
    server.start(tls_context=trusted.server(), authenticator=server.authenticate)
    try:
        smtp = SMTP(f"smtp://app:wrong-one@127.0.0.1:{server.port}", tls=trusted.client())
        with pytest.raises(MailDeferred, match=r"535 .*\(AUTH\)") as told:
            send(smtp, message())
    finally:
        server.stop()
    assert told.value.unreachable
    assert "wrong-one" not in str(told.value)


def test_nobody_listens(send: Send) -> None:
    with pytest.raises(MailDeferred) as told:
        send(SMTP(f"smtp://127.0.0.1:{free_port()}"), message())
    assert told.value.unreachable


def test_a_host_that_does_not_exist(send: Send) -> None:
    with pytest.raises(MailDeferred) as told:
        send(SMTP("smtp://mail.invalid?starttls=false"), message())
    assert told.value.unreachable


def silent(client: socket.socket) -> None:
    client.recv(1)


def dripping(client: socket.socket) -> None:
    """Always about to finish its first line."""
    while True:
        client.sendall(b"2")
        time.sleep(0.05)


def endless(client: socket.socket) -> None:
    while True:
        client.sendall(b"220-more of it\r\n" * 100)


@pytest.mark.parametrize("talk", [silent, dripping, endless])
def test_a_server_that_never_comes_to_the_point_is_given_up(
    send: Send, talk: Callable[[socket.socket], None]
) -> None:
    began = time.monotonic()
    with talking(talk) as port, pytest.raises((MailDeferred, TimeoutError)) as told:
        send(SMTP(f"smtp://127.0.0.1:{port}", timeout=1), message())
    assert time.monotonic() - began < 5
    assert getattr(told.value, "unreachable", True)


def test_a_host_of_many_addresses_takes_no_longer(
    send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ExitStack() as opened, mail_server() as server:
        hosts = ("127.0.0.2", "127.0.0.3", "127.0.0.1")
        for host in hosts[:2]:
            deaf(opened, host, server.port)
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, server.port)) for one in hosts]
        asked = socket.getaddrinfo

        def resolved(host: str, *given: Any, **named: Any) -> Any:
            return found if host == "mx.test" else asked(host, *given, **named)

        monkeypatch.setattr(socket, "getaddrinfo", resolved)
        # The last one that is asked is there: the others leave time for it.
        smtp = SMTP(f"smtp://mx.test:{server.port}?starttls=false", timeout=3)
        send(smtp, message())
        assert len(server.posts) == 1
        found.pop()
        began = time.monotonic()
        with pytest.raises((MailDeferred, TimeoutError)):
            send(smtp, message())
        assert time.monotonic() - began < 4


def deaf(opened: ExitStack, host: str, port: int) -> None:
    """Have nobody accept what connects there."""
    listener = opened.enter_context(socket.socket())
    listener.bind((host, port))
    listener.listen(0)
    for _ in range(3):
        client = opened.enter_context(socket.socket())
        client.setblocking(False)
        with suppress(BlockingIOError):
            client.connect((host, port))


def test_a_connection_that_is_reset(send: Send) -> None:
    def talk(client: socket.socket) -> None:
        client.sendall(b"220 hello\r\n")
        client.recv(4096)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()

    with talking(talk) as port, pytest.raises(MailDeferred) as told:
        send(SMTP(f"smtp://127.0.0.1:{port}"), message())
    assert told.value.unreachable


def test_a_mail_that_was_taken_is_sent_though_the_server_never_says_good_bye(send: Send) -> None:
    taken: list[bytes] = []

    def talk(client: socket.socket) -> None:
        client.sendall(b"220 hello\r\n")
        for answer in (b"250 me\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n"):
            client.recv(65_536)
            client.sendall(answer)
        body = b""
        while not body.endswith(b"\r\n.\r\n"):
            body += client.recv(65_536)
        taken.append(body)
        client.sendall(b"250 taken\r\n")
        while client.recv(4096):
            pass

    with talking(talk) as port:
        send(SMTP(f"smtp://127.0.0.1:{port}", timeout=5), message())
    assert len(taken) == 1


def test_addresses_beyond_ascii(send: Send, mails: MailServer) -> None:
    send(SMTP(mails.url), message("jürgen@example.com"))
    send(SMTP(mails.url), message("ada@bücher.example"))
    assert [post.recipients for post in mails.posts] == [
        ["jürgen@example.com"],
        ["ada@xn--bcher-kva.example"],
    ]


def test_a_server_without_smtputf8_refuses_them_for_ever(
    send: Send, mails: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Speaker.__init__

    def without(self: Speaker, *args: object, **options: object) -> None:
        made(self, *args, **{**options, "enable_SMTPUTF8": False})  # pyright: ignore

    monkeypatch.setattr(Speaker, "__init__", without)
    with pytest.raises(MailRefused, match="beyond ASCII"):
        send(SMTP(mails.url), message("jürgen@example.com"))


def test_a_message_has_one_sender_and_one_addressee(send: Send, mails: MailServer) -> None:
    made = message()
    del made["To"]
    made["To"] = "ada@example.com, bob@example.com"
    with pytest.raises(MailRefused, match="To names no single address"):
        send(SMTP(mails.url), made)
    assert mails.posts == []


def test_this_machine_is_called_by_a_name_that_nobody_looks_up(
    send: Send, mails: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hangs(*_: object) -> str:
        raise AssertionError("the resolver was asked")

    monkeypatch.setattr(socket, "getfqdn", hangs)
    send(SMTP(mails.url), message())
    send(SMTP(mails.url, local_hostname="web-1.app.example"), message())
    assert len(mails.posts) == 2
