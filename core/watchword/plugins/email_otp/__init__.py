"""E-mail codes: a short code by mail signs in, proves an address or lets a password be reset.

Codes live minutes, allow a few wrong guesses and are good once (spec: plugin email-otp; security
T1 to T6, M7).
"""

from __future__ import annotations

from watchword.verifications.stored_codes import CodeCipher

from .codes import CodeMail, EmailCodes, OTPType
from .plugin import EmailOTP, EmailOTPAPI
from .wire import (
    ChangeEmailByOTP,
    CheckOTP,
    EmailOTPVerified,
    OTPFor,
    OTPRead,
    RequestEmailChangeByOTP,
    RequestPasswordResetByOTP,
    ResetPasswordByOTP,
    SignedInByOTP,
    SignInByOTP,
    VerifyEmailByOTP,
)

__all__ = [
    "ChangeEmailByOTP",
    "CheckOTP",
    "CodeCipher",
    "CodeMail",
    "EmailCodes",
    "EmailOTP",
    "EmailOTPAPI",
    "EmailOTPVerified",
    "OTPFor",
    "OTPRead",
    "OTPType",
    "RequestEmailChangeByOTP",
    "RequestPasswordResetByOTP",
    "ResetPasswordByOTP",
    "SignInByOTP",
    "SignedInByOTP",
    "VerifyEmailByOTP",
]
