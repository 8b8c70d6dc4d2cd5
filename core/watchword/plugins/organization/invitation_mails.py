"""Invitations by mail: what a callback gets, the link, and the letter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias
from urllib.parse import quote

from watchword.call import Call
from watchword.errors import ConfigurationError
from watchword.features.letters import Letter
from watchword.http.query import append_query
from watchword.http.request import Request
from watchword.http.urls import is_safe_relative, parse_url
from watchword.records import User

from .records import Invitation, Member, StoredOrganization

_ID = "{id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationMail:
    """An invitation to mail to `invitation.email`. Whoever proves that address may accept it by its
    id, so make a link of `invitation.id` to a page of the application."""

    invitation: Invitation
    organization: StoredOrganization
    inviter: User
    member: Member
    """The inviter as a member."""
    url: str = field(default="", repr=False)
    """The link to `Organization.invitation_page`; empty without one."""

    @property
    def email(self) -> str:
        """Whom to mail."""
        return self.invitation.email


InvitationCallback: TypeAlias = "Callable[[InvitationMail, Request | None], object]"
"""Sends a mail; `def` or `async def`. The request is None for server-side calls."""


def letter(mail: InvitationMail) -> Letter:
    """The mail, for the server's own mailer. Nobody knows the addressee yet."""
    return Letter(
        kind="invitation",
        to=mail.email,
        url=mail.url,
        expires_at=mail.invitation.expires_at,
        values={"organization": mail.organization.name, "inviter": mail.inviter.name},
    )


def check_page(option: str, page: str) -> None:
    """Raise `ConfigurationError` for a page that no link could lead to."""
    if not page or is_safe_relative(page):
        return
    found = parse_url(page)
    if found is None or not found.is_web:
        remedy = "Give a path such as '/invitations/{id}', or a URL that begins with https://"
        raise ConfigurationError(option, f"{page!r} is no page", remedy)


def invitation_url(call: Call, page: str, invitation_id: str) -> str:
    """The link to a page: with the id in the place of `{id}`, else as `invitationId`."""
    if not page:
        return ""
    url = f"{call.site.origin}{page}" if page.startswith("/") else page
    if _ID in url:
        return url.replace(_ID, quote(invitation_id, safe=""))
    return append_query(url, {"invitationId": invitation_id})
