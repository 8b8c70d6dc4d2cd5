"""What the profiles say about codes by mail (PROFILES.md, sections 4 and 6)."""

from __future__ import annotations

from tests.conformance.surroundings import Surroundings
from watchword import Request
from watchword.plugins import EmailOTP
from watchword.plugins.email_otp import CodeMail


def email_codes(around: Surroundings) -> EmailOTP:
    """The plugin of profile `plugins`."""

    def mail(code: CodeMail, _: Request | None) -> None:
        around.post("email-otp", code.email, code=code.otp, type=code.type)

    return EmailOTP(send_verification_otp=mail, change_email=True)
