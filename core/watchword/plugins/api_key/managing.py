"""Keys as their owners see them: making, reading, changing and deleting them."""

from __future__ import annotations

from dataclasses import dataclass

from msgspec import UNSET

from watchword.call import Call
from watchword.database.contract import Sort
from watchword.endpoint import get, post
from watchword.pipeline.validation import invalid
from watchword.results import Success
from watchword.server_api import EndpointCall, M, ServerAPI, U

from .making import changed_values, new_rights, new_secret, new_values, refuse_server_only
from .options import ApiKeyConfig
from .owners import Asker, acting, asker_with_session, check_member, check_owner
from .records import StoredApiKey
from .ring import KeyRing
from .stores import LONGEST_PAGE, Held, Page
from .wire import (
    ApiKeyCodes,
    CreateApiKey,
    DeleteApiKey,
    KeyInfo,
    KeyList,
    ListApiKeys,
    NewKey,
    OwnerId,
    UpdateApiKey,
    WhichApiKey,
    info_of,
    new_key,
)

_FURTHEST = 1_000_000_000


@dataclass(frozen=True, kw_only=True)
class ManagedKeys(KeyRing):
    """Keys in the hands of their owners."""

    @post("/api-key/create")
    async def create_api_key(self, call: Call, body: CreateApiKey) -> NewKey:
        """Make a key. What it is used with is told this once.

        The server itself, without headers, says whose it is (`user_id`) and all else. Raises
        UNAUTHORIZED_SESSION, SERVER_ONLY_PROPERTY, ORGANIZATION_ID_REQUIRED, and the codes of what
        does not fit the configuration.
        """
        config = self.config_of(body.config_id)
        if not call.for_itself:
            refuse_server_only(body)
        of_organization = config.references == "organization"
        if of_organization and body.organization_id is UNSET:
            raise ApiKeyCodes.ORGANIZATION_ID_REQUIRED()
        asker = await _asker(call, body.user_id, over_http=call.request is not None)
        owner_id = asker.user_id
        if of_organization:
            owner_id = str(body.organization_id)
            await check_member(call, owner_id, asker.user_id, "create")
        values = new_values(call, config, body)
        key, kept = await new_secret(call, config, str(values["prefix"] or ""))
        kept["permissions"] = await new_rights(call, config, body, owner_id)
        await self.sweep(call)
        async with acting(call, asker):
            if of_organization:
                await check_member(call, owner_id, asker.user_id, "create")
            store = self.store_of(config)
            row = await store.add(call, {**values, **kept, "reference_id": owner_id})
        if row is None:
            raise ApiKeyCodes.FAILED_TO_CREATE_API_KEY()
        return new_key(row, key)

    @get("/api-key/get", requires="session")
    async def get_api_key(self, call: Call, query: WhichApiKey) -> KeyInfo:
        """A key of one's own. Raises KEY_NOT_FOUND for those of others, too."""
        config = self.config_of(query.config_id)
        held = await self._held(call, config, query.id)
        await check_owner(call, config, held.row, call.session.user.id, "read")
        return info_of(held.row)

    @get("/api-key/list", requires="session")
    async def list_api_keys(self, call: Call, query: ListApiKeys) -> KeyList:
        """One's own keys, or those of an organization, a hundred at most.

        Raises USER_NOT_MEMBER_OF_ORGANIZATION, INSUFFICIENT_API_KEY_PERMISSIONS.
        """
        limit, offset = _number("limit", query.limit), _number("offset", query.offset)
        owner_id, references = call.session.user.id, "user"
        if query.organization_id is not None:
            references = "organization"
            configs = self._owned(query, references)
            if configs:
                await check_member(call, query.organization_id, owner_id, "read")
            owner_id = query.organization_id
        else:
            configs = self._owned(query, references)
        page = Page(
            LONGEST_PAGE if limit is None else min(limit, LONGEST_PAGE),
            offset or 0,
            _sort(call, query),
        )
        rows, total = await self._listed(call, owner_id, configs, page)
        return KeyList(
            api_keys=[info_of(row) for row in rows], total=total, limit=limit, offset=offset
        )

    @post("/api-key/update")
    async def update_api_key(self, call: Call, body: UpdateApiKey) -> KeyInfo:
        """Change a key of one's own.

        Raises UNAUTHORIZED_SESSION, SERVER_ONLY_PROPERTY, KEY_NOT_FOUND, NO_VALUES_TO_UPDATE, and
        the codes of what does not fit the configuration.
        """
        asker = await _asker(call, body.user_id)
        if not call.for_itself:
            refuse_server_only(body)
        config = self.config_of(body.config_id)
        async with acting(call, asker):
            held = await self._held(call, config, str(body.key_id))
            await check_owner(call, config, held.row, asker.user_id, "update")
            changes = changed_values(call, config, body)
            row = await self.store_of(config).change(call, held, changes)
        if row is None:
            raise ApiKeyCodes.KEY_NOT_FOUND()
        return info_of(row)

    @post("/api-key/delete", requires="sensitive")
    async def delete_api_key(self, call: Call, body: DeleteApiKey) -> Success:
        """Delete a key of one's own. Raises UNAUTHORIZED_SESSION, KEY_NOT_FOUND, USER_BANNED."""
        config, asker = self.config_of(body.config_id), await asker_with_session(call)
        async with acting(call, asker):
            held = await self._held(call, config, str(body.key_id))
            await check_owner(call, config, held.row, asker.user_id, "delete")
            removed = await self.store_of(config).remove(call, held)
        if not removed:
            raise ApiKeyCodes.KEY_NOT_FOUND()
        return Success()

    async def _held(self, call: Call, config: ApiKeyConfig, key_id: str) -> Held:
        held = await self.store_of(config).by_id(call, key_id)
        if held is None or held.row.config_id != config.config_id:
            raise ApiKeyCodes.KEY_NOT_FOUND()
        return held

    def _owned(self, query: ListApiKeys, references: str) -> list[ApiKeyConfig]:
        return [
            one
            for one in self.configs
            if one.references == references and query.config_id in (None, "", one.config_id)
        ]

    async def _listed(
        self, call: Call, owner_id: str, configs: list[ApiKeyConfig], page: Page
    ) -> tuple[list[StoredApiKey], int]:
        groups = list(self.places(configs).values())
        if len(groups) == 1:
            ids = [one.config_id for one in groups[0]]
            return await self.store_of(groups[0][0]).of_owner(call, owner_id, ids, page)
        rows, total = list[StoredApiKey](), 0
        for there in groups:
            whole = Page(LONGEST_PAGE, 0, page.sort)
            ids = [one.config_id for one in there]
            found, many = await self.store_of(there[0]).of_owner(call, owner_id, ids, whole)
            rows, total = [*rows, *found], total + many
        return page.of(call, rows), total


