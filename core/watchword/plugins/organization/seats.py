"""Seats in teams: who sits in which, and how many are taken.

What changes any is called in a transaction that holds the organization. The counter of a team is
its number of members, put right whenever a seat is taken, so that one that went wrong (where a user
was deleted, or another server wrote) neither locks a team nor opens it. It is raised below the
limit in one statement all the same: servers of the reference hold no organization
(spec: plugin organization, (e) and (f)).
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import msgspec

from watchword.call import Call
from watchword.crypto.signing import base64url
from watchword.database.contract import Sort
from watchword.database.table import gte, lt, one_of
from watchword.features.access_control import role_names

from .codes import OrganizationCodes, TeamCodes
from .records import Invitation, Team, TeamMember

OLDEST = Sort("createdAt")


def membership_key(team_id: str, user_id: str) -> str:
    """What there is once for a user in a team: base64url of SHA-256 over `["team","user"]`."""
    return base64url(sha256(msgspec.json.encode([team_id, user_id])).digest())


def invited_team_ids(invitation: Invitation) -> tuple[str, ...]:
    """The teams that an invitation leads into."""
    named: str | None = getattr(invitation, "team_id", None)
    return role_names(named)


async def team_in(call: Call, organization_id: str, team_id: str) -> Team:
    """A team of an organization. Raises TEAM_NOT_FOUND, for those of others as well."""
    team = await call.db.find_one(Team, id=team_id, organization_id=organization_id)
    if team is None:
        raise TeamCodes.TEAM_NOT_FOUND()
    return team


async def seat_of(call: Call, team_id: str, user_id: str) -> TeamMember | None:
    """The seat of a user; rows of older servers have no key."""
    key = membership_key(team_id, user_id)
    found = await call.db.find_one(TeamMember, membership_key=key)
    if found is not None:
        return found
    return await call.db.find_one(TeamMember, team_id=team_id, user_id=user_id)


async def take_seat(
    call: Call, team: Team, user_id: str, most: int | None
) -> tuple[TeamMember, bool]:
    """A seat for a user, or the one that he has, and whether it is new. `most` is the limit.

    Raises TEAM_MEMBER_LIMIT_REACHED, FAILED_TO_ADD_MEMBER.
    """
    there = await seat_of(call, team.id, user_id)
    if there is not None:
        return there, False
    taken = await call.db.count(TeamMember, team_id=team.id)
    await _add(call, team, taken - team.member_count)
    room: dict[str, Any] = {} if most is None else {"member_count": lt(most)}
    if not await _add(call, team, 1, **room):
        raise TeamCodes.TEAM_MEMBER_LIMIT_REACHED()
    key = membership_key(team.id, user_id)
    made = await call.db.create(TeamMember, team_id=team.id, user_id=user_id, membership_key=key)
    if made is None:
        raise OrganizationCodes.FAILED_TO_ADD_MEMBER()
    return made, True


async def leave_seat(call: Call, team_id: str, user_id: str) -> bool:
    """Take a user out of a team; False if he was in it no more."""
    team = await call.db.find_one(Team, id=team_id)
    left = await call.db.delete(TeamMember, team_id=team_id, user_id=user_id)
    if left and team is not None:
        await _add(call, team, -left, member_count=gte(left))
    return left > 0


async def teams_of_user(call: Call, user_id: str, organization_ids: list[str]) -> list[Team]:
    """The teams of organizations that a user is in, oldest first."""
    seats = await call.db.find_many(TeamMember, limit=None, user_id=user_id)
    ids = {seat.team_id for seat in seats}
    return await call.db.find_many(
        Team,
        limit=None,
        sort=OLDEST,
        id=one_of([*ids]),
        organization_id=one_of([*organization_ids]),
    )


async def _add(call: Call, team: Team, seats: int, **guard: Any) -> bool:
    if seats == 0:
        return True
    # Who is in a team does not change the team.
    same = {"updated_at": team.updated_at}
    return (
        await call.db.increment(Team, {"member_count": seats}, same, id=team.id, **guard)
        is not None
    )
