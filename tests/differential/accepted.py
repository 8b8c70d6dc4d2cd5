"""The differences that there are, each with its reason. One that has vanished must be taken out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.differential.masking import ABSENT, Absent

OTHER_PLUGINS = Absent(
    both=("better-auth.session_token_multi-",),
)
"""What the plugins that we do not serve add to the answers of profile `plugins`."""

UNSET = Absent(unset=frozenset(("theme",)))
"""In a secondary storage the reference keeps no field that was never given a value."""


@dataclass(frozen=True)
class Accepted:
    """Why an answer differs, and in what: aspect to (ours, theirs)."""

    reason: str
    aspects: dict[str, tuple[Any, Any]]
    profile: str | None = None
    """Only in this profile; None: wherever the script runs."""


_NO_PASSKEY = Accepted(
    "what proves no passkey is bad input; the reference answers as if it had failed itself",
    {"status": (400, 500)},
)
_CHANGED = Accepted(
    "a role that was changed says when; the reference shows the moment of the change before",
    {"body.roleData.updatedAt": ("<date>", None)},
)
_NOT_WITH_KEYS = Accepted(
    "a key opens nothing that stays good without it; the reference lists tokens and makes keys",
    {"status": (401, 200), "code": ("UNAUTHORIZED", None)},
)
_HIDES = Accepted(
    "fields that are never returned are not returned here either",
    {"body.user.internalNote": (ABSENT, None)},
)
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

_DEVICE = ("better-auth.session_token_multi-<token>", _SESSION_COOKIE[1], _WEEK[2])
_DEVICE_GONE = (_DEVICE[0], "", ["HttpOnly", "Max-Age=0", "Path=/", "SameSite=Lax"])


def _method(name: str) -> tuple[str, str, list[str]]:
    attributes = ["Max-Age=2592000", "Path=/", "SameSite=Lax"]
    return ("better-auth.last_used_login_method", name, attributes)


def _guest_is_gone(method: str) -> Accepted:
    return Accepted(
        "the cookie that a browser had for the session of its guest goes with the guest",
        {
            "cookies": (
                [_WEEK, _DEVICE_GONE, _DEVICE, _method(method)],
                [_WEEK, _DEVICE, _method(method)],
            )
        },
    )


def _signed_in_all_the_same(method: str) -> Accepted:
    gone = ("session_token", "session_data", "dont_remember")
    return Accepted(
        "who signs in while the cookie of an ended session is there is signed in; in the reference "
        "the look for a guest takes the new session's cookie away",
        {
            "cookies": (
                [_WEEK, _DEVICE_GONE, _DEVICE, _method(method)],
                [
                    *((f"better-auth.{name}", "", _DEVICE_GONE[2]) for name in gone),
                    _DEVICE,
                    _method(method),
                ],
            )
        },
    )


_SET_UP = Accepted(
    "the answer to the code that ends the set-up tells what is so now; the reference's what was",
    {"body.user.twoFactorEnabled": (True, False)},
)

_CRASH = Accepted(
    "what is no text, and a body that is missing, are told to be so; the reference crashes",
    {
        "body": ({"message": "<message>"}, ""),
        "code": ("VALIDATION_ERROR", None),
        "content-type": _JSON_TYPE,
        "status": (400, 500),
    },
)
_NO_NAME = Accepted(
    "a username that is no text is told to be so; the reference fails at the database",
    {"status": (400, 422), "code": ("VALIDATION_ERROR", "FAILED_TO_CREATE_USER")},
)
_SIGNED_IN_FROM_ELSEWHERE = Accepted(
    "other sites sign nobody in, with or without a cookie",
    {"status": (403, 200), "code": ("INVALID_ORIGIN", None)},
)

_OAUTH_AS_WELL = Accepted(
    "what is wrong with a poll is told as OAuth tells it, beside the code that the reference has",
    {
        "body.error": ("invalid_request", ABSENT),
        "body.error_description": ("<message>", ABSENT),
    },
)

ACCEPTED: dict[tuple[str, str], Accepted] = {
    ("roles_changed", "update, more permissions"): _CHANGED,
    ("roles_that_allow", "update to what he may"): _CHANGED,
    ("name_changing", "a number"): _CRASH,
    ("name_changing", "no body"): _CRASH,
    ("name_changing", "sign up (6)"): _NO_NAME,
    ("name_changing", "sign up (7)"): _NO_NAME,
    ("name_across_sites", "without a cookie"): _SIGNED_IN_FROM_ELSEWHERE,
    ("phone_and_password", "from elsewhere"): _SIGNED_IN_FROM_ELSEWHERE,
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
            "access-control-expose-headers": (
                ["set-auth-jwt"],
                ["set-auth-token", "set-auth-jwt"],
            ),
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
    **{
        ("device_wrong", name): _OAUTH_AS_WELL
        for name in ("grant", "no grant", "no code", "no client", "number for a client", "nothing")
    },
    ("device_wrong", "form"): Accepted(
        "devices may poll with forms, as RFC 8628 has it; the reference reads JSON alone",
        {
            **_OAUTH_AS_WELL.aspects,
            "status": (400, 415),
            "code": ("VALIDATION_ERROR", "UNSUPPORTED_MEDIA_TYPE"),
        },
    ),
    ("device_ended", "whose session ended"): Accepted(
        "what a session approved ends with it; the reference signs the device in all the same",
        {"status": (400, 200)},
    ),
    ("guests", "from elsewhere"): Accepted(
        "other sites must not make somebody who is signed in a guest",
        {"status": (403, 200), "code": ("INVALID_ORIGIN", None)},
    ),
    ("guests_with_passwords", "sign up"): _guest_is_gone("email"),
    ("guests_with_passwords", "sign in"): _guest_is_gone("email"),
    ("guests_with_codes", "sign in by code"): _guest_is_gone("email-otp"),
    ("guests_with_codes", "open it"): _guest_is_gone("magic-link"),
    ("guests_signed_out", "sign in"): _signed_in_all_the_same("email"),
    ("methods", "by code"): _signed_in_all_the_same("email-otp"),
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
    **{("passkey_ceremonies", f"given{turn}"): _HIDES for turn in ("", " (2)", " (3)")},
    ("passkey_with_session", "and a session"): _HIDES,
    ("passkey_wrong", "not verified"): _HIDES,
    ("passkey_wrong", "right"): _HIDES,
    **{
        ("passkey_wrong", f"made {how}"): _NO_PASSKEY
        for how in ("elsewhere", "by nobody", "as a proof", "with a statement")
    },
    ("passkey_wrong", "made twice"): Accepted(
        "a credential is registered once; the reference gives it to several users",
        {"status": (400, 200), "code": ("PREVIOUSLY_REGISTERED", None)},
    ),
    **{
        ("organization_reading", f"session: {name}"): Accepted(
            "no team is active but one of the organization that is active",
            {"body.session.activeTeamId": (None, "<random text of 32>")},
        )
        for name in ("none", "none again", "kept none")
    },
    ("organization_reading", "session: unknown"): Accepted(
        "asking for an organization of others leaves the active one as it is",
        {"body.session.activeOrganizationId": ("<random text of 32>", None)},
    ),
    ("organization_changing", "nothing"): Accepted(
        "no change at all is bad input; the reference runs into an error of its database",
        {
            "status": (400, 500),
            "body": ({"message": "<message>"}, ""),
            "content-type": _JSON_TYPE,
        },
    ),
    ("organization_inviting", "cancel accepted"): Accepted(
        "an answered invitation stays what it is",
        {"status": (400, 200), "code": ("INVITATION_NOT_FOUND", None)},
    ),
    **{
        ("organization_members", f"whose id ({number})"): Accepted(
            "the organization is not active any more for who was removed",
            {"body.session.activeOrganizationId": (None, "<random text of 32>")},
        )
        for number in (7, 8)
    },
    **{
        ("key_sessions", name): Accepted(
            "the session of a key has all declared fields, and hidden fields are hidden",
            {
                "body.session.activeOrganizationId": (None, ABSENT),
                "body.session.activeTeamId": (None, ABSENT),
                "body.session.device": ("web", ABSENT),
                "body.session.impersonatedBy": (None, ABSENT),
                "body.session.theme": (None, ABSENT),
                "body.user.internalNote": (ABSENT, None),
            },
        )
        for name in ("session", "beside a cookie", "used up", "too often")
    },
    ("key_sessions", "name"): Accepted(
        "the session of a key becomes no cookie; the reference sets one that is good for nothing",
        {
            "cookies": (
                [],
                [(_WEEK[0], "<random text of 68, signed>", _WEEK[2])],
            ),
            "set-auth-token": (None, "<68, signed>"),
            "access-control-expose-headers": ([], ["set-auth-token"]),
        },
    ),
    ("key_sessions", "password"): Accepted(
        "a key is not asked for in cookies, and no cookies go with it",
        {
            "cookies": (
                [],
                [
                    (f"better-auth.{name}", "", _DEVICE_GONE[2])
                    for name in ("session_token", "session_data", "dont_remember")
                ],
            )
        },
    ),
    ("key_sessions", "sessions"): _NOT_WITH_KEYS,
    ("key_sessions", "make a key"): _NOT_WITH_KEYS,
}
"""By script and name of the request."""
