"""`Auth(account=AccountOptions(...))`: how accounts are kept, and joined to users who are there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal, TypeAlias

from watchword.http.request import Request
from watchword.records import Account

from .option_checks import check_choice, check_flag, check_subclass, check_texts, check_type
from .safe_ranges import Safe

TrustedProviders: TypeAlias = (
    "Sequence[str] | Callable[[Request | None], Sequence[str] | Awaitable[Sequence[str]]]"
)
"""Ids of providers, or a function that gives them for a request (None in server-side calls)."""
TRUSTED_PROVIDERS = "account.linking.trusted_providers"


@dataclass(frozen=True, kw_only=True)
class AccountLinking:
    """When a provider's account is joined to a user who is there under the same address."""

    safe: ClassVar[Mapping[str, Safe]] = {
        "require_local_email_verified": Safe(
            "who registered an address that is not theirs keeps a way into the account",
            exactly=True,
        ),
    }

    enabled: bool = True
    """Whether accounts are joined to users who are there at all."""
    disable_implicit_linking: bool = False
    """Signing in never joins accounts."""
    trusted_providers: TrustedProviders = ()
    """Ids of providers whose addresses are believed even where they do not say that they are
    verified. Whoever can choose an address there gets into the account with it. An id that no
    provider here has is refused; a function that fails names none."""
    require_local_email_verified: bool = True
    """Only join users who have proven their address here."""
    allow_different_emails: bool = False
    """Let who is signed in link accounts with another address, or with none."""
    update_user_info_on_link: bool = False
    """Take over name, image and mapped fields from the provider."""

    def __post_init__(self) -> None:
        if not callable(self.trusted_providers):
            check_texts(TRUSTED_PROVIDERS, self.trusted_providers)


@dataclass(frozen=True, kw_only=True)
class AccountOptions:
    """How accounts (ways to sign in) are kept."""

    safe: ClassVar[Mapping[str, Safe]] = {
        "skip_state_cookie_check": Safe(
            "another browser can finish a sign-in", exactly=False, severity="error"
        ),
    }

    model: type[Account] = Account
    """A subclass of `Account` adds fields."""
    allow_unlinking_all: bool = False
    """Whether a user may give up the last way to sign in."""
    linking: AccountLinking = field(default_factory=AccountLinking)
    update_account_on_sign_in: bool = True
    """Keep the tokens that a provider hands out with every sign-in, not only with the first."""
    encrypt_oauth_tokens: bool = False
    """Encrypt the access and refresh tokens of providers with the server's secret."""
    store_account_cookie: bool | None = None
    """Keep the account of the latest sign-in with a provider, its tokens included, in an encrypted
    cookie, for `useAccountCookie`. None: only without a database. With one the cookie only says
    which account is meant."""
    store_state_strategy: Literal["database", "cookie"] | None = None
    """Where a flow to a provider is remembered. None: in the database (or the secondary storage) if
    there is one."""
    skip_state_cookie_check: bool = False
    """Let a flow that is in the database be finished by any browser. Dangerous."""

    def __post_init__(self) -> None:
        check_subclass("account.model", self.model, Account)
        check_type("account.linking", self.linking, AccountLinking)
        check_flag("account.store_account_cookie", self.store_account_cookie, optional=True)
        strategies = (None, "database", "cookie")
        check_choice("account.store_state_strategy", self.store_state_strategy, strategies)
