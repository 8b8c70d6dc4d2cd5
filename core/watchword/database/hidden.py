"""Hidden fields of a record: kept where nothing that encodes a struct looks.

msgspec, and whatever builds on it, encodes all fields of a struct, whoever asks. So the values of
`Column(returned=False)` are moved out of the fields as soon as a record exists (`UNSET` stays,
which encoders leave out), and attribute access finds them where they are. This holds for every
encoder, not only for those that ask a class what it hides (spec: security W7).

Copies keep them: `copy`, `pickle`, `replaced`. What copies fields without asking the class
(`msgspec.structs.replace`, `asdict`) does not, and a value that is missing raises when it is read:
no default may be taken for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from copy import copy
from functools import cache, wraps
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

import msgspec
from msgspec import UNSET

from watchword.http.json import jsonable

T = TypeVar("T")


class Slot(Protocol):
    """The descriptor of a field's own place in a struct."""

    def __get__(self, instance: object, owner: type | None = None) -> Any: ...

    def __set__(self, instance: object, value: object) -> None: ...


class Shown:
    """`dict(record)` is what a client may see of it, with the names and dates of the wire."""

    __slots__ = ()

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        return iter(jsonable(self).items())

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> dict[str, object]:
        """The same to Pydantic and what builds on it, where a type is named: `-> User`."""
        shown = {"type": "function-plain", "function": jsonable}
        return {"type": "is-instance", "cls": cls, "serialization": shown}

    @property
    def __pydantic_serializer__(self) -> object:
        """The same to Pydantic where no type is named: `-> Any`, `-> dict[str, Any]`."""
        return _serializer_of_pydantic()

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: object, handler: object) -> dict[str, object]:
        return {"type": "object", "title": cls.__name__}


def public(record: msgspec.Struct, *, snake_case: bool = False) -> dict[str, Any]:
    """What a client may see of a record, or of a result with records, as plain JSON values.

    Dates are texts; names are those of the wire, or of the attributes. Raises `TypeError` for
    anything else than a struct.
    """
    if not isinstance(record, msgspec.Struct):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"a {type(record).__name__} is no record")
    shown: dict[str, Any] = jsonable(record)
    return _renamed(record, shown) if snake_case else shown


def _renamed(value: Any, shown: Any) -> Any:
    """What is shown of a value, structs in it by the names of their attributes."""
    if isinstance(value, msgspec.Struct):
        names = dict(zip(value.__struct_encode_fields__, value.__struct_fields__, strict=True))
        return {
            names[wire]: _renamed(getattr(value, names[wire]), item) for wire, item in shown.items()
        }
    if isinstance(value, list | tuple):
        pairs = zip(cast("list[Any]", value), shown, strict=True)
        return [_renamed(one, item) for one, item in pairs]
    return shown


@cache
def _serializer_of_pydantic() -> object:
    # Only Pydantic asks for it.
    from pydantic_core import SchemaSerializer, core_schema

    shown = core_schema.plain_serializer_function_ser_schema(jsonable)
    return SchemaSerializer(core_schema.any_schema(serialization=shown))


class Keeping(Shown):
    """Stands before `msgspec.Struct`, and has the place for what is hidden."""

    __slots__ = ("_kept",)
    _kept: dict[str, object]

    if not TYPE_CHECKING:  # checkers take the signatures from the struct

        def __eq__(self, other: object) -> bool:
            same = super().__eq__(other)
            return kept_of(self) == kept_of(other) if same is True else same

        __hash__ = None  # as of all structs that can change

        def __copy__(self) -> Any:
            made = super().__copy__()
            if kept := kept_of(self):
                made._kept = dict(kept)
            return made

        def __replace__(self, **changes: object) -> Any:
            return replaced(self, **changes)

        def __reduce__(self) -> Any:
            names = type(self).__struct_fields__
            kept = kept_of(self)
            fields = {name: getattr(self, name) for name in names if name not in kept}
            return _restored, (type(self), fields, kept)


def kept_of(record: object) -> dict[str, object]:
    """The hidden values of a record, by attribute name."""
    return getattr(record, "_kept", None) or {}


def replaced(record: T, **changes: object) -> T:
    """A copy of a record with some attributes changed; what is hidden comes along."""
    made = copy(record)
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def _restored(kind: type[Any], fields: dict[str, object], kept: dict[str, object]) -> Any:
    made = kind(**fields, **kept)
    for name, value in (fields | kept).items():
        setattr(made, name, value)  # whatever a `__post_init__` made of it
    return made


class HiddenField:
    """Attribute access to a hidden value."""

    def __init__(self, name: str, slot: Slot) -> None:
        self._name = name
        self.slot = slot

    def __get__(self, record: Any, owner: type | None = None) -> Any:
        if record is None:
            return self
        kept = kept_of(record)
        value = kept[self._name] if self._name in kept else self.slot.__get__(record)
        if value is UNSET:
            raise AttributeError(
                f"{type(record).__name__}.{self._name} is hidden and did not come along in this "
                "copy; copy records with copy.copy(record) and set what changes"
            )
        return value

    def __set__(self, record: Any, value: object) -> None:
        record._kept = {**kept_of(record), self._name: value}
        self.slot.__set__(record, UNSET)


def keep_hidden(cls: type[Any], names_of: Callable[[type[Any]], Iterable[str]]) -> None:
    """Make a new record class keep what `names_of` says; also where that cannot be said yet."""
    try:
        if not list(names_of(cls)):
            return
    except NameError:
        pass  # An annotation names what is declared further down.
    before = getattr(cls, "__post_init__", None)
    if "__post_init__" in vars(cls) or not hasattr(before, "keeps_hidden"):
        cls.__post_init__ = _keeping(before, names_of)


def _keeping(
    before: Callable[[Any], None] | None, names_of: Callable[[type[Any]], Iterable[str]]
) -> Callable[[Any], None]:
    @cache
    def fields_of(kind: type[Any]) -> tuple[HiddenField, ...]:
        return tuple(_fields(kind, names_of))

    def keep(record: Any) -> None:
        if before is not None:
            before(record)
        for field in fields_of(cast("type[Any]", type(record))):
            value = field.slot.__get__(record)
            if value is not UNSET:
                field.__set__(record, value)

    made = keep if before is None else wraps(before)(keep)
    cast("Any", made).keeps_hidden = True
    return made


def _fields(
    cls: type[msgspec.Struct], names_of: Callable[[type[Any]], Iterable[str]]
) -> Iterator[HiddenField]:
    names = list(names_of(cls))
    wires = dict(zip(cls.__struct_fields__, cls.__struct_encode_fields__, strict=True))
    cast("Any", cls).__hidden__ = frozenset(wires[name] for name in names)
    for name in names:
        home = next(base for base in cls.__mro__ if name in vars(base))
        found = vars(home)[name]
        if not isinstance(found, HiddenField):
            found = HiddenField(name, found)
            setattr(home, name, found)
        yield found
