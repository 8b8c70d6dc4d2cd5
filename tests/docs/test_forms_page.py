"""The sites of docs/forms.md: everything that a visitor does there, in every framework."""

from __future__ import annotations

import asyncio
import importlib
import re
import sys
from base64 import b32decode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.adapters.drivers import Answer, ASGIClient, Client, WSGIClient
from tests.docs.blocks import blocks
from tests.support.django_project import DjangoClient, project
from tests.support.services import ROOT
from watchword import Auth, SignUpEmail
from watchword.http.cookies import cookies_after
from watchword.plugins.two_factor.totp import totp_code, totp_step

PAGE = ROOT / "docs" / "forms.md"
FRAMEWORKS = ("flask", "quart", "django", "starlette", "fastapi", "litestar")
SITES = {
    name: block.text
    for block in blocks(PAGE)
    for name in FRAMEWORKS
    if "from pages import" in block.text and f"from watchword.adapters.{name} " in block.text
}
SITE = "https://example.com"
ADA = {"name": "Ada", "email": "ada@example.com", "password": "password1234"}
IN = {"email": ADA["email"], "password": ADA["password"]}


@dataclass
class Visitor:
    """A browser: it keeps cookies, and says where its forms are."""

    client: Client
    origin: str = SITE
    address: str = "192.0.2.7"
    cookies: str = ""
    more: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    def get(self, target: str) -> Answer:
        return self._sent("GET", target)

    def post(self, target: str, **fields: str) -> Answer:
        return self.send(target, fields)

    def send(self, target: str, fields: Mapping[str, str]) -> Answer:
        form = ("content-type", "application/x-www-form-urlencoded")
        body = urlencode(fields).encode()
        length = () if body else (("content-length", "0"),)
        return self._sent("POST", target, ("origin", self.origin), form, *length, body=body)

    def _sent(self, method: str, target: str, *headers: tuple[str, str], **rest: Any) -> Answer:
        own = [("cookie", self.cookies)] if self.cookies else []
        client = (self.address, 4711)
        answer = self.client.send(
            method, target, [*own, *headers, *self.more], client=client, **rest
        )
        self.cookies = cookies_after(self.cookies, answer.all("set-cookie"))
        return answer


@dataclass
class Site:
    """A site of the page, with what it mailed."""

    client: Client
    outbox: list[tuple[str, str]]
    drain: Callable[[], object]

    def visitor(self, **options: Any) -> Visitor:
        return Visitor(self.client, **options)

    def mailed(self) -> str:
        """The path of the newest link."""
        self.drain()
        return self.outbox[-1][1].removeprefix(SITE)


@pytest.fixture(params=FRAMEWORKS)
def site(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Site]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("BETTER_AUTH_SECRET", "test-secret-0123456789-abcdefghijKLMNOP")
    monkeypatch.setenv("WATCHWORD_ENV", "production")
    named = [block for block in blocks(PAGE) if block.module is not None]
    for block in named:
        (tmp_path / f"{block.module}.py").write_text(block.text)
    module = ModuleType("pasted")
    monkeypatch.setitem(sys.modules, "pasted", module)
    program = compile(SITES[request.param], request.param, "exec", dont_inherit=True)
    accounts: Any = importlib.import_module("accounts")
    auth: Auth[Any] = accounts.auth
    with project(auth):
        exec(program, vars(module))
    with asyncio.Runner() as runner:
        drain: Callable[[], object] = auth.blocking.close
        if request.param == "django":
            client: Client = DjangoClient(auth, vars(module)["urlpatterns"])
        elif request.param == "flask":
            client = WSGIClient(vars(module)["app"])
        else:
            client, drain = ASGIClient(vars(module)["app"]), lambda: runner.run(auth.close())
            client.run = runner.run
        yield Site(client, accounts.OUTBOX, drain)
        drain()
    auth.blocking.close()
    for block in named:
        sys.modules.pop(str(block.module), None)


def text_of(answer: Answer) -> str:
    return answer.body.decode()


def beside(answer: Answer, name: str) -> str:
    """What stands beside a field."""
    found = re.search(rf'id="{name}-error">([^<]*)<', text_of(answer))
    return "" if found is None else unescape(found[1])


def value_of(answer: Answer, name: str) -> str:
    """What stands in a field."""
    found = re.search(rf'name="{name}"[^>]*? value="([^"]*)"', text_of(answer))
    return "" if found is None else unescape(found[1])


def where(answer: Answer) -> tuple[int, str]:
    """Status and target of a redirect."""
    (location,) = answer.all("location")
    return answer.status, location


