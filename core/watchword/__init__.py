"""watchword: authentication for Python back ends, on Better Auth's wire protocol."""

from .auth import Auth
from .call import Call, Change
from .configuration.options import (
    AccountLinking,
    AccountOptions,
    Advanced,
    CookieCache,
    CookieOptions,
    CrossSubDomainCookies,
    DynamicBaseURL,
    Hooks,
    IPAddressOptions,
    OnAPIError,
    RateLimit,
    RateLimitRule,
    RefreshCache,
    SessionOptions,
    UserSource,
    VerificationOptions,
)
from .configuration.outgoing_options import Outgoing
from .configuration.work_limits import WorkLimits
from .crypto.passwords import Argon2Cost
from .crypto.secrets_list import VersionedSecret
from .database.hooks import ModelHooks
from .database.names import Names
from .database.records import Column, Record
from .database.schema import Index
from .errors import APIError, ConfigurationError, ErrorCode, ErrorCodes, Overloaded, Redirect
from .features.accounts import UnlinkAccount
from .features.change_email import ChangeEmail, ChangeEmailTo
from .features.email_password import EmailAndPassword
from .features.email_password_wire import SignInEmail, SignUpEmail
from .features.email_verification import EmailVerification
from .features.email_verification_wire import SendVerificationEmail, VerifyEmail
from .features.failed_sign_ins import FailedSignIns
from .features.mails import ChangeEmailMail, Mail
from .features.notices import Notice, Notices
from .features.password_reset import PasswordReset, RequestPasswordReset, ResetPassword
from .features.passwords import ChangePassword, SetPassword, VerifyPassword
from .features.sessions import GetSession, HowLately, RevokeSession
from .features.sign_in_links import OpenSignInLink, SignInLinks
from .features.social.tokens_wire import OfAccount
from .features.social.wire import GivenIdToken, LinkSocial, SignInSocial
from .features.users import DeleteUser, DeleteUserNow, DeletionToken, UpdateUser
from .http.cookies import CookieAttributes
from .http.headers import Headers
from .http.request import BodyTooLarge, BytesBody, Request
from .http.response import Response
from .plugin_base import Plugin
from .records import Account, Session, User, Verification
from .results import SessionAndUser
from .runtime.jobs import BackgroundHandler, BackgroundJob
from .server_api import WithHeaders
from .sessions.checked import Checked
from .sessions.cookie_reading import get_cookie_cache, get_session_cookie
from .submitted import Submitted

__version__ = "0.1.0"

__all__ = [
    # the server
    "Auth",
    "Checked",
    "Call",
    "Change",
    # options
    "AccountLinking",
    "AccountOptions",
    "Advanced",
    "BackgroundHandler",
    "BackgroundJob",
    "Argon2Cost",
    "ChangeEmail",
    "CookieAttributes",
    "CookieCache",
    "CookieOptions",
    "CrossSubDomainCookies",
    "DeleteUser",
    "DynamicBaseURL",
    "EmailAndPassword",
    "FailedSignIns",
    "EmailVerification",
    "Hooks",
    "Index",
    "ModelHooks",
    "Names",
    "Notices",
    "IPAddressOptions",
    "OnAPIError",
    "PasswordReset",
    "RateLimit",
    "RateLimitRule",
    "RefreshCache",
    "UserSource",
    "SessionOptions",
    "SignInLinks",
    "VerificationOptions",
    "VersionedSecret",
    "Outgoing",
    "WorkLimits",
    # records and results
    "Account",
    "Column",
    "Record",
    "Session",
    "SessionAndUser",
    "Submitted",
    "User",
    "Verification",
    "WithHeaders",
    # what mail callbacks get
    "ChangeEmailMail",
    "Mail",
    "Notice",
    # inputs of server-side calls
    "ChangeEmailTo",
    "ChangePassword",
    "DeleteUserNow",
    "DeletionToken",
    "GetSession",
    "GivenIdToken",
    "HowLately",
    "LinkSocial",
    "OfAccount",
    "OpenSignInLink",
    "RequestPasswordReset",
    "ResetPassword",
    "RevokeSession",
    "SendVerificationEmail",
    "SetPassword",
    "SignInEmail",
    "SignInSocial",
    "SignUpEmail",
    "UnlinkAccount",
    "UpdateUser",
    "VerifyEmail",
    "VerifyPassword",
    # errors
    "APIError",
    "ConfigurationError",
    "ErrorCode",
    "ErrorCodes",
    "Overloaded",
    "Redirect",
    # values of HTTP
    "BodyTooLarge",
    "BytesBody",
    "Headers",
    "Request",
    "Response",
    # for middleware without an Auth
    "get_cookie_cache",
    "get_session_cookie",
    # plugins
    "Plugin",
]
