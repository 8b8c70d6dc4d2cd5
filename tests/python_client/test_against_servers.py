"""One client, three servers: what it sends and reads is the protocol, whoever speaks it."""

from __future__ import annotations

import time
from base64 import b32decode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from tests.docs.blocks import blocks
from tests.python_client.conftest import PASSWORD, Connect, mailed
from tests.support.authenticator import Authenticator, b64
from tests.support.services import ROOT, free_port
from watchword import (
    APIError,
    ChangePassword,
    Redirect,
    RevokeSession,
    SessionAndUser,
    SignInEmail,
    SignUpEmail,
    UpdateUser,
    VerifyEmail,
    VerifyPassword,
)
from watchword.client import AsyncClient
from watchword.plugins import Bearer, Organization, TwoFactor
from watchword.plugins.api_key import CreateApiKey, ListApiKeys
from watchword.plugins.device_authorization import (
    GRANT,
    AskForDeviceCode,
    DecideUserCode,
    DeviceCode,
    DeviceToken,
    RedeemDeviceCode,
    WhichUserCode,
)
from watchword.plugins.magic_link import SignInMagicLink, VerifyMagicLink
from watchword.plugins.organization import CreateOrganization, SetActive
from watchword.plugins.passkey import (
    RenamePasskey,
    VerifyPasskeyAuthentication,
    VerifyPasskeyRegistration,
    WhichPasskey,
)
from watchword.plugins.two_factor import EnableTwoFactor, SecondFactorAsked, VerifyCode
from watchword.plugins.two_factor.totp import totp_code


def test_signing_up_in_and_out(origin: str, connect: Connect) -> None:
    with connect() as client:
        made = client.api.sign_up_email(
            SignUpEmail(name="Ada", email="ada@client.example", password=PASSWORD)
        )
        assert made.user.email == "ada@client.example"
        assert made.user.email_verified is False
        assert datetime.now(UTC) - made.user.created_at < timedelta(minutes=5)
        found = client.api.get_session()
        assert isinstance(found, SessionAndUser)
        assert found.user == made.user
        assert found.session.user_id == made.user.id
        assert client.api.sign_out().success
        assert client.api.get_session() is None
        again = client.api.sign_in_email(SignInEmail(email="ada@client.example", password=PASSWORD))
        assert again.user.id == made.user.id
        assert client.api.verify_password(VerifyPassword(password=PASSWORD)).status


def test_refusals_are_the_servers(origin: str, connect: Connect) -> None:
    client = connect("bob")
    with pytest.raises(APIError) as refused:
        client.api.sign_in_email(SignInEmail(email="bob@client.example", password="wrong horse"))
    assert (refused.value.status, refused.value.code) == (401, "INVALID_EMAIL_OR_PASSWORD")
    assert refused.value.message
    assert refused.value.extra == {}
    with pytest.raises(APIError) as refused:
        client.api.verify_email(VerifyEmail(token="nonsense"))
    assert refused.value.code == "INVALID_TOKEN"
    with pytest.raises(APIError) as refused:
        connect().api.list_sessions()
    assert refused.value.status == 401
    elsewhere = connect(origin="https://elsewhere.example")
    with pytest.raises(APIError) as refused:
        elsewhere.api.sign_in_email(SignInEmail(email="bob@client.example", password=PASSWORD))
    assert (refused.value.status, refused.value.code) == (403, "INVALID_ORIGIN")


def test_changing_oneself(origin: str, connect: Connect) -> None:
    client = connect("carol")
    assert client.api.update_user(UpdateUser(name="Carola", image="https://x.example/c.png")).status
    found = client.api.get_session()
    assert found is not None
    assert (found.user.name, found.user.image) == ("Carola", "https://x.example/c.png")
    assert client.api.update_user(UpdateUser(image=None)).status
    found = client.api.get_session()
    assert found is not None
    assert found.user.image is None
    changed = client.api.change_password(
        ChangePassword(
            current_password=PASSWORD, new_password="another horse", revoke_other_sessions=True
        )
    )
    assert changed.user.name == "Carola"
    assert client.api.get_session() is not None  # the new session is in the jar


