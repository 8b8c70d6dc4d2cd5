"""Rows of Django's own users for those of watchword: for foreign keys, and for the admin site.

    AUTHENTICATION_BACKENDS = ["watchword.adapters.django.backends.WatchwordBackend"]

With it `request.user` is an object of AUTH_USER_MODEL, made with the first request of somebody who
is signed in. It never has a password: signing in is watchword's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, cast

from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured
from django.db import models
from django.http import HttpRequest

from watchword.records import User

from .users import Asking

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractUser

_OWN_FIELD = "watchword_id"
_VISIT = "watchword"


class Visiting(Asking, Protocol):
    """What a backend is told of who is signed in: `visit.rights().roles`, say."""


class WatchwordBackend(ModelBackend):
    """Finds, makes and refreshes the row of who is signed in.

    A row is known by the user's id, in a field `watchword_id` (unique) if the model has one,
    otherwise in its USERNAME_FIELD; `link_field` names another one. A subclass says with
    `fields_for` what more a row takes from watchword, such as `is_staff`.
    """

    link_field: ClassVar[str | None] = None

    def authenticate(self, request: Any, *args: Any, **credentials: Any) -> None:
        """Nobody: there is no other way in than watchword's."""
        return None

    async def aauthenticate(self, request: Any, *args: Any, **credentials: Any) -> None:
        """Nobody."""
        return None

    def fields_for(self, record: User, visit: Visiting) -> Mapping[str, object]:
        """What a row has of the user's record, kept as it is there: address and name."""
        return {_model().get_email_field_name(): record.email, "first_name": record.name}

    def user_for(self, record: User, http: HttpRequest, visit: Visiting) -> Any:
        """The row of who is signed in; nobody where Django says that it is not active.

        Raises `ImproperlyConfigured` for a row that was somebody's before, and as `check_link`.
        """
        self.check_link()
        wanted = self._fitting(self.fields_for(record, visit))
        user = self._row(record, wanted)
        changed = [name for name, value in wanted.items() if getattr(user, name) != value]
        for name in changed:
            setattr(user, name, wanted[name])
        if changed:
            user.save(update_fields=changed)
        if not self.user_can_authenticate(user):
            return AnonymousUser()
        kept: Any = user
        kept.backend = f"{type(self).__module__}.{type(self).__qualname__}"
        setattr(kept, _VISIT, visit)
        return kept

    def check_link(self) -> None:
        """Whether rows can be known again. Raises `ImproperlyConfigured` where the field that has
        the id is that of the address, by which nobody must be known: it changes."""
        model, link = _model(), self._link()
        if link == model.get_email_field_name():
            raise ImproperlyConfigured(
                f"{model.__name__} has only its {link} to be known by; give the model a field "
                f"{_OWN_FIELD} = CharField(max_length=255, unique=True, null=True)"
            )

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """Those that Django has given, and what plugin `Admin` allows at this moment."""
        found = super().get_all_permissions(user_obj, obj)
        visit: Visiting | None = getattr(user_obj, _VISIT, None)
        return found if visit is None or obj is not None else {*found, *visit.rights().permissions}

    async def aget_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """`get_all_permissions`, awaited."""
        found: set[str] = await cast("Any", super()).aget_all_permissions(user_obj, obj)
        visit: Visiting | None = getattr(user_obj, _VISIT, None)
        if visit is None or obj is not None:
            return found
        return {*found, *(await visit.arights()).permissions}

    def _row(self, record: User, wanted: Mapping[str, object]) -> AbstractUser:
        model, link = _model(), self._link()
        user, made = model._default_manager.get_or_create(
            **{link: record.id}, defaults={**wanted, "password": "!"}
        )
        if not made and link == model.USERNAME_FIELD and user.has_usable_password():
            raise ImproperlyConfigured(
                f"{model.__name__} has a row of somebody with a password whose {link} is the id of "
                f"a user of watchword; give the model a field {_OWN_FIELD} to tell them apart"
            )
        return user

    def _link(self) -> str:
        if self.link_field is not None:
            return self.link_field
        return _OWN_FIELD if _has(_OWN_FIELD) else _model().USERNAME_FIELD

    def _fitting(self, given: Mapping[str, object]) -> dict[str, object]:
        """What the model has a field for; texts no longer than that, addresses whole or not at
        all."""
        return {name: _cut(name, value) for name, value in given.items() if _has(name)}


def _model() -> type[AbstractUser]:
    return cast("type[AbstractUser]", get_user_model())


def _has(name: str) -> bool:
    try:
        _model()._meta.get_field(name)
    except FieldDoesNotExist:
        return False
    return True


def _cut(name: str, value: object) -> object:
    field = cast("models.Field[Any, Any]", _model()._meta.get_field(name))
    if not isinstance(value, str) or field.max_length is None or len(value) <= field.max_length:
        return value
    # The beginning of an address is somebody else's.
    return "" if name == _model().get_email_field_name() else value[: field.max_length]
