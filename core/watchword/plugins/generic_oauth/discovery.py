"""What a provider tells about itself (OpenID Connect Discovery 1.0; RFC 8414).

It is fetched when it is first needed, kept for a day, and its old word stands while no new one can
be had. Nobody waits for a provider again that failed a moment ago.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

from watchword.errors import Overloaded
from watchword.http.urls import join_url, parse_url
from watchword.oauth.client import Client
from watchword.oauth.failures import OAuthFailed
from watchword.oauth.tokens import Profile, json_object
from watchword.runtime.outgoing import OutgoingAnswer, OutgoingFailed

_WELL_KNOWN = re.compile(r"/\.well-known/(openid-configuration|oauth-authorization-server)\b")
_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_REDIRECTS = 5
_MOST_ALGORITHMS = 50
_LONGEST = 2048  # characters of a URL
_LIFE = timedelta(days=1)
_PAUSE = timedelta(seconds=10)

_log = logging.getLogger("watchword.generic_oauth")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Whose document, where it is, and what it has to be."""

    provider_id: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    """By lower-case name; they go to this server alone."""
    issuer: str | None = None
    """What the document has to say that it is; None: what follows from the URL."""
    allow_http: bool = False
    """Whether endpoints may be plain http; else only if the document itself is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovered:
    """What is used of a document."""

    issuer: str | None = None
    authorization_endpoint: str | None = None
    token_endpoint: str | None = None
    userinfo_endpoint: str | None = None
    end_session_endpoint: str | None = None
    jwks_uri: str | None = None
    algorithms: tuple[str, ...] = ()
    """Signatures of ID tokens."""

    @property
    def is_openid(self) -> bool:
        """Whether it is a provider of OpenID Connect, and not of OAuth 2 alone."""
        return bool(self.algorithms)

    def vouches_like(self, other: Discovered) -> bool:
        """Whether people are known by the same word of it, and as well proven."""
        alike = self.is_openid == other.is_openid
        return alike and (self.jwks_uri is not None or other.jwks_uri is None)


class Discovery:
    """The document of one provider, as it was found last."""

    def __init__(self) -> None:
        self._found: Discovered | None = None
        self._due: datetime | None = None

    async def get(self, client: Client, source: Source) -> Discovered:
        """The document. Of several callers at once, one fetches it.

        Raises `OAuthFailed`, `OutgoingFailed` or `Overloaded` as long as there has been none.
        """
        if self._is_due(client):
            await client.once(
                f"discovery {source.provider_id}", lambda: self._renew(client, source)
            )
        if self._found is None:
            raise OAuthFailed("discovery: it failed a moment ago")
        return self._found

    def _is_due(self, client: Client) -> bool:
        return self._due is None or client.now >= self._due

    async def _renew(self, client: Client, source: Source) -> None:
        if not self._is_due(client):
            return
        old = self._found
        try:
            new = await _fetch(client, source)
            if old is not None and new.issuer != old.issuer:
                raise OAuthFailed("discovery: another issuer than before")
            if old is not None and not new.vouches_like(old):
                raise OAuthFailed("discovery: it does not tell its keys any more")
        except (OAuthFailed, OutgoingFailed) as error:
            self._due = client.now + _PAUSE
            if old is None:
                raise
            _log.warning("%s; what was found before is used on", error)
            return
        except Overloaded:
            if old is None:
                raise
            return
        self._found, self._due = new, client.now + _LIFE


def issuer_at(url: str) -> str | None:
    """The issuer whose document stands at a well-known address; None if it is no such address."""
    place = url.partition("?")[0]
    return _WELL_KNOWN.sub("", place) if _WELL_KNOWN.search(place) else None


def is_safe(url: str, *, allow_http: bool) -> bool:
    """Whether a URL is https, or http where that is allowed."""
    found = parse_url(url) if len(url) <= _LONGEST else None
    return found is not None and (found.scheme == "https" or (allow_http and found.is_web))


async def _fetch(client: Client, source: Source) -> Discovered:
    document = json_object(await _answer(client, source), "discovery")
    url = parse_url(source.url)
    allow_http = source.allow_http or (url is not None and url.scheme == "http")

    def endpoint(name: str) -> str | None:
        value = document.get(name)
        if value is None or value == "":
            return None
        made = join_url(source.url, value) if isinstance(value, str) else None
        if made is None or not is_safe(made, allow_http=allow_http):
            raise OAuthFailed(f"discovery: {name} is no https URL")
        return made

    return Discovered(
        issuer=_issuer(document, source),
        authorization_endpoint=endpoint("authorization_endpoint"),
        token_endpoint=endpoint("token_endpoint"),
        userinfo_endpoint=endpoint("userinfo_endpoint"),
        end_session_endpoint=endpoint("end_session_endpoint"),
        jwks_uri=endpoint("jwks_uri"),
        algorithms=_algorithms(document),
    )


async def _answer(client: Client, source: Source) -> OutgoingAnswer:
    url, start = source.url, parse_url(source.url)
    for _ in range(_MOST_REDIRECTS + 1):
        answer = await client.get(url, source.headers)
        if answer.status not in _REDIRECTS:
            return answer
        url = join_url(url, answer.headers.get("location", "")) or ""
        there = parse_url(url)
        if start is None or there is None or there.origin != start.origin:
            raise OAuthFailed("discovery: redirected to another server; give the last URL")
    raise OAuthFailed("discovery: redirected too often; give the last URL")


def _issuer(document: Profile, source: Source) -> str | None:
    issuer = document.get("issuer")
    if issuer is None or issuer == "":
        if source.issuer is not None:
            raise OAuthFailed("discovery: it names no issuer")
        return None
    if not isinstance(issuer, str) or not is_safe(issuer, allow_http=True):
        raise OAuthFailed("discovery: the issuer is no URL")
    wanted = source.issuer or issuer_at(source.url) or ""
    # Of the same address, with a slash behind it or without, there is one document.
    if issuer.rstrip("/") != wanted.rstrip("/"):
        raise OAuthFailed(f"discovery: {issuer} is another issuer; if it is right, give `issuer`")
    return issuer


def _algorithms(document: Profile) -> tuple[str, ...]:
    listed = document.get("id_token_signing_alg_values_supported")
    if not isinstance(listed, list):
        return ()
    names = (one for one in cast("list[object]", listed) if isinstance(one, str))
    return tuple(names)[:_MOST_ALGORITHMS]
