"""Cookies with a long value, in pieces where one is too small (spec: cookies, chunking)."""

from __future__ import annotations

from watchword.call import Call
from watchword.cookies import CookieSpec
from watchword.http.cookie_chunks import chunk_names, join_chunks, split_chunks, stale_names
from watchword.http.cookies import CookieAttributes


def read_pieces(call: Call, name: str) -> str | None:
    """What the browser holds of a cookie."""
    return join_chunks(call.cookies.chunks(name), name)


def set_pieces(call: Call, cookie: CookieSpec, value: str, attributes: CookieAttributes) -> None:
    """Set a cookie, and expire what the browser holds of it and is not written anew.

    Raises `ValueTooLong`.
    """
    pieces = split_chunks(cookie.name, value, attributes)
    written = [name for name, _ in pieces]
    for old in stale_names(call.cookies.chunks(cookie.name), cookie.name, written):
        call.cookies.expire(old, cookie.attributes)
    for name, piece in pieces:
        call.cookies.set(name, piece, attributes)


def expire_pieces(call: Call, cookie: CookieSpec) -> None:
    """Make the browser forget what it holds of a cookie, and give it no pieces of another one."""
    for name in chunk_names(call.cookies.outgoing, cookie.name):
        call.cookies.drop(name)
    chunks = call.cookies.chunks(cookie.name)
    for name in stale_names(chunks, cookie.name, ()):
        # Clients that keep an empty value would be told to forget it again and again.
        if chunks[name]:
            call.cookies.expire(name, cookie.attributes)
