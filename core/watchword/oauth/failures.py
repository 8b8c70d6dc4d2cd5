"""What a provider did not do."""

from __future__ import annotations


class OAuthFailed(Exception):
    """A provider refused, or answered what cannot be used.

    The text is for the log: it names what was asked and holds no token, code or secret.
    """


class WithoutTokens(OAuthFailed):
    """A token endpoint answered with success, and gave no token."""
