"""What the profiles say about links by mail (PROFILES.md, sections 4 and 6)."""

from __future__ import annotations

from tests.conformance.surroundings import Surroundings
from watchword import Request
from watchword.plugins import MagicLink
from watchword.plugins.magic_link import MagicLinkMail


def magic_links(around: Surroundings) -> MagicLink:
    """The plugin of the profiles `plugins` and `ratelimit`."""

    def mail(link: MagicLinkMail, _: Request | None) -> None:
        metadata = {"metadata": link.metadata} if link.metadata is not None else {}
        around.post("magic-link", link.email, url=link.url, token=link.token, **metadata)

    return MagicLink(send_magic_link=mail)
