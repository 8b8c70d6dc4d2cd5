"""Query strings: read and extended as browsers do (URLSearchParams)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeAlias
from urllib.parse import quote, quote_plus, unquote_plus

from .bounds import LONGEST_QUERY, LONGEST_VALUE, MOST_PAIRS
from .urls import is_single_slash_path, parse_url

Query: TypeAlias = "dict[str, str | list[str]]"

_ORIGIN = r"\A[^:]*:/*[^/?#]*/?"


class QueryTooLong(ValueError):
    """A query or form, one of its values, or their number is above what is read."""


def read_query(raw: str, longest: int = LONGEST_VALUE) -> Query:
    """The query of a request (`parse_query`), whose values are `longest` characters long at most.

    Raises `QueryTooLong`.
    """
    found = parse_query(raw)
    for value in found.values():
        texts = (value,) if isinstance(value, str) else value
        if max(map(len, texts)) > longest:
            raise QueryTooLong
    return found


def parse_query(raw: str) -> Query:
    """Names to values; a repeated name has a list, in order. Raises `QueryTooLong`."""
    if len(raw) > LONGEST_QUERY or raw.count("&") >= MOST_PAIRS:
        raise QueryTooLong
    found: Query = {}
    for pair in raw.split("&"):
        if not pair:
            continue
        name, _, value = pair.partition("=")
        name, value = _decoded(name), _decoded(value)
        earlier = found.get(name)
        if earlier is None:
            found[name] = value
        elif isinstance(earlier, list):
            earlier.append(value)
        else:
            found[name] = [earlier, value]
    return found


def append_query(url: str, params: Mapping[str, str]) -> str:
    """The URL with more parameters behind its query, before its fragment; all in ASCII.

    The URL is absolute, or a path with a single leading slash; anything else raises `ValueError`.
    The name of a host is written as it stands in the DNS, whoever encodes it otherwise later on.
    """
    if url.startswith("/"):
        if not is_single_slash_path(url):
            raise ValueError("the path must start with a single slash")
    elif (parsed := parse_url(url)) is None:
        raise ValueError("the URL must be absolute, or a path")
    elif parsed.is_web:
        url = re.sub(_ORIGIN, f"{parsed.origin}/", url, count=1)
    body, hash_mark, fragment = url.partition("#")
    path, question, query = body.partition("?")
    more = encode_form(params)
    if more:
        question, query = "?", f"{query.rstrip('&')}&{more}" if query.strip("&") else more
    return f"{_ascii(path)}{question}{_ascii(query)}{hash_mark}{_ascii(fragment)}"


def encode_form(params: Mapping[str, str]) -> str:
    """Names and values as a form's body, or the query of a URL."""
    return "&".join(f"{encode_part(name)}={encode_part(value)}" for name, value in params.items())


def encode_part(text: str) -> str:
    """One name or value of a form."""
    # application/x-www-form-urlencoded: `*` stays, `~` does not.
    return quote_plus(text, safe="*", errors="replace").replace("~", "%7E")


def _ascii(text: str) -> str:
    # What is escaped already stays, and so does every character that may stand in a URL.
    return quote(text, safe="/:@!$&'()*+,;=-._~%[]?", errors="replace")


def _decoded(text: str) -> str:
    return unquote_plus(text, errors="replace") if "%" in text or "+" in text else text
