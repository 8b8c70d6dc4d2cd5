"""Signing in with a wallet: the message, the signature, and whose account it is."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.wallet import DOMAIN, ORDER, Wallet, nonce_of, show
from tests.support.browser import Browser, Clock
from tests.support.vectors import vectors
from watchword import APIError, ConfigurationError
from watchword.plugins import SIWE, EmailOTP, siwe
from watchword.plugins.siwe import ENSName, WalletProof
from watchword.plugins.siwe import wallets as wallets_module
from watchword.plugins.siwe.message import normal_domain, read_message
from watchword.plugins.siwe.wallets import checksummed, is_signed_by

VECTORS = vectors("siwe", "vectors-plugins-2.json")
MISMATCH = (401, "UNAUTHORIZED_SIWE_MESSAGE_MISMATCH")
NO_NONCE = (401, "UNAUTHORIZED_INVALID_OR_EXPIRED_NONCE")
UNSIGNED = (401, None)
INVALID = (400, "VALIDATION_ERROR")
ADA = Wallet(1)


def outcome(answer: Any) -> tuple[int, str | None]:
    return answer.status, answer.code


@pytest.fixture
def browser(make_auth: MakeAuth, kind: str) -> Browser:
    return Browser(make_auth(plugins=[SIWE(domain=DOMAIN)]), kind)


def rows(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(folder / "test.db")) as database:
        return database.execute(sql).fetchall()


# addresses, domains


@pytest.mark.parametrize("vector", VECTORS["checksum"])
def test_addresses_have_the_checksum_of_eip_55(vector: dict[str, str]) -> None:
    assert checksummed(vector["output"]) == vector["output"]
    assert checksummed(vector["input"].lower()) == vector["output"]
    assert checksummed("0x" + vector["input"][2:].upper()) == vector["output"]


def test_a_wrong_checksum_is_none() -> None:
    right = VECTORS["checksum"][0]["output"]
    assert checksummed(right[:-1] + right[-1].swapcase()) is not None, "a digit has no case"
    wrong = right.replace("B", "b", 1)
    assert checksummed(wrong) is None


@pytest.mark.parametrize("vector", VECTORS["domain"])
def test_domains_are_compared_without_scheme_and_path(vector: dict[str, str]) -> None:
    assert normal_domain(vector["input"]) == vector["normalized"]


# messages


def test_the_grammar_gives_each_field() -> None:
    extra = (
        "\nExpiration Time: 2030-01-01T01:00:00+01:00\nNot Before: 2029-12-31T23:59:60.1234567Z"
        "\nRequest ID: r-1\nResources:\n- ipfs://bafy/\n- https://example.com/x?y#z"
    )
    found = read_message(ADA.message("abcdefgh", extra=extra, domain=f"https://{DOMAIN}:8443"))
    assert found is not None
    assert (found.scheme, found.domain, found.chain_id) == ("https", f"{DOMAIN}:8443", 1)
    assert found.expiration_time == found.issued_at
    assert found.not_before is not None
    assert (found.request_id, found.nonce) == ("r-1", "abcdefgh")
    assert found.resources == ("ipfs://bafy/", "https://example.com/x?y#z")
    assert found.statement == "Sign in, please."


def test_a_message_without_a_statement_has_two_empty_lines() -> None:
    with_one = ADA.message("abcdefgh")
    without = with_one.replace("Sign in, please.\n", "")
    found = read_message(without)
    assert found is not None
    assert found.statement is None
    assert read_message(with_one.replace("Sign in, please.\n\n", "")) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("\n", "\r\n"),
        ("wants you", "Wants you"),
        (DOMAIN, "exa mple.com"),
        (DOMAIN, ""),
        ("Sign in, please.", "Nonce: zzzzzzzz\nNonce: yyyyyyyy"),
        ("Sign in, please.", "smart \u201cquotes\u201d"),
        ("Version: 1", "Version: 2"),
        ("Version: 1\n", ""),
        ("Chain ID: 1", "Chain ID: 0x1"),
        ("Chain ID: 1", "Chain ID: 0"),
        ("Chain ID: 1", "Chain ID: -1"),
        ("Chain ID: 1", "Chain ID: 1.5"),
        ("Chain ID: 1", "Chain ID: 2147483648"),
        ("Chain ID: 1", "Chain ID: \u0661"),
        ("abcdefgh", "abcdefg"),
        ("abcdefgh", "abcd-fgh"),
        ("abcdefgh", "a" * 251),
        ("URI: https", "URI: no uri"),
        ("Issued At: 2030-01-01T00:00:00.000Z", "Issued At: 2030-02-30T00:00:00Z"),
        ("Issued At: 2030-01-01T00:00:00.000Z", "Issued At: 2030-01-01 00:00:00Z"),
        ("Issued At: 2030-01-01T00:00:00.000Z", "Issued At: 2030-01-01T00:00:00"),
        ("Issued At: 2030-01-01T00:00:00.000Z", "Issued At: 0000-01-01T00:00:00Z"),
        ("Issued At: 2030-01-01T00:00:00.000Z", "Issued At: 0001-01-01T00:00:00+23:59"),
        ("Issued At: 2030-01-01T00:00:00.000Z", "Issued At: 2030-01-01T00:00:00Z\n"),
        ("Issued At: 2030", "Nonce: zzzzzzzz\nIssued At: 2030"),
        (".000Z", ".000Z\nNot Before: soon"),
        (".000Z", ".000Z\nNonce: zzzzzzzz"),
        (".000Z", ".000Z\nRequest ID: a b"),
        (".000Z", ".000Z\nResources:\n- no uri"),
    ],
)
def test_what_is_not_of_the_grammar_is_no_message(old: str, new: str) -> None:
    message = ADA.message("abcdefgh")
    assert read_message(message) is not None
    assert old in message
    assert read_message(message.replace(old, new)) is None


# signatures


def test_each_form_of_a_signature_is_known() -> None:
    message = ADA.message("abcdefgh")
    usual, raw = ADA.sign(message), ADA.raw(message)
    for signature in (
        usual,
        "0x" + raw.hex(),
        "0x" + usual[2:].upper(),
        ADA.sign_compact(message),
    ):
        assert is_signed_by(ADA.address, message, signature)
        assert not is_signed_by(Wallet(2).address, message, signature)
        assert not is_signed_by(ADA.address, message + " ", signature)


def test_a_signature_of_another_library_is_known() -> None:
    """Of the example in EIP-191's implementations: web3.js, `eth.accounts.sign("Some data")`."""
    address = "0x2c7536E3605D9C16a7a3D7b1898e529396a65c23"
    signature = (
        "0xb91467e570a6466aa9e9876cbcd013baba02900b8979d43fe208a4a4f339f5fd"
        "6007e74cd82e037b800186422fc2da167c747ef045e5d18a5f5d4300f8e1a0291c"
    )
    assert is_signed_by(address, "Some data", signature)


