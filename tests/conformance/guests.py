"""What the profiles say about guests (PROFILES.md, sections 4 and 6)."""

from __future__ import annotations

from tests.conformance.surroundings import Surroundings
from watchword.plugin import Call
from watchword.plugins import Anonymous
from watchword.plugins.anonymous import LinkedGuest


def guests(around: Surroundings) -> Anonymous:
    """The plugin of the profiles `plugins` and `social`."""

    def tell(linked: LinkedGuest, _: Call) -> None:
        user = linked.new_user.user
        guest = linked.anonymous_user.user
        around.post("anonymous-linked", user.email, anonymousUserId=guest.id, newUserId=user.id)

    return Anonymous(email_domain_name="anon.example.test", on_link_account=tell)
