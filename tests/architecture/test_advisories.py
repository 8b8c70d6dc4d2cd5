"""No lower bound of a dependency lets a version in that is known to be unsafe.

A package without an entry had no advisory when this was last looked up, in OSV and in GitHub's
database: aiosqlite, argon2-cffi, msgspec, psycopg, psycopg-pool, bcrypt, cyclopts, rich,
opentelemetry-api.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from tests.architecture.syntax import ROOT


@dataclass(frozen=True)
class Advisory:
    """What was wrong below the first version that is fixed."""

    id: str
    package: str
    fixed: str
    about: str
    later: tuple[str, ...] = ()
    """The same of later series, where older ones were mended too."""


ADVISORIES = (
    Advisory("CVE-2024-12797", "cryptography", "44.0.1", "OpenSSL: unverified raw public keys"),
    Advisory("CVE-2026-26007", "cryptography", "46.0.5", "keys on binary curves leak"),
    Advisory("CVE-2026-34073", "cryptography", "46.0.6", "name constraints and wildcards"),
    Advisory("CVE-2026-39892", "cryptography", "46.0.7", "buffers that overflow"),
    Advisory("CVE-2026-69247", "cryptography", "50.0.0", "an oracle in PKCS#7"),
    Advisory("CVE-2024-3651", "idna", "3.7", "encode() takes very long"),
    Advisory("CVE-2026-45409", "idna", "3.15", "encode() still takes very long"),
    Advisory("CVE-2026-75509", "joserfc", "1.7.3", "lists pass for the expected issuer"),
    Advisory("GHSA-68rp-wp8r-4726", "flask", "3.1.3", "no Vary for a session that was looked at"),
    Advisory("CVE-2025-66221", "werkzeug", "3.1.4", "names of devices on Windows"),
    Advisory("CVE-2026-21860", "werkzeug", "3.1.5", "names of devices on Windows"),
    Advisory("GHSA-29vq-49wr-vm6x", "werkzeug", "3.1.6", "names of devices on Windows"),
    Advisory("CVE-2024-49767", "quart", "0.19.7", "forms take very much memory"),
    Advisory("CVE-2025-62727", "starlette", "0.49.1", "ranges take very long"),
    Advisory("CVE-2026-48710", "starlette", "1.0.1", "a Host header changes the path"),
    Advisory("CVE-2026-48817", "starlette", "1.1.0", "methods of a class answer requests"),
    Advisory("PYSEC-2026-248", "starlette", "1.3.0", "a path changes the host"),
    Advisory("PYSEC-2026-249", "starlette", "1.3.1", "limits of forms are ignored"),
    Advisory("CVE-2024-24762", "fastapi", "0.109.1", "forms take very long"),
    Advisory(
        *("CVE-2025-64459", "django", "4.2.26", "SQL injection by dictionaries"),
        later=("5.1.14", "5.2.8"),
    ),
    Advisory("CVE-2025-59152", "litestar", "2.18.0", "rate limits by a header of the client's"),
    Advisory("CVE-2026-25478", "litestar", "2.20.0", "origins as regular expressions"),
    Advisory("CVE-2026-25479", "litestar", "2.20.0", "hosts as regular expressions"),
    Advisory("CVE-2026-48060", "litestar", "2.20.0", "HTML in a CSRF token"),
    Advisory("CVE-2026-48061", "litestar", "2.22.0", "hosts by a header of the client's"),
    Advisory("CVE-2023-28859", "redis", "4.5.4", "answers to other requests"),
    Advisory("CVE-2024-36039", "pymysql", "1.1.1", "SQL injection by dictionaries"),
    Advisory("CVE-2025-65896", "asyncmy", "0.2.13", "SQL injection by dictionaries"),
    Advisory("GHSA-r397-ff8c-wv2g", "aiomysql", "0.3.0", "a server reads the client's files"),
    Advisory("CVE-2024-6827", "gunicorn", "22.0.0", "requests inside of requests"),
    Advisory("CVE-2024-49768", "waitress", "3.0.1", "pipelined requests of who was refused"),
    Advisory("CVE-2024-49769", "waitress", "3.0.1", "a client that goes keeps a core busy"),
    Advisory("CVE-2026-42544", "granian", "2.7.4", "a header ends a worker"),
    Advisory("CVE-2026-42545", "granian", "2.7.4", "a header of the answer ends a worker"),
    Advisory("CVE-2020-14343", "pyyaml", "5.4", "code in a document"),
    Advisory("GHSA-vxj7-4xrp-5vr4", "aiosmtplib", "5.1.2", "answers from before STARTTLS"),
    Advisory("CVE-2024-56326", "jinja2", "3.1.5", "str.format leaves the sandbox"),
    Advisory("CVE-2025-27516", "jinja2", "3.1.6", "the filter attr leaves the sandbox"),
    Advisory("CVE-2024-27305", "aiosmtpd", "1.4.5", "smuggled mails"),
    Advisory("CVE-2024-34083", "aiosmtpd", "1.4.6", "commands from before STARTTLS"),
    Advisory("CVE-2021-23727", "celery", "5.2.2", "commands by a backend's rows"),
    Advisory("CVE-2019-7164", "sqlalchemy", "1.3.0", "SQL injection by order_by"),
)


def requirements() -> Iterator[Requirement]:
    """What an installation needs, with all extras, and what the project itself is built with."""
    found = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project = found["project"]
    extras = [line for lines in project["optional-dependencies"].values() for line in lines]
    for line in (*project["dependencies"], *extras, *found["dependency-groups"]["dev"]):
        requirement = Requirement(line)
        if requirement.name != project["name"]:
            yield requirement


def lowest(requirement: Requirement) -> Version:
    """The lowest version that fits."""
    (bound,) = (one.version for one in requirement.specifier if one.operator == ">=")
    return Version(bound)


@pytest.mark.parametrize("advisory", ADVISORIES, ids=lambda one: one.id)
def test_a_version_that_is_known_to_be_unsafe_does_not_fit(advisory: Advisory) -> None:
    named = [one for one in requirements() if one.name.lower() == advisory.package]
    assert named, f"{advisory.package} is no dependency any more"
    for one in named:
        assert lowest(one) >= Version(advisory.fixed), f"{one}: {advisory.about}"


@pytest.mark.parametrize("advisory", ADVISORIES, ids=lambda one: one.id)
def test_nor_does_one_of_a_later_series(advisory: Advisory) -> None:
    for fixed in map(Version, advisory.later):
        for patch in range(fixed.micro):
            unsafe = f"{fixed.major}.{fixed.minor}.{patch}"
            for one in requirements():
                fits = one.name.lower() == advisory.package and one.specifier.contains(unsafe)
                assert not fits, f"{one}: {advisory.about}"


def test_versions_of_django_that_nobody_mends_do_not_fit() -> None:
    (django,) = [one for one in requirements() if one.name == "Django"]
    series = [("4.2", 30), ("5.0", 20), ("5.1", 20), ("5.2", 19)]
    for name, first in series:
        assert not any(django.specifier.contains(f"{name}.{patch}") for patch in range(first))
    assert all(map(django.specifier.contains, ("4.2.30", "5.2.19", "6.0.10", "6.1.3")))


def test_every_dependency_has_a_lower_bound() -> None:
    assert all(lowest(one) for one in requirements())


def test_what_runs_below_fastapi_is_bounded_with_it() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert set(extras["optional-dependencies"]["starlette"]) <= set(
        extras["optional-dependencies"]["fastapi"]
    )
