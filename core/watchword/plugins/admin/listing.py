"""Looking users up: one of them, or pages of those whom conditions fit (security I6, I7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from msgspec import UNSET

from watchword.call import Call
from watchword.database.contract import Condition, InvalidValue
from watchword.endpoint import get
from watchword.features.listing import (
    FURTHEST,
    LONGEST_PAGE,
    FitsNothing,
    condition_on,
    order_by,
    whole_number,
)
from watchword.records import User
from watchword.server_api import EndpointCall, M, ServerAPI, U

from .administration import Administration, Need
from .wire import AdminCodes, ListUsers, UserList, WhichUser

_GET = Need({"user": ["get"]}, AdminCodes.YOU_ARE_NOT_ALLOWED_TO_GET_USER)
_LIST = Need({"user": ["list"]}, AdminCodes.YOU_ARE_NOT_ALLOWED_TO_LIST_USERS)
_PAGE = 100


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
        limit = whole_number("limit", query.limit, LONGEST_PAGE)
        offset = whole_number("offset", query.offset, FURTHEST)
        try:
            where = _where(call, query)
            sort = order_by(call, User, query.sort_by, query.sort_direction)
            users = await call.db.find_many(
                User, limit=limit or _PAGE, offset=offset, sort=sort, where=where
            )
            total = await call.db.count(User, where=where)
        except (FitsNothing, InvalidValue):
            return UserList(users=[], total=0)
        return UserList(users=users, total=total, limit=limit or None, offset=offset or None)


def _where(call: Call, query: ListUsers) -> Sequence[Condition]:
    made: list[Condition] = []
    if query.search_value:
        made.append(
            Condition(
                query.search_field, query.search_value, query.search_operator, insensitive=True
            )
        )
    if query.filter_value is not UNSET:
        field, operator = query.filter_field, query.filter_operator
        made.append(condition_on(call, User, field, query.filter_value, operator))
    return made


class ListedUsersAPI(ServerAPI[M, U]):
    """Its functions in `auth.api`."""

    get_user: EndpointCall[M, WhichUser, U]
    """A user. Raises YOU_ARE_NOT_ALLOWED_TO_GET_USER, USER_NOT_FOUND."""
    list_users: EndpointCall[M, ListUsers | None, UserList[U]]
    """Users, searched, filtered, sorted and page by page.

    Raises YOU_ARE_NOT_ALLOWED_TO_LIST_USERS.
    """
