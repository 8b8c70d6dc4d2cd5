"""Forms of Django's: what they hold goes to an endpoint, what it refuses stands beside a field."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from html import unescape
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import pytest
from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template import engines
from django.test import Client
from django.urls import path

from tests.adapters.drivers import Answer
from tests.adapters.forms.test_forms import PASSWORD, SITE, Visitor
from tests.core.conftest import FAST
from tests.support.browser import SECRET, Clock
from tests.support.django_project import (
    MIDDLEWARE,
    DjangoClient,
    database,
    project,
    sqlite_settings,
)
from watchword import Auth, Column, EmailAndPassword, RateLimit, SignUpEmail, User
from watchword.adapters.django.forms import fields_of_form
from watchword.storage.django import DjangoStorage

CSRF = "django.middleware.csrf.CsrfViewMiddleware"
PAGE = '<form method="post">{% csrf_token %}{{ form.as_div }}<button>Go</button></form>'


def short(value: str) -> str:
    if len(value) > 8:
        raise ValueError("That is too long for a nick")
    return value


class Member(User, kw_only=True):
    born_on: str | None = None
    nick: Annotated[str | None, Column(validator=short)] = None


class Login(forms.Form):
    email = forms.EmailField()
    password = forms.CharField(widget=forms.PasswordInput)
    remember_me = forms.BooleanField(required=False)


class Join(forms.Form):
    name = forms.CharField()
    email = forms.EmailField()
    password = forms.CharField(widget=forms.PasswordInput)
    born_on = forms.DateField(required=False)
    nick = forms.CharField(required=False)


class Invited(Join):
    nick = forms.CharField(widget=forms.HiddenInput)


class Replace(forms.Form):
    new_password = forms.CharField(widget=forms.PasswordInput)
    token = forms.CharField(widget=forms.HiddenInput)


VIEWS: dict[str, tuple[str, type[forms.Form]]] = {
    "login": ("sign_in_email", Login),
    "join": ("sign_up_email", Join),
    "invited": ("sign_up_email", Invited),
    "reset": ("reset_password", Replace),
}


def shown(request: HttpRequest, form: forms.Form, status: int) -> HttpResponse:
    page = engines["django"].from_string(PAGE).render({"form": form}, request)
    return HttpResponse(page, status=status or 200)


def view(endpoint: str, kind: type[forms.Form]) -> Callable[[Any], HttpResponse]:
    def page(request: Any) -> HttpResponse:
        form = kind(request.POST or None)
        done = request.watchword.submit(endpoint, form)
        if done.ok:
            return HttpResponseRedirect(request.watchword.safe_next("/home"))
        return shown(request, form, done.status)

    return page


def async_view(endpoint: str, kind: type[forms.Form]) -> Callable[[Any], Any]:
    async def page(request: Any) -> HttpResponse:
        form = kind(request.POST or None)
        done = await request.watchword.asubmit(endpoint, form)
        if done.ok:
            return HttpResponseRedirect(await request.watchword.asafe_next("/home"))
        return shown(request, form, done.status)

    return page


def who(request: Any) -> HttpResponse:
    return HttpResponse(f"{request.user}")


@dataclass
class Site:
    auth: Auth[Member]
    asynchronous: bool

    @property
    def urls(self) -> list[Any]:
        make = async_view if self.asynchronous else view
        return [*(path(name, make(*given)) for name, given in VIEWS.items()), path("who", who)]

    def visitor(self) -> Visitor:
        client = DjangoClient(self.auth, self.urls, asynchronous=self.asynchronous)
        return Visitor(client, Clock())


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    auth = Auth(
        database=f"sqlite:///{tmp_path}/app.db",
        secret=SECRET,
        base_url=SITE,
        user_type=Member,
        email_and_password=EmailAndPassword(enabled=True, argon2_cost=FAST),
        rate_limit=RateLimit(enabled=True),
        environ={},
    )
    auth.blocking.migrate()
    auth.blocking.api.sign_up_email(
        SignUpEmail(name="Ada", email="ada@example.com", password=PASSWORD)
    )
    yield Site(auth, request.param)
    asyncio.run(auth.close())
    auth.blocking.close()


ADA = (("email", "ada@example.com"), ("password", PASSWORD))


def beside(answer: Answer, name: str) -> list[str]:
    """What is wrong with a field: Django's list of errors stands in front of it."""
    before, _, _ = answer.body.decode().partition(f'name="{name}"')
    _, _, own = before.rpartition("<label")
    found = re.findall(r"<li>(.*?)</li>", own)
    return [unescape(one) for one in found]


