"""Finding users: one by id or address, or pages of those whom conditions fit."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, Literal, TypeAlias, TypeVar, cast

import msgspec

from watchword.call import Call
from watchword.database.contract import Condition, Sort, Value
from watchword.database.schema import FieldType
from watchword.discreet import Discreet
from watchword.features.addresses import user_of_address
from watchword.features.identifiers import normal_email
from watchword.features.listing import shown_type
from watchword.pipeline.validation import Identifier, invalid
from watchword.records import User

from .arguments import checked, user_id_of
from .serving import Hand, M, served

U = TypeVar("U", bound=User)

SortField: TypeAlias = Literal["id", "email", "created_at"]
Filters: TypeAlias = "Mapping[str, str | bool | int | float | datetime | Sequence[str] | None]"
"""Fields by their names in Python, and what they are to be; a list: one of these."""

MOST = 1000
"""Users of a page."""
_SEARCHED = Literal["email", "name"]
_OPERATORS = Literal["contains", "starts_with", "ends_with"]
_MOST_FILTERS, _LONGEST_LIST, _LONGEST_CURSOR = 20, 100, 4096
_TYPES: Mapping[FieldType, tuple[type, ...]] = {
    FieldType.STRING: (str,),
    FieldType.BOOLEAN: (bool,),
    FieldType.NUMBER: (int, float),
    FieldType.BIGINT: (int, float),
    FieldType.DATE: (datetime,),
}
_WIRE: Mapping[SortField, str] = {"id": "id", "email": "email", "created_at": "createdAt"}


class UserPage(Discreet, msgspec.Struct, Generic[U], frozen=True):
    """Some users, and the `cursor` of those after them; None: these were the last."""

    users: Sequence[U]
    next: str | None


class _Place(Discreet, msgspec.Struct, frozen=True, array_like=True):
    """Behind which user a page begins."""

    sort_by: SortField
    descending: bool
    value: str
    id: str


class Reading(Hand[M, U]):
    """The functions that change nothing."""

    @served
    async def get(self, call: Call, user_id: str | int) -> U | None:
        """The user with an id."""
        return cast("U | None", await call.db.find_one(User, id=user_id_of(user_id)))

    @served
    async def find(self, call: Call, email: str) -> U | None:
        """The user with an e-mail address, however it is spelled."""
        given = normal_email(checked("email", email, Identifier).strip())
        return cast("U | None", await user_of_address(call, given))

    @served
    async def count(
        self,
        call: Call,
        *,
        search: str = "",
        search_field: Literal["email", "name"] = "email",
        search_operator: Literal["contains", "starts_with", "ends_with"] = "contains",
        filters: Filters | None = None,
    ) -> int:
        """How many users there are, or how many the conditions of `list` fit."""
        where = _where(call, search, search_field, search_operator, filters or {})
        return await call.db.count(User, where=where)

    @served
    async def list(
        self,
        call: Call,
        *,
        search: str = "",
        search_field: Literal["email", "name"] = "email",
        search_operator: Literal["contains", "starts_with", "ends_with"] = "contains",
        filters: Filters | None = None,
        sort_by: SortField = "id",
        descending: bool = False,
        limit: int = 100,
        cursor: str | None = None,
    ) -> UserPage[U]:
        """A page of users: all conditions must hold. The next one begins at `cursor=page.next`.

        Pages by `id` and `email` come from an index and cost the same however far they are; by
        `created_at` the table is sorted. `filters` are fields that clients see, by their names in
        Python. Raises VALIDATION_ERROR.
        """
        size = checked("limit", limit, int)
        if not 1 <= size <= MOST:
            raise invalid([("limit", f"{size} is no whole number from 1 to {MOST}")])
        sort_by = checked("sort_by", sort_by, SortField)
        where = _where(call, search, search_field, search_operator, filters or {})
        if cursor is not None:
            where += _behind(_place(cursor, sort_by, descending=descending))
        users, more = await _page(call, where, sort_by, size, descending=descending)
        last = _cursor(users[-1], sort_by, descending=descending) if more else None
        return UserPage(cast("Sequence[U]", users), last)


async def _page(
    call: Call, where: Sequence[Condition], sort_by: SortField, size: int, *, descending: bool
) -> tuple[Sequence[User], bool]:
    """Users in order, those with the same value by their ids; whether there are more."""
    wire = _WIRE[sort_by]
    sort = Sort(wire, descending=descending)
    rows = await call.db.find_many(User, where=where, sort=sort, limit=size + 1)
    page, more = rows[:size], len(rows) > size
    if sort_by != "created_at" or not page:
        return page, more
    # A database gives users of one moment in any order: those of the last one are asked for by id.
    edge = page[-1].created_at
    whole = [user for user in page if user.created_at != edge]
    whole.sort(key=lambda user: (user.created_at, user.id), reverse=descending)
    last = await call.db.find_many(
        User,
        where=[*where, Condition(wire, edge)],
        sort=Sort("id", descending=descending),
        limit=size - len(whole) + 1,
    )
    users = [*whole, *last]
    return users[:size], more or len(users) > size


def _where(
    call: Call, search: str, field: str, operator: str, filters: Filters
) -> tuple[Condition, ...]:
    made: tuple[Condition, ...] = ()
    if search:
        text = checked("search", search, Identifier)
        compare: Any = checked("search_operator", operator, _OPERATORS)
        wire = checked("search_field", field, _SEARCHED)
        made = (Condition(wire, text, compare, insensitive=True),)
    if len(filters) > _MOST_FILTERS:
        raise invalid([("filters", f"These are more than {_MOST_FILTERS}")])
    return made + tuple(_filter(call, name, wanted) for name, wanted in filters.items())


def _filter(call: Call, name: str, wanted: object) -> Condition:
    wire = call.config.tables.of(User).wire.get(name, "")
    kind = shown_type(call, User, wire)
    if kind is None or kind not in _TYPES:
        raise invalid([(f"filters.{name[:100]}", "This is no field to search by")])
    if isinstance(wanted, list | tuple):
        several = cast("Sequence[object]", wanted)
        if len(several) > _LONGEST_LIST:
            raise invalid([(f"filters.{name}", f"These are more than {_LONGEST_LIST}")])
        return Condition(wire, [_value(name, kind, one) for one in several], "in")
    return Condition(wire, None if wanted is None else _value(name, kind, wanted))


def _value(name: str, kind: FieldType, given: object) -> Value:
    fits = isinstance(given, _TYPES[kind]) and isinstance(given, bool) == (bool in _TYPES[kind])
    if not fits:
        raise invalid([(f"filters.{name}", f"A {kind.value} is needed here")])
    if isinstance(given, str):
        checked(f"filters.{name}", given, Identifier)
    return cast("Value", given)


def _behind(place: _Place) -> tuple[Condition, ...]:
    wire = _WIRE[place.sort_by]
    beyond, from_there = ("lt", "lte") if place.descending else ("gt", "gte")
    if place.sort_by != "created_at":
        return (Condition(wire, place.value, beyond),)
    moment = datetime.fromisoformat(place.value)
    return (
        Condition(wire, moment, from_there),
        Condition(wire, moment, beyond, "OR"),
        Condition("id", place.id, beyond, "OR"),
    )


def _cursor(user: User, sort_by: SortField, *, descending: bool) -> str:
    at: object = getattr(user, sort_by)
    value = at.isoformat() if isinstance(at, datetime) else str(at)
    place = _Place(sort_by, descending, value, user.id)
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def _place(cursor: str, sort_by: SortField, *, descending: bool) -> _Place:
    text = checked("cursor", cursor, str)[:_LONGEST_CURSOR]
    try:
        given = base64.b64decode(text + "=" * (-len(text) % 4), "-_", validate=True)
        place = msgspec.json.decode(given, type=_Place)
        if place.sort_by == "created_at":
            datetime.fromisoformat(place.value)
    except ValueError:
        place = None
    if place is None or (place.sort_by, place.descending) != (sort_by, descending):
        problem = "This is no cursor of such a page; give page.next, and the same order"
        raise invalid([("cursor", problem)])
    return place
