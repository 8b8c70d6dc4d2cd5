"""All kinds of keys of a server: which configuration is meant, where its keys are, who has one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import ClassVar, TypeAlias, cast

from watchword.call import Call
from watchword.configuration.configuration import Pace
from watchword.configuration.option_checks import check_type
from watchword.database.hooks import ModelHooks
from watchword.database.records import Record
from watchword.database.table import lt
from watchword.errors import ConfigurationError, ErrorCodes
from watchword.features.standing import is_kept_out
from watchword.plugin_base import Plugin
from watchword.records import User

from .options import ApiKeyConfig
from .records import StoredApiKey
from .secondary_keys import CachedKeys, SecondaryKeys
from .stores import DatabaseKeys, Held, KeyStore
from .using import allows, check_standing, stored_form, use_key
from .wire import LONGEST_KEY, ApiKeyCodes

DEFAULT = "default"
Place: TypeAlias = tuple[object, ...]
"""Tells configurations whose keys are in one place from others."""
_DATABASE = DatabaseKeys()


class AnyOrganization(Record, kw_only=True):
    """An organization: here only that it is there."""

    __model__: ClassVar[str] = "organization"


@dataclass(frozen=True, slots=True)
class Found:
    """A key, with what is known of it."""

    config: ApiKeyConfig
    held: Held
    shown: str = field(repr=False)
    """What it is used with."""
    owner: User | None = None
    """None: an organization has it, or nobody has asked yet."""


@dataclass(frozen=True, kw_only=True)
class KeyRing(Plugin):
    """Options of keys."""

    id: ClassVar[str] = "api-key"
    codes: ClassVar[type[ErrorCodes]] = ApiKeyCodes
    records: ClassVar[tuple[type[Record], ...]] = (StoredApiKey,)

    config: ApiKeyConfig | Sequence[ApiKeyConfig] = field(default_factory=ApiKeyConfig)
    """The kind of keys that there is, or several with a `config_id` each."""
    _sweeps: Pace = field(
        default_factory=lambda: Pace(timedelta(seconds=10)), init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        for one in self.configs:
            check_type("ApiKey.config", one, ApiKeyConfig)
        ids = [one.config_id for one in self.configs]
        if not ids or len(set(ids)) < len(ids):
            problem = "there is none" if not ids else "two have one config_id"
            raise ConfigurationError("ApiKey.config", problem, "Give each a config_id of its own")

    @property
    def configs(self) -> tuple[ApiKeyConfig, ...]:
        """All kinds of keys."""
        given = self.config
        return (given,) if isinstance(given, ApiKeyConfig) else tuple(given)

    def needs(self) -> Sequence[tuple[str, str]]:
        """The plugin `organization` for keys of organizations, and the secondary storage."""
        made: list[tuple[str, str]] = []
        for one in self.configs:
            named = f"ApiKeyConfig({one.config_id!r})"
            if one.references == "organization":
                made.append((f"{named}.references", "organization"))
            if one.storage != "database" and one.custom_storage is None:
                made.append((f"{named}.storage", "secondary_storage"))
        return made

    def database_hooks(self) -> Mapping[str, ModelHooks]:
        """Keys of somebody who is gone are gone."""
        return {
            "user": ModelHooks(delete_after=self._forget_user),
            "organization": ModelHooks(delete_after=self._forget_organization),
        }

    def config_of(self, config_id: str | None) -> ApiKeyConfig:
        """The configuration that is meant; for an unknown id the default one.

        Raises NO_DEFAULT_API_KEY_CONFIGURATION_FOUND.
        """
        known = {one.config_id: one for one in self.configs}
        found = known.get(config_id or DEFAULT, known.get(DEFAULT))
        if found is None:
            raise ApiKeyCodes.NO_DEFAULT_API_KEY_CONFIGURATION_FOUND()
        return found

    def config_named(self, config_id: str) -> ApiKeyConfig | None:
        """The configuration with this id, and no other."""
        return next((one for one in self.configs if one.config_id == config_id), None)

    def store_of(self, config: ApiKeyConfig) -> KeyStore:
        """Where the keys of a configuration are."""
        if config.storage == "database":
            return _DATABASE
        kind = CachedKeys if config.fallback_to_database else SecondaryKeys
        return kind(config.custom_storage)

    def places(self, configs: Iterable[ApiKeyConfig]) -> dict[Place, list[ApiKeyConfig]]:
        """Configurations by the places of their keys."""
        made: dict[Place, list[ApiKeyConfig]] = {}
        for config in configs:
            made.setdefault(self._place(config), []).append(config)
        return made

    async def find(self, call: Call, key: str, configs: Sequence[ApiKeyConfig]) -> Found:
        """The key of one of these configurations that somebody showed.

        Raises INVALID_API_KEY.
        """
        if may_be_key(key):
            for place, there in self._forms(configs).items():
                held = await self.store_of(there[0]).by_hash(call, stored_form(there[0], key))
                config = None if held is None else self.config_named(held.row.config_id)
                # What is stored of a key of one kind must not be good as a key of another kind.
                if held is not None and config in there and self._form(config) == place:
                    return Found(config, held, key)
        raise ApiKeyCodes.INVALID_API_KEY()

    async def admit_key(
        self, call: Call, found: Found, permissions: dict[str, list[str]] | None = None
    ) -> Found:
        """Let a key do something once, and count that; the key as it is afterwards.

        Raises KEY_DISABLED, KEY_EXPIRED, INVALID_REFERENCE_ID_FROM_API_KEY for a key that nobody
        has any more, KEY_NOT_FOUND for one that does not allow what is asked, and what `use_key`
        does.
        """
        good = await self.still_good(call, found)
        if not allows(found.held.row, permissions):
            raise ApiKeyCodes.KEY_NOT_FOUND(status=401)
        row = await use_key(call, found.config, self.store_of(found.config), found.held)
        return replace(good, held=Held(row))

    async def still_good(self, call: Call, found: Found) -> Found:
        """A key with its owner, if it is good; that is no use of it.

        Raises KEY_DISABLED, KEY_EXPIRED, INVALID_REFERENCE_ID_FROM_API_KEY for a key that nobody
        has any more.
        """
        await check_standing(call, self.store_of(found.config), found.held)
        return replace(found, owner=await self.owner_of(call, found))

    async def owner_of(self, call: Call, found: Found) -> User | None:
        """Who has a key: a user, or None for an organization.

        Raises INVALID_REFERENCE_ID_FROM_API_KEY where there is nobody, or somebody who is kept out.
        """
        owner_id = found.held.row.reference_id
        if found.config.references == "organization":
            if await call.db.find_one(AnyOrganization, id=owner_id) is None:
                raise ApiKeyCodes.INVALID_REFERENCE_ID_FROM_API_KEY()
            return None
        user = await call.db.find_one(User, id=owner_id)
        if user is None or await is_kept_out(call, user):
            raise ApiKeyCodes.INVALID_REFERENCE_ID_FROM_API_KEY()
        return user

    async def is_valid(self, call: Call, config: ApiKeyConfig, key: str) -> bool:
        """What the application's own check of a key says; of what is no key it is not asked."""
        check = config.custom_api_key_validator
        if check is None:
            return True
        return may_be_key(key) and bool(await call.run_with_secret(check, call, key))

    async def sweep(self, call: Call) -> None:
        """Delete keys that are too old, once in a while and some hundred at most."""
        if not self._sweeps.is_due(call.now):
            return
        if any(one.defer_updates for one in self.configs):
            call.background(self._sweep_behind(call))
        else:
            await self._sweep(call)

    async def sweep_all(self, call: Call) -> None:
        """Delete all keys that are too old."""
        while await self._sweep(call):
            pass

    async def _sweep(self, call: Call) -> int:
        return await call.db.sweep(StoredApiKey, expires_at=lt(call.now))

    async def _sweep_behind(self, call: Call) -> None:
        await self._sweep(call)

    def _forms(self, configs: Sequence[ApiKeyConfig]) -> dict[Place, list[ApiKeyConfig]]:
        made: dict[Place, list[ApiKeyConfig]] = {}
        for config in configs:
            made.setdefault(self._form(config), []).append(config)
        return made

    def _place(self, config: ApiKeyConfig) -> Place:
        return config.storage == "database" or config.fallback_to_database, config.custom_storage

    def _form(self, config: ApiKeyConfig) -> Place:
        return *self._place(config), config.disable_key_hashing

    async def end_ways_in(self, call: Call, user: User) -> None:
        """A stranger's programs would have gone on acting for the owner."""
        await self._forget(user, call, "user")

    async def _forget_user(self, user: Record, given: object) -> None:
        await self._forget(user, given, "user")

    async def _forget_organization(self, organization: Record, given: object) -> None:
        await self._forget(organization, given, "organization")

    async def _forget(self, owner: Record, given: object, references: str) -> None:
        call = cast("Call", given)
        owned = [one for one in self.configs if one.references == references]
        for there in self.places(owned).values():
            store, ids = self.store_of(there[0]), [one.config_id for one in there]
            work = store.remove_of_owner(call, owner.id, ids)
            if store is _DATABASE:
                await work
            else:
                # Hooks must not wait for stores of applications. Nobody has these keys any more,
                # so they are no good until then.
                call.background(work, promised=True)


def may_be_key(text: str) -> bool:
    """Whether a text is worth to be looked at: not too long, and of characters that are seen."""
    return 0 < len(text) <= LONGEST_KEY and text.isprintable()
