"""Fields of the application's own in plain files, columns that nobody knows, and long passwords."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Workplace, refused
from tests.importing.conftest import Target
from tests.support.browser import Browser

MEMBER = """
from datetime import datetime
from typing import Annotated
from watchword import Auth, Column, EmailAndPassword, User

def positive(value):
    if value < 0:
        raise ValueError("must not be negative")
    return value

class Member(User):
    {required}
    points: Annotated[int, Column(validator=positive)] = 0
    share: float = 0.5
    newsletter: bool = False
    born_on: datetime | None = None
    nick: str = ""
    tags: list[str] | None = None
    role: Annotated[str, Column(input=False)] = "user"

auth = Auth(database="sqlite:///app.db", base_url="https://app.example.com", user_type=Member,
            email_and_password=EmailAndPassword(enabled=True))
"""
OWN = "points, share, newsletter, bornOn, nick, tags, role"


@pytest.fixture
def shop(work: Workplace) -> Workplace:
    """An application whose users have more, migrated."""
    work.write("app.py", MEMBER.format(required=""))
    assert work("migrate", "--yes").status == 0
    return work


def row(work: Workplace, email: str, names: str = OWN) -> dict[str, Any]:
    target = Target(work, None)  # type: ignore[arg-type]
    (found,) = target.rows(f"SELECT {names} FROM user WHERE email = '{email}'")
    return dict(zip(names.split(", "), found, strict=True))


CSV = """email,Points,share,newsletter,born_on,NICK,tags,role,City,shoe size
ann@example.com,7,0.25,yes,1990-05-01,Annie,"[""a"", ""b""]",editor,Ulm,38
bob@example.com,,,no,,,,,Bonn,44
"""


@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_declared_fields_are_imported_and_the_rest_is_listed(
    shop: Workplace, options: tuple[str, ...]
) -> None:
    ran = shop("import", "csv", "-", *options, "--report", "left.ndjson", piped=CSV)
    assert ran.status == 0, ran.text
    assert "Left out, since users have no such field: City, shoe size" in ran.out
    told = [json.loads(line) for line in Path("left.ndjson").read_text().splitlines()]
    assert [one["reason"] for one in told] == [
        "users have no field 'City'",
        "users have no field 'shoe size'",
    ]
    if options:
        assert Target(shop, None).emails() == []  # type: ignore[arg-type]
        return
    assert row(shop, "ann@example.com") == {
        "points": 7,
        "share": 0.25,
        "newsletter": 1,
        "bornOn": "1990-05-01T00:00:00.000Z",
        "nick": "Annie",
        "tags": '["a","b"]',
        "role": "editor",
    }
    assert row(shop, "bob@example.com") == {
        "points": 0,
        "share": 0.5,
        "newsletter": 0,
        "bornOn": None,
        "nick": "",
        "tags": None,
        "role": "user",
    }


@pytest.mark.parametrize("source", ["json", "ndjson"])
def test_the_same_from_json(shop: Workplace, source: str) -> None:
    user = {"email": "ann@example.com", "points": 7, "bornOn": "1990-05-01", "tags": ["a"], "x": 1}
    given = [user] if source == "json" else user
    ran = shop("import", source, "-", piped=json.dumps(given) + "\n")
    assert "no such field: x" in ran.out
    found = row(shop, "ann@example.com", "points, bornOn, tags")
    assert found == {"points": 7, "bornOn": "1990-05-01T00:00:00.000Z", "tags": '["a"]'}


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("points", "many"),
        ("points", "-1"),
        ("points", "1.5"),
        ("newsletter", "perhaps"),
        ("born_on", "in spring"),
        ("tags", "no json"),
        ("tags", '{"a": 1}'),
    ],
)
def test_a_value_that_is_none_is_left_behind_and_told(
    shop: Workplace, column: str, value: str
) -> None:
    user = {"email": "ann@example.com", column: value}
    ran = shop("import", "ndjson", "-", piped=json.dumps(user) + "\n")
    assert ran.status == 0, ran.text
    assert f"the field {column}: its value is not of its type (at line 1)" in ran.out
    assert value not in ran.text
    assert row(shop, "ann@example.com")["points"] == 0


def test_a_required_field_must_be_in_the_file(work: Workplace) -> None:
    work.write("app.py", MEMBER.format(required="plan: str"))
    assert work("migrate", "--yes").status == 0
    lines = "email,plan\nann@example.com,gold\nbob@example.com,\n"
    ran = work("import", "csv", "-", piped=lines)
    assert "1 users imported" in ran.out
    assert "1: no value for the field plan, which users must have (at line 3)" in ran.out
    assert row(work, "ann@example.com", "plan") == {"plan": "gold"}


def test_a_source_that_does_not_have_it_is_refused(work: Workplace) -> None:
    work.write("app.py", MEMBER.format(required="plan: str"))
    assert work("migrate", "--yes").status == 0
    ran = work("import", "csv", "-", piped="email,nick\nann@example.com,Annie\n")
    refused(ran, "users need a value for plan", "Give the field a default")


def test_a_file_with_any_number_of_names_does_not_fill_the_memory(shop: Workplace) -> None:
    users = [{"email": f"u{n}@example.com", f"field-{n}-{'x' * 500}": 1} for n in range(300)]
    ran = shop("import", "ndjson", "-", piped="\n".join(map(json.dumps, users)) + "\n")
    assert "300 users imported" in ran.out
    assert ran.out.count("field-") == 100
    assert "x" * 101 not in ran.out


class TestLongPasswords:
    """Other systems let people have passwords that are longer than ours."""

    LONG = "correct horse battery staple " * 10

    @pytest.fixture
    def imported(self, target: Target) -> Target:
        key = hashlib.pbkdf2_hmac("sha256", self.LONG.encode(), b"salt", 1000).hex()
        user = {"email": "ann@example.com", "password_hash": f"pbkdf2:sha256:1000$salt${key}"}
        ran = target.run("ndjson", "-", piped=json.dumps(user) + "\n")
        assert "1 passwords stay good as they are, however long" in ran.out
        return target

    @pytest.mark.parametrize("kind", ["blocking", "async"])
    def test_they_are_accepted_again_and_again(self, imported: Target, kind: str) -> None:
        browser = Browser(imported.auth, kind, origin="https://app.example.com")
        for _ in range(2):
            assert browser.sign_in("ann@example.com", password=self.LONG).status == 200
        upgraded = imported.hash_of("ann@example.com")
        assert upgraded is not None
        assert upgraded.startswith("$argon2id$")
        assert browser.post("/verify-password", {"password": self.LONG}).status == 200
        body = {"currentPassword": self.LONG, "newPassword": self.LONG + "!"}
        assert browser.post("/change-password", body).code == "PASSWORD_TOO_LONG"
        body["newPassword"] = "another-horse"
        assert browser.post("/change-password", body).status == 200

    def test_a_wrong_one_tells_nothing_of_where_an_account_comes_from(
        self, imported: Target
    ) -> None:
        browser = Browser(imported.auth, origin="https://app.example.com")
        browser.sign_up("bob@example.com")
        verify, compared = imported.auth.config.passwords.verify, list[str]()

        def counted(stored: str, password: str) -> bool:
            compared.append(stored)
            return verify(stored, password)

        imported.auth.config.passwords.verify = counted  # type: ignore[method-assign]
        answers = [
            browser.sign_in(f"{name}@example.com", password="x" * 129).response
            for name in ("ann", "bob", "nobody")
        ]
        assert answers[0] == answers[1] == answers[2]
        assert answers[0].status == 400
        assert len(compared) == 3, "the same work for each"
