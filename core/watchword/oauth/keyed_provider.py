"""Providers whose token endpoint takes more than a client secret."""

from __future__ import annotations

from dataclasses import dataclass

from .client_authentication import Method, PrivateKey
from .provider import Provider


@dataclass(frozen=True, kw_only=True, repr=False)
class KeyedProvider(Provider):
    """A provider that also takes a signature of ours, or nothing, instead of a secret.

    Its description says `authentication=self.authentication_by("post")`, or basic.
    """

    token_endpoint_auth: Method | None = None
    """None: by what is given, a secret or a key; without either, public clients prove nothing."""
    assertion_key: PrivateKey | None = None
    """Signs for `private_key_jwt`."""

    @property
    def private_key(self) -> PrivateKey | None:
        return self.assertion_key

    def authentication_by(self, secret: Method) -> Method:
        """How to prove who we are; `secret` is the way that a secret is shown."""
        if self.token_endpoint_auth is not None:
            return self.token_endpoint_auth
        if self.assertion_key is not None:
            return "private_key_jwt"
        return secret if self.client_secret else "none"

    def check(self) -> None:
        method = self.description.authentication
        if (method in ("post", "basic")) is not bool(self.client_secret):
            raise self.wrong(
                "client_secret", f"does not go with {method}", "Give it for post and basic alone"
            )
        if (method == "private_key_jwt") is not (self.assertion_key is not None):
            raise self.wrong(
                "assertion_key", f"does not go with {method}", "Give it for private_key_jwt alone"
            )
