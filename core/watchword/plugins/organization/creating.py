"""Making organizations."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from watchword.call import Call
from watchword.database.contract import UniqueViolation
from watchword.endpoint import post
from watchword.errors import APIError
from watchword.pipeline.additional_fields import read_fields
from watchword.records import User
from watchword.server_api import EndpointCall, M, ServerAPI, U
from watchword.sessions.sessions import current_session

from .active import ActiveOrganizations
from .codes import OrganizationCodes
from .hooks import Values, asked, told
from .membership import Caller, stored
from .records import Member, StoredOrganization
from .shapes import CreatedOrganization, check_metadata, metadata_object, shown, stored_metadata
from .wire import CreateOrganization


@dataclass(frozen=True, kw_only=True)
class NewOrganizations(ActiveOrganizations):
    """Making organizations."""

    @post("/organization/create")
    async def create_organization(
        self, call: Call, body: CreateOrganization
    ) -> CreatedOrganization:
        """Make an organization, with who is asking (or `user_id`) as its creator, and active.

        Raises YOU_ARE_NOT_ALLOWED_TO_CREATE_A_NEW_ORGANIZATION, ORGANIZATION_ALREADY_EXISTS,
        YOU_HAVE_REACHED_THE_MAXIMUM_NUMBER_OF_ORGANIZATIONS, FAILED_TO_CREATE_ORGANIZATION, and 401
        without a body for nobody.
        """
        check_metadata(body.metadata, "body.metadata")
        caller, user = await self._creator(call, body.user_id)
        fields = read_fields(call, StoredOrganization, creating=True)
        given = {"name": body.name, "slug": body.slug, "logo": body.logo}
        if await call.db.find_one(StoredOrganization, slug=body.slug) is not None:
            raise OrganizationCodes.ORGANIZATION_ALREADY_EXISTS()
        hooks = self.organization_hooks
        given = {**fields, **given, "metadata": body.metadata}
        values = stored_metadata(await asked(call, hooks.before_create_organization, given, user))
        values.setdefault("id", call.config.tables.new_id(StoredOrganization.__model__))
        planned = _preview(call, values)
        member = {"user_id": user.id, "role": self.creator_role, "organization_id": planned.id}
        member = await asked(call, hooks.before_add_member, member, user, planned)
        team = await self.plan_default_team(call, planned, user)
        try:
            async with self._creating(call, caller, user):
                made = await self._create(call, values, member, team, user)
        except UniqueViolation:
            raise OrganizationCodes.ORGANIZATION_ALREADY_EXISTS() from None
        organization, creator, team_id = made
        if caller is not None and not body.keep_current_active_organization:
            await self.activate(call, organization.id, team_id)
        metadata = metadata_object(organization)
        return shown(call, CreatedOrganization, organization, metadata=metadata, members=[creator])

    async def _creator(self, call: Call, user_id: str | None) -> tuple[Caller | None, User]:
        """Who is asking, and whose the organization will be, if that user may have one."""
        if await current_session(call) is not None:
            caller = await self.caller(call)
            allowed = self.allow_user_to_create_organization
            if callable(allowed):
                allowed = await call.run(allowed, caller.user)
            if not allowed:
                raise OrganizationCodes.YOU_ARE_NOT_ALLOWED_TO_CREATE_A_NEW_ORGANIZATION()
            user: User | None = caller.user
        else:
            caller, user = None, None
            if call.for_itself and user_id:
                user = await call.db.find_one(User, id=user_id)
        if user is None:
            raise APIError(401)
        limit = self.organization_limit
        if callable(limit) and await call.run(limit, user):
            raise OrganizationCodes.YOU_HAVE_REACHED_THE_MAXIMUM_NUMBER_OF_ORGANIZATIONS()
        return caller, user

    @asynccontextmanager
    async def _creating(
        self, call: Call, caller: Caller | None, user: User
    ) -> AsyncGenerator[None]:
        """Hold whose the organization will be: nobody gets more than the limit at once."""
        async with call.db.transaction():
            await self.hold_users(call, caller, user.id)
            limit = self.organization_limit
            if isinstance(limit, int) and await call.db.count(Member, user_id=user.id) >= limit:
                raise OrganizationCodes.YOU_HAVE_REACHED_THE_MAXIMUM_NUMBER_OF_ORGANIZATIONS()
            yield

    async def _create(
        self, call: Call, values: Values, member: Values, team: Values | None, user: User
    ) -> tuple[StoredOrganization, Member, str | None]:
        hooks = self.organization_hooks
        organization = await call.db.create(StoredOrganization, **values)
        if organization is None:
            raise OrganizationCodes.FAILED_TO_CREATE_ORGANIZATION()
        mine = {**member, "organization_id": organization.id}
        creator = await stored(
            call.db.create(Member, **mine), OrganizationCodes.FAILED_TO_CREATE_ORGANIZATION
        )
        await told(call, hooks.after_add_member, creator, user, organization)
        team_id = None
        if team is not None:
            team_id = await self.create_default_team(call, organization, user, team)
        await told(call, hooks.after_create_organization, organization, creator, user)
        return organization, creator, team_id


def _preview(call: Call, values: Values) -> StoredOrganization:
    """The organization as it will be."""
    table = call.config.tables.of(StoredOrganization)
    others = {name: value for name, value in values.items() if name != "id"}
    return table.from_row(table.new_row(others, str(values["id"] or ""), call.now))


class NewOrganizationsAPI(ServerAPI[M, U]):
    """Its functions in `auth.api`."""

    create_organization: EndpointCall[M, CreateOrganization, CreatedOrganization]
    """Make an organization, with who is asking (or `user_id`) as its creator, and active.

    Raises YOU_ARE_NOT_ALLOWED_TO_CREATE_A_NEW_ORGANIZATION, ORGANIZATION_ALREADY_EXISTS,
    YOU_HAVE_REACHED_THE_MAXIMUM_NUMBER_OF_ORGANIZATIONS, FAILED_TO_CREATE_ORGANIZATION, and 401
    without a body for nobody.
    """
