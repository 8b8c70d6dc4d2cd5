"""Where the server's own mailer stands in for callbacks that the application did not give."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any, cast

from watchword.errors import ConfigurationError
from watchword.features.email_password import EmailAndPassword
from watchword.features.letters import LetterOf, Mailing, Post
from watchword.features.password_reset import PasswordReset
from watchword.plugin_base import Plugin


def standing_in(
    mailing: Mailing, features: Sequence[Plugin], without: Collection[str]
) -> tuple[Plugin, ...]:
    """The features, with the mailer at each option that mails and is not given, but for those
    `without`, by id. Raises `ConfigurationError`."""
    known = [feature.id for feature in features if feature.letters]
    for name in without:
        if name not in known:
            remedy = f"Those that mail are: {', '.join(known)}"
            raise ConfigurationError("Mailer.without", f"no feature {name!r} mails", remedy)
    passwords = any(isinstance(one, EmailAndPassword) and one.enabled for one in features)

    def adapted(feature: Plugin) -> Plugin:
        # Without passwords nobody signs in with what a reset would set.
        idle = isinstance(feature, PasswordReset) and not passwords
        return feature if idle or feature.id in without else _with(feature, mailing)

    return tuple(map(adapted, features))


def _with(feature: Plugin, mailing: Mailing) -> Plugin:
    for option, letter_of in feature.letters.items():
        feature = _filled(feature, option.split("."), Post(mailing, cast("LetterOf", letter_of)))
    return feature


def _filled(options: Any, path: Sequence[str], post: Post) -> Any:
    """The options with the post at the end of a path, unless something stands there, or nothing
    holds it."""
    name, *rest = path
    value = getattr(options, name)
    if rest:
        return options if value is None else replace(options, **{name: _filled(value, rest, post)})
    return replace(options, **{name: post}) if value is None else options
