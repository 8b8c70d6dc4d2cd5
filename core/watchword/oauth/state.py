"""The state of a flow: what was asked for, tied to the browser that asked, good for one callback.

In the database it is a verification row, and the browser holds its name in a signed cookie; or all
of it is in an encrypted cookie (spec: social, state; security A1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Literal, NoReturn, cast

from watchword.call import Call
from watchword.cookies import OAUTH_STATE
from watchword.crypto.derivation import purpose_secrets
from watchword.crypto.signing import equal
from watchword.crypto.symmetric import DecryptionFailed, decrypt, encrypt
from watchword.http.json import InvalidJSON, decode, encode
from watchword.records import Verification
from watchword.verifications.verifications import (
    create_verification,
    exchange_verification,
    find_verification,
    place_verification,
)

from .pkce import ALPHABET, STATE_LENGTH, VERIFIER_LENGTH
from .tokens import Profile

if TYPE_CHECKING:
    from watchword.cookies import CookieSpec

Strategy = Literal["database", "cookie"]
StateError = Literal["state_mismatch", "state_invalid"]

LIFE = 600
"""Seconds in which the callback has to come."""
_COOKIE_LIFE = 300  # of the cookie beside a row: the effective limit in browsers
_PREFIX = "auth-state:"
_USED = "auth-state-used:"
_PURPOSE = "oauth-state-cookie"
LONGEST = 32_768
"""Characters of a state as JSON. Cookies hold less: browsers drop longer ones."""
_OWN = (
    *("callbackURL", "codeVerifier", "errorURL", "newUserURL", "link", "serverContext"),
    *("expiresAt", "requestSignUp", "idTokenNonce", "oauthState", "provider"),
)
"""Keys that a client's additional data cannot set, not even where they are left out."""


class StateRefused(Exception):
    """The callback does not belong to a flow that this browser began, or comes too late."""

    def __init__(self, code: StateError, error_url: str | None = None) -> None:
        super().__init__(code)
        self.code: StateError = code
        self.error_url = error_url
        """Where the flow wanted its errors, if it is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Of a flow that links an account to a user instead of signing in."""

    user_id: str
    email: str
    encrypted_session_token: str | None = field(default=None, repr=False)
    """Of the session that began it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What one flow remembers."""

    callback_url: str
    code_verifier: str = field(repr=False)
    expires_at: int
    """Unix milliseconds."""
    value: str = field(repr=False)
    """The state parameter."""
    error_url: str | None = None
    new_user_url: str | None = None
    link: Link | None = None
    server_context: Profile | None = None
    """Of hooks on the server; clients cannot set it."""
    request_sign_up: bool | None = None
    nonce: str | None = field(default=None, repr=False)
    provider: str | None = None
    """The provider that the flow began with. None in states of a reference server."""
    additional: Profile = field(default_factory=dict[str, object], repr=False)
    """What the client wanted to be remembered."""


def new_state(call: Call, provider: str, *, callback_url: str, nonce: bool = False) -> State:
    """A fresh state with a verifier; `dataclasses.replace` adds what else the flow wants."""
    expires_at = call.now + timedelta(seconds=LIFE)
    return State(
        callback_url=callback_url,
        code_verifier=call.random(VERIFIER_LENGTH, ALPHABET),
        expires_at=round(expires_at.timestamp() * 1000),
        value=call.random(STATE_LENGTH, ALPHABET),
        nonce=call.random(STATE_LENGTH, ALPHABET) if nonce else None,
        provider=provider,
    )


async def keep_state(call: Call, state: State, strategy: Strategy) -> None:
    """Remember a state and give the browser its cookie. Raises `ValueError` if it is too long, and
    `LookupError` if a hook refused the row."""
    text = encode_state(state)
    if len(text) > LONGEST:
        raise ValueError("the state is too long")
    cookie = _cookie(call, strategy)
    if strategy == "cookie":
        secrets = purpose_secrets(call.config.secrets, _PURPOSE)
        sealed = encrypt(text, secrets, call.config.options.token_bytes)
        call.cookies.set(cookie.name, sealed, cookie.attributes)
        return
    row = await create_verification(call, _PREFIX + state.value, text, call.after(LIFE))
    if row is None:
        raise LookupError("a hook refused the state")
    call.cookies.set_signed(cookie.name, state.value, cookie.attributes)


async def take_state(
    call: Call, value: str, strategy: Strategy, *, skip_cookie: bool = False
) -> State:
    """The state that a callback names, for the one caller that comes first. Raises `StateRefused`.

    `skip_cookie` lets any browser finish the flow; only for the database strategy.
    """
    if len(value) > 4 * STATE_LENGTH or not (value.isascii() and value.isprintable()):
        raise StateRefused("state_mismatch")
    if strategy == "cookie":
        return await _from_cookie(call, value)
    return await _from_database(call, value, skip_cookie=skip_cookie)


async def waiting_state(
    call: Call, value: str, strategy: Strategy, sealed: str | None
) -> State | None:
    """The state of a flow whose callback has not come yet; it is left for that.

    `sealed` is the cookie of the cookie strategy, whoever has it.
    """
    if len(value) > 4 * STATE_LENGTH:
        return None
    try:
        state = (
            _opened(call, value, sealed)
            if strategy == "cookie"
            else (await _stored(call, value))[1]
        )
        _check_time(call, state)
    except StateRefused:
        return None
    return state


