"""Files as streams, and values of other systems as ours."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from watchword.importing.files import LONGEST, TOO_LONG, elements, lines, objects, rows
from watchword.importing.imported import ImportedAccount, ImportFailure
from watchword.importing.parameters import read_parameters
from watchword.importing.providers import account
from watchword.importing.reading import flag, moment, text

DAY = datetime(2024, 1, 1, tzinfo=UTC)


def read(streamed: Callable[[Any], Any], written: str, **more: Any) -> list[Any]:
    return list(streamed(io.StringIO(written, newline=""), **more))


class Endless(io.StringIO):
    """A file whose second line has no end; notes how much of it was asked for at once."""

    most = 0

    def readline(self, size: int | None = -1) -> str:
        if not self.most:
            self.most = 1
            return "email,name\n"
        assert size is not None
        assert size > 0
        self.most = max(self.most, size)
        return "x" * size


class TestJson:
    @pytest.mark.parametrize("indent", [None, 2])
    def test_an_array_far_larger_than_what_is_read_at_once(self, indent: int | None) -> None:
        users = [{"n": n, "text": "x" * (n % 700), "deep": [{"a": [n]}]} for n in range(1000)]

        found = read(elements, json.dumps(users, indent=indent))

        assert [value for _, value in found] == users
        assert found[0][0] == "element 1"

    def test_the_array_of_an_object(self) -> None:
        whole = {"kind": "users", "padding": "y" * 100_000, "users": [{"a": 1}, {"a": 2}], "z": 1}

        assert [value for _, value in read(elements, json.dumps(whole))] == [{"a": 1}, {"a": 2}]

    @pytest.mark.parametrize("written", ["", "{}", '{"users": 1}', "42", '{"others": []}'])
    def test_no_array_is_refused(self, written: str) -> None:
        with pytest.raises(ImportFailure, match="no JSON array"):
            read(elements, written)

    @pytest.mark.parametrize("written", ["[", '[{"a": 1}', '[{"a": 1}, {"a":', '[{"a": 1} x]'])
    def test_what_is_cut_off_or_broken_is_refused(self, written: str) -> None:
        with pytest.raises(ImportFailure, match="broken or cut off"):
            read(elements, written)

    def test_an_element_without_an_end_is_not_read_for_ever(self) -> None:
        with pytest.raises(ImportFailure, match="behind element 1"):
            read(elements, '[{"a": 1}, "' + "x" * 3_000_000)

    def test_an_array_or_lines_whichever_it_is(self) -> None:
        assert [value for _, value in read(objects, ' [{"a": 1}\n, {"a": 2}]')] == [
            {"a": 1},
            {"a": 2},
        ]
        assert read(objects, '{"a": 1}\n{"a": 2}') == [("line 1", {"a": 1}), ("line 2", {"a": 2})]
        assert read(objects, "") == []


class TestLines:
    def test_a_bad_line_is_one_and_the_others_are_read(self) -> None:
        deep = "[" * 100_000
        written = f'{{"a": 1}}\n\n{{nonsense\n{deep}\n{{"a": 2}}'

        assert read(lines, written) == [
            ("line 1", {"a": 1}),
            ("line 3", None),
            ("line 4", None),
            ("line 5", {"a": 2}),
        ]

    def test_a_line_that_is_far_too_long_is_passed_over(self) -> None:
        found = read(lines, '{"a": "' + "x" * 3_000_000 + '"}\n{"a": 2}\n')

        assert found == [("line 1", TOO_LONG), ("line 2", {"a": 2})]


class TestCsv:
    @pytest.mark.parametrize("separator", [",", ";", "\t"])
    def test_separators_quotes_and_line_ends_inside(self, separator: str) -> None:
        written = f'e{separator}n\r\na@b{separator}"x{separator} ""y""\nz"\r\nc@d{separator}\r\n'

        assert [value for _, value in read(rows, written)] == [
            {"e": "a@b", "n": f'x{separator} "y"\nz'},
            {"e": "c@d", "n": ""},
        ]

    def test_a_row_of_another_length_is_no_user(self) -> None:
        """A value must not slip under the name of its neighbour."""
        found = read(rows, "email,name,verified\na@b,Ann,true\nb@b,Lee, Ben,true\nc@b,C,no\n")

        assert [value and value["email"] for _, value in found] == ["a@b", None, "c@b"]

    @pytest.mark.parametrize(
        ("written", "place", "bound"),
        [
            ("x" * (LONGEST + 1), "line 1", LONGEST),
            ("a," + "x" * 200_000 + "\n1,2\n", "line 1", 131_072),
            ("a,b\n1,2\n" + "x," * LONGEST, "line 3", LONGEST),
            ('a,b\n1,2\n"' + "x\n" * LONGEST, "line", 131_072),
            ("a,b\n1,2\n1," + "x" * 200_000 + "\n", "line 3", 131_072),
            ('a,b\n1,2\n"' + '\n","' * LONGEST, "line", LONGEST),
        ],
        ids=["names", "one name", "one line", "one field of many lines", "one field", "many lines"],
    )
    def test_a_row_without_an_end_is_refused(self, written: str, place: str, bound: int) -> None:
        """What follows a row that was cut off may be its text: nobody's row is made of it."""
        with pytest.raises(ImportFailure, match=f"{place}.* is too long.* at most {bound} "):
            read(rows, written)

    def test_a_file_is_read_no_further_than_a_row_may_be_long(self) -> None:
        endless = Endless()
        with pytest.raises(ImportFailure, match="line 2 is too long"):
            list(rows(endless))
        assert endless.most <= LONGEST + 1

    def test_a_file_without_names_is_refused(self) -> None:
        with pytest.raises(ImportFailure, match="first line"):
            read(rows, "")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2024-01-01", DAY),
        ("2024-01-01T00:00:00Z", DAY),
        ("2024-01-01 01:00:00+01", DAY),
        ("2024-01-01 00:00:00 UTC", DAY),
        ("2024-01-01T00:00:00.000Z", DAY),
        ("20240101", DAY),
        (datetime(2024, 1, 1), DAY),
        (datetime(2024, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))), DAY),
        (1704067200, DAY),
        (1704067200.0, DAY),
        (1704067200000, DAY),
        ("1704067200000", DAY),
        ("1704067200", DAY),
        (None, None),
        ("", None),
        ("soon", None),
        (True, None),
        (0, None),
        ("1", None),
        (1e300, None),
        (float("nan"), None),
        ("9" * 500, None),
        ([], None),
    ],
    ids=repr,
)
def test_moments_of_every_spelling(value: object, expected: datetime | None) -> None:
    assert moment(value) == expected