def test_sessions_on_several_devices(origin: str, connect: Connect) -> None:
    phone = connect("dan")
    laptop = connect()
    laptop.api.sign_in_email(SignInEmail(email="dan@client.example", password=PASSWORD))
    assert len(phone.api.list_sessions()) == 2
    there = laptop.api.get_session()
    assert there is not None
    assert phone.api.revoke_session(RevokeSession(token=there.session.token)).status
    assert laptop.api.get_session() is None
    assert [one.user_id for one in phone.api.list_sessions()] == [there.user.id]
    assert phone.api.revoke_other_sessions().status
    assert phone.api.revoke_sessions().status
    assert phone.api.get_session() is None


def test_a_second_factor(origin: str, connect: Connect) -> None:
    client = connect("eve", plugins=[TwoFactor])
    made = client.api.enable_two_factor(EnableTwoFactor(password=PASSWORD))
    assert isinstance(made.totp_uri, str)
    assert isinstance(made.backup_codes, list)
    secret = parse_qs(urlsplit(made.totp_uri).query)["secret"][0]
    client.api.verify_totp(VerifyCode(code=code_of(secret)))
    found = client.api.get_session()
    assert found is not None
    assert getattr(found.user, "two_factor_enabled") is True  # noqa: B009
    waiting = connect()
    asked: object = waiting.api.sign_in_email(
        SignInEmail(email="eve@client.example", password=PASSWORD)
    )
    assert isinstance(asked, SecondFactorAsked)
    assert "totp" in asked.two_factor_methods
    assert waiting.api.get_session() is None
    passed = waiting.api.verify_totp(VerifyCode(code=code_of(secret, later=1)))
    assert passed.user.email == "eve@client.example"
    assert waiting.api.get_session() is not None


