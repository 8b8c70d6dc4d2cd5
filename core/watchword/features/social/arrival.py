"""Whom a provider speaks of arrives: he is signed in, or given one more way to sign in (spec:
social, sections 2, 5 and 6).
"""

from __future__ import annotations

from dataclasses import dataclass

from watchword.call import Call
from watchword.features.email_verification import EmailVerification
from watchword.oauth.provider import Provider
from watchword.oauth.state import State
from watchword.oauth.tokens import Tokens
from watchword.records import Session
from watchword.sessions.sessions import set_session_cookies

from .linking import link_after_redirect
from .person import Person
from .refusal import Refused
from .resolution import Resolved, Terms, begin_session, resolve


@dataclass(frozen=True, slots=True)
class Seen:
    """Somebody, as a provider told it."""

    provider: Provider
    person: Person
    tokens: Tokens


async def arrive(call: Call, state: State, seen: Seen, *, may_sign_up: bool = True) -> str:
    """Where a browser goes whose flow worked. Raises `Refused`, and what hooks raise."""
    if state.link is not None:
        await link_after_redirect(call, state.link, seen.person, seen.tokens)
        return state.callback_url
    if seen.person.email is None:
        raise Refused("email_not_found")
    allowed = may_sign_up and signs_up(seen.provider, asked=state.request_sign_up is True)
    terms = Terms(may_sign_up=allowed, overrides=seen.provider.override_user_info_on_sign_in)
    found, _ = await let_in(call, seen, terms, state.callback_url)
    return state.new_user_url or state.callback_url if found.is_new else state.callback_url


async def let_in(
    call: Call, seen: Seen, terms: Terms, callback_url: str
) -> tuple[Resolved, Session]:
    """Sign in, or up, a person whose address is known. Raises `Refused`, and what hooks raise."""
    found = await resolve(call, seen.person, seen.tokens, terms)
    if await _must_verify(call, seen.provider, found, callback_url):
        raise Refused("email_not_verified")
    session = await begin_session(call, found)
    set_session_cookies(call, session, found.user, remember=True)
    return found, session


def signs_up(provider: Provider, *, asked: bool) -> bool:
    """Whether who is new gets an account; `asked`: the request said so in as many words."""
    return not provider.disable_sign_up and (asked or not provider.disable_implicit_sign_up)


async def _must_verify(call: Call, provider: Provider, found: Resolved, callback_url: str) -> bool:
    """Whether the user has to prove the address first; mails the link where options say so."""
    if not provider.require_email_verification or found.user.email_verified:
        return False
    verification = call.config.plugin(EmailVerification)
    wanted = verification.send_on_sign_in
    if found.is_new:
        wanted = verification.send_on_sign_up is not False
    if wanted:
        call.runtime.require_room()
        await verification.send(call, found.user, callback_url)
    return True
