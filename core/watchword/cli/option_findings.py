"""Checks of secrets, rate limits, sessions, passwords and mails."""

from __future__ import annotations

import os
from collections.abc import Iterator

from watchword.configuration.configuration import Configuration
from watchword.crypto.secrets_list import Secrets
from watchword.database.records import attributes_of
from watchword.features.change_email import ChangeEmail
from watchword.features.email_password import EmailAndPassword
from watchword.features.email_verification import EmailVerification
from watchword.features.password_reset import PasswordReset

from .finding import Finding

_LONG_CACHE = 300
"""Seconds. Beyond, a revoked session is believed for longer than people expect."""
_GIVE = "Give it, or Auth(mail=...)"
_POWERS = ("role", "roles", "is_admin", "admin", "banned")
"""Fields that decide what a user may do."""


def check_options(config: Configuration) -> Iterator[Finding]:
    """Findings about options that do not depend on where the server lives."""
    yield from _production(config)
    yield from _secrets(config.secrets)
    yield from _rate_limit(config)
    yield from _sessions(config)
    yield from _passwords(config)
    yield from _mails(config)
    yield from _fields(config)
    yield from _captcha(config)


def _production(config: Configuration) -> Iterator[Finding]:
    if not config.production:
        what = "the application does not know that it is in production"
        yield Finding("warning", "production", what, "Set WATCHWORD_ENV=production")


def _secrets(secrets: Secrets) -> Iterator[Finding]:
    for finding in secrets.findings():
        if finding.vouches:
            yield Finding("error", "secret", finding.text, "Make one with `watchword secret`")
        else:
            remedy = "Leave it out once nothing is read with it"
            yield Finding("warning", "secrets", finding.text, remedy)
    if not secrets.versions:
        yield Finding(
            "info",
            "secrets",
            "the secret has no version: changing it ends all sessions and encrypted values",
            "`watchword secret --rotate` says how to exchange it",
        )
    environment = ",".join(os.environ.values())
    if secrets.current not in environment:
        what = "the secret does not come from the environment"
        yield Finding("warning", "secret", what, "Keep it out of the source")


def _rate_limit(config: Configuration) -> Iterator[Finding]:
    limits = config.rate_limit
    on = config.production if limits.enabled is None else limits.enabled
    if not on:
        severity = "info" if limits.enabled is None else "error"
        what = "nothing slows down who guesses passwords or codes"
        yield Finding(severity, "rate_limit.enabled", what, "It is on in production by itself")
    if limits.consume is None and limits.storage == "memory":
        yield Finding(
            "warning",
            "rate_limit.storage",
            "memory counts per process: with several workers each allows the full number",
            'Use "database" or a secondary storage',
        )
    for path, rule in limits.custom_rules.items():
        if rule is False:
            what = "requests are not limited at all"
            yield Finding("warning", f"rate_limit.custom_rules[{path!r}]", what, "Give a rule")
    if limits.storage == "secondary-storage" and limits.on_storage_failure == "allow":
        what = "while the secondary storage is away, each process counts for itself"
        yield Finding("info", "rate_limit.on_storage_failure", what)


def _sessions(config: Configuration) -> Iterator[Finding]:
    cache = config.session_cache
    if cache is None:
        return
    life = cache.max_age
    what = f"a session that was revoked elsewhere is believed for up to {life} s"
    if life > _LONG_CACHE:
        remedy = f"Give at most {_LONG_CACHE}, or raise its version when it matters"
        yield Finding("warning", "session.cookie_cache.max_age", what, remedy)
    else:
        yield Finding("info", "session.cookie_cache.max_age", what)


def _passwords(config: Configuration) -> Iterator[Finding]:
    passwords = config.plugin(EmailAndPassword)
    if not passwords.enabled:
        return
    if passwords.password_hash == "scrypt" and passwords.hash_password is None:
        what = "scrypt is only needed beside a Better Auth server on the same database"
        yield Finding("info", "email_and_password.password_hash", what)


def _mails(config: Configuration) -> Iterator[Finding]:
    passwords = config.plugin(EmailAndPassword)
    verification = config.plugin(EmailVerification)
    mails = verification.send_verification_email is not None or bool(verification.other_proof)
    option = "email_verification.send_verification_email"
    if passwords.enabled and passwords.require_email_verification and not mails:
        what = "addresses must be verified, and nothing can be mailed: nobody can sign in"
        yield Finding("error", option, what, _GIVE)
    elif passwords.enabled and not mails and not passwords.disable_sign_up:
        what = "people can sign up with the address of somebody else"
        yield Finding("info", option, what, f"{_GIVE}, with require_email_verification=True")
    change = config.plugin(ChangeEmail)
    if change.enabled and not mails and not change.update_email_without_verification:
        yield Finding("error", option, "addresses can only be changed by mail", _GIVE)
    if passwords.enabled and config.plugin(PasswordReset).send_reset_password is None:
        what = "who forgets the password cannot get back in"
        yield Finding("warning", "password_reset.send_reset_password", what, _GIVE)


def _fields(config: Configuration) -> Iterator[Finding]:
    for attribute in attributes_of(config.tables.of(config.options.user_type).record):
        if attribute.name in _POWERS and attribute.column.input:
            what = f"anybody may set {attribute.wire!r} when signing up"
            remedy = "Declare it with Annotated[..., Column(input=False)]"
            yield Finding("error", "user_type", what, remedy)


def _captcha(config: Configuration) -> Iterator[Finding]:
    if {"captcha", "pages"} <= {one.id for one in config.plugins.values()}:
        what = "forms of the ready pages bring no captcha: paths that it guards refuse them"
        remedy = "Leave those paths out of Captcha.paths, or have forms of your own for them"
        yield Finding("warning", "plugins", what, remedy)
