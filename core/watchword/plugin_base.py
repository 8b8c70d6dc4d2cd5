"""What a plugin is: one class that holds options, records, endpoints, hooks, codes and rules.

Subclass `Plugin` as a frozen dataclass; its fields are its options. Endpoints are methods
decorated with `get`/`post` (see `watchword.endpoint`), hooks are methods decorated with `before`,
`gate`, `after`, `on_request` and `on_response`. Everything is collected once, when `Auth` is built.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar, cast

import msgspec

from watchword.configuration.options import RateLimitRule
from watchword.configuration.safe_ranges import Safe
from watchword.database.hooks import ModelHooks
from watchword.database.records import Record
from watchword.http.globs import path_glob
from watchword.http.response import Response

from .credential import Credential
from .endpoint import Endpoint
from .errors import APIError, ErrorCodes
from .records import Session, User

if TYPE_CHECKING:
    from .call import Call

P = TypeVar("P")
HookMethod = Callable[[P, "Call"], Coroutine[Any, Any, object]]
Letters = Mapping[str, Callable[[Any], object]]
"""By option, what makes a `Letter` of what its callback gets."""
Stage = Literal["before", "gate", "after", "on_request", "on_response"]
Place = Literal["first", "early", "middle", "last"]


@dataclass(frozen=True, slots=True)
class Hook:
    """A method of a plugin that runs at a stage of the pipeline, for paths that match."""

    stage: Stage
    patterns: tuple[str, ...]
    method: Callable[..., Coroutine[Any, Any, object]]
    new_session: bool = False
    """Whether it is left out where the call neither established nor renewed a session."""
    sets_cookies: bool = False
    """Whether it is left out where the call has set no cookie."""
    place: Place = "middle"
    """Where it stands among the hooks of its stage, the application's included."""

    def matches(self, path: str) -> bool:
        """Whether the hook runs for an endpoint's declared path; `*` matches any characters."""
        return any(path_glob(pattern).fullmatch(path) for pattern in self.patterns)


def _hook(stage: Stage, *patterns: str) -> Callable[[HookMethod[P]], Hook]:
    return lambda method: Hook(stage, patterns, method)


def before(pattern: str = "*") -> Callable[[HookMethod[P]], Hook]:
    """Run before endpoints whose declared path matches, on the parsed, unvalidated input.

    Return a `Change` to alter the input, None to go on, or anything else to make that the
    response. Raise `APIError` to refuse.
    """
    return _hook("before", pattern)


def gate(*patterns: str) -> Callable[[HookMethod[P]], Hook]:
    """Run right before such endpoints (none given: all), once input, session, CSRF and URLs are in
    order.

    Raise `APIError` to refuse; return values are not looked at. One of the patterns at least must
    match an endpoint.
    """
    return _hook("gate", *(patterns or ("*",)))


def after(
    pattern: str = "*",
    *,
    new_session: bool = False,
    sets_cookies: bool = False,
    place: Place = "middle",
) -> Callable[[HookMethod[P]], Hook]:
    """Run after such endpoints, with `call.returned` set (a value or an `APIError`).

    A return value other than None replaces the response's. With `new_session` it only runs where
    `call.new_session` is set, with `sets_cookies` where any cookie is, a session's that was taken
    back included; all other calls cost nothing. `first` is for what may take the
    session back: no other hook, not even the application's, sees it before. `early` comes right
    behind that: for what belongs to the sign-in itself. `last` is for what gives away all that the
    others set, wherever its plugin stands in the list.
    """
    return lambda method: Hook("after", (pattern,), method, new_session, sets_cookies, place)


def on_request() -> Callable[[HookMethod[P]], Hook]:
    """Run for every HTTP request before routing; may return a `Response` to end it."""
    return _hook("on_request", "*")


def on_response() -> Callable[[HookMethod[P]], Hook]:
    """Run for every HTTP response (`call.outgoing`); may return another `Response`."""
    return _hook("on_response", "*")


@dataclass(frozen=True, slots=True)
class RateRule:
    """A plugin's own limit for paths that match (`*` matches any characters)."""

    pattern: str
    rule: RateLimitRule


