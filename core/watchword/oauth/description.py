"""What is known of a provider, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .client_authentication import Method
from .id_tokens import IdTokenRules
from .profile import Fields


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
    pkce: bool = True
    """Whether the challenge is shown and the verifier sent."""
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
    fields: Fields | None = None
    """None: the provider has an `identify` of its own."""

    id_token: IdTokenRules | None = None
    """None: applications cannot sign in with an ID token, unless they verify it themselves."""
    issuer: str | None = None
    """What the `iss` parameter of a callback has to be, if it comes (RFC 9207)."""
    needs_nonce: bool = False
    """Whether a flow without a nonce is refused."""
    allows_idp_initiated: bool = False
    callback_path: str | None = None
    """Below the base path; None: `/callback/<id>`."""
    needs_secret: bool = False
    """Whether nothing works without a client secret."""