def in_front(answer: Answer) -> list[str]:
    """What is wrong with the form."""
    found = re.search(r'<ul class="errorlist nonfield"[^>]*>(.*?)</ul>', answer.body.decode())
    return [] if found is None else re.findall(r"<li>(.*?)</li>", unescape(found[1]))


def where(answer: Answer) -> tuple[int, list[str]]:
    return answer.status, answer.all("location")


def test_a_form_is_shown_before_it_is_sent(site: Site) -> None:
    page = site.visitor().get("/login")
    assert (page.status, in_front(page), beside(page, "email")) == (200, [], [])
    assert page.all("set-cookie") == []


def test_who_signs_in_goes_on_with_the_cookies(site: Site) -> None:
    ada = site.visitor()
    answer = ada.post("/login?next=/basket", *ADA)
    assert where(answer) == (302, ["/basket"])
    assert answer.all("cache-control") == ["no-store"]
    assert ada.get("/who").body == b"ada@example.com"
    assert where(site.visitor().post("/login?next=//evil.example", *ADA)) == (302, ["/home"])


def test_a_box_that_is_not_ticked_is_no(site: Site) -> None:
    for ticked, lasting in (((), False), ((("remember_me", "on"),), True)):
        answer = site.visitor().post("/login", *ADA, *ticked)
        [line] = [one for one in answer.all("set-cookie") if "session_token" in one]
        assert ("Max-Age" in line) is lasting


def test_a_wrong_password_stands_beside_the_password(site: Site) -> None:
    answer = site.visitor().post("/login", ("email", "ada@example.com"), ("password", "wrong-one"))
    assert answer.status == 401
    assert beside(answer, "password") == ["The e-mail address or the password is wrong"]
    assert (beside(answer, "email"), in_front(answer)) == ([], [])
    assert b'value="ada@example.com"' in answer.body
    assert b"wrong-one" not in answer.body
    assert answer.all("set-cookie") == []


def test_what_django_refuses_is_asked_of_nobody(site: Site) -> None:
    visitor = site.visitor()
    for _ in range(5):  # more than the rate limit lets through
        answer = visitor.post("/login", ("email", "nobody"), ("password", PASSWORD))
        assert answer.status == 400
    assert beside(answer, "email") == ["Enter a valid email address."]
    assert where(visitor.post("/login", *ADA)) == (302, ["/home"])


def test_after_too_many_tries_it_says_so_in_front(site: Site) -> None:
    guessing = site.visitor()
    wrong = (("email", "ada@example.com"), ("password", "wrong-one"))
    assert [guessing.post("/login", *wrong).status for _ in range(4)] == [401, 401, 401, 429]
    refused = guessing.post("/login", *ADA)
    assert (refused.status, len(in_front(refused))) == (429, 1)
    assert "Too many requests" in in_front(refused)[0]
    assert refused.all("set-cookie") == []


def test_forms_of_other_sites_are_refused(site: Site) -> None:
    evil = site.visitor()
    evil.origin = "https://evil.example"
    refused = evil.post("/login", *ADA)
    assert (refused.status, refused.all("set-cookie")) == (403, [])
    assert in_front(refused) == ["The site that this comes from is not trusted"]


def test_djangos_own_token_may_be_asked_for_as_well(site: Site) -> None:
    asked = {"MIDDLEWARE": [CSRF, MIDDLEWARE], "CSRF_TRUSTED_ORIGINS": [SITE]}
    with project(site.auth, site.urls, **asked):
        ada = Client(enforce_csrf_checks=True, headers={"origin": SITE})
        page = ada.get("/login").content
        found = re.search(rb'name="csrfmiddlewaretoken" value="(\w+)"', page)
        assert found is not None
        assert ada.post("/login", dict(ADA)).status_code == 403
        token = {"csrfmiddlewaretoken": found[1].decode()}
        assert ada.post("/login", {**dict(ADA), **token}).status_code == 302
        # The server's own URLs need none: it looks at the origin.
        out = ada.post("/api/auth/sign-out", b"{}", content_type="application/json")
        assert (out.status_code, out.json()) == (200, {"success": True})


def test_fields_are_named_as_in_python_or_as_on_the_wire(site: Site) -> None:
    short = site.visitor().post("/reset", ("new_password", "short"), ("token", "forged"))
    assert (short.status, beside(short, "new_password")) == (
        400,
        ["The password is too short: at least 8 characters"],
    )


