"""An application on a device without a network, and the system's browser beside it."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.browser import Answer, Browser
from tests.support.social import CODE, parameters
from watchword import Auth

HEADERS = {"expo": "expo-origin", "capacitor": "capacitor-origin"}
HOME = "myapp://home"


class Application(Browser):
    """Keeps cookies by itself, and says who it is in a header of its own."""

    def __init__(self, auth: Auth[Any], kind: str = "blocking", *, client: str = "expo") -> None:
        super().__init__(auth, kind, origin="")
        self.header = HEADERS[client]
        self.client = client
        self.system = Browser(auth, kind)

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        return super().post(path, body, **{self.header: "myapp://", **headers})

    def begin(self, path: str = "/sign-in/social", **body: Any) -> str:
        """Begin a flow: the provider's URL."""
        asked = {"provider": "google", "callbackURL": HOME, **body}
        answer = self.post(path, {name: one for name, one in asked.items() if one is not None})
        assert answer.status == 200, answer.json
        return answer.json["url"]

    def open(self, url: str, **query: str) -> Answer:
        """What the system's browser gets for a provider's URL at the proxy."""
        path = f"/{self.client}-authorization-proxy"
        return self.system.get(path, {"authorizationURL": url, **query}, origin="")

    def come_back(self, url: str, **headers: str) -> Answer:
        """The callback in the system's browser, as the provider makes it open it."""
        query = {"state": parameters(url)["state"], "code": CODE}
        return self.system.get("/callback/google", query, **headers)

    def take(self, answer: Answer) -> None:
        """Be opened by a deep link."""
        self.keep(cookies_in(answer).split(", "))


def cookies_in(answer: Answer) -> str:
    """The cookies in a deep link."""
    query = parse_qs(urlsplit(answer.header("location") or "").query)
    return query.get("cookie", [""])[0]
