"""What a server offers, as pages ask for it: found out once, from what is installed.

Plugins are known by their ids: to import one would load the packages that it needs.
"""

from __future__ import annotations

from typing import Any

import msgspec

from watchword.configuration.configuration import Configuration
from watchword.discreet import Discreet
from watchword.features.email_password import EmailAndPassword
from watchword.features.email_verification import EmailVerification
from watchword.features.password_reset import PasswordReset
from watchword.features.social.plugin import SocialSignIn

from .own_fields import OwnField, own_fields


class ProviderName(Discreet, msgspec.Struct, frozen=True):
    """An identity provider: its id, and what people call it."""

    id: str
    name: str


class Installed(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """What there is to sign in, sign up and prove oneself with."""

    __secrets__ = frozenset[str]()

    passwords: EmailAndPassword | None
    """None: nobody has a password."""
    own_fields: tuple[OwnField, ...]
    """That the application's users have beside ours."""
    providers: tuple[ProviderName, ...]
    plugins: dict[str, Any]
    """All that are installed, the core's features too, by their ids."""

    @classmethod
    def by(cls, config: Configuration) -> Installed:
        """What a configuration has."""
        passwords = config.plugin(EmailAndPassword)
        flow = config.plugin(SocialSignIn).flow
        known = [] if flow is None else [(one, flow.provider(one)) for one in flow.provider_ids]
        return cls(
            passwords=passwords if passwords.enabled else None,
            own_fields=tuple(own_fields(config)),
            providers=tuple(
                ProviderName(name, found.description.name) for name, found in known if found
            ),
            plugins={one.id: one for one in config.plugins.values()},
        )

    def plugin(self, plugin_id: str) -> Any:
        """The plugin with an id, or None: its options can be read without importing it."""
        return self.plugins.get(plugin_id)

    @property
    def sign_up(self) -> bool:
        """Whether anybody may make an account by e-mail and password."""
        return self.passwords is not None and not self.passwords.disable_sign_up

    # an address is proven

    @property
    def _verification(self) -> EmailVerification:
        return self.plugins[EmailVerification.id]

    @property
    def verifies_by_code(self) -> bool:
        """Whether an address is proven by a code, not by a link."""
        return self.plugin("email-otp") is not None and (
            self._verification.other_proof is not None
            or self._verification.send_verification_email is None
        )

    @property
    def verifies(self) -> bool:
        """Whether an address can be proven at all."""
        by_link = self._verification.send_verification_email is not None
        return by_link or self.verifies_by_code

    @property
    def codes_at_sign_up(self) -> bool:
        """Whether whoever signs up gets a code."""
        codes = self.plugin("email-otp")
        if codes is None:
            return False
        return codes.send_verification_on_sign_up or (
            self.verifies_by_code and self._mails_at_sign_up
        )

    @property
    def links_at_sign_up(self) -> bool:
        """Whether whoever signs up gets a link."""
        has_links = self._verification.send_verification_email is not None
        return has_links and self._mails_at_sign_up

    @property
    def _mails_at_sign_up(self) -> bool:
        wanted = self._verification.send_on_sign_up
        if wanted is not None:
            return wanted
        return self.passwords is not None and self.passwords.require_email_verification

    # a password is forgotten

    @property
    def reset_by_link(self) -> bool:
        """Whether a link to choose a new password with is mailed."""
        reset: PasswordReset = self.plugins[PasswordReset.id]
        return self.passwords is not None and reset.send_reset_password is not None

    @property
    def reset_by_mail(self) -> bool:
        """Whether that, or a code, is."""
        by_code = self.passwords is not None and self.plugin("email-otp") is not None
        return self.reset_by_link or by_code

    @property
    def reset_by_phone(self) -> bool:
        """Whether a code is sent to a phone."""
        send = getattr(self.plugin("phone-number"), "send_password_reset_otp", None)
        return self.passwords is not None and send is not None

    @property
    def resets(self) -> bool:
        """Whether a forgotten password can be replaced."""
        return self.reset_by_mail or self.reset_by_phone