def test_what_is_no_signature_is_none() -> None:
    message = ADA.message("abcdefgh")
    usual, raw = ADA.sign(message), ADA.raw(message)
    r, s, parity = raw[:32], int.from_bytes(raw[32:64]), raw[64]
    high = (ORDER - s).to_bytes(32).hex()
    for wrong in (
        "",
        "0x",
        usual[2:],
        usual[:-2] + "1d",
        usual[:-2] + "02",
        usual[:-2] + "ff",
        usual[:-2] + ("1b" if parity else "1c"),
        usual + "00",
        usual[:-1],
        usual.replace("0x", "0X"),
        "0x" + r.hex() + high + ("1b" if parity else "1c"),  # as good, and not low
        "0x" + "00" * 64 + "1b",
        "0x" + "ff" * 64 + "1b",
        "0x" + r.hex() + "00" * 32 + "1b",
        "0x" + "g" * 130,
        "\u0660x" + usual[2:],
        "0x" + "11" * 5000,
    ):
        assert not is_signed_by(ADA.address, message, wrong), wrong


# signing in


def test_a_new_wallet_signs_up(browser: Browser, tmp_path: Path) -> None:
    answer = ADA.sign_in(browser)
    assert answer.status == 200, answer.json
    assert set(answer.json) == {"token", "success", "user"}
    user = browser.session()["user"]
    wallet = {"id": user["id"], "walletAddress": ADA.address, "chainId": 1}
    assert answer.json["user"] == wallet
    assert answer.json["success"] is True
    assert (user["name"], user["image"]) == (ADA.address, "")
    assert user["email"] == f"{ADA.address}@siwe.placeholder.invalid".lower()
    assert user["emailVerified"] is False
    sql = "select userId, address, chainId, isPrimary, createdAt from walletAddress"
    [row] = rows(tmp_path, sql)
    assert row[:4] == (user["id"], ADA.address, 1, 1)
    [account] = rows(tmp_path, "select userId, providerId, accountId from account")
    assert account == (user["id"], "siwe", f"{ADA.address}:1")
    assert rows(tmp_path, "select * from verification") == []


