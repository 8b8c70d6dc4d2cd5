"""The core's own features, each declared exactly as a plugin is: no privileged back door.

What a server only does if it is asked to is in `plugins`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from watchword.server_api import M, U

    from .accounts import AccountAPI
    from .change_email import ChangeEmailAPI
    from .email_password import EmailPasswordAPI
    from .email_verification import EmailVerificationAPI
    from .password_reset import PasswordResetAPI
    from .passwords import PasswordAPI
    from .sessions import SessionAPI
    from .sign_in_links import SignInLinksAPI
    from .social.plugin import SocialAPI
    from .social.tokens_plugin import AccountTokensAPI
    from .status import StatusAPI
    from .users import UserAPI

    class FeatureAPI(
        AccountAPI[M, U],
        AccountTokensAPI[M, U],
        ChangeEmailAPI[M, U],
        EmailPasswordAPI[M, U],
        EmailVerificationAPI[M, U],
        PasswordResetAPI[M, U],
        PasswordAPI[M, U],
        SessionAPI[M, U],
        SignInLinksAPI[M, U],
        SocialAPI[M, U],
        StatusAPI[M, U],
        UserAPI[M, U],
    ):
        """The functions of all features in `auth.api`."""
