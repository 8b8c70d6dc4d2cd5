"""Every option of `Auth`, said once: the parameters of its constructor are the fields here."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar, get_origin

from watchword.errors import ConfigurationError
from watchword.features.accounts import Accounts
from watchword.features.change_email import ChangeEmail
from watchword.features.confirmation import ConfirmationPages
from watchword.features.email_password import EmailAndPassword
from watchword.features.email_verification import EmailVerification
from watchword.features.letters import check_mailer
from watchword.features.notices import Notices
from watchword.features.password_reset import PasswordReset
from watchword.features.passwords import Passwords
from watchword.features.sessions import SessionEndpoints
from watchword.features.sign_in_links import SignInLinks
from watchword.features.social.plugin import ProviderSource, SocialSignIn, open_flow
from watchword.features.social.tokens_plugin import AccountTokens
from watchword.features.status import StatusPages
from watchword.features.users import DeleteUser, Profiles
from watchword.observability.opening import TracingOption
from watchword.plugin_base import Plugin

from .core_options import CoreOptions, U

if TYPE_CHECKING:
    from watchword.mail.mailer import Mailer
    from watchword.oauth.provider import Provider

P = ParamSpec("P")
Built = TypeVar("Built")
Options = TypeVar("Options")


@dataclass(frozen=True, kw_only=True, eq=False)
class AuthOptions(CoreOptions[U]):
    """What `Auth` is told, and never changes."""

    email_and_password: EmailAndPassword = field(default_factory=EmailAndPassword)
    social_providers: Sequence[Provider] = ()
    """Whom to sign in with: of `watchword.providers`."""
    email_verification: EmailVerification = field(default_factory=EmailVerification)
    password_reset: PasswordReset = field(default_factory=PasswordReset)
    change_email: ChangeEmail = field(default_factory=ChangeEmail)
    delete_user: DeleteUser = field(default_factory=DeleteUser)
    sign_in_links: SignInLinks = field(default_factory=SignInLinks)
    notices: Notices = field(default_factory=Notices)
    mail: Mailer | None = None
    """Mails what features have to mail and are given no callback for: of `watchword.mail`."""
    tracing: TracingOption = None
    """OpenTelemetry spans; by itself if the application has set a provider of tracers."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_mailer(self.mail, self.plugins)

    def installed(self) -> tuple[Plugin, ...]:
        """The features of the core and the plugins, as they are where these come together."""
        sources = (one for one in self.plugins if isinstance(one, ProviderSource))
        brought = [provider for source in sources for provider in source.identity_providers()]
        flow = open_flow([*brought, *self.social_providers])
        every: tuple[Plugin, ...] = (
            StatusPages(),
            SessionEndpoints(),
            ConfirmationPages(),
            self.sign_in_links,
            self.email_and_password,
            self.email_verification,
            self.password_reset,
            Passwords(),
            Profiles(),
            self.change_email,
            self.delete_user,
            self.notices,
            Accounts(),
            SocialSignIn(flow=flow),
            AccountTokens(flow=flow),
            *self.plugins,
        )
        if self.mail is not None:
            # Before plugins adapt others: those must know how they mail themselves.
            every = self.mail.stand_in(every)
        for plugin in every:
            every = tuple(map(plugin.adapt, every))
        _check_requirements(every)
        return every


def _check_requirements(every: Sequence[Plugin]) -> None:
    for plugin in every:
        for kind in plugin.requires:
            if not any(isinstance(one, kind) for one in every):
                needed, whose = kind.__name__, type(plugin).__name__
                raise ConfigurationError(
                    "plugins",
                    f"{whose} requires {needed}, which is not installed",
                    f"Add {needed}(...) beside {whose}(...), or leave {whose} out",
                )


def taking(
    options: Callable[P, Options],
) -> Callable[[Callable[[Built, Options], None]], Callable[Concatenate[Built, P], None]]:
    """Make of an `__init__(self, options)` one that takes the fields of `options` by keyword.

    Type checkers, editors and `help` see the fields as its parameters.
    """

    def decorate(build: Callable[[Built, Options], None]) -> Callable[Concatenate[Built, P], None]:
        @wraps(build)
        def init(self: Built, /, *args: P.args, **kwargs: P.kwargs) -> None:
            build(self, options(*args, **kwargs))

        kind: Any = get_origin(options) or options
        vars(init)["__signature__"] = inspect.signature(kind.__init__)
        return init

    return decorate