def test_a_known_wallet_signs_in_on_every_chain(browser: Browser, tmp_path: Path) -> None:
    first = ADA.sign_in(browser).json["user"]["id"]
    lower = ADA.sign_in(browser, address=ADA.address.lower())
    assert lower.json["user"] == {"id": first, "walletAddress": ADA.address, "chainId": 1}
    other = ADA.sign_in(browser, chain="137")
    assert other.json["user"] == {"id": first, "walletAddress": ADA.address, "chainId": 137}
    sql = "select chainId, isPrimary from walletAddress order by chainId"
    assert rows(tmp_path, sql) == [(1, 1), (137, 0)]
    assert len(rows(tmp_path, "select id from account")) == 2
    assert Wallet(2).sign_in(browser).json["user"]["id"] != first


def test_a_nonce_is_good_once_and_for_a_while(browser: Browser, clock: Clock) -> None:
    message = ADA.message(nonce_of(browser))
    assert show(browser, message, ADA.sign(message)).status == 200
    assert outcome(show(browser, message, ADA.sign(message))) == NO_NONCE
    late = ADA.message(nonce_of(browser))
    clock.forward(900)
    assert outcome(show(browser, late, ADA.sign(late))) == NO_NONCE
    foreign = ADA.message("madeupmadeup")
    assert outcome(show(browser, foreign, ADA.sign(foreign))) == NO_NONCE


def test_a_nonce_is_used_up_by_whatever_is_wrong(browser: Browser) -> None:
    message = ADA.message(nonce_of(browser))
    answer = show(browser, message, Wallet(2).sign(message))
    assert outcome(answer) == UNSIGNED
    assert answer.json["status"] == 401
    assert outcome(show(browser, message, ADA.sign(message))) == NO_NONCE


def test_who_is_meant_and_when_is_looked_at(browser: Browser) -> None:
    for other in ("evil.example", f"{DOMAIN}:444", f"me@{DOMAIN}", f"{DOMAIN}.evil.example"):
        assert outcome(ADA.sign_in(browser, domain=other)) == MISMATCH
    assert ADA.sign_in(browser, domain=f"https://{DOMAIN.upper()}").status == 200
    wrong = ADA.address.swapcase().replace("0X", "0x")
    assert outcome(ADA.sign_in(browser, address=wrong)) == MISMATCH
    now, later = "2030-01-01T00:00:00Z", "2099-01-01T00:00:00Z"
    expired = ADA.sign_in(browser, extra="\nExpiration Time: 2000-01-01T00:00:00Z")
    assert outcome(expired) == (401, "UNAUTHORIZED_SIWE_MESSAGE_EXPIRED")
    early = ADA.sign_in(browser, extra=f"\nNot Before: {later}")
    assert outcome(early) == (401, "UNAUTHORIZED_SIWE_MESSAGE_NOT_YET_VALID")
    assert now < later
    assert ADA.sign_in(browser, extra=f"\nExpiration Time: {later}").status == 200