def test_what_belongs_to_no_field_stands_in_front(site: Site) -> None:
    answer = site.visitor().post("/reset", ("new_password", PASSWORD), ("token", "forged"))
    assert answer.status == 400
    assert in_front(answer) == ["The link is not valid"]
    assert (beside(answer, "new_password"), beside(answer, "token")) == ([], [])


def test_what_is_wrong_with_a_hidden_field_stands_in_front_too(site: Site) -> None:
    bad = (("name", "Bob"), ("email", "bob@example.com"), ("password", PASSWORD))
    answer = site.visitor().post("/invited", *bad, ("nick", "much too long"))
    assert answer.status == 400
    assert in_front(answer) == ["(Hidden field nick) That is too long for a nick"]


def test_fields_of_ones_own_are_sent_too(site: Site) -> None:
    bob = (("name", "Bob"), ("email", "bob@example.com"), ("password", PASSWORD))
    long = site.visitor().post("/join", *bob, ("nick", "much too long"))
    assert (long.status, len(beside(long, "nick"))) == (400, 1)
    assert where(site.visitor().post("/join", *bob, ("born_on", "2001-02-03")))[0] == 302
    made = site.auth.blocking.users.find("bob@example.com")
    assert made is not None
    assert (made.born_on, made.nick) == ("2001-02-03", None)


class Everything(forms.Form):
    born_on = forms.DateField(required=False)
    price = forms.DecimalField()
    parcel_id = forms.UUIDField()
    newPassword = forms.CharField()
    picture = forms.FileField()


def test_values_go_as_the_wire_has_them_and_files_stay() -> None:
    parcel = "6b0d7ff0-2f5b-4a3e-8f53-8f6a7a1c9a01"
    given = {"price": "1.50", "parcel_id": parcel, "newPassword": "x"}
    files: Any = {"picture": SimpleUploadedFile("x.png", b"x")}
    form = Everything({**given, "born_on": "2001-02-03"}, files)
    assert form.is_valid()
    assert form.cleaned_data["born_on"] == date(2001, 2, 3)
    assert form.cleaned_data["price"] == Decimal("1.50")
    assert form.cleaned_data["parcel_id"] == UUID(parcel)
    sent = {"price": "1.50", "parcelId": parcel, "newPassword": "x"}
    assert fields_of_form(form) == {**sent, "bornOn": "2001-02-03"}
    form = Everything(given, files)
    assert form.is_valid()
    assert fields_of_form(form) == sent


def alias_of(auth: Auth[Any]) -> str:
    storage: Any = auth.storage
    return storage.alias


class TestTransactionsAroundRequests:
    """`ATOMIC_REQUESTS`: what counts guesses must outlast a view that is undone."""

    @pytest.fixture
    def auth(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Auth[User]]:
        with database(sqlite_settings(tmp_path / "app.db")) as alias:
            auth = Auth(
                database=DjangoStorage(alias),
                secret=SECRET,
                base_url=SITE,
                email_and_password=EmailAndPassword(enabled=True, argon2_cost=FAST),
                rate_limit=RateLimit(enabled=True, storage="database"),
                environ={},
            )
            auth.blocking.migrate()
            auth.blocking.api.sign_up_email(
                SignUpEmail(name="Ada", email="ada@example.com", password=PASSWORD)
            )
            monkeypatch.setitem(connections.settings[alias], "ATOMIC_REQUESTS", True)
            yield auth
            auth.blocking.close()

    def test_a_view_says_that_it_is_not_for_it(
        self, auth: Auth[User], caplog: pytest.LogCaptureFixture
    ) -> None:
        apart = transaction.non_atomic_requests(using=alias_of(auth))
        views = {"in": view(*VIEWS["login"]), "apart": apart(view(*VIEWS["login"]))}
        client = DjangoClient(auth, [path(*one) for one in views.items()])
        refused = Visitor(client, Clock()).post("/in", *ADA)
        assert (refused.status, refused.all("set-cookie")) == (500, [])
        assert "must not be undone with the transaction" in caplog.text
        assert where(Visitor(client, Clock()).post("/apart", *ADA)) == (302, ["/home"])

    def test_the_servers_own_urls_are_not(self, auth: Auth[User]) -> None:
        client = DjangoClient(auth)
        body = b'{"email":"ada@example.com","password":"password1234"}'
        kind = [("content-type", "application/json"), ("origin", SITE)]
        assert client.send("POST", "/api/auth/sign-in/email", kind, body=body).status == 200
