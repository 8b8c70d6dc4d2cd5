"""How each provider is asked about the answer to its captcha, and what counts as a person."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal, cast

from watchword.configuration.option_checks import check_texts
from watchword.errors import ConfigurationError
from watchword.http.json import encode
from watchword.http.query import encode_form
from watchword.http.urls import parse_url
from watchword.runtime.outgoing import OutgoingRequest

Told = Mapping[str, object]
"""What a provider says of an answer."""

_CODE = re.compile(r"[a-zA-Z0-9_-]{1,64}", re.ASCII)
_MOST_CODES = 5


@dataclass(frozen=True, kw_only=True)
class CaptchaProvider:
    """Base of all providers."""

    name: ClassVar[str] = ""
    default_url: ClassVar[str] = ""
    form_field: ClassVar[str] = ""
    """The field that its widget adds to the form around it."""
    encoding: ClassVar[Literal["json", "form"]] = "form"
    address_name: ClassVar[str] = "remoteip"

    secret_key: str = field(repr=False)
    """What the provider gave to the server; never to the page."""
    site_verify_url: str | None = None
    """Where answers are verified. None: at the provider's own address."""

    def __post_init__(self) -> None:
        if not self.secret_key:
            raise ConfigurationError(
                self._option("secret_key"), "is empty", "Take it from the provider's console"
            )
        where = parse_url(self.url)
        if where is None or not where.is_web:
            raise ConfigurationError(
                self._option("site_verify_url"), "is no web address", "Begin with https://"
            )

    @property
    def url(self) -> str:
        """Where answers are verified."""
        return self.site_verify_url or self.default_url

    def asked(self, answer: str, address: str | None) -> OutgoingRequest:
        """The request about an answer that came from an address, if that is known."""
        given = {"secret": self.secret_key, "response": answer, **self.more()}
        if address is not None:
            given[self.address_name] = address
        as_json = self.encoding == "json"
        kind = "application/json" if as_json else "application/x-www-form-urlencoded"
        body = encode(given) if as_json else encode_form(given).encode()
        return OutgoingRequest(
            method="POST", url=self.url, headers={"content-type": kind}, body=body
        )

    def more(self) -> dict[str, str]:
        """What else it is told."""
        return {}

    def doubt(self, told: Told) -> str | None:
        """Why what the provider says is not enough; None: it was a person. For the log."""
        if told.get("success") is True:
            return None
        codes = told.get("error-codes")
        known = cast("Sequence[object]", codes) if isinstance(codes, list) else ()
        texts = [one for one in known if isinstance(one, str) and _CODE.fullmatch(one)]
        return " ".join(["rejected", *texts[:_MOST_CODES]])

    def _option(self, name: str) -> str:
        return f"{type(self).__name__}.{name}"


@dataclass(frozen=True, kw_only=True)
class _Bound(CaptchaProvider):
    """A provider that says on which page, and for what, its captcha was solved."""

    expected_action: str | None = None
    """The `action` that the page gave to the captcha. None: any."""
    allowed_hostnames: Sequence[str] = ()
    """Hosts of pages that the captcha may have been solved on. None given: any."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_texts(self._option("allowed_hostnames"), self.allowed_hostnames)

    def doubt(self, told: Told) -> str | None:
        doubt = super().doubt(told)
        if doubt is not None:
            return doubt
        if self.expected_action and told.get("action") != self.expected_action:
            return "another action"
        if self.allowed_hostnames and told.get("hostname") not in self.allowed_hostnames:
            return "another host"
        return None


@dataclass(frozen=True, kw_only=True)
class Turnstile(_Bound):
    """Turnstile of Cloudflare."""

    name: ClassVar[str] = "cloudflare-turnstile"
    default_url: ClassVar[str] = "https://challenges.cloudflare.com/turnstile/v0/siteverify"
    form_field: ClassVar[str] = "cf-turnstile-response"
    encoding: ClassVar[Literal["json", "form"]] = "json"


@dataclass(frozen=True, kw_only=True)
class ReCaptcha(_Bound):
    """reCAPTCHA of Google, versions 2 and 3."""

    name: ClassVar[str] = "google-recaptcha"
    default_url: ClassVar[str] = "https://www.google.com/recaptcha/api/siteverify"
    form_field: ClassVar[str] = "g-recaptcha-response"

    min_score: float = 0.5
    """Version 3: from 0 (a machine) to 1 (a person); below it, the request is refused."""

    def __post_init__(self) -> None:
        super().__post_init__()
        score = _number(self.min_score)
        if score is None or not 0 <= score <= 1:
            raise ConfigurationError(
                self._option("min_score"),
                f"{self.min_score!r} does not fit",
                "Give a number from 0 to 1",
            )

    def doubt(self, told: Told) -> str | None:
        doubt = super().doubt(told)
        if doubt is not None or told.get("score") is None:
            return doubt
        score = _number(told["score"])
        return "a low score" if score is None or score < self.min_score else None


@dataclass(frozen=True, kw_only=True)
class HCaptcha(CaptchaProvider):
    """hCaptcha."""

    name: ClassVar[str] = "hcaptcha"
    default_url: ClassVar[str] = "https://api.hcaptcha.com/siteverify"
    form_field: ClassVar[str] = "h-captcha-response"

    site_key: str | None = field(default=None, repr=False)
    """The page's key; answers for other ones are refused then."""

    def more(self) -> dict[str, str]:
        return {"sitekey": self.site_key} if self.site_key else {}


@dataclass(frozen=True, kw_only=True)
class CaptchaFox(HCaptcha):
    """CaptchaFox."""

    name: ClassVar[str] = "captchafox"
    default_url: ClassVar[str] = "https://api.captchafox.com/siteverify"
    form_field: ClassVar[str] = "cf-captcha-response"
    address_name: ClassVar[str] = "remoteIp"


def _number(value: object) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