@pytest.mark.parametrize("wrong", [None, 1, [], {}, "", "x" * 1_000_000])
def test_bad_input_is_the_clients_fault(browser: Browser, wrong: Any) -> None:
    for name in ("message", "signature", "email"):
        if (name, wrong) == ("email", None):
            continue
        message = ADA.message(nonce_of(browser))
        body = {"message": message, "signature": ADA.sign(message), name: wrong}
        assert outcome(browser.post("/siwe/verify", body))[0] in (400, 413), name
    assert outcome(browser.post("/siwe/nonce", {"walletAddress": "0x"})) == INVALID
    assert browser.post("/siwe/get-nonce").status == 200
    older = {"message": "m", "signature": "s", "walletAddress": ADA.address, "chainId": 1}
    assert outcome(browser.post("/siwe/verify", older)) == INVALID
    assert browser.session() is None


def test_a_nonce_stands_for_nothing_else(browser: Browser) -> None:
    nonce = nonce_of(browser)
    message = ADA.message(nonce)
    # What is signed for one browser may be shown by another: the message says who signs in.
    other = Browser(browser.auth, browser.kind)
    assert show(other, message, ADA.sign(message)).status == 200
    assert browser.session() is None


def test_pages_of_other_sites_sign_nobody_in(browser: Browser) -> None:
    message = ADA.message(nonce_of(browser))
    body = {"message": message, "signature": ADA.sign(message)}
    headers = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
    assert browser.post("/siwe/verify", body, **headers).status == 403


# addresses


def test_where_an_address_is_asked_for_it_is_taken_if_it_is_free(
    make_auth: MakeAuth, kind: str, tmp_path: Path
) -> None:
    browser = Browser(make_auth(plugins=[SIWE(domain=DOMAIN, anonymous=False)]), kind)
    assert outcome(ADA.sign_in(browser)) == INVALID
    ADA.sign_in(browser, email="Ada@Example.com")
    assert browser.session()["user"]["email"] == "ada@example.com"
    assert browser.session()["user"]["emailVerified"] is False
    taken = Browser(browser.auth, kind)
    Wallet(2).sign_in(taken, email="ada@example.com")
    assert taken.session()["user"]["email"].endswith("@siwe.placeholder.invalid")


def test_an_address_that_was_not_asked_for_is_not_taken(browser: Browser) -> None:
    ADA.sign_in(browser, email="ada@example.com")
    assert browser.session()["user"]["email"].endswith("@siwe.placeholder.invalid")


def test_who_registered_a_made_up_address_keeps_nobody_out(make_auth: MakeAuth, kind: str) -> None:
    plugin = SIWE(domain=DOMAIN, email_domain_name="wallets.example.com")
    browser = Browser(make_auth(plugins=[plugin]), kind)
    email = f"{ADA.address}@wallets.example.com"
    squatter = Browser(browser.auth, browser.kind)
    assert squatter.sign_up(email).status == 200
    assert ADA.sign_in(browser).status == 200
    found = browser.session()["user"]
    assert found["id"] != squatter.session()["user"]["id"]
    assert found["email"] != email.lower()


def test_made_up_addresses_may_have_a_domain_of_ones_own(make_auth: MakeAuth, kind: str) -> None:
    plugin = SIWE(domain=DOMAIN, email_domain_name="wallets.example.com")
    browser = Browser(make_auth(plugins=[plugin]), kind)
    ADA.sign_in(browser)
    assert browser.session()["user"]["email"] == f"{ADA.address}@wallets.example.com".lower()


