"""What is known of a provider, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from .client_authentication import Method
from .id_tokens import IdTokenRules
from .profile import Fields, found
from .tokens import Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """Where a provider is and how it wants to be asked. Header names are lower-case."""

    id: str
    """The name in paths and in the accounts' rows; never changed again."""
    name: str
    """For people."""

    authorization_url: str
    scopes: tuple[str, ...] = ()
    """What is asked for unless the application says `disable_default_scope`."""
    sends_scopes: bool = True
    """False: the application's registration there decides what is granted."""
    scope_separator: str = " "
    wanted_scopes_first: bool = False
    """Whether the request's scopes stand before the application's."""
    client_id_name: str = "client_id"
    """What the provider calls it, in URLs and forms."""
    opening: tuple[str, ...] = ("response_type", "client_id", "state", "scope", "redirect_uri")
    """The first parameters of the authorization URL, in their order."""
    pkce: bool = True
    """Whether the challenge is shown."""
    sends_verifier: bool | None = None
    """Whether the verifier is sent for it; None: where the challenge is shown."""
    takes_login_hint: bool = False
    response_type: str = "code"
    response_mode: str | None = None
    """`form_post`: the callback is a POST from another site."""
    prompt: str | None = None
    """Unless the application has one."""
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    """Of the authorization URL; a client's `additionalParams` may replace them."""
    fixed_parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    """Behind those of the client, which may not replace them."""
    takes_parameters: bool = True
    """Whether `additionalParams` of a client get into the URL."""

    token_url: str = ""
    authentication: Method = "post"
    refresh_authentication: Method | None = None
    """None: the same."""
    token_headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Of the request that exchanges a code."""
    sends_device_id: bool = False
    refreshes: bool = True

    user_info_url: str | None = None
    """None: the person is in the ID token."""
    user_info_headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Beside the access token."""
    user_info_body: bytes | None = None
    """What is posted there; None: it is a GET."""
    user_info_requires: Mapping[str, object] = field(default_factory=dict[str, object])
    """What has to stand in the answer, by dotted path; else it says nothing."""
    user_info_at: str | None = None
    """The dotted path to the person in the answer; None: all of it."""
    prefers_id_token: bool = False
    """Whether the URL is asked only when no ID token came."""
    fields: Fields | None = None
    """None: the provider has an `identify` of its own."""

    id_token: IdTokenRules | None = None
    """None: applications cannot sign in with an ID token, unless they verify it themselves."""
    id_token_alone: bool = False
    """Whether such a token alone says who it is, and the access token beside it is but kept."""
    issuer: str | None = None
    """What the `iss` parameter of a callback has to be, if it comes (RFC 9207)."""
    needs_nonce: bool = False
    """Whether a flow without a nonce is refused."""
    allows_idp_initiated: bool = False
    callback_path: str | None = None
    """Below the base path; None: `/callback/<id>`."""
    needs_secret: bool = False
    """Whether nothing works without a client secret."""

    def person_in(self, answer: Profile) -> Profile | None:
        """The person in an answer of the user-info URL, if it has one."""
        wanted = self.user_info_requires.items()
        if any(found(answer, path) != value for path, value in wanted):
            return None
        if self.user_info_at is None:
            return answer
        person = found(answer, self.user_info_at)
        return cast("Profile", person) if isinstance(person, dict) else None
