"""watchword: authentication for Python back ends, on Better Auth's wire protocol."""

from .auth import Auth, Checked
from .call import Call, Change
from .crypto.secrets_list import VersionedSecret
from .database.hooks import ModelHooks
from .database.records import Column, Record
from .errors import APIError, ConfigurationError, ErrorCode, ErrorCodes, Redirect
from .features.email_password import EmailAndPassword, SignInEmail, SignUpEmail
from .features.sessions import GetSession, RevokeSession
from .http.cookies import CookieAttributes
from .http.headers import Headers
from .http.request import BodyTooLarge, BytesBody, Request
from .http.response import Response
from .options import (
    AccountOptions,
    Advanced,
    CookieOptions,
    CrossSubDomainCookies,
    DynamicBaseURL,
    Hooks,
    IPAddressOptions,
    OnAPIError,
    RateLimit,
    RateLimitRule,
    SessionOptions,
    VerificationOptions,
)
from .plugin import Plugin
from .records import Account, Session, User, Verification
from .results import SessionAndUser

__version__ = "0.1.0"

__all__ = [
    # the server
    "Auth",
    "Checked",
    "Call",
    "Change",
    # options
    "AccountOptions",
    "Advanced",
    "CookieAttributes",
    "CookieOptions",
    "CrossSubDomainCookies",
    "DynamicBaseURL",
    "EmailAndPassword",
    "Hooks",
    "ModelHooks",
    "IPAddressOptions",
    "OnAPIError",
    "RateLimit",
    "RateLimitRule",
    "SessionOptions",
    "VerificationOptions",
    "VersionedSecret",
    # records and results
    "Account",
    "Column",
    "Record",
    "Session",
    "SessionAndUser",
    "User",
    "Verification",
    # inputs of server-side calls
    "GetSession",
    "RevokeSession",
    "SignInEmail",
    "SignUpEmail",
    # errors
    "APIError",
    "ConfigurationError",
    "ErrorCode",
    "ErrorCodes",
    "Redirect",
    # values of HTTP
    "BodyTooLarge",
    "BytesBody",
    "Headers",
    "Request",
    "Response",
    # plugins
    "Plugin",
]