def test_the_owner_of_a_claimed_address_loses_the_wallet_of_who_claimed_it(
    make_auth: MakeAuth, kind: str, tmp_path: Path
) -> None:
    codes: list[str] = []
    otp = EmailOTP(send_verification_otp=lambda mail, request: codes.append(mail.otp))
    auth = make_auth(plugins=[SIWE(domain=DOMAIN, anonymous=False), otp])
    stranger = Browser(auth, kind)
    ADA.sign_in(stranger, email="owner@example.com")
    owner = Browser(auth, kind)
    asked = {"email": "owner@example.com", "type": "sign-in"}
    owner.post("/email-otp/send-verification-otp", asked)
    auth.blocking.runtime.drain()
    body = {"email": "owner@example.com", "otp": codes[-1]}
    assert owner.post("/sign-in/email-otp", body).status == 200
    assert stranger.session() is None
    again = ADA.sign_in(stranger, email="other@example.com")
    assert again.json["user"]["id"] != owner.session()["user"]["id"]


# the application's own functions


def test_the_application_may_verify_signatures_itself(make_auth: MakeAuth, kind: str) -> None:
    seen: list[WalletProof] = []

    async def verify(proof: WalletProof) -> bool:
        seen.append(proof)
        return proof.signature == "0xcontract"

    browser = Browser(make_auth(plugins=[SIWE(domain=DOMAIN, verify_message=verify)]), kind)
    message = ADA.message(nonce_of(browser))
    assert show(browser, message, "0xcontract").status == 200
    [proof] = seen
    assert (proof.address, proof.chain_id, proof.message) == (ADA.address, 1, message)
    assert proof.cacao["p"]["aud"] == DOMAIN
    assert proof.cacao["s"] == {"t": "eip191", "s": "0xcontract"}
    assert "0xcontract" not in repr(proof)
    assert outcome(ADA.sign_in(browser)) == UNSIGNED


def test_a_contract_at_the_same_address_on_another_chain_is_somebody_else(
    make_auth: MakeAuth, kind: str, tmp_path: Path
) -> None:
    plugin = SIWE(domain=DOMAIN, verify_message=lambda proof: True)
    browser = Browser(make_auth(plugins=[plugin]), kind)

    def come(signature: str, chain: str) -> str:
        shown = show(browser, ADA.message(nonce_of(browser), chain=chain), signature)
        assert shown.status == 200, shown.json
        return shown.json["user"]["id"]

    owner = come("0xcontract", "1")
    assert come("0xcontract", "1") == owner
    stranger = come("0xanother", "31337")
    assert stranger != owner
    assert come("0xcontract", "31337") == stranger
    sql = "select userId, chainId, isPrimary from walletAddress order by chainId"
    assert rows(tmp_path, sql) == [(owner, 1, 1), (stranger, 31337, 1)]


def test_a_key_is_one_user_on_all_chains_whoever_verifies(make_auth: MakeAuth, kind: str) -> None:
    plugin = SIWE(domain=DOMAIN, verify_message=lambda proof: True)
    browser = Browser(make_auth(plugins=[plugin]), kind)
    first = ADA.sign_in(browser).json["user"]["id"]
    assert ADA.sign_in(browser, chain="137").json["user"]["id"] == first


@pytest.mark.parametrize("answer", [None, 1, "yes", {"ok": True}])
def test_only_true_says_yes(make_auth: MakeAuth, kind: str, answer: Any) -> None:
    plugin = SIWE(domain=DOMAIN, verify_message=lambda proof: answer)
    assert outcome(ADA.sign_in(Browser(make_auth(plugins=[plugin]), kind))) == UNSIGNED


