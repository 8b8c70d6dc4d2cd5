"""The differences that there are, each with its reason. One that has vanished must be taken out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.differential.masking import ABSENT, Absent

OTHER_PLUGINS = Absent(
    fields=frozenset(
        (
            # organization
            "activeOrganizationId",
            "activeTeamId",
            # username, phone-number, anonymous
            "username",
            "displayUsername",
            "phoneNumber",
            "phoneNumberVerified",
            "isAnonymous",
        )
    ),
    cookies=("better-auth.session_token_multi-", "better-auth.last_used_login_method="),
    exposed=frozenset(("set-auth-jwt",)),
)
"""What the plugins that we do not serve add to the answers of profile `plugins`."""

SOCIAL_PLUGINS = Absent(
    fields=frozenset(("isAnonymous",)), cookies=("better-auth.last_used_login_method=",)
)
"""The same for the profile `social` and those derived from it."""

UNSET = Absent(unset=frozenset(("theme",)))
"""In a secondary storage the reference keeps no field that was never given a value."""


@dataclass(frozen=True)
class Accepted:
    """Why an answer differs, and in what: aspect to (ours, theirs)."""

    reason: str
    aspects: dict[str, tuple[Any, Any]]
    profile: str | None = None
    """Only in this profile; None: wherever the script runs."""


_TYPED = Accepted(
    "every declared field is type-checked; the reference stores what it gets",
    {"status": (400, 200), "code": ("VALIDATION_ERROR", None)},
)
_NODE = Accepted(
    "a body without a type is refused as such; the reference's Node adapter drops it unread",
    {"status": (415, 400), "code": ("UNSUPPORTED_MEDIA_TYPE", "VALIDATION_ERROR")},
)
_JSON_TYPE = ("application/json", None)
_REDIRECT = Accepted(
    "our redirects without a body carry the content type of JSON, as the protocol's others do",
    {"content-type": _JSON_TYPE},
)

_ELSEWHERE = Accepted(
    "other sites must not send mail; the reference guards only some of the endpoints",
    {"status": (403, 200), "code": ("INVALID_ORIGIN", None)},
)
_NOT_DUE = Accepted(
    "who asks the store and changes nothing writes no cache: clients take a cookie for news",
    {
        "cookies": (
            [],
            [
                (
                    "better-auth.session_data",
                    "<cached session>",
                    ["HttpOnly", "Max-Age=300", "Path=/", "SameSite=Lax"],
                )
            ],
        )
    },
)
_MARK = ["revoked-sessions-before-<random>", 0]
_SESSION_COOKIE = ("better-auth.session_token", "<random text of 32, signed>")
_PLAIN = ["HttpOnly", "Path=/", "SameSite=Lax"]
_BOUND = Accepted(
    "a state is good at the callback of the provider alone that its flow began with",
    {
        "location": (
            "/sorry?from=sign-in&error=state_mismatch",
            "/sorry?from=sign-in&error=oauth_provider_not_found",
        )
    },
)
_GITHUB_SAYS = Accepted(
    "what GitHub says of the address is told, too; the reference keeps it to itself",
    {"body.data.email_verified": (True, ABSENT)},
)
_WEEK = (*_SESSION_COOKIE, ["HttpOnly", "Max-Age=604800", "Path=/", "SameSite=Lax"])
_SHORT_CACHE = Accepted(
    "a session that is not to be remembered is cached again; the reference's cache goes dead",
    {
        "cookies": (
            [
                (
                    "better-auth.session_data",
                    "<cached session>",
                    ["HttpOnly", "Path=/", "SameSite=Lax"],
                )
            ],
            [],
        )
    },
)

_SET_UP = Accepted(
    "the answer to the code that ends the set-up tells what is so now; the reference's what was",
    {"body.user.twoFactorEnabled": (True, False)},
)

ACCEPTED: dict[tuple[str, str], Accepted] = {
    ("factor_by_app", "first code"): _SET_UP,
    ("factor_guesses", "first code"): _SET_UP,
    ("factor_challenge_ending", "first code"): _SET_UP,
    ("factor_devices", "first code"): _SET_UP,
    ("additional_fields", "text for a number"): _TYPED,
    ("additional_fields", "number for a text"): _TYPED,
    ("additional_fields", "text for a boolean"): _TYPED,
    ("additional_fields", "no such choice"): _TYPED,
    ("changing", "number for a text"): _TYPED,
    ("resetting_unverified", "the sessions from before"): Accepted(
        "a reset proves the mailbox: where it was never proven, sessions from before are ended",
        {"status": (401, 200), "code": ("UNAUTHORIZED", None)},
    ),
    ("code_resetting", "the sessions from before"): Accepted(
        "a reset proves the mailbox: where it was never proven, sessions from before are ended",
        {"status": (401, 200), "code": ("UNAUTHORIZED", None)},
    ),
    ("code_across_sites", "/email-otp/request-password-reset, not signed in"): _ELSEWHERE,
    ("code_across_sites", "/forget-password/email-otp, not signed in"): _ELSEWHERE,
    ("code_across_sites", "sign in from elsewhere"): Accepted(
        "other sites must not sign anybody in; the reference guards only some of the endpoints",
        {"status": (403, 400), "code": ("INVALID_ORIGIN", "INVALID_OTP")},
    ),
    ("code_for_nobody", "guess (2)"): Accepted(
        "guesses end for an unknown address as for a known one; the reference answers on and on",
        {"status": (403, 400), "code": ("TOO_MANY_ATTEMPTS", "INVALID_OTP")},
    ),
    ("cached_reading", "five parts of nonsense"): Accepted(
        "a damaged cache counts as absent; the reference fails on it",
        {"status": (200, 500), "code": (None, "FAILED_TO_GET_SESSION")},
        profile="core-cache-compact",
    ),
    ("cached_revocation", "revoke the others"): _NOT_DUE,
    ("cached_shortly", "past the cache"): _SHORT_CACHE,
    ("updating", "name is a number"): _TYPED,
    ("verifications_kept", "a reset that was redeemed"): Accepted(
        "a reset of an address that was never proven ends the sessions from before",
        {"body": ([_MARK, _MARK], [_MARK])},
    ),
    ("client_addresses", "forwarded twice"): Accepted(
        "the last address counts where the connection is private: the proxy next to us wrote it",
        {"body.session.ipAddress": ("10.0.0.1", "")},
    ),
    ("client_addresses", "with a port"): Accepted(
        "some proxies write the port behind the address",
        {"body.session.ipAddress": ("203.0.113.7", "")},
    ),
    ("not_remembered", "redeem"): Accepted(
        "a session that is not to be remembered stays one in the browser that takes it over",
        {
            "cookies": (
                [
                    (*_SESSION_COOKIE, _PLAIN),
                    ("better-auth.dont_remember", "<true, signed>", _PLAIN),
                ],
                [_WEEK],
            )
        },
        profile="plugins",
    ),
    ("not_remembered", "session"): Accepted(
        "it is not renewed to a full life, either",
        {
            "cookies": ([], [_WEEK]),
            "set-auth-token": (None, "<32, signed>"),
            "access-control-expose-headers": ([], ["set-auth-token"]),
        },
        profile="plugins",
    ),
    ("other_callbacks", "back at github"): Accepted(
        _BOUND.reason,
        {
            "location": (
                "/sorry?from=sign-in&error=state_mismatch",
                "/sorry?from=sign-in&error=invalid_code",
            )
        },
    ),
    ("other_callbacks", "back at nowhere"): _BOUND,
    ("other_callbacks", "back at gitlab"): _BOUND,
    ("refreshing", "github, who it is"): _GITHUB_SAYS,
    ("asking_the_provider", "github, info"): _GITHUB_SAYS,
    ("asking_the_provider", "info, &userId=x"): _GITHUB_SAYS,
    ("generic_accounts", "plainoauth, who"): Accepted(
        "no image is null, as in the user's own row",
        {"body.user.image": (None, "<absent>")},
    ),
    ("states_in_cookies", "the second of two copies"): Accepted(
        "a copy of the cookie is worth nothing once the flow is over; the reference asks again",
        {
            "location": (
                "/sorry?from=sign-in&error=state_mismatch",
                "/sorry?from=sign-in&error=invalid_code",
            )
        },
    ),
    ("overriding", "an address that is taken"): Accepted(
        "the flow ends at its error page with unable_to_update_account; the reference crashes",
        {"status": (302, 500)},
    ),
    ("closed_doors", "error"): _REDIRECT,
    ("bodies", "no type"): _NODE,
    ("pages", "error"): _REDIRECT,
    ("pages", "error?error=access_denied"): _REDIRECT,
    ("pages", "error?error=a+b"): _REDIRECT,
    ("pages", "error?error=%3Cscript%3E"): _REDIRECT,
    ("pages", "error?error=x'y"): _REDIRECT,
    ("pages", "with a description"): _REDIRECT,
    ("over", "the session is over"): Accepted(
        "an error changes nothing; the reference sets the cookie of the session that is over",
        {
            "cookies": (
                [],
                [_WEEK],
            ),
            "set-auth-token": (None, "<32, signed>"),
            "access-control-expose-headers": ([], ["set-auth-token"]),
        },
    ),
}
"""By script and name of the request."""