async def _asker(call: Call, user_id: OwnerId | object, *, over_http: bool = False) -> Asker:
    """Who acts: whose session it is, or whom the server itself names.

    Raises UNAUTHORIZED_SESSION for nobody, and for a session that names somebody else.
    """
    named = None if user_id is UNSET else str(user_id)
    if call.for_itself:
        if named is None:
            raise ApiKeyCodes.UNAUTHORIZED_SESSION()
        return Asker(named, None)
    asker = await asker_with_session(call)
    if named is not None and (over_http or named != asker.user_id):
        raise ApiKeyCodes.UNAUTHORIZED_SESSION()
    return asker


def _number(name: str, given: str | int) -> int | None:
    text = str(given)
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 12 and int(text) <= _FURTHEST):
        raise invalid([(f"query.{name}", f"This is no whole number from 0 to {_FURTHEST}")])
    return int(text)


def _sort(call: Call, query: ListApiKeys) -> Sort | None:
    if not query.sort_by:
        return None
    known = call.config.tables.of(StoredApiKey).attributes.values()
    if query.sort_by not in {"id", *(one.wire for one in known if one.column.returned)}:
        raise invalid([("query.sortBy", "Keys have no such field")])
    return Sort(query.sort_by, descending=query.sort_direction == "desc")


class ManagedKeysAPI(ServerAPI[M, U]):
    """Its functions in `auth.api`."""

    create_api_key: EndpointCall[M, CreateApiKey | None, NewKey]
    """Make a key. What it is used with is told this once.

    The server itself, without headers, says whose it is (`user_id`) and all else. Raises
    UNAUTHORIZED_SESSION, SERVER_ONLY_PROPERTY, ORGANIZATION_ID_REQUIRED, and the codes of what
    does not fit the configuration.
    """
    get_api_key: EndpointCall[M, WhichApiKey, KeyInfo]
    """A key of one's own. Raises KEY_NOT_FOUND for those of others, too."""
    list_api_keys: EndpointCall[M, ListApiKeys | None, KeyList]
    """One's own keys, or those of an organization, a hundred at most.

    Raises USER_NOT_MEMBER_OF_ORGANIZATION, INSUFFICIENT_API_KEY_PERMISSIONS.
    """
    update_api_key: EndpointCall[M, UpdateApiKey, KeyInfo]
    """Change a key of one's own.

    Raises UNAUTHORIZED_SESSION, SERVER_ONLY_PROPERTY, KEY_NOT_FOUND, NO_VALUES_TO_UPDATE, and
    the codes of what does not fit the configuration.
    """
    delete_api_key: EndpointCall[M, DeleteApiKey, Success]
    """Delete a key of one's own. Raises UNAUTHORIZED_SESSION, KEY_NOT_FOUND, USER_BANNED."""
