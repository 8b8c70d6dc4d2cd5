"""The plugin: its options, and the endpoints that all pages share."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from watchword.call import Call
from watchword.configuration.configuration import Configuration
from watchword.configuration.option_checks import check_flag, check_type
from watchword.endpoint import Endpoint, get, post
from watchword.errors import APIError, ConfigurationError
from watchword.features.confirmation import Confirmation, ConfirmationPages, in_english
from watchword.http.response import Response
from watchword.http.urls import is_safe_relative, parse_url
from watchword.plugin_base import Plugin
from watchword.plugins.i18n import Texts
from watchword.server_api import EndpointCall, M, ServerAPI, U

from .colors import Colors
from .installed import Installed
from .leading import DEFAULT_PREFIX, Leading
from .look import Look
from .registry import PAGES
from .rendering import Renderer, renderer
from .setting import Setting
from .site import PagesSite
from .texts import Words, words_by_locale

_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)+")
_NONE: Mapping[str, Texts] = {}


@dataclass(frozen=True, kw_only=True)
class Pages(Leading):
    """Options of the pages."""

    id: ClassVar[str] = "pages"

    name: str | None = None
    """What the site is called. None: `Auth(app_name=...)`."""
    logo: str | Path | None = None
    """A path on this site (`/static/logo.svg`), or a file (`pathlib.Path`), which is put into the
    pages: svg, png, webp or jpeg, at most 64 KiB."""
    colors: Colors | None = None
    """Colours by daylight; each may be given alone."""
    dark_colors: Colors | None = None
    """The same where the browser asks for dark ones."""
    css: str = field(default="", repr=False)
    """Rules behind ours, in every page."""
    templates: str | Path | None = None
    """A folder with templates of your own; each stands in place of ours of the same name."""
    texts: Mapping[str, Texts] = field(default_factory=lambda: _NONE, repr=False)
    """Texts by locale and key: in the place of ours, or in further languages."""
    after_sign_in: str = "/"
    """Where to go on to after signing in, up and so on, where nothing says so."""
    after_sign_out: str = "/"
    """The same after signing out."""
    _words: Mapping[str, Words] = field(init=False, repr=False, compare=False)
    _look: Look = field(init=False, repr=False, compare=False)
    _renderer: Renderer = field(init=False, repr=False, compare=False)
    _sites: dict[int, tuple[Configuration, PagesSite]] = field(
        default_factory=dict[int, tuple[Configuration, PagesSite]],
        init=False,
        repr=False,
        compare=False,
    )

    def __post_init__(self) -> None:
        if _PATH.fullmatch(self.prefix) is None:
            raise ConfigurationError(
                "Pages.prefix",
                f"{self.prefix!r} is no path",
                f"Give one such as {DEFAULT_PREFIX!r}",
            )
        check_flag("Pages.take_links", self.take_links)
        if self.name is not None:
            check_type("Pages.name", self.name, str)
        for option in ("colors", "dark_colors"):
            given = getattr(self, option)
            if given is not None:
                check_type(f"Pages.{option}", given, Colors)
        for option in ("after_sign_in", "after_sign_out"):
            _check_target(f"Pages.{option}", getattr(self, option))
        look = Look.of(self.colors, self.dark_colors, self.css, self.logo)
        object.__setattr__(self, "_words", words_by_locale(self.texts))
        object.__setattr__(self, "_look", look)
        object.__setattr__(self, "_renderer", renderer(self.templates))

    def endpoints(self) -> Iterator[Endpoint[Any, Any]]:
        """Its endpoints, below the prefix."""
        for own in super().endpoints():
            path = self.prefix + own.path.removeprefix(DEFAULT_PREFIX)
            yield msgspec.structs.replace(own, path=path)

    def adapt(self, feature: Plugin) -> Plugin:
        """Links that ask first lead to a page that looks like the others."""
        if not isinstance(feature, ConfirmationPages):
            return feature
        own = feature.words is in_english
        words = self._translated if own else feature.words
        return replace(feature, words=words, draw=self._confirm)

    async def _translated(self, call: Call, texts: Texts) -> tuple[str, Texts]:
        return await self._site(call.config).translated(call, texts)

    async def _confirm(self, call: Call, asked: Confirmation) -> Response:
        return await self._site(call.config).confirm(call, asked)

    async def present(self, call: Call, error: APIError) -> Response | None:
        """Whatever goes wrong on the way to a page looks like one."""
        if call.path != self.prefix and not call.path.startswith(f"{self.prefix}/"):
            return None
        page = await self._site(call.config).refusal(call, error)
        # What has no endpoint may be kept otherwise.
        kept = call.endpoint is None
        return page.with_headers(("cache-control", "no-store")) if kept else page

    def _site(self, config: Configuration) -> PagesSite:
        """The pages of a configuration."""
        known = self._sites.get(id(config))
        if known is None:
            known = self._sites.setdefault(id(config), (config, self._made(config)))
        return known[1]

    def _made(self, config: Configuration) -> PagesSite:
        installed = Installed.by(config)
        pages = {page.path: page for page in PAGES if page.is_offered(installed)}
        setting = Setting(
            name=self.name or config.options.app_name,
            prefix=self.prefix,
            look=self._look,
            renderer=self._renderer,
            words=self._words,
            after_sign_in=self.after_sign_in,
            after_sign_out=self.after_sign_out,
            installed=installed,
            offers=frozenset(pages),
        )
        return PagesSite(setting, pages)

    @get(DEFAULT_PREFIX, page=True)
    async def show_first_page(self, call: Call) -> Response:
        """Where one begins: the account, or the page to sign in with."""
        return await self._site(call.config).answer(call, "", submitted=False)

    @get(f"{DEFAULT_PREFIX}/:page", page=True)
    async def show_page(self, call: Call) -> Response:
        """A page. One that is not there, or whose plugin is not, is answered 404."""
        return await self._answer(call, submitted=False)

    @post(f"{DEFAULT_PREFIX}/:page", form=True, page=True, check_login_csrf=True)
    async def submit_page(self, call: Call) -> Response:
        """The form of a page: the next page (303), or the same with what is wrong (4xx)."""
        return await self._answer(call, submitted=True)

    @get(f"{DEFAULT_PREFIX}/:group/:page", page=True)
    async def show_page_of_group(self, call: Call) -> Response:
        """A page whose address has two parts, of the account say."""
        return await self._answer(call, submitted=False)

    @post(f"{DEFAULT_PREFIX}/:group/:page", form=True, page=True, check_login_csrf=True)
    async def submit_page_of_group(self, call: Call) -> Response:
        """The form of such a page."""
        return await self._answer(call, submitted=True)

    async def _answer(self, call: Call, *, submitted: bool) -> Response:
        path = "/".join(call.params[name] for name in ("group", "page") if name in call.params)
        return await self._site(call.config).answer(call, path, submitted=submitted)


def _check_target(option: str, target: object) -> None:
    if isinstance(target, str) and target.isprintable():
        url = parse_url(target)
        if is_safe_relative(target) or (url is not None and url.is_web):
            return
    remedy = "Give a path such as '/welcome', or a whole URL"
    raise ConfigurationError(option, f"{target!r} leads nowhere", remedy)


class PagesAPI(ServerAPI[M, U]):
    """Its functions in `auth.api`."""

    show_first_page: EndpointCall[M, None, Response]
    """Where one begins: the account, or the page to sign in with."""
    show_page: EndpointCall[M, None, Response]
    """A page. One that is not there, or whose plugin is not, is answered 404."""
    submit_page: EndpointCall[M, None, Response]
    """The form of a page: the next page (303), or the same with what is wrong (4xx)."""
    show_page_of_group: EndpointCall[M, None, Response]
    """A page whose address has two parts, of the account say."""
    submit_page_of_group: EndpointCall[M, None, Response]
    """The form of such a page."""
