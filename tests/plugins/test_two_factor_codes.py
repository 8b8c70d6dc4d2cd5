"""Codes, secrets and their forms, as the reference and the RFCs have them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.vectors import vectors
from watchword.crypto.secrets_list import Secrets
from watchword.crypto.signing import mac, sign_cookie_value
from watchword.crypto.symmetric import decrypt
from watchword.plugins.two_factor.totp import (
    matching_step,
    totp_code,
    totp_key,
    totp_step,
    totp_uri,
)

TOTP = vectors("totp", "vectors-plugins-1.json")
FLOW = vectors("flows", "vectors-plugins-1.json")["twoFactor"]
TRUST = vectors("trustDevice", "vectors-plugins-1.json")
KEY = b"12345678901234567890"


def moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_the_codes_of_rfc_6238(at: int, code: str) -> None:
    assert totp_code(KEY, totp_step(moment(at * 1000), 30), 8) == code


def test_the_codes_of_rfc_4226() -> None:
    assert [totp_code(KEY, count, 6) for count in range(10)] == [
        "755224", "287082", "359152", "969429", "338314",
        "254676", "287922", "162583", "399871", "520489",
    ]  # fmt: skip


@pytest.mark.parametrize("case", TOTP["codes"])
def test_the_codes_of_the_reference(case: dict[str, Any]) -> None:
    step = totp_step(moment(case["unixMs"]), case["period"])
    assert totp_code(totp_key(case["secret"]), step, case["digits"]) == case["code"]


@pytest.mark.parametrize("case", TOTP["verify"])
def test_a_code_is_accepted_when_the_reference_accepts_it(case: dict[str, Any]) -> None:
    key, now = totp_key(case["secret"]), moment(case["verifyAtMs"])
    found = matching_step(key, case["code"], now, digits=6, period=30)
    assert (found is not None) == case["accepted"]
    if found is not None:
        assert found == totp_step(moment(case["codeAtMs"]), 30)


WIDE, ARABIC = "\uff14\uff12\uff14\uff17\uff14\uff17", "\u0664\u0662\u0664\u0667\u0664\u0667"


@pytest.mark.parametrize("given", [WIDE, "424747\n", "+24747", "4247 47", ARABIC])
def test_t2_only_the_exact_digits_are_the_code(given: str) -> None:
    now = moment(1767225600000)
    key = totp_key("XUwEZZiGoRNzVcoQIUxsN2O62JtOLqVI")
    assert matching_step(key, given, now, digits=6, period=30) is None


@pytest.mark.parametrize("case", TOTP["uri"])
def test_the_uris_of_the_reference(case: dict[str, Any]) -> None:
    made = totp_uri(
        totp_key(case["secret"]),
        case["issuer"],
        case["account"],
        digits=case["digits"],
        period=case["period"],
    )
    assert made == case["uri"]


def test_an_imported_secret_is_base32() -> None:
    assert totp_key("base32:gezdgnbvgy3tqojqgezdgnbvgy3tqojq") == KEY
    for odd in ("base32:1", "base32:é", "base32:a"):
        with pytest.raises(ValueError, match="no base32"):
            totp_key(odd)


def test_the_stored_row_of_the_reference_is_read() -> None:
    secrets = Secrets(vectors("meta", "vectors-plugins-1.json")["secret"])
    row = FLOW["twoFactorRow"]
    assert decrypt(row["secret"], secrets) == FLOW["secretDecrypted"]
    assert decrypt(row["backupCodes"], secrets) == FLOW["backupCodesDecrypted"]
    key = totp_key(FLOW["secretDecrypted"])
    assert (
        totp_uri(key, "Vec", "ann@example.com", digits=6, period=30)
        == (FLOW["enable"]["body"]["totpURI"])
    )
    assert totp_code(key, totp_step(datetime(2026, 1, 1, tzinfo=UTC), 30), 6) == FLOW["enrolCode"]


def test_the_cookie_of_a_trusted_device_is_that_of_the_reference() -> None:
    payload = f"{mac(TRUST['userId'] + '!' + TRUST['identifier'], TRUST['secret'])}"
    assert payload == TRUST["token"]
    signed = sign_cookie_value(TRUST["cookiePayload"], TRUST["secret"])
    assert signed.startswith(f"{payload}!{TRUST['identifier']}.")
