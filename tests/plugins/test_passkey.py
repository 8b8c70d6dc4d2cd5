"""Passkeys: made, used, seen, renamed, deleted."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.passkey_server import (
    ADA,
    ASK,
    BOB,
    COOKIE,
    DELETE,
    GIVE,
    LIST,
    MADE,
    NEW,
    RENAME,
    SESSION,
    MakePasskeyServer,
    PasskeyServer,
    begun,
    outcome,
    passkey_server,
    register,
    sign_in,
)
from tests.support.authenticator import BE, BS, UP, UV, Authenticator, b64
from tests.support.browser import ORIGIN, Browser, Clock
from watchword import ConfigurationError, CookieCache, RateLimit, SessionOptions
from watchword.plugins import MagicLink, Passkey
from watchword.plugins.passkey import (
    AuthenticatorSelection,
    PasskeyAuthentication,
    PasskeyRegistration,
    UsedCredential,
)
from watchword.storage.memory import MemoryStorage

REQUIRED = AuthenticatorSelection(user_verification="required")


@pytest.fixture
def make_server(make_auth: MakeAuth, clock: Clock, tmp_path: Path, kind: str) -> MakePasskeyServer:
    return passkey_server(make_auth, clock, tmp_path, kind)


@pytest.fixture
def server(make_server: MakePasskeyServer) -> PasskeyServer:
    return make_server()


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA", "RS256"])
def test_a_passkey_is_made_and_signs_in(server: PasskeyServer, algorithm: Any) -> None:
    ada = server.signed_up()
    key = Authenticator(algorithm=algorithm, flags=UP | UV | BE | BS, aaguid=bytes(range(16)))
    made = register(ada, key, name="  My phone ")
    assert made.status == 200
    shown = made.json
    assert (shown["name"], shown["deviceType"], shown["backedUp"]) == (
        "My phone",
        "multiDevice",
        True,
    )
    assert (shown["transports"], shown["counter"]) == ("internal", 0)
    assert shown["aaguid"] == "00010203-0405-0607-0809-0a0b0c0d0e0f"
    assert shown["credentialID"] == b64(key.credentials[0].id)
    browser = server.browser()
    answer = sign_in(browser, key)
    assert answer.status == 200
    assert answer.json["user"]["email"] == browser.session()["user"]["email"] == ADA
    assert answer.json["session"]["token"] in browser.jar[SESSION]
    assert server.sql("select counter from passkey") == [(1,)]
    assert sign_in(server.browser(), key).status == 200


def test_the_challenge_lives_five_minutes(server: PasskeyServer) -> None:
    ada, key = server.with_passkey()
    for path in (NEW, ASK):
        [line] = ada.get(path).cookies
        assert line.startswith(f"{COOKIE}=")
        assert line.endswith("; Max-Age=300; Path=/; HttpOnly; SameSite=Lax")
    browser = server.browser()
    response = key.get(begun(browser))
    server.clock.forward(300)
    assert outcome(browser.post(GIVE, {"response": response})) == (400, "CHALLENGE_NOT_FOUND")
    made = key.create(begun(ada, NEW))
    server.clock.forward(299.999)
    assert ada.post(MADE, {"response": made}).status == 200


def test_k1_a_challenge_is_good_once_also_after_a_failure(server: PasskeyServer) -> None:
    _, key = server.with_passkey()
    browser = server.browser()
    options = begun(browser)
    response = key.get(options)
    assert browser.post(GIVE, {"response": response}).status == 200
    assert outcome(browser.post(GIVE, {"response": response})) == (400, "CHALLENGE_NOT_FOUND")
    options = begun(browser)
    wrong = Authenticator(origin="https://evil.example", credentials=key.credentials).get(options)
    assert outcome(browser.post(GIVE, {"response": wrong})) == (400, "AUTHENTICATION_FAILED")
    right = key.get(options)
    assert outcome(browser.post(GIVE, {"response": right})) == (400, "CHALLENGE_NOT_FOUND")


def test_k1_a_challenge_is_for_one_browser_and_one_purpose(server: PasskeyServer) -> None:
    ada, key = server.with_passkey()
    begun(browser := server.browser())
    stolen = key.get(begun(server.browser()))
    assert outcome(browser.post(GIVE, {"response": stolen})) == (400, "AUTHENTICATION_FAILED")
    assert outcome(server.browser().post(GIVE, {"response": stolen})) == (
        400,
        "CHALLENGE_NOT_FOUND",
    )
    options = begun(ada, NEW)
    signed = key.get({"rpId": "localhost", "challenge": options["challenge"]})
    assert outcome(ada.post(GIVE, {"response": signed})) == (400, "CHALLENGE_NOT_FOUND")
    asked = begun(ada)
    made = key.create({"rp": {"id": "localhost"}, "challenge": asked["challenge"]})
    assert outcome(ada.post(MADE, {"response": made})) == (400, "CHALLENGE_NOT_FOUND")


def test_signed_cookies_of_other_kinds_are_no_challenge(server: PasskeyServer) -> None:
    ada, key = server.with_passkey()
    response = key.get(begun(ada))
    ada.jar[COOKIE] = ada.jar[SESSION]
    assert outcome(ada.post(GIVE, {"response": response})) == (400, "CHALLENGE_NOT_FOUND")
    assert ada.session() is not None


def test_nobody_learns_who_has_passkeys(server: PasskeyServer) -> None:
    ada, key = server.with_passkey()
    asked = begun(server.browser())
    assert "allowCredentials" not in asked
    named = [{"id": b64(key.credentials[0].id), "transports": ["internal"], "type": "public-key"}]
    assert begun(ada)["allowCredentials"] == named
    assert begun(ada, NEW)["excludeCredentials"] == named
    assert "allowCredentials" not in begun(server.signed_up(BOB))


def test_transports_that_the_browser_does_not_tell(server: PasskeyServer) -> None:
    ada, _ = server.with_passkey(transports=None)
    assert server.sql("select transports from passkey") == [("",)]
    assert begun(ada)["allowCredentials"][0]["transports"] == [""]
    server.sql("update passkey set transports = null")
    assert "transports" not in begun(ada)["allowCredentials"][0]


def test_what_the_authenticator_is_told(make_server: MakePasskeyServer) -> None:
    selection = AuthenticatorSelection(
        resident_key="required",
        user_verification="discouraged",
        authenticator_attachment="platform",
    )
    server = make_server(
        rp_id="example.com",
        rp_name="Example",
        authenticator_selection=selection,
        registration=PasskeyRegistration(extensions={"largeBlob": {"support": "preferred"}}),
        authentication=PasskeyAuthentication(extensions=lambda call: {"uvm": call.path != ""}),
    )
    ada = server.signed_up()
    options = begun(ada, NEW, name="Ada at work", authenticatorAttachment="cross-platform")
    assert options["rp"] == {"id": "example.com", "name": "Example"}
    assert (options["user"]["name"], options["user"]["displayName"]) == ("Ada at work", ADA)
    assert options["authenticatorSelection"] == {
        "residentKey": "required",
        "userVerification": "discouraged",
        "authenticatorAttachment": "cross-platform",
        "requireResidentKey": True,
    }
    extensions = {"largeBlob": {"support": "preferred"}, "credProps": True}
    assert options["extensions"] == extensions
    assert begun(ada, NEW)["authenticatorSelection"]["authenticatorAttachment"] == "platform"
    assert begun(ada)["extensions"] == {"uvm": True}
    answer = ada.get(NEW, {"authenticatorAttachment": "both"})
    assert outcome(answer) == (400, "VALIDATION_ERROR")


def test_the_account_of_an_authenticator_tells_nothing(server: PasskeyServer) -> None:
    ada = server.signed_up()
    ids = {begun(ada, NEW)["user"]["id"] for _ in range(3)}
    assert len(ids) == 3
    assert server.sql("select id from user")[0][0] not in ids


def test_k2_registration_needs_a_fresh_session(server: PasskeyServer) -> None:
    ada, key = server.with_passkey()
    response = key.create(begun(ada, NEW))
    nobody = server.browser()
    assert outcome(nobody.get(NEW)) == (401, "UNAUTHORIZED")
    assert outcome(nobody.post(MADE, {"response": response})) == (401, "UNAUTHORIZED")
    server.clock.forward(86_400)
    assert outcome(ada.get(NEW)) == (403, "SESSION_NOT_FRESH")
    assert outcome(ada.post(MADE, {"response": response})) == (403, "SESSION_NOT_FRESH")
    assert sign_in(ada, key).status == 200
    assert ada.get(NEW).status == 200


def test_a_session_that_ended_registers_nothing(make_server: MakePasskeyServer) -> None:
    cached = SessionOptions(cookie_cache=CookieCache(enabled=True))
    server = make_server(auth={"session": cached})
    ada, key = server.with_passkey()
    response = key.create(begun(ada, NEW))
    server.sql("delete from session")
    assert outcome(ada.post(MADE, {"response": response})) == (401, "UNAUTHORIZED")
    for path, body in ((DELETE, {"id": "x"}), (RENAME, {"id": "x", "name": "y"})):
        assert outcome(ada.post(path, body)) == (401, "UNAUTHORIZED")


def test_a_challenge_of_one_user_makes_no_passkey_for_another(server: PasskeyServer) -> None:
    ada, bob, key = server.signed_up(), server.signed_up(BOB), Authenticator()
    response = key.create(begun(ada, NEW))
    bob.jar[COOKIE] = ada.jar[COOKIE]
    answer = bob.post(MADE, {"response": response})
    assert outcome(answer) == (401, "YOU_ARE_NOT_ALLOWED_TO_REGISTER_THIS_PASSKEY")
    assert server.sql("select count(*) from passkey") == [(0,)]


def test_k2_a_credential_id_is_registered_once(server: PasskeyServer) -> None:
    ada, key = server.with_passkey()
    name = key.credentials[0].id
    for browser in (ada, server.signed_up(BOB)):
        response = Authenticator().create(begun(browser, NEW), id=name)
        answer = browser.post(MADE, {"response": response})
        assert outcome(answer) == (400, "PREVIOUSLY_REGISTERED")
    [passkey] = ada.get(LIST).json
    assert ada.post(DELETE, {"id": passkey["id"]}).status == 200
    response = Authenticator().create(begun(ada, NEW), id=name)
    assert ada.post(MADE, {"response": response}).status == 200


def test_a_credential_that_the_reference_registered_twice_is_the_first_ones(
    server: PasskeyServer,
) -> None:
    _, key = server.with_passkey()
    server.clock.forward(1)
    bob, own = server.with_passkey(BOB)
    name = b64(key.credentials[0].id)
    bobs = server.sql("select id from passkey order by createdAt")[1][0]
    server.sql("update passkey set credentialID = ? where id = ?", name, bobs)
    server.sql("update passkey set id = '0' || id where id = ?", bobs)
    own.credentials[0].id = key.credentials[0].id
    assert outcome(sign_in(server.browser(), own)) == (401, "AUTHENTICATION_FAILED")
    assert sign_in(browser := server.browser(), key).status == 200
    assert browser.session()["user"]["email"] == ADA
    assert bob.session() is not None


def test_a_hundred_are_enough(server: PasskeyServer) -> None:
    ada, key = server.with_passkey()
    columns = "name, publicKey, userId, credentialID, counter, deviceType, backedUp"
    for number in range(99):
        rest = columns.replace("credentialID", "'x' || ?")
        copied = f"insert into passkey (id, {columns}) select ?, {rest} from passkey limit 1"
        server.sql(copied, f"copy{number}", number)
    assert len(ada.get(LIST).json) == 100
    assert outcome(register(ada, key)) == (400, "TOO_MANY_PASSKEYS")
    assert ada.post(DELETE, {"id": "copy1"}).status == 200
    assert register(ada, key).status == 200


def test_a_passkey_is_renamed_and_deleted(server: PasskeyServer) -> None:
    ada, key = server.with_passkey()
    [passkey] = ada.get(LIST).json
    assert passkey["name"] is None
    renamed = ada.post(RENAME, {"id": passkey["id"], "name": "  Key ring "})
    assert renamed.json == {"passkey": {**passkey, "name": "Key ring"}}
    for body in ({"id": passkey["id"], "name": "  "}, {"id": passkey["id"]}, {"name": "x"}):
        assert outcome(ada.post(RENAME, body)) == (400, "VALIDATION_ERROR")
    assert ada.post(DELETE, {"id": passkey["id"]}).json == {"status": True}
    assert ada.get(LIST).json == []
    for path in (DELETE, RENAME):
        answer = ada.post(path, {"id": passkey["id"], "name": "x"})
        assert outcome(answer) == (404, "PASSKEY_NOT_FOUND")
    assert outcome(sign_in(server.browser(), key)) == (401, "PASSKEY_NOT_FOUND")


def test_k2_passkeys_are_their_owners_alone(server: PasskeyServer) -> None:
    ada, _ = server.with_passkey()
    bob = server.signed_up(BOB)
    [passkey] = ada.get(LIST).json
    assert bob.get(LIST).json == []
    refused = bob.post(DELETE, {"id": passkey["id"]})
    assert (refused.status, refused.response.body) == (401, b"")
    answer = bob.post(RENAME, {"id": passkey["id"], "name": "mine"})
    assert outcome(answer) == (401, "YOU_ARE_NOT_ALLOWED_TO_REGISTER_THIS_PASSKEY")
    assert ada.get(LIST).json == [passkey]
    for path in (LIST,):
        assert outcome(server.browser().get(path)) == (401, "UNAUTHORIZED")


def test_d3_passkeys_go_with_their_user(server: PasskeyServer) -> None:
    _, key = server.with_passkey()
    server.sql("delete from user")  # as another program would: without the references
    assert outcome(sign_in(server.browser(), key)) == (401, "PASSKEY_NOT_FOUND")


def test_a_deleted_account_takes_its_passkeys_along(make_server: MakePasskeyServer) -> None:
    from watchword import DeleteUser

    server = make_server(auth={"delete_user": DeleteUser(enabled=True)})
    ada, key = server.with_passkey()
    assert ada.post("/delete-user", {"password": "password1234"}).status == 200
    assert server.sql("select count(*) from passkey") == [(0,)]
    assert outcome(sign_in(server.browser(), key)) == (401, "PASSKEY_NOT_FOUND")


def test_k4_counters_count_up(server: PasskeyServer) -> None:
    _, key = server.with_passkey()
    [credential] = key.credentials
    assert sign_in(server.browser(), key).status == 200
    for copy in (0, -1):  # used again at 1, and at 0
        credential.counter += copy - 1
        assert outcome(sign_in(server.browser(), key)) == (400, "AUTHENTICATION_FAILED")
    key.counts, credential.counter = False, 0
    assert outcome(sign_in(server.browser(), key)) == (400, "AUTHENTICATION_FAILED")
    credential.counter = 2**32 - 1
    assert sign_in(server.browser(), key).status == 200
    assert server.sql("select counter from passkey") == [(2**32 - 1,)]


def test_passkeys_that_do_not_count_sign_in_again_and_again(server: PasskeyServer) -> None:
    _, key = server.with_passkey(counts=False)
    for _ in range(3):
        assert sign_in(server.browser(), key).status == 200
    assert server.sql("select counter from passkey") == [(0,)]


def test_user_verification_is_asked_for_and_not_insisted_on(server: PasskeyServer) -> None:
    _, key = server.with_passkey(flags=UP)
    assert begun(server.browser())["userVerification"] == "preferred"
    assert sign_in(server.browser(), key).status == 200


def test_k1_user_verification_is_enforced_where_it_is_required(
    make_server: MakePasskeyServer,
) -> None:
    server = make_server(authenticator_selection=REQUIRED)
    ada, key = server.with_passkey()
    assert begun(server.browser())["userVerification"] == "required"
    key.flags = UP
    assert outcome(register(ada, key)) == (400, "FAILED_TO_VERIFY_REGISTRATION")
    key.credentials.pop()
    assert outcome(sign_in(server.browser(), key)) == (400, "AUTHENTICATION_FAILED")
    key.flags = UP | UV
    assert sign_in(server.browser(), key).status == 200


def test_several_origins(make_server: MakePasskeyServer) -> None:
    app = "android:apk-key-hash:2jmj7l5rSw0yVb"
    server = make_server(origin=[ORIGIN, "https://app.example.com", app])
    ada, key = server.with_passkey()
    for origin in (ORIGIN, "https://app.example.com", app):
        key.origin = origin
        assert sign_in(server.browser(), key).status == 200
    for origin in ("http://localhost:3001", "https://app.example.com.evil", f"{ORIGIN}/"):
        key.origin = origin
        assert outcome(sign_in(server.browser(), key)) == (400, "AUTHENTICATION_FAILED")
        assert outcome(register(ada, key)) == (400, "FAILED_TO_VERIFY_REGISTRATION")
        key.credentials.pop()


def test_without_origins_it_is_that_of_the_request_if_it_is_trusted(
    make_server: MakePasskeyServer,
) -> None:
    from watchword import Advanced

    other = "https://app.example.com"
    server = make_server(
        auth={"trusted_origins": [other], "advanced": Advanced(disable_csrf_check=True)}
    )
    ada, key = server.with_passkey()
    key.origin = other
    there = Browser(server.auth, server.kind, origin=other)
    assert sign_in(there, key).status == 200
    assert outcome(sign_in(server.browser(), key)) == (400, "AUTHENTICATION_FAILED")
    # Nor where origins are not looked at otherwise.
    evil = Browser(server.auth, server.kind, origin="https://evil.example")
    key.origin = evil.origin
    assert outcome(sign_in(evil, key)) == (400, None)
    silent = Browser(server.auth, server.kind, origin="")
    assert outcome(sign_in(silent, key)) == (400, None)
    ada.origin = evil.origin
    assert outcome(register(ada, key)) == (400, "FAILED_TO_VERIFY_REGISTRATION")


def test_passkeys_of_another_site(make_server: MakePasskeyServer) -> None:
    server = make_server(rp_id="example.com", origin=ORIGIN)
    ada, key = server.with_passkey()
    assert sign_in(server.browser(), key).status == 200
    [credential] = key.credentials
    for rp_id in ("localhost", "evil.example", "www.example.com"):
        credential.rp_id = rp_id
        response = key.get({**begun(browser := server.browser()), "rpId": rp_id})
        answer = browser.post(GIVE, {"response": response})
        assert outcome(answer) == (400, "AUTHENTICATION_FAILED")
    options = begun(ada, NEW)
    options["rp"]["id"] = "evil.example"
    answer = ada.post(MADE, {"response": key.create(options)})
    assert outcome(answer) == (400, "FAILED_TO_VERIFY_REGISTRATION")


def test_requests_of_other_sites_are_refused(server: PasskeyServer) -> None:
    _, key = server.with_passkey()
    browser = server.browser()
    response = key.get(begun(browser))
    answer = browser.post(GIVE, {"response": response}, origin="https://evil.example")
    assert outcome(answer) == (403, "INVALID_ORIGIN")
    assert browser.post(GIVE, {"response": response}).status == 200


def test_a_new_passkey_with_a_session(server: PasskeyServer) -> None:
    ada, key = server.signed_up(), Authenticator()
    before = ada.session()["session"]
    server.clock.forward(3600)
    answer = register(ada, key, createSession=True)
    assert answer.status == 200
    assert answer.json["user"]["email"] == ADA
    now = ada.session()["session"]
    assert answer.json["session"]["id"] == now["id"] != before["id"]
    # A passkey that somebody made just now says nothing about who is signed in.
    assert now["createdAt"] == before["createdAt"]


def test_an_application_may_refuse_a_sign_in(make_server: MakePasskeyServer) -> None:
    from watchword import APIError

    seen: list[UsedCredential] = []

    async def look(used: UsedCredential, call: Any) -> None:
        seen.append(used)
        if len(seen) > 1:
            raise APIError(403, "NOT_NOW", "Come back later")

    server = make_server(authentication=PasskeyAuthentication(after_verification=look))
    _, key = server.with_passkey()
    assert sign_in(server.browser(), key).status == 200
    answer = sign_in(server.browser(), key)
    assert outcome(answer) == (403, "NOT_NOW")
    assert answer.cookies == ()
    assert [one.credential_id for one in seen] == [b64(key.credentials[0].id)] * 2
    assert seen[0].user_verified
    assert server.sql("select count(*) from session") == [(2,)]


def test_a_passkey_of_a_stranger_goes_with_the_account(
    make_server: MakePasskeyServer, make_auth: MakeAuth
) -> None:
    mails: list[Any] = []
    links = MagicLink(send_magic_link=lambda mail, request: mails.append(mail))
    server = make_server(plugins=[links])
    _, key = server.with_passkey()
    owner = server.browser()
    owner.post("/sign-in/magic-link", {"email": ADA})
    server.auth.blocking.runtime.drain()
    owner.get("/magic-link/verify", {"token": mails[0].token})
    assert owner.session()["user"]["emailVerified"] is True
    assert server.sql("select count(*) from passkey") == [(0,)]
    assert outcome(sign_in(server.browser(), key)) == (401, "PASSKEY_NOT_FOUND")


def test_with_challenges_in_a_secondary_storage(make_server: MakePasskeyServer) -> None:
    server = make_server(auth={"secondary_storage": MemoryStorage()})
    ada, key = server.with_passkey()
    assert server.sql("select name from sqlite_master where name = 'verification'") == []
    assert sign_in(server.browser(), key).status == 200
    response = Authenticator().create(begun(ada, NEW), id=key.credentials[0].id)
    assert outcome(ada.post(MADE, {"response": response})) == (400, "PREVIOUSLY_REGISTERED")


def test_what_happened_is_in_the_security_log(
    server: PasskeyServer, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "watchword.security"):
        ada, key = server.with_passkey()
        assert sign_in(server.browser(), key).status == 200
        [passkey] = ada.get(LIST).json
        key.credentials[0].sign = lambda data: b"forged"
        assert sign_in(server.browser(), key).status == 401
        ada.post(DELETE, {"id": passkey["id"]})
    events = [record.__dict__.get("watchword_event") for record in caplog.records]
    assert events[2:] == ["passkey_added", "signed_in", "refused", "passkey_removed"]


def test_paths_have_the_general_limit(make_server: MakePasskeyServer) -> None:
    server = make_server(auth={"rate_limit": RateLimit(enabled=True, max=3)})
    browser = server.browser()
    assert [browser.get(ASK).status for _ in range(4)] == [200, 200, 200, 429]


@pytest.mark.parametrize(
    ("option", "made"),
    [
        ("Passkey.rp_id", lambda: Passkey(rp_id="https://example.com")),
        ("Passkey.rp_id", lambda: Passkey(rp_id="example.com:443")),
        ("Passkey.rp_id", lambda: Passkey(rp_id="Example.com")),
        ("Passkey.rp_id", lambda: Passkey(rp_id="127.0.0.1")),
        ("Passkey.rp_id", lambda: Passkey(rp_id="")),
        ("Passkey.origin", lambda: Passkey(origin="https://example.com/")),
        ("Passkey.origin", lambda: Passkey(origin="https://example.com:443")),
        ("Passkey.origin", lambda: Passkey(origin=["https://a.example", "example.com"])),
        ("Passkey.origin", lambda: Passkey(origin="")),
        ("Passkey.challenge_cookie", lambda: Passkey(challenge_cookie="a b")),
        ("AuthenticatorSelection.resident_key", lambda: AuthenticatorSelection(resident_key="x")),  # pyright: ignore[reportArgumentType]
        ("Passkey.registration", lambda: Passkey(registration=True)),  # pyright: ignore[reportArgumentType]
        ("PasskeyRegistration.resolve_user", lambda: PasskeyRegistration(resolve_user=print)),  # pyright: ignore[reportArgumentType]
        ("PasskeyAuthentication.extensions", lambda: PasskeyAuthentication(extensions=1)),  # pyright: ignore[reportArgumentType]
    ],
)
def test_wrong_options(option: str, made: Any) -> None:
    with pytest.raises(ConfigurationError) as refused:
        made()
    assert refused.value.option == option


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    from watchword.plugins.passkey import ceremony

    monkeypatch.setattr(ceremony, "find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match=r"watchword\[passkey\]"):
        Passkey()


def test_server_side_calls(server: PasskeyServer) -> None:
    if server.kind == "async":
        return
    api = server.auth.blocking.api
    asked = api.generate_passkey_authentication_options()
    assert asked.rp_id == "localhost"
