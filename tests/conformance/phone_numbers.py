"""What the profiles say about phone numbers (PROFILES.md, sections 4 and 6)."""

from __future__ import annotations

import re

from tests.conformance.surroundings import Surroundings
from watchword import Request
from watchword.plugins import PhoneNumber
from watchword.plugins.phone_number import PhoneCode, SignUpOnVerification

_VALID = re.compile(r"\+\d{7,15}", re.ASCII)


def phone_numbers(around: Surroundings) -> PhoneNumber:
    """The plugin of profile `plugins`."""

    def send(code: PhoneCode, _: Request | None) -> None:
        around.post("phone-otp", code.phone_number, code=code.code)

    def send_reset(code: PhoneCode, _: Request | None) -> None:
        around.post("phone-reset-otp", code.phone_number, code=code.code)

    return PhoneNumber(
        send_otp=send,
        send_password_reset_otp=send_reset,
        phone_number_validator=lambda number: _VALID.fullmatch(number) is not None,
        sign_up_on_verification=SignUpOnVerification(
            get_temp_email=lambda number: f"{re.sub('[^0-9]', '', number)}@phone.example.test",
            get_temp_name=lambda number: number,
        ),
    )
