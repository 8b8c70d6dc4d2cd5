"""Looking users up: one of them, or pages of those whom conditions fit (security I6, I7).

Conditions name fields that exist and that clients see; of what nobody can see nothing is found out
by asking for it, and whatever fits no field finds nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from watchword.call import Call
from watchword.database.contract import Condition, InvalidValue, Sort, Value
from watchword.database.schema import FieldType
from watchword.endpoint import get
from watchword.http.json import parse_date
from watchword.pipeline.validation import invalid
from watchword.records import User
from watchword.server_api import EndpointCall, M, ServerAPI, U

from .administration import Administration, Need
from .wire import AdminCodes, ListUsers, UserList, WhichUser

_GET = Need({"user": ["get"]}, AdminCodes.YOU_ARE_NOT_ALLOWED_TO_GET_USER)
_LIST = Need({"user": ["list"]}, AdminCodes.YOU_ARE_NOT_ALLOWED_TO_LIST_USERS)
_PAGE = 100
_LONGEST_PAGE = 1000
_FURTHEST = 1_000_000_000
_OF_TEXTS = ("contains", "starts_with", "ends_with")
_NUMBERS = (FieldType.NUMBER, FieldType.BIGINT)


@dataclass(frozen=True, kw_only=True)
class Listing(Administration):
    """Reading users."""

    @get("/admin/get-user")
    async def get_user(self, call: Call, query: WhichUser) -> User:
        """A user. Raises YOU_ARE_NOT_ALLOWED_TO_GET_USER, USER_NOT_FOUND."""
        await self.require(call, _GET)
        user = await call.db.find_one(User, id=query.id)
        if user is None:
            raise AdminCodes.USER_NOT_FOUND()
        return user

    @get("/admin/list-users")
    async def list_users(self, call: Call, query: ListUsers) -> UserList[User]:
        """Users, searched, filtered, sorted and page by page.

        Raises YOU_ARE_NOT_ALLOWED_TO_LIST_USERS.
        """
        await self.require(call, _LIST)
        limit = _number("limit", query.limit, _LONGEST_PAGE)
        offset = _number("offset", query.offset, _FURTHEST)
        try:
            where, sort = _where(call, query), _sort(call, query)
            users = await call.db.find_many(
                User, limit=limit or _PAGE, offset=offset, sort=sort, where=where
            )
            total = await call.db.count(User, where=where)
        except (_FitsNothing, InvalidValue):
            return UserList(users=[], total=0)
        return UserList(users=users, total=total, limit=limit or None, offset=offset or None)


class _FitsNothing(Exception):
    """A condition that no user can fulfil."""


def _number(name: str, given: str | int, most: int) -> int:
    text = str(given) or "0"
    if not (text.isascii() and text.isdigit() and len(text) < 12 and int(text) <= most):
        raise invalid([(f"query.{name}", f"This is no whole number from 0 to {most}")])
    return int(text)


def _where(call: Call, query: ListUsers) -> Sequence[Condition]:
    made: list[Condition] = []
    if query.search_value:
        made.append(
            Condition(
                query.search_field, query.search_value, query.search_operator, insensitive=True
            )
        )
    if isinstance(query.filter_value, str | bool | float | list):
        kind = _field(call, query.filter_field)
        given, operator = query.filter_value, query.filter_operator
        if operator in ("in", "not_in"):
            several = given if isinstance(given, list) else [given]
            made.append(
                Condition(query.filter_field, [_value(kind, one) for one in several], operator)
            )
        elif isinstance(given, list) or (operator in _OF_TEXTS and kind is not FieldType.STRING):
            raise _FitsNothing
        else:
            insensitive = operator in _OF_TEXTS
            value = _value(kind, given)
            made.append(Condition(query.filter_field, value, operator, insensitive=insensitive))
    return made


def _sort(call: Call, query: ListUsers) -> Sort | None:
    if not query.sort_by:
        return None
    _field(call, query.sort_by)
    return Sort(query.sort_by, descending=query.sort_direction == "desc")


def _field(call: Call, wire: str) -> FieldType:
    """The type of a field that clients see."""
    if wire == "id":
        return FieldType.STRING
    for attribute in call.config.tables.of(User).attributes.values():
        if attribute.wire == wire and attribute.column.returned:
            return attribute.field.type
    raise _FitsNothing


def _value(kind: FieldType, given: str | bool | float) -> Value:
    text = given if isinstance(given, str) else str(given).lower()
    if kind is FieldType.STRING:
        return text
    if kind is FieldType.BOOLEAN and text in ("true", "false"):
        return text == "true"
    if kind in _NUMBERS:
        return _as_number(text)
    if kind is FieldType.DATE:
        return _as_date(text)
    raise _FitsNothing


def _as_number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise _FitsNothing from None
    if abs(number) > 2**53 or number != number:
        raise _FitsNothing
    return int(number) if number.is_integer() else number


def _as_date(text: str) -> datetime:
    try:
        return parse_date(text)
    except ValueError:
        raise _FitsNothing from None


class ListedUsersAPI(ServerAPI[M, U]):
    """Its functions in `auth.api`."""

    get_user: EndpointCall[M, WhichUser, U]
    """A user. Raises YOU_ARE_NOT_ALLOWED_TO_GET_USER, USER_NOT_FOUND."""
    list_users: EndpointCall[M, ListUsers | None, UserList[U]]
    """Users, searched, filtered, sorted and page by page.

    Raises YOU_ARE_NOT_ALLOWED_TO_LIST_USERS.
    """
