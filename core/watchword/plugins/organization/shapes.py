"""Records as they are shown: with others around them, and the application's fields in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, ClassVar, TypeVar, cast

import msgspec
from msgspec import UNSET, UnsetType

from watchword.call import Call
from watchword.database.records import Record, attributes_of, prepared
from watchword.database.table import one_of
from watchword.discreet import Discreet
from watchword.http.json import encode
from watchword.pipeline.additional_fields import LONGEST_JSON
from watchword.pipeline.problems import TOO_LONG
from watchword.pipeline.validation import invalid
from watchword.records import User

from .records import Invitation, Member, OrganizationRole, StoredOrganization, Team

R = TypeVar("R", bound=Record)
_RECORDS = (StoredOrganization, Member, Invitation, Team, OrganizationRole)


class MemberUser(Discreet, msgspec.Struct, frozen=True):
    """What members see of each other."""

    id: str
    name: str
    email: str
    image: str | None

    @classmethod
    def of(cls, user: User) -> MemberUser:
        return cls(user.id, user.name, user.email, user.image)


class MemberWithUser(Member, kw_only=True):
    """A member, and who that is."""

    user: MemberUser | UnsetType = UNSET


class OrganizationShown(Record, kw_only=True):
    """An organization with its metadata as an object."""

    __model__: ClassVar[str] = "organization"
    name: str
    slug: str
    logo: str | None = None
    created_at: datetime
    metadata: dict[str, Any] | UnsetType = UNSET


class CreatedOrganization(OrganizationShown, kw_only=True):
    """A new organization, and the one member that it has."""

    members: list[Member]


class FullTeam(Record, kw_only=True):
    """A team, and how many members it has."""

    __model__: ClassVar[str] = "team"
    name: str
    member_count: int
    organization_id: str
    created_at: datetime
    updated_at: datetime | None = None


class FullOrganization(StoredOrganization, kw_only=True):
    """An organization with what its members see of it."""

    invitations: list[Invitation]
    members: list[MemberWithUser]
    teams: list[FullTeam] | UnsetType = UNSET


class InvitationShown(Invitation, kw_only=True):
    """An invitation as its recipient sees it."""

    organization_name: str
    organization_slug: str
    inviter_email: str


class UserInvitation(Invitation, kw_only=True):
    """An invitation in a list of somebody's."""

    organization_name: str


class MemberList(Discreet, msgspec.Struct, frozen=True):
    """Members, and how many there are in all."""

    members: list[MemberWithUser]
    total: int


def shown(call: Call, kind: type[R], record: Record, **others: object) -> R:
    """The record as another kind, with its additional fields, hidden ones left out."""
    table = call.config.tables.of(kind)
    values = {name: getattr(record, name) for name in ("id", *table.attributes)}
    return _with_fields(kind, table.record)(**{**values, **others})


async def with_users(call: Call, members: Sequence[Member]) -> list[MemberWithUser]:
    """Members with their users; without those whose user is gone."""
    ids = {member.user_id for member in members}
    found = await call.db.find_many(User, limit=None, id=one_of([*ids])) if ids else []
    users = {user.id: MemberUser.of(user) for user in found}
    return [
        shown(call, MemberWithUser, member, user=users[member.user_id])
        for member in members
        if member.user_id in users
    ]


@cache
def _with_fields(kind: type[R], record: type[Record]) -> type[R]:
    known = {attribute.name for attribute in attributes_of(kind)}
    others = [one for one in attributes_of(record) if one.name not in known]
    fields = [(one.name, one.annotation, None) for one in others]
    added = msgspec.defstruct("Added", fields, kw_only=True, rename="camel")
    made = cast("type[R]", prepared(kind, [added]))
    # A kind may show what the plugin hides elsewhere, but never what the application hides.
    own = next(one for one in _RECORDS if issubclass(record, one))
    hidden = _hidden(record) - _hidden(own)
    if hidden <= made.__hidden__:
        return made
    bases: tuple[type[Record]] = (made,)
    closed = cast("type[R]", msgspec.defstruct(kind.__name__, (), bases=bases, kw_only=True))
    closed.__hidden__ = made.__hidden__ | hidden
    return closed


def _hidden(record: type[Record]) -> frozenset[str]:
    return frozenset(one.wire for one in attributes_of(record) if not one.column.returned)


def metadata_object(organization: StoredOrganization) -> dict[str, Any] | UnsetType:
    """The metadata; UNSET where there is none, or none that can be read as an object."""
    try:
        return msgspec.json.decode(organization.metadata or "", type=dict[str, Any])
    except msgspec.MsgspecError:
        return UNSET


def check_metadata(metadata: object, place: str) -> None:
    """Raise VALIDATION_ERROR, at a place, for what is too long to store."""
    if len(encode(metadata)) > LONGEST_JSON:
        raise invalid([(place, TOO_LONG)])


def stored_metadata(values: Mapping[str, object]) -> dict[str, object]:
    """Values with their metadata as it is stored."""
    metadata = values.get("metadata")
    if not isinstance(metadata, dict):
        return dict(values)
    return {**values, "metadata": encode(cast("object", metadata)).decode()}