def test_a_verifier_that_fails_lets_nobody_in_and_tells_nothing(
    make_auth: MakeAuth, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    def verify(proof: WalletProof) -> bool:
        raise LookupError(f"no node for {proof.message}")

    browser = Browser(make_auth(plugins=[SIWE(domain=DOMAIN, verify_message=verify)]), kind)
    answer = ADA.sign_in(browser)
    assert outcome(answer) == UNSIGNED
    assert "LookupError" in caplog.text
    assert "no node" not in caplog.text + str(answer.json)


def test_names_and_pictures_come_from_the_name_service(make_auth: MakeAuth, kind: str) -> None:
    def look_up(address: str) -> ENSName:
        assert address == ADA.address
        return ENSName(name="ada.eth", avatar="https://example.com/ada.png")

    browser = Browser(make_auth(plugins=[SIWE(domain=DOMAIN, ens_lookup=look_up)]), kind)
    ADA.sign_in(browser)
    user = browser.session()["user"]
    assert (user["name"], user["image"]) == ("ada.eth", "https://example.com/ada.png")


def test_a_name_service_that_is_down_keeps_nobody_out(make_auth: MakeAuth, kind: str) -> None:
    def look_up(address: str) -> ENSName:
        raise OSError

    browser = Browser(make_auth(plugins=[SIWE(domain=DOMAIN, ens_lookup=look_up)]), kind)
    assert ADA.sign_in(browser).status == 200
    assert browser.session()["user"]["name"] == ADA.address


@pytest.mark.parametrize("odd", ["a\0b", "\ud800", 7, b"x", ["x"], "", {}])
def test_odd_names_and_pictures_keep_nobody_out(make_auth: MakeAuth, kind: str, odd: Any) -> None:
    plugin = SIWE(domain=DOMAIN, ens_lookup=lambda address: ENSName(name=odd, avatar=odd))
    browser = Browser(make_auth(plugins=[plugin]), kind)
    assert ADA.sign_in(browser).status == 200
    user = browser.session()["user"]
    assert (user["name"], user["image"]) == (ADA.address, "")


@pytest.mark.parametrize("made", ["short", "has space1", "x" * 251, "ünïcödé1", None, 12345678])
def test_a_wrong_nonce_of_the_application_is_its_fault(
    make_auth: MakeAuth, kind: str, made: Any
) -> None:
    browser = Browser(make_auth(plugins=[SIWE(domain=DOMAIN, get_nonce=lambda: made)]), kind)
    assert outcome(browser.post("/siwe/nonce")) == (500, "SIWE_INVALID_NONCE")


def test_the_applications_nonces_are_used(make_auth: MakeAuth, kind: str) -> None:
    plugin = SIWE(domain=DOMAIN, get_nonce=lambda: "ownnonce123")
    browser = Browser(make_auth(plugins=[plugin]), kind)
    assert nonce_of(browser) == "ownnonce123"
    assert ADA.sign_in(browser).status == 200


def test_a_wallet_signs_in_from_python(make_auth: MakeAuth) -> None:
    api = make_auth(plugins=[SIWE(domain=DOMAIN)]).blocking.api
    message = ADA.message(api.get_siwe_nonce().nonce)
    given = siwe.VerifySIWE(message=message, signature=ADA.sign(message))
    assert api.verify_siwe_message(given).user.wallet_address == ADA.address
    assert ADA.sign(message) not in repr(given)
    with pytest.raises(APIError):
        api.verify_siwe_message(given)


# options


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"domain": ""}, "domain"),
        ({"domain": "two words"}, "domain"),
        ({"domain": DOMAIN, "anonymous": "no"}, "anonymous"),
        ({"domain": DOMAIN, "email_domain_name": "two words"}, "email_domain_name"),
        ({"domain": DOMAIN, "verify_message": "yes"}, "verify_message"),
        ({"domain": DOMAIN, "get_nonce": 1}, "get_nonce"),
        ({"domain": DOMAIN, "ens_lookup": 1}, "ens_lookup"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        SIWE(**options)


@pytest.mark.parametrize("missing", ["Crypto", "coincurve"])
def test_a_missing_package_is_named_at_the_start(
    monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    real = wallets_module.find_spec
    monkeypatch.setattr(
        wallets_module, "find_spec", lambda name: None if name == missing else real(name)
    )
    with pytest.raises(ConfigurationError, match=r"watchword\[siwe\]"):
        SIWE(domain=DOMAIN)
    if missing == "coincurve":
        SIWE(domain=DOMAIN, verify_message=lambda proof: True)
