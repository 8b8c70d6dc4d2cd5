"""The small application of `applications.py` in Django, with sync views and with async ones."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path

from tests.adapters.drivers import Client
from tests.support.django_project import DjangoClient
from watchword import Auth
from watchword.adapters import django as on_django
from watchword.adapters.django import WatchwordRequest
from watchword.records import User

from .views import FORMS, OWN, endpoint_of, name_of, read, told

LATE = on_django.fresh_login_required(login_url="/login?a=b#c")


def django_app(auth: Auth[User]) -> Client:
    def who(request: WatchwordRequest[User]) -> str:
        assert request.user.is_authenticated is (request.watchword.user is not None)
        return name_of(request.watchword.session)

    def form(request: WatchwordRequest[User]) -> HttpResponse:
        given = read(request.body) if request.path == "/read" else None
        before = who(request)
        done = request.watchword.submit(endpoint_of(request.path), given)
        status, text = told(before, done, who(request))
        return answered(request, status, text)

    def look(request: WatchwordRequest[User]) -> HttpResponse:
        return HttpResponse(request.watchword.submit("sign_out").code)

    def next_(request: WatchwordRequest[User]) -> HttpResponse:
        return HttpResponse(request.watchword.safe_next("/home"))

    views = {"look": look, "next": next_, "late": LATE(next_)}
    urls = [*(path(name[1:], form) for name in FORMS), *(path(*one) for one in views.items())]
    return DjangoClient(auth, urls)


def django_asgi_app(auth: Auth[User]) -> Client:
    async def who(request: WatchwordRequest[User]) -> str:
        user = await request.auser()
        assert user.is_authenticated is (await request.watchword.auser() is not None)
        return name_of(await request.watchword.asession())

    async def form(request: WatchwordRequest[User]) -> HttpResponse:
        given = read(request.body) if request.path == "/read" else None
        before = await who(request)
        done = await request.watchword.asubmit(endpoint_of(request.path), given)
        status, text = told(before, done, await who(request))
        return answered(request, status, text)

    async def look(request: WatchwordRequest[User]) -> HttpResponse:
        return HttpResponse((await request.watchword.asubmit("sign_out")).code)

    async def next_(request: WatchwordRequest[User]) -> HttpResponse:
        return HttpResponse(await request.watchword.asafe_next("/home"))

    views = {"look": look, "next": next_, "late": LATE(next_)}
    urls = [*(path(name[1:], form) for name in FORMS), *(path(*one) for one in views.items())]
    return DjangoClient(auth, urls, asynchronous=True)


def answered(request: HttpRequest, status: int, text: str) -> HttpResponse:
    """The page; that of `/mine` has a header and a cookie of its own."""
    page = HttpResponse(text, status=status)
    if request.path == "/mine":
        page.headers["Cache-Control"] = OWN["cache-control"]
        page.set_cookie("own", "1")
    return page
