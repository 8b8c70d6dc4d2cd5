"""What the profiles say about codes for actions: no part of the reference, a profile of our own."""

from __future__ import annotations

from tests.conformance.surroundings import Surroundings
from watchword import Request
from watchword.plugins import ActionToken
from watchword.plugins.action_token import ActionTokenMail


def action_codes(around: Surroundings) -> ActionToken:
    """The plugin of profile `one-time-tokens`."""

    def mail(code: ActionTokenMail, _: Request | None) -> None:
        around.post("action-token", code.user.email, token=code.token, type=code.type)

    return ActionToken(
        send_token=mail, require_verified_email=False, protect={"/delete-user": "account-delete"}
    )