def give_state(call: Call, state: State, strategy: Strategy, sealed: str | None) -> None:
    """Let this browser finish a flow that was begun outside of it.

    Whoever can have it called for somebody else's browser can have that one finish a flow of
    theirs: find out first what becomes of it then.
    """
    cookie = _cookie(call, strategy)
    if strategy == "cookie":
        call.cookies.set(cookie.name, sealed or "", cookie.attributes)
    else:
        call.cookies.set_signed(cookie.name, state.value, cookie.attributes)


async def _from_database(call: Call, value: str, *, skip_cookie: bool) -> State:
    row, state = await _stored(call, value)
    cookie = _cookie(call, "database")
    # The row stays: another browser cannot end a flow that is not its own.
    held = call.cookies.get_signed(cookie.name)
    if not skip_cookie and (held is None or not equal(held, value)):
        raise StateRefused("state_mismatch", state.error_url)
    if not await exchange_verification(call, row, None):
        raise StateRefused("state_mismatch", state.error_url)
    call.cookies.expire(cookie.name, cookie.attributes)
    _check_time(call, state)
    return state


async def _stored(call: Call, value: str) -> tuple[Verification, State]:
    row = await find_verification(call, _PREFIX + value)
    state = None if row is None else read_state(row.value)
    if row is None or state is None or not equal(state.value, value):
        raise StateRefused("state_mismatch")
    return row, state


async def _from_cookie(call: Call, value: str) -> State:
    cookie = _cookie(call, "cookie")
    state = _opened(call, value, call.cookies.incoming.get(cookie.name))
    call.cookies.expire(cookie.name, cookie.attributes)
    _check_time(call, state)
    # Where rows last, one that is left behind tells a copy of the cookie from the first one.
    used = _USED + value
    if not call.config.stateless and not await place_verification(
        call, used, "", call.after(LIFE), stale=None
    ):
        raise StateRefused("state_mismatch", state.error_url)
    return state


def _opened(call: Call, value: str, sealed: str | None) -> State:
    if not sealed:
        raise StateRefused("state_mismatch")
    try:
        # Whoever holds a secret that leaked must not say who is to be linked with whom.
        text = decrypt(sealed, purpose_secrets(call.config.secrets.believed(call.now), _PURPOSE))
    except DecryptionFailed:
        raise StateRefused("state_invalid") from None
    state = read_state(text)
    if state is None:
        raise StateRefused("state_invalid")
    if not equal(state.value, value):
        raise StateRefused("state_mismatch", state.error_url)
    return state


def _check_time(call: Call, state: State) -> None:
    if call.now.timestamp() * 1000 > state.expires_at:
        raise StateRefused("state_mismatch", state.error_url)


def _cookie(call: Call, strategy: Strategy) -> CookieSpec:
    if strategy == "cookie":
        return call.cookie_names.spec(OAUTH_STATE, max_age=LIFE)
    return call.cookie_names.spec("state", max_age=_COOKIE_LIFE)


def encode_state(state: State) -> str:
    """The JSON that is stored, with its keys in the order of the protocol."""
    link = state.link
    own: dict[str, object] = {
        "callbackURL": state.callback_url,
        "codeVerifier": state.code_verifier,
        "errorURL": state.error_url,
        "newUserURL": state.new_user_url,
        "link": None
        if link is None
        else _present(
            {
                "userId": link.user_id,
                "email": link.email,
                "encryptedSessionToken": link.encrypted_session_token,
            }
        ),
        "serverContext": state.server_context,
        "expiresAt": state.expires_at,
        "requestSignUp": state.request_sign_up,
        "idTokenNonce": state.nonce,
        "oauthState": state.value,
        "provider": state.provider,
    }
    additional = {name: value for name, value in state.additional.items() if name not in _OWN}
    return encode({**additional, **_present(own)}).decode()


def read_state(text: str) -> State | None:
    """The state in a stored text; None if it is none."""
    try:
        return _state(decode(text.encode("utf-8", "replace")))
    except (InvalidJSON, _NoState):
        return None


class _NoState(Exception):
    pass


def _state(found: object) -> State:
    if not isinstance(found, dict):
        raise _NoState
    keys = cast("Profile", found)
    expires_at = keys.get("expiresAt")
    if isinstance(expires_at, bool) or not isinstance(expires_at, int | float):
        raise _NoState
    context = keys.get("serverContext")
    wants = keys.get("requestSignUp")
    return State(
        callback_url=_needed(keys, "callbackURL"),
        code_verifier=_needed(keys, "codeVerifier"),
        expires_at=int(expires_at),
        value=_needed(keys, "oauthState"),
        error_url=_text(keys, "errorURL"),
        new_user_url=_text(keys, "newUserURL"),
        link=_link(keys.get("link")),
        server_context=cast("Profile", context) if isinstance(context, dict) else None,
        request_sign_up=wants if isinstance(wants, bool) else None,
        nonce=_text(keys, "idTokenNonce"),
        provider=_text(keys, "provider"),
        additional={name: value for name, value in keys.items() if name not in _OWN},
    )


def _link(found: object) -> Link | None:
    if found is None:
        return None
    if not isinstance(found, dict):
        # A flow that was to link must never become one that signs in.
        _refuse()
    keys = cast("Profile", found)
    return Link(
        user_id=_needed(keys, "userId"),
        email=_needed(keys, "email"),
        encrypted_session_token=_text(keys, "encryptedSessionToken"),
    )


def _refuse() -> NoReturn:
    raise _NoState


def _needed(keys: Profile, name: str) -> str:
    value = _text(keys, name)
    return _refuse() if value is None else value


def _text(keys: Profile, name: str) -> str | None:
    value = keys.get(name)
    if value is not None and not isinstance(value, str):
        _refuse()
    return value


def _present(values: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}
