"""Forms of an application on Starlette or FastAPI: read, submitted to endpoints, and left again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from starlette.authentication import AuthCredentials, AuthenticationBackend, UnauthenticatedUser
from starlette.requests import HTTPConnection, Request

from watchword.http.headers import Headers
from watchword.http.query import QueryTooLong, parse_query
from watchword.pipeline.validation import ValidationCodes
from watchword.submitted import NO_PARAMS, Submitted

from .asgi_scope import request_of
from .asgi_session import lookup_for
from .forms import next_in
from .wire import declared_length

if TYPE_CHECKING:
    from watchword.auth import Auth

BACKEND = "watchword.authentication"
"""In a scope: what `request.user` and `request.auth` come from."""


class PostedForm:
    """The form that a request brought, and what becomes of it."""

    def __init__(self, auth: Auth[Any], request: Request) -> None:
        self._auth = auth
        self._request = request

    async def submit(
        self, endpoint: str, data: object = None, *, params: Mapping[str, str] = NO_PARAMS
    ) -> Submitted[Any]:
        """Run an endpoint (its name in `auth.api`) for the browser that sent the form.

        `data` are the form's fields, without it those of the request's body; links have theirs in
        `request.query_params`. All that holds for the endpoint holds here, its cookies go on the
        response, and `request.user` is who they say from here on. See `Auth.submit`.

        Raises `RuntimeError` where no session middleware for the same `Auth` stands around.
        """
        lookup = lookup_for(self._auth, self._request.scope)
        form = await self.fields() if data is None else data
        done = await lookup.submit(endpoint, form, params)
        if done.cookies:
            await _authenticate(self._request)
        return done

    async def safe_next(self, default: str = "/") -> str:
        """Where to go on to: what `next` says in form or query, if it may, or `default`.

        By the rules of `callbackURL`: a path of this site, or a URL of a trusted origin.
        """
        request = self._request
        wanted = next_in(await self.fields(), request.query_params)
        return await self._auth.safe_next(wanted, request_of(request.scope), default)

    async def fields(self) -> Any:
        """The fields. Raises `APIError` PAYLOAD_TOO_LARGE (413).

        A form that carries files needs what Starlette needs for it: `python-multipart`.
        """
        request = self._request
        if request.method in ("GET", "HEAD"):
            return {}
        length = declared_length(Headers.of_bytes(request.scope["headers"]))
        if length is None or length > self._auth.body_limit:
            # Starlette reads to the end, wherever that is. No browser leaves out the length.
            raise ValidationCodes.PAYLOAD_TOO_LARGE()
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/x-www-form-urlencoded":
            return await request.form()
        try:
            return parse_query((await request.body()).decode("utf-8", "replace"))
        except QueryTooLong:
            raise ValidationCodes.PAYLOAD_TOO_LARGE() from None
        except RuntimeError:  # somebody has read the form before, and Starlette kept it
            return await request.form()


async def submit(
    auth: Auth[Any],
    request: Request,
    endpoint: str,
    data: object = None,
    *,
    params: Mapping[str, str] = NO_PARAMS,
) -> Submitted[Any]:
    """Run an endpoint for the browser that sent the form: `PostedForm.submit`."""
    return await PostedForm(auth, request).submit(endpoint, data, params=params)


async def safe_next(auth: Auth[Any], request: Request, default: str = "/") -> str:
    """Where to go on to: what `next` says in form or query, if it may, or `default`."""
    return await PostedForm(auth, request).safe_next(default)


async def _authenticate(connection: HTTPConnection) -> None:
    """Have `request.user` be who is there now."""
    backend: AuthenticationBackend | None = connection.scope.get(BACKEND)
    if backend is not None:
        found = await backend.authenticate(connection)
        nobody = AuthCredentials(), UnauthenticatedUser()
        connection.scope["auth"], connection.scope["user"] = found or nobody
