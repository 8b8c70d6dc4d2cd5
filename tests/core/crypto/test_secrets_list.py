"""The server's secrets: where they come from, and what is said about bad ones."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.vectors import vectors
from watchword.crypto.secrets_list import (
    PLACEHOLDERS,
    Secrets,
    VersionedSecret,
    parse_secrets_env,
)

GOOD = "Zk3vQ9xTb7LmW2pR8sYd4HgN6jCfA1eU"
OTHER = "q8Wn5KzX2rVb7TyM4dLpJ9hGf3sCaE6u"
CASES = vectors("secrets_env")


@pytest.mark.parametrize("case", [case for case in CASES if "parsed" in case], ids=str)
def test_the_variable_is_read_as_the_reference_reads_it(case: dict[str, Any]) -> None:
    parsed = [
        {"version": entry.version, "value": entry.value} for entry in parse_secrets_env(case["env"])
    ]

    assert parsed == case["parsed"]


@pytest.mark.parametrize(
    "text", [*(case["env"] for case in CASES if "error" in case), "", ",", "1:a,", "\u0661:abc"]
)
def test_an_entry_of_another_form_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(ValueError, match="version:secret") as caught:
        parse_secrets_env(text)

    assert "abc" not in str(caught.value)


def test_the_first_version_is_current_and_a_single_secret_is_legacy() -> None:
    versions = (VersionedSecret(2, GOOD), VersionedSecret(1, OTHER))

    found = Secrets.resolve("legacy-secret", versions, {})

    assert (found.current, found.versions, found.legacy) == (GOOD, versions, "legacy-secret")


@pytest.mark.parametrize("placeholder", sorted(PLACEHOLDERS))
def test_a_published_default_is_no_legacy_secret(placeholder: str) -> None:
    found = Secrets.resolve(placeholder, [VersionedSecret(1, GOOD)], {})

    assert found.legacy is None


@pytest.mark.parametrize(
    ("secret", "environ", "current"),
    [
        (GOOD, {"BETTER_AUTH_SECRET": OTHER}, GOOD),
        (None, {"BETTER_AUTH_SECRET": GOOD, "AUTH_SECRET": OTHER}, GOOD),
        (None, {"AUTH_SECRET": GOOD}, GOOD),
        (None, {"BETTER_AUTH_SECRETS": f"2:{GOOD},1:{OTHER}", "AUTH_SECRET": OTHER}, GOOD),
        (OTHER, {"BETTER_AUTH_SECRETS": f"2:{GOOD}"}, GOOD),
    ],
)
def test_options_win_over_the_environment_and_lists_over_single_secrets(
    secret: str | None, environ: dict[str, str], current: str
) -> None:
    assert Secrets.resolve(secret, (), environ).current == current


def test_no_secret_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="none"):
        Secrets.resolve(None, (), {})


@pytest.mark.parametrize(
    ("versions", "said"),
    [
        ([VersionedSecret(1, GOOD), VersionedSecret(1, OTHER)], "twice"),
        ([VersionedSecret(1, "")], "empty"),
        ([VersionedSecret(-1, GOOD)], "whole number"),
        ([VersionedSecret(1.5, GOOD)], "whole number"),  # pyright: ignore[reportArgumentType]
        ([VersionedSecret(True, GOOD)], "whole number"),
        ([VersionedSecret(1, GOOD + "\udcff")], "Unicode"),
    ],
)
def test_a_bad_list_is_refused_with_its_reason(versions: list[VersionedSecret], said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        Secrets.resolve(None, versions, {})

    assert GOOD not in str(caught.value)


def test_a_secret_that_is_no_text_is_refused_at_start() -> None:
    with pytest.raises(ValueError, match="Unicode"):
        Secrets.resolve(None, (), {"AUTH_SECRET": GOOD + "\udcff"})


def test_g3_no_repr_shows_a_secret() -> None:
    found = Secrets.resolve("the-legacy-one", [VersionedSecret(1, GOOD)], {})

    for shown in (repr(found), str(found), repr(found.versions)):
        assert GOOD not in shown
        assert "the-legacy-one" not in shown


def test_a_good_secret_has_no_findings() -> None:
    assert Secrets(GOOD).findings() == []


@pytest.mark.parametrize("placeholder", sorted(PLACEHOLDERS))
def test_d1_a_published_default_is_fatal(placeholder: str) -> None:
    assert any(finding.fatal for finding in Secrets(placeholder).findings())


@pytest.mark.parametrize(
    ("secret", "said"),
    [(GOOD[:31], "shorter than 32"), ("a" * 64, "guess"), ("ab" * 40, "guess")],
    ids=["short", "one letter", "two letters"],
)
def test_d1_a_weak_secret_is_reported_without_being_shown(secret: str, said: str) -> None:
    findings = Secrets(secret).findings()

    assert any(said in finding.text for finding in findings)
    assert not any(finding.fatal or secret in finding.text for finding in findings)
