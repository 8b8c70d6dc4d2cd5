"""`request.user`: who is signed in, as everything that is made for Django's users expects it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from django.apps import apps
from django.conf import settings
from django.http import HttpRequest
from django.utils.module_loading import import_string

from watchword.errors import APIError
from watchword.records import Session, User
from watchword.results import SessionAndUser

if TYPE_CHECKING:
    from watchword.auth import Auth
    from watchword.plugins.admin import OwnRights

U = TypeVar("U", bound=User)


@dataclass(frozen=True, slots=True)
class Rights:
    """What somebody may do at this moment."""

    roles: tuple[str, ...] = ()
    permissions: frozenset[str] = frozenset()
    """As Django spells them: `resource.action`."""

    @classmethod
    def of(cls, found: OwnRights) -> Rights:
        """Those that plugin `Admin` tells."""
        pairs = ((name, action) for name, all_ in found.permissions.items() for action in all_)
        return cls(tuple(found.roles), frozenset(f"{name}.{action}" for name, action in pairs))


NO_RIGHTS = Rights()


def tells_rights(auth: Auth[Any]) -> bool:
    """Whether a server has roles and permissions: plugin `Admin`."""
    return "own_rights" in auth.endpoints


def none_for(refusal: APIError) -> Rights:
    """The rights of who is refused: banned, or not signed in any more. Raises other errors."""
    if refusal.status not in (401, 403):
        raise refusal
    return NO_RIGHTS


class Asking(Protocol):
    """Who asks for the rights of who is behind the request."""

    def rights(self) -> Rights: ...

    async def arights(self) -> Rights: ...


class Permitted:
    """Permissions, by the names of Django's methods. Objects are not told apart."""

    _asking: Asking

    def get_all_permissions(self, obj: object = None) -> set[str]:
        """What plugin `Admin` allows at this moment, as `resource.action`."""
        return set(self._asking.rights().permissions)

    async def aget_all_permissions(self, obj: object = None) -> set[str]:
        """`get_all_permissions`, awaited."""
        return set((await self._asking.arights()).permissions)

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """Whether this is allowed: `"project.create"`."""
        return perm in self._asking.rights().permissions

    async def ahas_perm(self, perm: str, obj: object = None) -> bool:
        """`has_perm`, awaited."""
        return perm in (await self._asking.arights()).permissions

    def has_perms(self, perm_list: Iterable[str], obj: object = None) -> bool:
        """Whether all of these are allowed."""
        return self._asking.rights().permissions.issuperset(_names(perm_list))

    async def ahas_perms(self, perm_list: Iterable[str], obj: object = None) -> bool:
        """`has_perms`, awaited."""
        return (await self._asking.arights()).permissions.issuperset(_names(perm_list))

    def has_module_perms(self, app_label: str) -> bool:
        """Whether anything is allowed on a resource."""
        return _any_of(self._asking.rights(), app_label)

    async def ahas_module_perms(self, app_label: str) -> bool:
        """`has_module_perms`, awaited."""
        return _any_of(await self._asking.arights(), app_label)


class SignedInUser(Permitted, Generic[U]):
    """`request.user` of somebody who is signed in; fields of the record are attributes too.

    `is_staff` and `is_superuser` are False: the admin site wants rows of Django's own users, which
    `WatchwordBackend` makes.
    """

    is_authenticated = True
    is_anonymous = False
    is_active = True
    is_staff = False
    is_superuser = False

    def __init__(self, found: SessionAndUser[U], asking: Asking) -> None:
        self.record = found.user
        """The user's record, of the type given to `Auth`."""
        self.session: Session = found.session
        self._asking = asking

    @property
    def pk(self) -> str:
        """The user's id."""
        return self.record.id

    @property
    def username(self) -> str:
        """The user name, with plugin `Username`; otherwise the e-mail address."""
        return self.get_username()

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles at this moment, with plugin `Admin`."""
        return self._asking.rights().roles

    def get_username(self) -> str:
        """The user name, with plugin `Username`; otherwise the e-mail address."""
        return getattr(self.record, "username", None) or self.record.email

    def get_full_name(self) -> str:
        """The name."""
        return self.record.name

    def get_short_name(self) -> str:
        """The name."""
        return self.record.name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name == "record":
            raise AttributeError(name)
        return getattr(self.record, name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SignedInUser) and other.pk == self.pk

    def __hash__(self) -> int:
        return hash(self.pk)

    def __str__(self) -> str:
        return self.get_username()

    def __repr__(self) -> str:
        return f"<SignedInUser {self.pk}>"


class Nobody:
    """`request.user` of nobody, in projects without `django.contrib.auth`."""

    id = None
    pk = None
    username = ""
    is_authenticated = False
    is_anonymous = True
    is_active = False
    is_staff = False
    is_superuser = False

    def get_username(self) -> str:
        """Nothing."""
        return ""

    def get_all_permissions(self, obj: object = None) -> set[str]:
        """None."""
        return set()

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """No."""
        return False

    def has_perms(self, perm_list: Iterable[str], obj: object = None) -> bool:
        """No, unless nothing is asked for."""
        return not list(_names(perm_list))

    def has_module_perms(self, app_label: str) -> bool:
        """No."""
        return False

    async def ahas_perm(self, perm: str, obj: object = None) -> bool:
        """No."""
        return False

    async def ahas_perms(self, perm_list: Iterable[str], obj: object = None) -> bool:
        """No, unless nothing is asked for."""
        return self.has_perms(perm_list)

    async def ahas_module_perms(self, app_label: str) -> bool:
        """No."""
        return False

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Nobody)

    def __hash__(self) -> int:
        return 1

    def __str__(self) -> str:
        return "AnonymousUser"


def user_of(found: SessionAndUser[Any] | None, asking: Asking, http: HttpRequest) -> Any:
    """What `request.user` is for who is signed in, or for nobody (None)."""
    if not apps.is_installed("django.contrib.auth"):
        return Nobody() if found is None else SignedInUser(found, asking)
    if found is None:
        return import_string("django.contrib.auth.models.AnonymousUser")()
    backend = mapping_backend()
    if backend is None:
        return SignedInUser(found, asking)
    return backend.user_for(found.user, http, asking)


def mapping_backend() -> Any:
    """The `WatchwordBackend` of the setting AUTHENTICATION_BACKENDS, None if it has none."""
    for path in settings.AUTHENTICATION_BACKENDS:
        found = import_string(path)
        if hasattr(found, "user_for"):
            return found()
    return None


def _names(given: Iterable[str]) -> Iterable[str]:
    if isinstance(given, str):
        raise ValueError("give a list of permissions, not a text")
    return given


def _any_of(rights: Rights, label: str) -> bool:
    return any(name.startswith(f"{label}.") for name in rights.permissions)
