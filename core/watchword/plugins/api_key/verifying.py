"""Keys that somebody shows: to the server itself, to a route, or in the place of a session.

A key that stands for its user opens what a session opens, but for what only the user does, and for
what hands out something that stays good when the key is not any more (spec: plugin api-key, (d);
security X11).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from watchword.call import Call
from watchword.credential import Credential, Vouched
from watchword.endpoint import post
from watchword.errors import APIError
from watchword.features.user_alone import is_of_the_user_alone
from watchword.plugin_base import gate
from watchword.records import Session
from watchword.results import SessionAndUser
from watchword.server_api import EndpointCall, M, ServerAPI, U
from watchword.sessions.asking import asker_of
from watchword.sessions.sessions import (
    LONGEST_USER_AGENT,
    SessionCodes,
    client_address,
    current_session,
)

from .managing import ManagedKeys
from .options import ApiKeyConfig
from .ring import Found
from .using import allows
from .wire import (
    Admitted,
    ApiKeyCodes,
    KeyRefusal,
    RequireApiKey,
    Swept,
    Verified,
    VerifyApiKey,
    info_of,
)

OPEN_TO_KEYS = frozenset(("/update-user", "/api-key/get", "/api-key/list"))
"""Of what is re-read from the store, what is open to keys all the same."""
CLOSED_TO_KEYS = frozenset(
    (
        "/api-key/delete",
        "/device/deny",
        "/one-time-token-session/generate",
        "/one-time-token/generate",
        "/two-factor/send-otp",
    )
)
"""What hands out another credential, or decides about one."""
_ADMINISTRATION = ("/admin/", "/organization/")
_QUESTIONS = frozenset(
    ("/admin/has-permission", "/organization/check-slug", "/organization/has-permission")
)
"""Of administration, what changes nothing, besides all that is fetched with GET."""


@dataclass(frozen=True, kw_only=True)
class VerifiedKeys(ManagedKeys):
    """Keys in the hands of those who use them."""

    @post("/api-key/verify", server_only=True)
    async def verify_api_key(self, call: Call, body: VerifyApiKey) -> Verified:
        """Whether a key is good, which counts as a use of it. Refusals are told, not raised."""
        try:
            found = await self._verified(call, body)
        except APIError as refusal:
            if refusal.status >= 500:
                raise  # It says nothing of the key.
            code, message = refusal.code or "", refusal.message or ""
            details: Any = refusal.extra.get("details")
            told = KeyRefusal(message=message, code=code, details=details)
            return Verified(valid=False, error=told, key=None)
        return Verified(valid=True, error=None, key=info_of(found.held.row))

    @post("/api-key/delete-all-expired-api-keys", server_only=True)
    async def delete_all_expired_api_keys(self, call: Call) -> Swept:
        """Delete the keys that are too old, now."""
        await self.sweep_all(call)
        return Swept()

    @post("/api-key/require", server_only=True)
    async def require_api_key(self, call: Call, body: RequireApiKey) -> Admitted:
        """Go on only with a key in the request that allows what is asked; that is a use of it.

        With `or_session` who is signed in needs none. Raises UNAUTHORIZED (401) for nobody and for
        a key beside the session of somebody else, INSUFFICIENT_API_KEY_PERMISSIONS (403), and what
        is wrong with the key (401, 429).
        """
        configs = self._meant(body.config_id)
        known = None if call.asker is None else call.asker.by
        if isinstance(known, Found) and known.config in configs:
            found = known  # Counted when it was settled who is asking.
        else:
            shown = await self._shown(call, configs)
            if shown is None:
                return await _with_session(call, allowed=body.or_session)
            found = await self._used(call, shown)
        if not allows(found.held.row, body.permissions):
            raise ApiKeyCodes.INSUFFICIENT_API_KEY_PERMISSIONS()
        return Admitted(key=info_of(found.held.row), user=found.owner)

    @gate()
    async def keep_from_keys(self, call: Call) -> None:
        """Refuse to keys what is not open to them. Raises UNAUTHORIZED."""
        if call.endpoint is None or not _is_closed(call):
            return
        shown = any(one.header in call.headers for one in self.credentials())
        if shown and await _asking_key(call) is not None:
            raise SessionCodes.UNAUTHORIZED()

    def credentials(self) -> Sequence[Credential]:
        """A key in its header stands for its user, where a configuration says so."""
        enabled = [one for one in self.configs if one.enable_session_for_api_keys]
        headers = dict.fromkeys(name for one in enabled for name in one.headers)
        kinds = {name: [one for one in enabled if name in one.headers] for name in headers}
        return [
            Credential(
                header=name, read=partial(self._read, meant), again=partial(self._read_again, meant)
            )
            for name, meant in kinds.items()
        ]

    def admitting_headers(self) -> Sequence[str]:
        """Those that have keys: guarded routes take them from whoever has no session too."""
        return [name for one in self.configs for name in one.headers]

    async def _read(
        self, configs: Sequence[ApiKeyConfig], call: Call, _value: str
    ) -> Vouched | None:
        found = await self._shown(call, configs)
        if found is None:
            return None
        return _vouched(call, await self.admit_key(call, found))

    async def _read_again(
        self, configs: Sequence[ApiKeyConfig], call: Call, _value: str
    ) -> Vouched | None:
        found = await self._shown(call, configs)
        return None if found is None else _vouched(call, await self.still_good(call, found))

    async def _used(self, call: Call, shown: Found) -> Found:
        """Count one use of a key in the request, once however many ask about it.

        Raises UNAUTHORIZED beside somebody else's session, and what `admit_key` does.
        """
        if shown.config.enable_session_for_api_keys:
            asking = await _asking_key(call)
            if asking is not None and asking.held.row.id == shown.held.row.id:
                return asking
        await _refuse_another(call, shown)
        return await self.admit_key(call, shown)

    async def _verified(self, call: Call, body: VerifyApiKey) -> Found:
        configs = self._meant(body.config_id)
        if body.config_id and not await self.is_valid(call, configs[0], body.key):
            raise ApiKeyCodes.KEY_NOT_FOUND(status=401)
        found = await self.find(call, body.key, configs)
        if not body.config_id and not await self.is_valid(call, found.config, body.key):
            raise ApiKeyCodes.KEY_NOT_FOUND(status=401)
        await self.sweep(call)
        return await self.admit_key(call, found, body.permissions)

    async def _shown(self, call: Call, configs: Sequence[ApiKeyConfig]) -> Found | None:
        """The key that a request shows, of one of these configurations; None: it shows none.

        Raises INVALID_API_KEY, INVALID_API_KEY_GETTER_RETURN_TYPE.
        """
        for config in configs:
            key = await _given(call, config)
            if key is None:
                continue
            alike = [one for one in configs if _reads_alike(one, config)]
            if len(key) < min(one.default_key_length for one in alike):
                raise ApiKeyCodes.INVALID_API_KEY(status=403)
            found = await self.find(call, key, alike)
            if not await self.is_valid(call, found.config, key):
                raise ApiKeyCodes.INVALID_API_KEY(status=403)
            return found
        return None

    def _meant(self, config_id: str | None) -> Sequence[ApiKeyConfig]:
        """The configurations whose keys are good. Raises INVALID_API_KEY for an unknown one."""
        if config_id is None:
            return self.configs
        config = self.config_named(config_id)
        if config is None:
            raise ApiKeyCodes.INVALID_API_KEY()
        return (config,)


async def _asking_key(call: Call) -> Found | None:
    """The key that stands for who is asking, if one does. Its use was counted then."""
    by = (await asker_of(call)).by
    return by if isinstance(by, Found) else None


async def _given(call: Call, config: ApiKeyConfig) -> str | None:
    """What stands in the headers of a configuration; its own getter has the last word."""
    shown = [text for name in config.headers if (text := call.headers.get(name))]
    if not shown:
        return None
    get = config.custom_api_key_getter
    if get is None:
        return shown[0]
    found = await call.run_with_secret(get, call)
    if found is not None and not isinstance(found, str):
        raise ApiKeyCodes.INVALID_API_KEY_GETTER_RETURN_TYPE()
    return found or None


def _reads_alike(one: ApiKeyConfig, other: ApiKeyConfig) -> bool:
    return one.custom_api_key_getter is other.custom_api_key_getter and not set(
        one.headers
    ).isdisjoint(other.headers)


async def _with_session(call: Call, *, allowed: bool) -> Admitted:
    found = await current_session(call, from_store=True) if allowed else None
    if found is None:
        raise SessionCodes.UNAUTHORIZED()
    if await _asking_key(call) is not None:
        # A key of another kind stands for its user, who is not here: it allows what it says.
        raise ApiKeyCodes.INVALID_API_KEY()
    return Admitted(key=None, user=found.user, session=found)


async def _refuse_another(call: Call, found: Found) -> None:
    """Refuse a key beside the session of somebody else: routes could take one for the other."""
    try:
        signed_in = await current_session(call)
    except APIError:
        # A key of a kind that stands for nobody: nobody is signed in beside it.
        return
    if signed_in is not None and signed_in.user.id != found.held.row.reference_id:
        raise SessionCodes.UNAUTHORIZED("The key and the session are not of the same user")


def _is_closed(call: Call) -> bool:
    endpoint = call.endpoint
    if endpoint is None:
        return False
    path = endpoint.path
    if is_of_the_user_alone(call) or path in CLOSED_TO_KEYS:
        return True
    if path.startswith(_ADMINISTRATION):
        return "GET" not in endpoint.methods and path not in _QUESTIONS
    return endpoint.traits.requires in ("sensitive", "fresh") and path not in OPEN_TO_KEYS


def _vouched(call: Call, found: Found) -> Vouched:
    """Raises INVALID_REFERENCE_ID_FROM_API_KEY for the key of an organization."""
    if found.owner is None:
        raise ApiKeyCodes.INVALID_REFERENCE_ID_FROM_API_KEY()
    session = _session_of(call, found, found.owner.id)
    return Vouched(SessionAndUser(session=session, user=found.owner), found)


def _session_of(call: Call, found: Found, user_id: str) -> Session:
    """What a key looks like in the place of a session. It is stored nowhere."""
    row, table = found.held.row, call.config.tables.of(Session)
    values: dict[str, object] = {
        "token": found.shown,
        "user_id": user_id,
        "ip_address": client_address(call),
        "user_agent": (call.headers.get("user-agent") or "")[:LONGEST_USER_AGENT] or None,
        "created_at": call.now,
        "updated_at": call.now,
        "expires_at": row.expires_at or call.now + timedelta(seconds=call.config.lifetimes.session),
    }
    return table.from_row(table.new_row(values, row.id, call.now))


class VerifiedKeysAPI(ServerAPI[M, U]):
    """Its functions in `auth.api`."""

    verify_api_key: EndpointCall[M, VerifyApiKey, Verified]
    """Whether a key is good, which counts as a use of it. Refusals are told, not raised."""
    delete_all_expired_api_keys: EndpointCall[M, None, Swept]
    """Delete the keys that are too old, now."""
    require_api_key: EndpointCall[M, RequireApiKey | None, Admitted]
    """Go on only with a key in the request that allows what is asked; that is a use of it.

    With `or_session` who is signed in needs none. Raises UNAUTHORIZED (401) for nobody and for
    a key beside the session of somebody else, INSUFFICIENT_API_KEY_PERMISSIONS (403), and what
    is wrong with the key (401, 429).
    """
