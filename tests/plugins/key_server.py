"""A server with API keys, and what tests do with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.core.conftest import MakeAuth
from tests.support.browser import Answer, Browser
from watchword import Auth
from watchword.plugins import ApiKey
from watchword.plugins.api_key import ApiKeyConfig, CreateApiKey, NewKey, Verified, VerifyApiKey


class KeyServer:
    """A server, and somebody in it who has keys."""

    def __init__(self, auth: Auth[Any], kind: str = "blocking") -> None:
        self.auth = auth
        self.kind = kind
        self.ada = self.browser()
        answer = self.ada.sign_up()
        assert answer.status == 200, answer.json
        self.ada_id: str = answer.json["user"]["id"]

    def browser(self) -> Browser:
        return Browser(self.auth, self.kind)

    def person(self, name: str) -> tuple[Browser, str]:
        """Somebody else who is signed in; a browser and the id."""
        browser = self.browser()
        return browser, browser.sign_up(f"{name}@example.com").json["user"]["id"]

    def create(self, **given: Any) -> NewKey:
        """A key that the server makes."""
        body = CreateApiKey(**{"user_id": self.ada_id, **given})
        return self.auth.blocking.api.create_api_key(body)

    def verify(self, key: str, **given: Any) -> Verified:
        return self.auth.blocking.api.verify_api_key(VerifyApiKey(key=key, **given))

    def code(self, key: str, **given: Any) -> str:
        """Why a key is refused; `ok` where it is not."""
        found = self.verify(key, **given)
        assert found.valid == (found.error is None) == (found.key is not None)
        return "ok" if found.error is None else found.error.code

    def with_key(self, key: str, path: str = "/get-session", body: Any = None) -> Answer:
        """A request that has nothing but a key."""
        browser = self.browser()
        if body is None:
            return browser.get(path, x_api_key=key)
        return browser.post(path, body, x_api_key=key)


MakeServer = Callable[..., KeyServer]


def key_server(make_auth: MakeAuth, kind: str) -> MakeServer:
    """Builds servers; keywords are options of the configuration, `auth=` those of the server."""

    def make(auth: dict[str, Any] | None = None, **options: Any) -> KeyServer:
        given = dict(auth or {})
        plugins = [ApiKey(config=ApiKeyConfig(**options)), *given.pop("plugins", [])]
        return KeyServer(make_auth(plugins=plugins, **given), kind)

    return make
