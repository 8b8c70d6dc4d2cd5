"""The URL that a browser is sent to, so that its user signs in with a provider (RFC 6749, 4.1.1).

Order and spelling of the parameters are the protocol's (spec: social, PKCE and token requests).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from watchword.http.query import QueryTooLong, encode_form, parse_query
from watchword.http.urls import parse_url

from .failures import OAuthFailed

RESERVED = frozenset(
    (
        *("state", "client_id", "redirect_uri", "response_type"),
        *("code_challenge", "code_challenge_method", "nonce", "scope"),
    )
)
"""Parameters that no client may choose (spec: security, A2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorization:
    """What one flow asks a provider for."""

    state: str = field(repr=False)
    code_verifier: str = field(repr=False)
    redirect_uri: str
    scopes: Sequence[str] = ()
    """Those that the request wants beside the provider's and the application's."""
    login_hint: str | None = field(default=None, repr=False)
    nonce: str | None = field(default=None, repr=False)
    params: Mapping[str, str] = field(default_factory=dict[str, str])
    """Of the client's choice; reserved names are left out."""


def authorization_url(endpoint: str, params: Mapping[str, str | None]) -> str:
    """The endpoint with parameters behind its query; those that are None are left out.

    A query that the endpoint brings along stays in front, less what is set. Raises `OAuthFailed`
    for an endpoint that is no URL.
    """
    parsed = parse_url(endpoint)
    if parsed is None or not parsed.is_web:
        raise OAuthFailed("the authorization endpoint is no http(s) URL")
    given = {name: value for name, value in params.items() if value is not None}
    body, mark, fragment = endpoint.partition("#")
    path, _, query = body.partition("?")
    kept = [pair for pair in query.split("&") if pair and pair.partition("=")[0] not in given]
    return f"{path}?{'&'.join([*kept, encode_form(given)])}{mark}{fragment}"


def asked_at(endpoint: str, url: str) -> dict[str, str] | None:
    """What a URL asks of an authorization endpoint; None if it does not lead there.

    What stands in front of the query is compared as text: however a browser reads it, it reads the
    endpoint. A parameter that is there twice is none, so that nobody takes the other one.
    """
    body, _, fragment = endpoint.partition("#")
    place, _, own = url.partition("#")
    path, _, query = place.partition("?")
    if path != body.partition("?")[0] or own != fragment or not url.isprintable():
        return None
    try:
        asked = parse_query(query)
    except QueryTooLong:
        return None
    return {name: value for name, value in asked.items() if isinstance(value, str)}


def unreserved(params: Mapping[str, str]) -> dict[str, str]:
    """Parameters of a client's choice, less those that it may not choose."""
    return {name: value for name, value in params.items() if name not in RESERVED}