def code_of(secret: str, *, later: int = 0) -> str:
    """What an authenticator shows, now or some steps later: a code is good once."""
    key = b32decode(secret + "=" * (-len(secret) % 8))
    return totp_code(key, int(time.time()) // 30 + later, 6)


def test_organizations(origin: str, connect: Connect) -> None:
    client = connect("fay", plugins=[Organization])
    made = client.api.create_organization(CreateOrganization(name="Acme", slug="client-acme"))
    assert [one.role for one in made.members] == ["owner"]
    found = client.api.get_session()
    assert found is not None
    assert getattr(found.session, "active_organization_id") == made.id  # noqa: B009
    assert [one.id for one in client.api.list_organizations()] == [made.id]
    whole = client.api.get_full_organization()
    assert whole is not None
    assert [one.role for one in whole.members] == ["owner"]
    assert client.api.set_active_organization(SetActive(organization_id=None)) is None
    with pytest.raises(APIError) as refused:
        client.api.create_organization(CreateOrganization(name="Acme", slug="client-acme"))
    assert refused.value.status == 400


def test_api_keys(origin: str, connect: Connect) -> None:
    client = connect("gil")
    made = client.api.create_api_key(CreateApiKey(name="ci"))
    assert made.key
    listed = client.api.list_api_keys(ListApiKeys(limit=5))
    assert [one.name for one in listed.api_keys] == ["ci"]
    assert made.key not in repr(made)


def test_a_magic_link(origin: str, connect: Connect) -> None:
    client = connect()
    email = "hal@client.example"
    assert client.api.sign_in_magic_link(SignInMagicLink(email=email)).status
    token = mailed(origin, "magic-link", email)["token"]
    opened = client.api.magic_link_verify(VerifyMagicLink(token=token))
    assert opened.user.email == email
    found = client.api.get_session()
    assert found is not None
    assert found.user.email_verified


def test_a_passkey(origin: str, connect: Connect) -> None:
    client, authenticator = connect("mia"), Authenticator(origin=origin)
    wanted = msgspec.to_builtins(client.api.generate_passkey_registration_options())
    response = authenticator.create(wanted)
    made = client.api.verify_passkey_registration(VerifyPasskeyRegistration(response=response))
    [listed] = client.api.list_passkeys()
    assert listed.credential_id == b64(authenticator.credentials[0].id)
    assert made.id == listed.id
    renamed = client.api.update_passkey(RenamePasskey(id=listed.id, name="Laptop"))
    assert renamed.passkey.name == "Laptop"
    visitor = connect()
    asked = msgspec.to_builtins(visitor.api.generate_passkey_authentication_options())
    given = VerifyPasskeyAuthentication(response=authenticator.get(asked))
    assert visitor.api.verify_passkey_authentication(given).session is not None
    found = visitor.api.get_session()
    assert found is not None
    assert found.user.email == "mia@client.example"
    assert client.api.delete_passkey(WhichPasskey(id=listed.id)).status
    assert client.api.list_passkeys() == []


def test_a_device(origin: str, connect: Connect) -> None:
    person, tool = connect("ned"), connect(plugins=[Bearer])
    waiting, shown = (
        tool.api.device_code(AskForDeviceCode(client_id="cli-tool")) for _ in range(2)
    )

    def ask(shown: DeviceCode) -> DeviceToken:
        code = shown.device_code
        return tool.api.device_token(
            RedeemDeviceCode(device_code=code, client_id="cli-tool", grant_type=GRANT)
        )

    with pytest.raises(APIError) as refused:
        ask(waiting)
    assert refused.value.status == 400
    assert refused.value.extra["error"] == "authorization_pending"
    assert person.api.device_verify(WhichUserCode(user_code=shown.user_code)).status == "pending"
    assert person.api.device_approve(DecideUserCode(user_code=shown.user_code)).success
    found = connect(token=ask(shown).access_token, plugins=[Bearer]).api.get_session()
    assert found is not None
    assert found.user.email == "ned@client.example"


def test_an_answer_that_leads_elsewhere(origin: str, connect: Connect) -> None:
    client = connect()
    client.api.sign_in_magic_link(SignInMagicLink(email="ivy@client.example", callback_url="/home"))
    token = mailed(origin, "magic-link", "ivy@client.example")["token"]
    with pytest.raises(Redirect) as led:
        client.api.magic_link_verify(VerifyMagicLink(token=token, callback_url="/home"))
    assert led.value.location.endswith("/home")
    assert client.api.get_session() is not None  # its cookies are kept
    with pytest.raises(Redirect) as led:
        client.api.magic_link_verify(VerifyMagicLink(token="nonsense", callback_url="/home"))
    assert "error=" in led.value.location


def test_a_bearer_token(origin: str, connect: Connect) -> None:
    client = connect("jim")
    token = client.token
    assert token
    tool = connect(token=token, plugins=[Bearer])
    found = tool.api.get_session()
    assert found is not None
    assert found.user.email == "jim@client.example"
    assert tool.api.update_user(UpdateUser(name="James")).status
    assert tool.api.sign_out().success
    assert tool.token is None
    assert client.api.get_session() is None


async def test_the_same_for_asyncio(origin: str) -> None:
    async with AsyncClient(origin) as client:
        made = await client.api.sign_up_email(
            SignUpEmail(name="Kim", email="kim@client.example", password=PASSWORD)
        )
        found = await client.api.get_session()
        assert found is not None
        assert found.user == made.user
        with pytest.raises(APIError):
            await client.api.verify_password(VerifyPassword(password="wrong horse"))
        answer = await client.api.sign_out(as_response=True)
        assert (answer.status, answer.body) == (200, b'{"success":true}')
        assert await client.api.get_session() is None


def test_the_command_line_of_the_documentation(
    origin: str,
    connect: Connect,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    connect("leo")
    (block,) = [one for one in blocks(ROOT / "docs" / "client.md") if one.module == "tool"]
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    tool: dict[str, Any] = {"__name__": "tool"}
    exec(block.text, tool)
    kept: Path = tool["KEPT"]

    def run(command: str, password: str = PASSWORD) -> int:
        tool.update({"input": lambda _: "leo@client.example", "getpass": lambda: password})
        return tool["main"](command, origin)

    assert run("login", "wrong horse") == 1
    assert not kept.exists()
    assert run("login") == 0
    assert kept.stat().st_mode & 0o777 == 0o600
    assert run("who") == 0
    assert capsys.readouterr().out == "Signed in as leo@client.example\n" * 2
    assert run("logout") == 0
    assert not kept.exists()
    assert capsys.readouterr().out == "Nobody is signed in\n"
    assert tool["main"]("who", f"http://127.0.0.1:{free_port()}") == 2
