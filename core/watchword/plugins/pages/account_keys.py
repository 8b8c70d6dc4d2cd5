"""One's API keys: making one, which is shown once, and deleting one."""

from __future__ import annotations

from typing import Any

import msgspec

from watchword.configuration.durations import seconds
from watchword.discreet import Discreet
from watchword.http.response import Response

from .account_page import AccountPage
from .installed import Installed
from .visit import Visit

_DAY = 86_400
_LIVES = (7, 30, 90, 365)
"""Days to choose from, as far as the configuration has them."""


class ShownKey(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """A key as the list has it."""

    __secrets__ = frozenset[str]()

    id: str
    kind: str
    name: str
    start: str
    until: str
    used: str


class ApiKeys(AccountPage):
    """Those of a user; keys of organizations are none of this page's business."""

    path = "account/api-keys"
    template = "account-api-keys.html"

    def is_offered(self, installed: Installed) -> bool:
        return bool(_configs(installed))

    async def values(self, visit: Visit) -> dict[str, object]:
        configs = _configs(visit.installed)
        listed = await self.found(visit, "list_api_keys")
        return {
            "keys": [_shown(one) for one in listed.api_keys],
            "kinds": [(one.config_id, one.config_id) for one in configs],
            "needs_name": any(one.require_name for one in configs),
            "lives": _lives(visit, configs),
            "made": "",
        }

    async def act(self, visit: Visit) -> Response:
        form = visit.form
        if form.get("do") == "delete":
            data = {"keyId": form.get("key", ""), "configId": form.get("kind", "")}
            done = await visit.submit("delete_api_key", data)
            if not done.ok:
                return await self.refused(visit, done)
            return visit.go(self.path, notice="key_deleted")
        if form.get("do") != "create":
            return await self.show(visit)
        data = {"name": form.get("name", "").strip(), "configId": form.get("kind", "")}
        days = form.get("days", "")
        if days.isdecimal() and len(days) < 6:
            data["expiresIn"] = str(int(days) * _DAY)
        done = await visit.submit(
            "create_api_key", {name: one for name, one in data.items() if one}
        )
        if not done.ok or done.value is None:
            return await self.refused(visit, done, {"configId": "kind", "expiresIn": "days"})
        # It is nowhere else, and so it cannot wait until after a redirect.
        return await visit.show(await self.shown(visit, made=done.value.key))


def _configs(installed: Installed) -> list[Any]:
    plugin = installed.plugin("api-key")
    return [] if plugin is None else [one for one in plugin.configs if one.references == "user"]


def _shown(key: Any) -> ShownKey:
    return ShownKey(
        id=key.id,
        kind=key.config_id,
        name=key.name or "",
        start=key.start or "",
        until=_day(key.expires_at),
        used=_day(key.last_request),
    )


def _day(moment: Any) -> str:
    return "" if moment is None else moment.date().isoformat()


def _lives(visit: Visit, configs: list[Any]) -> list[tuple[str, str]]:
    """How long a key may live, as choices; none where nobody chooses."""
    if any(one.key_expiration.disable_custom_expires_time for one in configs):
        return []
    least = max(_seconds(one.key_expiration.min_expires_in) for one in configs)
    most = min(_seconds(one.key_expiration.max_expires_in) for one in configs)
    days = [one for one in _LIVES if least <= one * _DAY <= most]
    usual = "keys.as_usual" if any(one.life for one in configs) else "keys.no_end"
    return [
        ("", visit.text(usual)),
        *((str(one), visit.text("keys.days", days=one)) for one in days),
    ]


def _seconds(given: Any) -> int:
    return seconds("ApiKeyConfig.key_expiration", given)
