"""All that a plugin is written with. What tests and serves it comes from `watchword` itself.

Nothing in the core imports this module: whoever writes no plugin does not load it.
docs/plugins/writing-one.md builds plugins with it.
"""

from __future__ import annotations

from watchword.configuration.durations import Duration, seconds
from watchword.configuration.options import RateLimitRule
from watchword.configuration.safe_ranges import Safe
from watchword.database.contract import UniqueViolation
from watchword.database.hooks import ModelHooks
from watchword.database.records import Column, Record
from watchword.database.schema import Index
from watchword.database.table import gt, gte, lt, lte, ne, one_of, starts_with
from watchword.features.addresses import user_of_address
from watchword.features.confirmation import (
    Confirmation,
    ConfirmationPages,
    Question,
    asking_first,
)
from watchword.features.credentials import lock_user
from watchword.features.identifiers import normal_email
from watchword.features.letters import Letter
from watchword.features.mails import in_background, mailed_link, send_mail
from watchword.features.promises import (
    Promise,
    Redeemed,
    Void,
    begin_session,
    bind,
    bind_anew,
    find_promise,
    mailbox_promise,
    session_promise,
    stands,
    take_promise,
)
from watchword.features.proven_mailbox import MailboxOwner, owner_of_mailbox
from watchword.features.redirects import redirect_from_origin, redirect_to
from watchword.http.request import Request
from watchword.http.response import Response
from watchword.observability.security_log import Event, record
from watchword.pipeline.additional_fields import read_fields
from watchword.pipeline.origin_check import check_trusted_url
from watchword.pipeline.validation import (
    Code,
    Email,
    Flag,
    Identifier,
    NewPassword,
    Password,
    PersonName,
    Picture,
    TargetURL,
    Token,
    ValidationCodes,
    Words,
    is_email,
)
from watchword.sessions.sessions import (
    SessionCodes,
    clear_session_cookies,
    create_session,
    current_session,
    refresh_cache,
    require_session,
    set_session_cookies,
)
from watchword.verifications.guesses import Guess, guess_code, replace_code
from watchword.verifications.stored_codes import (
    CodeCipher,
    CodeStorage,
    TokenStorage,
    check_storage,
    code_matches,
    stored_code,
)
from watchword.verifications.verifications import (
    create_verification,
    delete_verifications,
    find_verification,
    replace_verification,
    reserve_verification,
    take_verification,
)

from .call import Call, Change
from .credential import Answer, Credential, SessionToken, Vouched
from .discreet import Discreet
from .endpoint import Endpoint, Requirement, get, post
from .errors import APIError, ConfigurationError, ErrorCode, ErrorCodes, Overloaded, Redirect
from .plugin_base import (
    Plugin,
    RateRule,
    after,
    before,
    gate,
    on_request,
    on_response,
)
from .records import Account, Session, User, Verification
from .results import SessionAndUser, Status, Success
from .server_api import Async, Blocking, EndpointCall, M, ServerAPI, U

__all__ = [
    # the class, its endpoints and hooks
    "Call",
    "Change",
    "Endpoint",
    "Plugin",
    "RateLimitRule",
    "RateRule",
    "Request",
    "Requirement",
    "Response",
    "after",
    "before",
    "gate",
    "get",
    "on_request",
    "on_response",
    "post",
    # its functions in `auth.api`, as types
    "Async",
    "Blocking",
    "EndpointCall",
    "M",
    "ServerAPI",
    "U",
    # options
    "ConfigurationError",
    "Duration",
    "Safe",
    "seconds",
    # inputs and results
    "Code",
    "Discreet",
    "Email",
    "Flag",
    "Identifier",
    "NewPassword",
    "Password",
    "PersonName",
    "Picture",
    "SessionAndUser",
    "Status",
    "Success",
    "TargetURL",
    "Token",
    "Words",
    "check_trusted_url",
    "is_email",
    "normal_email",
    "read_fields",
    # errors
    "APIError",
    "ErrorCode",
    "ErrorCodes",
    "Overloaded",
    "Redirect",
    "SessionCodes",
    "UniqueViolation",
    "ValidationCodes",
    "redirect_from_origin",
    "redirect_to",
    # records, and conditions on them
    "Account",
    "Column",
    "Index",
    "ModelHooks",
    "Record",
    "Session",
    "User",
    "Verification",
    "gt",
    "gte",
    "lt",
    "lte",
    "ne",
    "one_of",
    "starts_with",
    # credentials
    "Answer",
    "Credential",
    "SessionToken",
    "Vouched",
    # sessions and users
    "MailboxOwner",
    "clear_session_cookies",
    "create_session",
    "current_session",
    "lock_user",
    "owner_of_mailbox",
    "refresh_cache",
    "require_session",
    "set_session_cookies",
    "user_of_address",
    # what is good once, and for how long
    "CodeCipher",
    "CodeStorage",
    "Guess",
    "TokenStorage",
    "check_storage",
    "code_matches",
    "create_verification",
    "delete_verifications",
    "find_verification",
    "guess_code",
    "replace_code",
    "replace_verification",
    "reserve_verification",
    "stored_code",
    "take_verification",
    # what mails promise
    "Promise",
    "Redeemed",
    "Void",
    "begin_session",
    "bind",
    "bind_anew",
    "find_promise",
    "Letter",
    "in_background",
    "mailbox_promise",
    "mailed_link",
    "send_mail",
    "session_promise",
    "stands",
    "take_promise",
    # links that ask first
    "Confirmation",
    "ConfirmationPages",
    "Question",
    "asking_first",
    # the security log
    "Event",
    "record",
]
