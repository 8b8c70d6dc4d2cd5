"""Second factors: codes of an authenticator app, codes that are sent, backup codes.

A sign-in by the first factor alone ends in a challenge instead of a session; a right code within
minutes begins the session. Browsers may be trusted for a while (spec: plugin two-factor; security
F1 to F9).
"""

from __future__ import annotations

from watchword.verifications.stored_codes import CodeCipher

from .options import AccountLockout, BackupCodeOptions, OTPOptions, SecondFactorCode, TOTPOptions
from .plugin import TwoFactor, TwoFactorAPI
from .records import SecondFactor
from .settings import SecondFactorsAPI
from .wire import (
    TOTPURI,
    BackupCodes,
    EnableTwoFactor,
    ProvenPassword,
    SecondFactorAsked,
    SecondFactorPassed,
    TOTPCode,
    TOTPSecret,
    TwoFactorCodes,
    TwoFactorSetUp,
    VerifyBackupCode,
    VerifyCode,
    WhoseBackupCodes,
)

__all__ = [
    "TOTPURI",
    "AccountLockout",
    "BackupCodeOptions",
    "BackupCodes",
    "CodeCipher",
    "EnableTwoFactor",
    "OTPOptions",
    "ProvenPassword",
    "SecondFactor",
    "SecondFactorAsked",
    "SecondFactorCode",
    "SecondFactorPassed",
    "SecondFactorsAPI",
    "TOTPCode",
    "TOTPOptions",
    "TOTPSecret",
    "TwoFactor",
    "TwoFactorAPI",
    "TwoFactorCodes",
    "TwoFactorSetUp",
    "VerifyBackupCode",
    "VerifyCode",
    "WhoseBackupCodes",
]
