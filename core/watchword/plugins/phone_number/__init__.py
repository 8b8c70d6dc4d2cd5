"""Phone numbers: a short code by text message signs in or up, proves a number, or resets a
password; a number and a password sign in as an address does.

Codes live minutes, allow a few wrong guesses and are good once (spec: plugin phone-number; security
T1 to T6, M7).
"""

from __future__ import annotations

from watchword.verifications.stored_codes import CodeCipher

from .codes import PhoneCode
from .numbers import E164
from .plugin import PhoneNumber, PhoneNumberAPI, SignUpOnVerification, VerifiedNumber
from .wire import (
    ConsumePhoneNumberOTP,
    PhoneNumberCodes,
    PhoneNumberOTPSent,
    PhoneNumberVerified,
    RequestPasswordResetByPhone,
    ResetPasswordByPhone,
    SendPhoneNumberOTP,
    SignedInByPhone,
    SignInByPhone,
    VerifyPhoneNumber,
)

__all__ = [
    "E164",
    "CodeCipher",
    "ConsumePhoneNumberOTP",
    "PhoneCode",
    "PhoneNumber",
    "PhoneNumberAPI",
    "PhoneNumberCodes",
    "PhoneNumberOTPSent",
    "PhoneNumberVerified",
    "RequestPasswordResetByPhone",
    "ResetPasswordByPhone",
    "SendPhoneNumberOTP",
    "SignInByPhone",
    "SignUpOnVerification",
    "SignedInByPhone",
    "VerifiedNumber",
    "VerifyPhoneNumber",
]
