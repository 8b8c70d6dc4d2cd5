"""Making keys, and holding what is asked of one against its configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from msgspec import UNSET, UnsetType

from watchword.call import Call
from watchword.configuration.durations import seconds
from watchword.crypto.random_strings import LETTERS
from watchword.errors import ConfigurationError
from watchword.http.json import encode
from watchword.pipeline.validation import read_input

from .options import ApiKeyConfig
from .using import stored_form
from .wire import LONGEST_KEY, SERVER_ONLY, ApiKeyCodes, CreateApiKey, GivenRights, UpdateApiKey

_LONGEST_METADATA = 16_384
"""Characters of JSON."""


def refuse_server_only(body: CreateApiKey | UpdateApiKey) -> None:
    """Refuse what only the server itself sets. Raises SERVER_ONLY_PROPERTY."""
    given = [name for name in SERVER_ONLY if getattr(body, name) is not UNSET]
    remaining = body.remaining
    if given or (remaining is not UNSET and remaining is not None):
        raise ApiKeyCodes.SERVER_ONLY_PROPERTY()


def new_values(call: Call, config: ApiKeyConfig, body: CreateApiKey) -> dict[str, object]:
    """The values of a new key but its owner, its permissions and itself.

    Raises the codes of what does not fit the configuration.
    """
    metadata = None
    if config.enable_metadata or body.metadata:
        metadata = _metadata(config, None if body.metadata is UNSET else body.metadata)
    _check_refill(body)
    life = _life(config, body.expires_in)
    prefix = body.prefix if isinstance(body.prefix, str) else config.default_prefix
    if body.prefix is not UNSET:
        _check_length(config, "prefix", prefix)
    name = body.name if isinstance(body.name, str) else None
    if name:
        _check_length(config, "name", name)
    elif config.require_name:
        raise ApiKeyCodes.NAME_REQUIRED()
    limit = config.rate_limit
    return {
        "config_id": config.config_id,
        "name": name,
        "prefix": prefix or None,
        "remaining": body.remaining,
        "expires_at": None if life is None else call.after(life),
        "refill_amount": _given(body.refill_amount),
        "refill_interval": _given(body.refill_interval),
        "rate_limit_enabled": _given(body.rate_limit_enabled, limit.enabled),
        "rate_limit_time_window": _given(body.rate_limit_time_window, config.window),
        "rate_limit_max": _given(body.rate_limit_max, limit.max_requests),
        "request_count": 0,
        "created_at": call.now,
        "updated_at": call.now,
        "metadata": _json(metadata),
    }


async def new_secret(
    call: Call, config: ApiKeyConfig, prefix: str
) -> tuple[str, dict[str, object]]:
    """A new key, and what is stored of it."""
    length, make = config.default_key_length, config.custom_key_generator
    if make is None:
        key = prefix + call.random(length, LETTERS)
    else:
        made = await call.run_with_secret(make, length, prefix)
        if not isinstance(made, str) or not length <= len(made) <= LONGEST_KEY:
            option, problem = "custom_key_generator", "it made something that is no key"
            remedy = f"Give a text of {length} to {LONGEST_KEY} characters"
            raise ConfigurationError(option, problem, remedy)
        key = made
    start = config.starting_characters
    shown = key[: start.characters_length] if start.should_store else None
    return key, {"key": stored_form(config, key), "start": shown}


async def new_rights(
    call: Call, config: ApiKeyConfig, body: CreateApiKey, owner_id: str
) -> str | None:
    """The permissions of a new key, as they are stored."""
    given: object = body.permissions
    if given is UNSET:
        usual = config.default_permissions
        given = await call.run(usual, owner_id, call) if callable(usual) else usual
        if given is not None:
            given = read_input(
                GivenRights, {"permissions": given}, "default_permissions"
            ).permissions
    return None if given is None else _json(given)


def changed_values(call: Call, config: ApiKeyConfig, body: UpdateApiKey) -> dict[str, object]:
    """What is to be changed of a key.

    Raises NO_VALUES_TO_UPDATE, and the codes of what does not fit the configuration.
    """
    changes: dict[str, object] = {}
    if isinstance(body.name, str):
        _check_length(config, "name", body.name)
        changes["name"] = body.name
    expires_in = body.expires_in
    if not isinstance(expires_in, UnsetType):
        life = _life(config, expires_in, chosen=True)
        changes["expires_at"] = None if life is None else call.after(life)
    if body.metadata is not UNSET and config.enable_metadata:
        changes["metadata"] = _json(_metadata(config, body.metadata))
    _check_refill(body)
    for name in ("enabled", "remaining", *SERVER_ONLY):
        value = getattr(body, name)
        if value is not UNSET:
            changes[name] = _json(value) if name == "permissions" else value
    if not changes:
        raise ApiKeyCodes.NO_VALUES_TO_UPDATE()
    return {**changes, "updated_at": call.now}


def _metadata(config: ApiKeyConfig, given: object) -> Mapping[str, object] | None:
    if given is None:
        return None
    if not config.enable_metadata:
        raise ApiKeyCodes.METADATA_DISABLED()
    if not isinstance(given, Mapping):
        raise ApiKeyCodes.INVALID_METADATA_TYPE()
    metadata = cast("Mapping[str, object]", given)
    if len(_json(metadata)) > _LONGEST_METADATA:
        raise ApiKeyCodes.METADATA_TOO_LARGE()
    return metadata


def _check_refill(body: CreateApiKey | UpdateApiKey) -> None:
    has_amount, has_interval = body.refill_amount is not UNSET, body.refill_interval is not UNSET
    if has_amount and not has_interval:
        raise ApiKeyCodes.REFILL_AMOUNT_AND_INTERVAL_REQUIRED()
    if has_interval and not has_amount:
        raise ApiKeyCodes.REFILL_INTERVAL_AND_AMOUNT_REQUIRED()


def _life(config: ApiKeyConfig, asked: float | None, *, chosen: bool = False) -> int | None:
    """Seconds that a key lives; None: it has no end."""
    rule = config.key_expiration
    if asked is None and not chosen:
        return config.life
    if rule.disable_custom_expires_time:
        raise ApiKeyCodes.KEY_DISABLED_EXPIRATION()
    if asked is None:
        if config.life is not None:
            # Where every new key has an end, none loses it.
            raise ApiKeyCodes.EXPIRES_IN_IS_TOO_LARGE()
        return None
    if asked < seconds("min_expires_in", rule.min_expires_in):
        raise ApiKeyCodes.EXPIRES_IN_IS_TOO_SMALL()
    if asked > seconds("max_expires_in", rule.max_expires_in):
        raise ApiKeyCodes.EXPIRES_IN_IS_TOO_LARGE()
    return int(asked)


def _check_length(config: ApiKeyConfig, what: str, text: str) -> None:
    least = getattr(config, f"minimum_{what}_length")
    most = getattr(config, f"maximum_{what}_length")
    if not least <= len(text) <= most:
        is_name = what == "name"
        code = ApiKeyCodes.INVALID_NAME_LENGTH if is_name else ApiKeyCodes.INVALID_PREFIX_LENGTH
        raise code()


def _given(value: object, otherwise: object = None) -> object:
    return otherwise if value is UNSET else value


def _json(value: object) -> str:
    return encode(value).decode()