@pytest.mark.parametrize("value", [True, 1, "1", "t", "TRUE", "yes", DAY, "2024-01-01", b"\x01"])
def test_flags_that_are_set(value: object) -> None:
    assert flag(value) is True


@pytest.mark.parametrize("value", [False, None, 0, "", "0", "f", "false", "no", "never", b"\x00"])
def test_flags_that_are_not(value: object) -> None:
    assert flag(value) is False


def test_text_holds_nothing_that_no_database_can_hold() -> None:
    assert text(None, "", "  ", "a\0b ") == "ab"
    assert text("\ud800x") == "?x"
    assert text(True, {"a": 1}, ["b"], 7) == "7"
    assert text(UUID(int=1)) == "00000000-0000-0000-0000-000000000001"
    assert len(text("x" * 100_000) or "") == 2000


def test_providers_are_named_as_accounts_name_them() -> None:
    assert account("google.com", "1") == account("google-oauth2", 1) == account("google", "1")
    assert account("Acme", "1") != account("google", "1")
    assert account("password", "1") is account(None, "1") is None
    assert account("google", "") == ImportedAccount("google", None)


@pytest.mark.parametrize(
    "written",
    [
        "hash_config {\n  algorithm: SCRYPT,\n  base64_signer_key: a+/b==,\n  rounds: 8,\n}\n",
        '{"hash_config": {"base64_signer_key": "a+/b==", "rounds": 8}}',
        "BASE64_SIGNER_KEY = 'a+/b=='\nROUNDS = 8",
    ],
)
def test_hash_parameters_of_every_spelling(tmp_path: Path, written: str) -> None:
    file = tmp_path / "parameters"
    file.write_text(written)

    found = read_parameters(file)

    assert (found["base64_signer_key"], found["rounds"]) == ("a+/b==", "8")