def test_somebody_signs_up_out_and_in(site: Site) -> None:
    ada = site.visitor()
    assert where(ada.post("/register", **ADA)) == (303, "/account")
    assert "ada@example.com, not verified" in text_of(ada.get("/account"))
    assert where(ada.post("/logout")) == (303, "/login")
    assert where(ada.get("/account")) == (302, "/login?next=%2Faccount")
    assert where(ada.post("/login", **IN)) == (303, "/account")
    assert ada.get("/account").status == 200


def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_in_it(site: Site) -> None:
    ada = site.visitor()
    typed = {"name": '"><script>', "email": "nobody", "password": "very-secret"}
    refused = ada.post("/register", **typed)
    assert refused.status == 400
    assert beside(refused, "email") == "This is not an e-mail address"
    assert beside(refused, "name") == ""
    assert value_of(refused, "name") == '"><script>'
    assert value_of(refused, "password") == ""
    assert "<script>" not in text_of(refused)
    assert "very-secret" not in text_of(refused)


def test_a_wrong_password_stands_beside_the_password(site: Site) -> None:
    site.visitor().post("/register", **ADA)
    known, unknown = (
        site.visitor(address=f"192.0.2.{place}").post("/login", email=email, password="wrong-one")
        for place, email in enumerate(("ada@example.com", "eve@example.com"), 1)
    )
    assert (known.status, known.all("set-cookie")) == (401, [])
    assert beside(known, "password") == "The e-mail address or the password is wrong"
    assert beside(known, "email") == ""
    assert beside(unknown, "password") == beside(known, "password")
    assert value_of(known, "email") == "ada@example.com"


def test_after_too_many_tries_one_waits(site: Site) -> None:
    guessing = site.visitor()
    wrong = {**IN, "password": "wrong-one"}
    assert [guessing.post("/login", **wrong).status for _ in range(4)] == [401, 401, 401, 429]
    refused = guessing.post("/login", **wrong)
    assert re.search(r"Try again in ([1-9]|10) seconds", text_of(refused))
    assert "Too many requests" in text_of(refused)
    assert site.visitor(address="192.0.2.8").post("/login", **wrong).status == 401


