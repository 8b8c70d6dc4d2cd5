"""Options of `Auth` that are right one by one, and cannot be meant together."""

from __future__ import annotations

import logging
from importlib import import_module

from watchword.errors import ConfigurationError
from watchword.features.email_password import EmailAndPassword
from watchword.features.email_verification import EmailVerification
from watchword.features.letters import MAILER, Mailing
from watchword.features.password_reset import PasswordReset
from watchword.http.origin_patterns import names_everybody
from watchword.records import Session, User

from .account_options import TRUSTED_PROVIDERS
from .configuration import Configuration
from .kept_cookies import check_kept_cookies
from .options import REFRESH_CACHE, IPAddressOptions, RateLimit, SessionOptions, seconds

SECONDARY, DATABASE = "secondary_storage", "database"
_log = logging.getLogger("watchword")


def check_together(config: Configuration) -> None:
    """Raise `ConfigurationError` for options that cannot all be meant; warn about doubtful ones."""
    _check_session(config.options.session)
    _check_storage(config)
    _check_session_cookie(config)
    _check_hidden_fields(config)
    if not config.has_database:
        _check_without_database(config)
    _check_rate_limit(config.rate_limit, config.options.advanced.ip_address)
    _check_mails(config)
    check_kept_cookies(config)
    _check_links(config)
    _check_provider_names(config)
    _check_needs(config)
    _check_cors(config)
    for model in config.options.database_hooks:
        if model not in config.tables.models:
            known = ", ".join(config.tables.models)
            _refuse("database_hooks", f"there is no model {model!r}", f"Use one of {known}")


def _check_cors(config: Configuration) -> None:
    given = config.options.trusted_origins
    if not config.options.cors or callable(given):
        return
    for origin in filter(names_everybody, given):
        _refuse(
            "cors",
            f"anybody's site is trusted by {origin!r} in trusted_origins, and could read sessions",
            "Name the origins of your front ends",
        )


def _check_needs(config: Configuration) -> None:
    plugins = config.plugins.values()
    there = {plugin.id for plugin in plugins}
    if config.has_secondary:
        there.add(SECONDARY)
    if config.has_database:
        there.add(DATABASE)
    for option, what in (need for plugin in plugins for need in plugin.needs()):
        if what == MAILER:
            remedy = "Give it, or Auth(mail=Mailer(...)) of watchword.mail"
            _refuse(option, "there is nothing to mail with", remedy)
        if what not in there:
            kind = "" if what in (SECONDARY, DATABASE) else "plugin "
            _refuse(option, f"it needs {kind}{what}, which is not there", "Give it, or drop this")


def _check_session(options: SessionOptions) -> None:
    if options.defer_refresh and options.disable_refresh:
        _refuse("session.defer_refresh", "nothing is renewed with disable_refresh", "Drop one")
    life = seconds("session.expires_in", options.expires_in)
    update = 0 if options.update_age is None else seconds("session.update_age", options.update_age)
    if update > life and not options.disable_refresh:
        _refuse(
            "session.update_age",
            f"{update} s is longer than session.expires_in ({life} s): nothing would be renewed",
            "Give a shorter one, or session.disable_refresh=True",
        )


def _check_storage(config: Configuration) -> None:
    session, verification = config.options.session, config.options.verification
    if session.preserve_in_database and not session.store_in_database:
        _refuse(
            "session.preserve_in_database",
            "no session is stored there",
            "Give session.store_in_database=True as well",
        )
    for option, wanted in (
        ("session.store_in_database", session.store_in_database),
        ("verification.store_in_database", verification.store_in_database),
    ):
        if wanted and not config.has_secondary:
            remedy = "Leave it out, or give secondary_storage="
            _refuse(option, "without a secondary storage all is in the database anyway", remedy)


def _check_session_cookie(config: Configuration) -> None:
    options, cache = config.options.session.cookie_cache, config.session_cache
    if config.stateless and cache is not None and options is not None and not options.enabled:
        _refuse(
            "session.cookie_cache.enabled",
            "False leaves no place for sessions: there is no store either",
            "Drop it, or give database= or secondary_storage=",
        )
    if options is None or not options.refresh_cache:
        return
    if not config.stateless:
        # A session that was ended would be believed for as long as its cookie is used.
        _refuse(
            REFRESH_CACHE,
            f"{options.refresh_cache!r} is meant for servers without any store",
            "Drop it: with a store the cookie is written anew when the store was asked",
        )
    if cache is not None and cache.update_age > cache.max_age:
        _refuse(
            f"{REFRESH_CACHE}.update_age",
            f"{cache.update_age} s is longer than session.cookie_cache.max_age ({cache.max_age} s)",
            "Give a shorter one",
        )