@dataclass(frozen=True, kw_only=True)
class Plugin:
    """Base of all plugins and of the core's own features."""

    id: ClassVar[str] = ""
    codes: ClassVar[type[ErrorCodes]] = ErrorCodes
    records: ClassVar[tuple[type[Record], ...]] = ()
    """Tables of its own; `tables()` says which of them its options need."""
    extends: ClassVar[Mapping[type[Record], type[msgspec.Struct]]] = {}
    """Fields that it adds to records of the core, as structs: all that any options of its add."""
    lent_by: ClassVar[tuple[str, ...]] = ()
    """Fields that it adds to sessions and that, where they are set, say that a session is in the
    hands of somebody else than its user. Such a session is neither fresh nor renewed, and one that
    is made from it has the fields as well."""
    requires: ClassVar[tuple[type[Plugin], ...]] = ()
    """Plugins that must be installed as well; a subclass of one will do. `Auth` refuses to start
    without, and `call.config.plugin(kind)` gives them."""
    letters: ClassVar[Letters] = {}
    """The options by which it mails, and what makes a `Letter` of what each of them gets. Where
    there is `Auth(mail=...)`, the server's own mailer stands in for those that are not given."""
    safe: ClassVar[Mapping[str, Safe]] = {}
    """Values of its options that may go into production, by field; for `watchword doctor`."""

    def rate_rules(self) -> Sequence[RateRule]:
        """Limits for its paths."""
        return ()

    def credentials(self) -> Sequence[Credential]:
        """What else than the session cookie says who is asking, where it is installed."""
        return ()

    def admitting_headers(self) -> Sequence[str]:
        """Headers, beside those of credentials, that open routes of the application's: what these
        answer must not be kept for others, so that `Vary` names them."""
        return ()

    def tables(self) -> Sequence[type[Record]]:
        """Its tables with these options, in an order in which they can be created: usually all
        `records`. A class of the application's may stand for one that it extends."""
        return self.records

    def added_fields(self) -> Mapping[type[Record], type[msgspec.Struct]]:
        """What it adds to records with these options: usually all that it `extends`, never more."""
        return self.extends

    def database_hooks(self) -> Mapping[str, ModelHooks]:
        """Hooks around writes, by model name."""
        return {}

    def trusted_origins(self) -> Sequence[str]:
        """Origins that it adds to the trusted ones."""
        return ()

    def provider_ids(self) -> Sequence[str]:
        """The ids of the identity providers that it signs people in with.

        Options that name a provider are held against those of all plugins.
        """
        return ()

    def mails_links(self) -> Sequence[str]:
        """The options by which it mails links to this server, as they are set.

        With any, `Auth` refuses to start in production where any host that a request names is
        believed: the links would lead there.
        """
        return ()

    def vouches_by_origin(self) -> Sequence[str]:
        """The options that are not given, so that what it signs for other servers says this
        server's origin.

        With any, `Auth` refuses to start in production where any host that a request names is
        believed: whoever asks could choose what is vouched for.
        """
        return ()

    def named_paths(self) -> Sequence[str]:
        """The paths, or patterns of them, that its options name. `Auth` refuses to start with one
        that no endpoint has."""
        return ()

    def form_headers(self) -> Mapping[str, str]:
        """Fields of forms that endpoints know as headers: names of fields to those of headers, in
        lower case. For forms that are submitted for a browser (`Auth.submit`)."""
        return {}

    def needs(self) -> Sequence[tuple[str, str]]:
        """Options, as they are set, that are nothing without something else: the id of another
        plugin, `secondary_storage` or `database`. `Auth` refuses to start without."""
        return ()

    def adapt(self, feature: Plugin) -> Plugin:
        """What a feature of the core becomes where this plugin is installed: usually itself."""
        return feature

    def promise_life(self) -> int:
        """Seconds that a link or code of its may live (0: it mails none).

        What ends promises early is noted for as long as the longest of them lives.
        """
        return 0

    async def admit(self, call: Call, session: Session) -> None:
        """Look at a session that was just stored, whatever began it; hold the user while looking.

        Raise `APIError`, and the session ends before anybody has it.
        """

    async def reword(self, call: Call, error: APIError) -> APIError:
        """What clients are told of an error, whatever raised it: usually the error itself."""
        return error

    async def present(self, call: Call, error: APIError) -> Response | None:
        """The page that a browser is shown for an error of a request for one of its own paths,
        whatever raised it; it may come before anything of the request was looked at. Usually None:
        errors are JSON."""
        return None

    async def vet(self, call: Call, user: User, session: Session | None) -> None:
        """Look at who comes to a guarded route of the application, as the database has him now, and
        at the session that he comes with; None: something else stands for him, a key of his say.

        Raise `APIError` to refuse, whatever the user's rights are: one who is banned.
        """

    async def give_to_owner(self, call: Call, user: User) -> None:
        """Take away what it keeps of a user whose address nobody had proven, and whose owner was
        just found: a stranger may have left it. Called in a transaction that holds the user."""
        await self.end_ways_in(call, user)

    async def end_ways_in(self, call: Call, user: User) -> None:
        """Take away what anybody could use the account with: a passkey, a key for programs. Called
        in a transaction that holds the user."""

    async def lets_in(self, call: Call, user: User) -> bool:
        """Whether a user can sign in again with what it keeps of him: a passkey, say."""
        return False

    def check_guard(self, function: str, asked: Mapping[str, object]) -> None:
        """Look at what a guard of the application's own routes will ask a function of its for.

        Raise `ConfigurationError` for what nobody could have: a role that does not exist, say.
        """

    def endpoints(self) -> Iterator[Endpoint[Any, Any]]:
        """Its endpoints, in order of declaration, base classes first."""
        return endpoints_of(type(self))

    def hooks(self, stage: Stage) -> Iterator[Hook]:
        """Its hooks of one stage, in order of declaration."""
        return (hook for hook in hooks_of(type(self)) if hook.stage == stage)


def endpoints_of(plugin: type[Plugin]) -> Iterator[Endpoint[Any, Any]]:
    """All that a plugin declares, whatever its options leave out; base classes first."""
    for item in _members(plugin):
        if isinstance(item, Endpoint):
            yield cast("Endpoint[Any, Any]", item)


def hooks_of(plugin: type[Plugin]) -> Iterator[Hook]:
    """Its hooks, in order of declaration."""
    for item in _members(plugin):
        if isinstance(item, Hook):
            yield item


def _members(cls: type[object]) -> Iterator[object]:
    names = dict.fromkeys(name for base in reversed(cls.__mro__) for name in vars(base))
    return (getattr(cls, name) for name in names if not name.startswith("__"))
