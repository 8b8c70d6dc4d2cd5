"""What the profiles say about second factors (PROFILES.md, sections 4 and 6)."""

from __future__ import annotations

from tests.conformance.surroundings import Surroundings
from watchword import Request
from watchword.plugins import TwoFactor
from watchword.plugins.two_factor import OTPOptions, SecondFactorCode


def second_factors(around: Surroundings) -> TwoFactor:
    """The plugin of the profiles `plugins` and `ratelimit`."""

    def send(code: SecondFactorCode, _: Request | None) -> None:
        around.post("two-factor-otp", code.user.email, code=code.otp)

    return TwoFactor(issuer="Oracle Issuer", otp=OTPOptions(send_otp=send))