def _check_hidden_fields(config: Configuration) -> None:
    if not config.stateless:
        return
    for option, record in (("user_type", User), ("session.model", Session)):
        for field in sorted(config.tables.of(record).record.__hidden__):
            _refuse(
                option,
                f"{field!r} is hidden, and without a store the cookie, which does not hold it, is "
                "the record: code would see its default",
                "Show the field (returned=True), or give database= or secondary_storage=",
            )


def _check_without_database(config: Configuration) -> None:
    for option, wanted in (
        ("session.store_in_database", config.options.session.store_in_database),
        ("verification.store_in_database", config.options.verification.store_in_database),
        ("rate_limit.storage", config.rate_limit.storage == "database"),
    ):
        if wanted:
            _refuse(option, "there is no database", "Give database=, or drop the option")
    if config.stateless and config.plugin(PasswordReset).revoke_sessions:
        _refuse(
            "password_reset.revoke_sessions",
            "True cannot be kept: without a store no session can be ended from afar",
            "Drop it, or give database= or secondary_storage=",
        )
    if config.plugin(EmailAndPassword).enabled:
        _log.warning(
            "email_and_password.enabled: without a database, users and passwords are forgotten "
            "when the process ends. Give database=, or sign in with a provider"
        )


def _check_rate_limit(limits: RateLimit, addresses: IPAddressOptions) -> None:
    if limits.enabled and addresses.disable_tracking:
        _refuse(
            "rate_limit.enabled",
            "clients cannot be told apart with advanced.ip_address.disable_tracking",
            "Drop one",
        )
    if addresses.trusted_proxies and not addresses.headers:
        _refuse(
            "advanced.ip_address.trusted_proxies",
            "no header is read from which they could be left out",
            "Name the header in advanced.ip_address.headers",
        )


def _check_mails(config: Configuration) -> None:
    for plugin in config.plugins.values():
        if isinstance(plugin, Mailing) and plugin.for_development and config.production:
            _log.warning(
                "mail: its transport is for development: nobody gets a mail, and whoever reads its "
                "output gets in. Give SMTP(...)"
            )
    verification = config.plugin(EmailVerification)
    passwords = config.plugin(EmailAndPassword)
    if verification.send_verification_email or verification.other_proof:
        return
    for option in ("send_on_sign_up", "send_on_sign_in"):
        if getattr(verification, option):
            remedy = "Give email_verification.send_verification_email"
            _refuse(f"email_verification.{option}", "there is nothing to mail with", remedy)
    if passwords.enabled and passwords.require_email_verification:
        _log.warning(
            "email_and_password.require_email_verification: without "
            "email_verification.send_verification_email nobody can prove an address by mail"
        )


def _check_links(config: Configuration) -> None:
    """A link in a mail leads to the host of whoever asked for the mail, if any host is believed."""
    believing = config.sites.believing
    if believing is None or not config.production:
        return
    for plugin in config.plugins.values():
        for option in plugin.mails_links():
            _refuse(
                believing,
                f"{option} mails links, and they would lead to any host that a request names",
                "Give base_url (or BETTER_AUTH_URL), or a DynamicBaseURL with the hosts you serve",
            )
        for option in plugin.vouches_by_origin():
            _refuse(
                option,
                "tokens would name any host that a request names, and other servers believe them",
                "Give it, or base_url (or BETTER_AUTH_URL)",
            )


def _check_provider_names(config: Configuration) -> None:
    trusted = config.options.account.linking.trusted_providers
    if callable(trusted):
        return
    known = [name for plugin in config.plugins.values() for name in plugin.provider_ids()]
    for name in trusted:
        if name not in known:
            near = import_module("difflib").get_close_matches(name, known, n=1, cutoff=0.5)
            nearest = f"The nearest is {near[0]!r}; the" if near else "The"
            remedy = f"{nearest} providers here are: {', '.join(known) or 'none'}"
            _refuse(TRUSTED_PROVIDERS, f"no provider here has the id {name!r}", remedy)


def _refuse(option: str, problem: str, remedy: str) -> None:
    raise ConfigurationError(option, problem, remedy)
