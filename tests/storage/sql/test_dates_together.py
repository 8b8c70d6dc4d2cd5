"""The dates of a row are read together where they have the usual spelling, else one by one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from watchword.database.contract import StorageError
from watchword.database.schema import Field, FieldType, Model, Schema
from watchword.storage.sql.model_sql import ModelSQL
from watchword.storage.sql.stored_forms import from_iso_dates
from watchword.storage.sqlite.storage import DIALECT

MODEL = Model(
    name="thing",
    fields=tuple(
        Field(name=name, type=FieldType.DATE, required=name != "ended")
        for name in ("made", "changed", "ended")
    ),
)
USUAL = "2027-01-15T08:00:00.000Z"
MOMENT = datetime(2027, 1, 15, 8, tzinfo=UTC)


@pytest.fixture
def row() -> Callable[..., dict[str, Any]]:
    return lambda *dates: ModelSQL(Schema({"thing": MODEL}), MODEL, DIALECT).row(("1", *dates))


@pytest.mark.parametrize(
    "other",
    [
        USUAL,
        1_800_000_000_000,
        "2027-01-15 08:00:00",
        "2027-01-15T08:00:00Z",
        "2027-01-15T09:00:00.000+01:00",
        "2027-01-15T08:00:00.000999Z",
    ],
)
def test_a_row_may_hold_dates_in_any_spelling(row: Callable[..., Any], other: object) -> None:
    wanted = {"id": "1", "made": MOMENT, "changed": MOMENT, "ended": None}
    assert row(USUAL, other, None) == wanted
    assert row(other, USUAL, None) == wanted
    assert row(USUAL, other, USUAL) == {**wanted, "ended": MOMENT}


def test_a_date_that_is_missing_stays_none(row: Callable[..., Any]) -> None:
    assert row(USUAL, None, None)["changed"] is None


@pytest.mark.parametrize("other", ["nonsense", "nonsense that has the lengthZ", b"\xff" * 24])
def test_what_is_no_date_is_named(row: Callable[..., Any], other: object) -> None:
    with pytest.raises(StorageError, match=r"thing\.changed"):
        row(USUAL, other, None)


@pytest.mark.parametrize("other", ["Z", "2027-01-15 08:00:00", "2027-01-15T08:00:00.0000000Z"])
def test_only_the_usual_spelling_is_read_together(other: str) -> None:
    with pytest.raises(ValueError, match="spelling"):
        from_iso_dates((USUAL, other))