def test_forms_of_other_sites_are_refused(site: Site) -> None:
    ada = site.visitor()
    ada.post("/register", **ADA)
    evil = "https://evil.example"
    assert site.visitor(origin=evil).post("/login", **IN).status == 403
    navigated = site.visitor(origin=evil)
    navigated.more = [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")]
    assert navigated.post("/login", **IN).status == 403
    assert navigated.cookies == ""
    ada.origin = evil
    ada.post("/logout")
    assert ada.get("/account").status == 200


def test_a_forgotten_password_is_replaced_by_mail(site: Site) -> None:
    ada = site.visitor()
    ada.post("/register", **ADA)
    ada.post("/logout")
    asked = ada.post("/forgot", email=ADA["email"])
    assert "Look into your mailbox" in text_of(asked)
    link = site.mailed()
    token = value_of(ada.get(link), "token")
    short = ada.post(link, newPassword="short", token=token)
    assert beside(short, "newPassword") == "The password is too short: at least 8 characters"
    assert value_of(short, "token") == token
    assert where(ada.post(link, newPassword="password5678", token=token)) == (303, "/login")
    again = ada.post(link, newPassword="password9012", token=token)
    assert (again.status, "The link is not valid" in text_of(again)) == (400, True)
    assert ada.post("/login", **IN).status == 401
    assert where(ada.post("/login", **{**IN, "password": "password5678"}))[0] == 303


def test_an_address_is_verified_by_mail(site: Site) -> None:
    ada = site.visitor()
    ada.post("/register", **ADA)
    link = site.mailed()
    page = ada.get(link)
    assert "not verified" in text_of(ada.get("/account"))
    forged = ada.post("/verify", token="forged")
    assert (forged.status, "The link is not valid" in text_of(forged)) == (401, True)
    assert where(ada.post(link, token=value_of(page, "token"))) == (303, "/account")
    assert "ada@example.com, verified" in text_of(ada.get("/account"))


def code_of(uri: str, steps: int = 0) -> str:
    """What an authenticator app shows for it."""
    secret = parse_qs(urlsplit(uri).query)["secret"][0]
    key = b32decode(secret + "=" * (-len(secret) % 8))
    now: Any = sys.modules["accounts"].auth.config.options.clock()
    return totp_code(key, totp_step(now, 30) + steps, 6)


def test_a_second_factor_is_set_up_and_asked_for(site: Site) -> None:
    ada = site.visitor()
    ada.post("/register", **ADA)
    wrong = ada.post("/authenticator", password="wrong-one")
    assert beside(wrong, "password") == "The password is wrong"
    shown = text_of(ada.post("/authenticator", password=ADA["password"]))
    found = re.search(r"otpauth://[^<]*", shown)
    assert found is not None
    uri = unescape(found[0])
    assert where(ada.post("/code", code=code_of(uri)))[0] == 303
    ada.post("/logout")
    asked = ada.post("/login?next=/account%3Fa=1", **IN)
    assert (asked.status, value_of(asked, "next")) == (200, "/account?a=1")
    assert where(ada.get("/account"))[0] == 302
    refused = ada.post("/code", code="000000", next="/account?a=1")
    assert beside(refused, "code") == "The code is wrong, or was used already"
    assert value_of(refused, "code") == ""
    right = ada.post("/code", code=code_of(uri, 1), next=value_of(refused, "next"))
    assert where(right) == (303, "/account?a=1")
    assert ada.get("/account").status == 200


def test_next_leads_back_to_where_somebody_was(site: Site) -> None:
    ada = site.visitor()
    ada.post("/register", **ADA)
    ada.post("/logout")
    _, login = where(ada.get("/account?tab=%C3%A4&x=1"))
    page = ada.get(login)
    assert value_of(page, "next") == "/account?tab=%C3%A4&x=1"
    refused = ada.post("/login", **{**IN, "password": "wrong-one"}, next=value_of(page, "next"))
    assert value_of(refused, "next") == "/account?tab=%C3%A4&x=1"
    back = ada.post("/login", **IN, next=value_of(refused, "next"))
    assert where(back) == (303, "/account?tab=%C3%A4&x=1")


ELSEWHERE = [
    "https://evil.example",
    "//evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/%2fevil.example/",
    "/x/..//evil.example",
    "javascript:alert(1)",
    "https://example.com@evil.example",
    "https://example.com.evil.example",
    "/\t/evil.example",
    "/\r\nset-cookie: a=b",
    " https://evil.example",
    "x" * 2000,
]


def test_next_leads_nowhere_else(site: Site) -> None:
    site.visitor().post("/register", **ADA)
    stranger = site.visitor()
    for evil in ELSEWHERE:
        page = stranger.get("/login?" + urlencode({"next": evil}))
        assert value_of(page, "next") == "/account", evil
    for place, evil in enumerate(ELSEWHERE[:4], 1):
        went = site.visitor(address=f"192.0.2.{place}").post("/login", **IN, next=evil)
        assert where(went) == (303, "/account")


PLAIN = [block.text for block in blocks(PAGE) if "SIGN_OUT" in block.text]


def test_plain_forms_need_no_view(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BETTER_AUTH_SECRET", "test-secret-0123456789-abcdefghijKLMNOP")
    namespace: dict[str, Any] = {"__name__": "pasted"}
    (text,) = PLAIN
    exec(compile(text, "plain", "exec", dont_inherit=True), namespace)
    auth = namespace["auth"]
    auth.blocking.api.sign_up_email(
        SignUpEmail(name="Ada", email=ADA["email"], password=ADA["password"])
    )
    ada = Visitor(WSGIClient(namespace["app"]), origin="http://app.example.com")
    ada.more = [("accept", "text/html,*/*;q=0.8")]
    page = ada.get("/")
    refused = ada.send(*form_of(page, email=ADA["email"], password="wrong-one"))
    assert where(refused) == (303, "/?error=INVALID_EMAIL_OR_PASSWORD")
    assert "The e-mail address or the password is wrong." in text_of(ada.get(where(refused)[1]))
    assert "That did not work." in text_of(ada.get("/?error=<script>"))
    assert where(ada.send(*form_of(page, **IN))) == (303, "/")
    page = ada.get("/")
    assert "ada@example.com" in text_of(page)
    assert where(ada.send(*form_of(page))) == (303, "/")
    assert "ada@example.com" not in text_of(ada.get("/"))
    auth.blocking.close()


def form_of(page: Answer, **typed: str) -> tuple[str, Mapping[str, str]]:
    """Where the form of a page goes, and with what."""
    action = re.search(r'action="([^"]*)"', text_of(page))
    hidden = re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', text_of(page))
    assert action is not None
    return action[1], {**dict(hidden), **typed}


def test_every_framework_has_a_site() -> None:
    assert set(SITES) == set(FRAMEWORKS)
