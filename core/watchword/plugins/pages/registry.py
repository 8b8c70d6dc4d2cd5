"""All pages that there are. Whether one is offered it decides itself."""

from __future__ import annotations

from .account_pages import ACCOUNT_PAGES
from .codes import EmailCode, EnterCode, PhoneCode
from .home import Home
from .links import MagicLink, MailSent
from .page import Page
from .passwords import ForgotPassword, ResetPassword
from .problems import Problem
from .second_factor import BackupCode, SecondFactor, SentCode
from .signing_in import Continue, SignIn
from .signing_out import SignOut
from .signing_up import SignUp
from .verifying import EmailVerified, VerifyEmail

PAGES: tuple[Page, ...] = (
    Home(),
    SignIn(),
    Continue(),
    SignUp(),
    SignOut(),
    EmailCode(),
    PhoneCode(),
    EnterCode(),
    MagicLink(),
    MailSent(),
    ForgotPassword(),
    ResetPassword(),
    VerifyEmail(),
    EmailVerified(),
    SecondFactor(),
    SentCode(),
    BackupCode(),
    Problem(),
    *ACCOUNT_PAGES,
)
