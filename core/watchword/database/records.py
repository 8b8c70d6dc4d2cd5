"""Record classes: a table described once, as a typed class.

    class User(Record, kw_only=True):
        __model__ = "user"
        email: Annotated[str, Column(unique=True, sortable=True)]
        email_verified: Annotated[bool, Column(input=False)] = False

Attributes are snake_case; the logical names (wire, storage) are their camelCase. A field is
required unless its type admits None; the default of the attribute is the default at creation.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Annotated, Any, ClassVar, Literal

import msgspec

from watchword.discreet import Discreet
from watchword.errors import ConfigurationError

from .hidden import Keeping, keep_hidden
from .schema import Field, FieldType, Index, Model, Reference


class Column(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """What a type annotation cannot say about a field. Used inside `Annotated`.

    Type constraints (lengths, patterns, ranges) are `msgspec.Meta` beside it.
    """

    unique: bool = False
    index: bool = False
    sortable: bool = False
    references: str | None = None
    """`model.field` of the referenced row; deleted with it."""
    input: bool = True
    """Whether a client may set the field where free-form fields are taken."""
    returned: bool = True
    """Whether the field is seen by clients. Where not, nothing that encodes the record has it:
    no answer, no cookie, no encoder of msgspec or of a framework. Code reads it as any other."""
    now: Literal["create", "write"] | None = None
    """Filled with the current time at creation, or at every write that does not set it."""
    now_in_database: bool = True
    """Whether such a column has the current time as its default in the database too."""
    bigint: bool = False
    inherited: bool = False
    """Of sessions: whether one that is made from another one, without a new proof, has its value.
    For what says how its person was proven."""
    name: str | None = None
    """Physical column name, where it differs."""
    validator: Callable[[Any], object] | None = None
    """Gets what a client gave, after its type was checked, and returns what is stored; or raises
    `ValueError` with a message for the client. Not `async def`."""

    def __post_init__(self) -> None:
        if inspect.iscoroutinefunction(self.validator):
            raise ConfigurationError(
                "Column.validator", "an async function cannot be awaited here", "Give a plain one"
            )


_PLAIN = Column()


class Record(Keeping, Discreet, msgspec.Struct, kw_only=True, rename="camel"):
    """Base of all record classes: one row, with its `id`."""

    __model__: ClassVar[str] = ""
    __indexes__: ClassVar[tuple[Index, ...]] = ()
    """Indexes over several fields, by their wire names."""
    __hidden__: ClassVar[frozenset[str]] = frozenset()
    """Wire names that are left out whenever a record is encoded; known as soon as there is a
    record."""
    id: str

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        keep_hidden(cls, _hidden_names)


def _hidden_names(cls: type[object]) -> list[str]:
    hints = typing.get_type_hints(cls, include_extras=True)
    return [name for name, hint in hints.items() if not _column(hint).returned]


def _column(hint: object) -> Column:
    extras = typing.get_args(hint) if typing.get_origin(hint) is Annotated else ()
    return next((extra for extra in extras if isinstance(extra, Column)), _PLAIN)


class Attribute(Discreet, msgspec.Struct, frozen=True):
    """One attribute of a record class: how Python, wire and database see it."""

    name: str
    wire: str
    annotation: object
    column: Column
    field: Field
    required: bool
    default: Callable[[], object] | None

    @property
    def optional(self) -> bool:
        """Whether None is a value of this attribute."""
        return not self.field.required


@cache
def attributes_of(cls: type[msgspec.Struct]) -> tuple[Attribute, ...]:
    """The attributes of a record class but `id`: inherited first, each in order of declaration."""
    hints = typing.get_type_hints(cls, include_extras=True)
    infos = {info.name: info for info in msgspec.structs.fields(cls)}
    ordered = [
        name
        for base in reversed(cls.__mro__)
        for name in vars(base).get("__annotations__", {})
        if name in infos and name != "id"
    ]
    for name in ordered:
        _check_type(f"{cls.__name__}.{name}", hints[name])
    return tuple(_attribute(infos[name], hints[name]) for name in dict.fromkeys(ordered))


def _check_type(option: str, hint: object) -> None:
    """Raise `ConfigurationError` for a type that no value could be held against."""
    try:
        msgspec.json.Decoder(hint)
    except TypeError as error:
        raise ConfigurationError(
            option, str(error), "Constrain each type itself: Annotated[str, Meta(...)] | None"
        ) from None


def _attribute(info: msgspec.structs.FieldInfo, hint: object) -> Attribute:
    column = _column(hint)
    bare = typing.get_args(hint)[0] if typing.get_origin(hint) is Annotated else hint
    kind, optional = _field_type(bare, column)
    default = _default_of(info)
    constant = default() if default is not None else None
    field = Field(
        name=info.encode_name,
        type=kind,
        required=not optional,
        unique=column.unique,
        index=column.index,
        sortable=column.sortable,
        references=_reference(column.references),
        default=constant if isinstance(constant, str | int | float | bool) else None,
        default_now=column.now is not None and column.now_in_database,
        column=column.name,
    )
    return Attribute(
        name=info.name,
        wire=info.encode_name,
        annotation=hint,
        column=column,
        field=field,
        required=not optional and default is None and column.now is None,
        default=default,
    )


def _default_of(info: msgspec.structs.FieldInfo) -> Callable[[], object] | None:
    if info.default is not msgspec.NODEFAULT:
        value: object = info.default
        return lambda: value
    if info.default_factory is not msgspec.NODEFAULT:
        return info.default_factory
    return None


def _reference(text: str | None) -> Reference | None:
    if text is None:
        return None
    model, _, field = text.partition(".")
    return Reference(model, field or "id")


def _field_type(hint: object, column: Column) -> tuple[FieldType, bool]:
    arms = [arm for arm in _union(hint) if arm is not type(None)]
    optional = len(arms) != len(_union(hint))
    kinds = {_scalar_type(arm, column) for arm in arms}
    return (kinds.pop() if len(kinds) == 1 else FieldType.JSON), optional


def _union(hint: object) -> tuple[object, ...]:
    import_origin = typing.get_origin(hint)
    if import_origin is typing.Union or type(hint).__name__ == "UnionType":
        return typing.get_args(hint)
    return (hint,)


def _scalar_type(hint: object, column: Column) -> FieldType:
    if typing.get_origin(hint) is Annotated:
        hint = typing.get_args(hint)[0]
    if hint is bool:
        return FieldType.BOOLEAN
    if hint is int or hint is float:
        return FieldType.BIGINT if column.bigint else FieldType.NUMBER
    if hint is str or typing.get_origin(hint) is Literal:
        return FieldType.STRING
    if hint is datetime:
        return FieldType.DATE
    if hint == list[str]:
        return FieldType.STRING_LIST
    if hint == list[int] or hint == list[float]:
        return FieldType.NUMBER_LIST
    return FieldType.JSON


def model_of(cls: type[Record], *, table: str | None = None) -> Model:
    """The storage model that a record class describes."""
    fields = tuple(attribute.field for attribute in attributes_of(cls))
    # A subclass that declares some has those of its base as well.
    every = (one for base in reversed(cls.__mro__) for one in vars(base).get("__indexes__", ()))
    indexes = tuple(dict.fromkeys(every))
    return Model(name=cls.__model__, fields=fields, table=table, indexes=indexes)


def prepared(base: type[Record], extensions: Sequence[type[msgspec.Struct]]) -> type[Record]:
    """The class that stands for a model: `base` with what plugins add, hidden fields marked."""
    made = _extended(base, extensions)
    made.__hidden__ = frozenset(a.wire for a in attributes_of(made) if not a.column.returned)
    return made


def _extended(base: type[Record], extensions: Sequence[type[msgspec.Struct]]) -> type[Record]:
    known = {attribute.name: attribute for attribute in attributes_of(base)}
    fields: list[tuple[str, object, object]] = []
    for extension in extensions:
        for attribute in attributes_of(extension):
            if attribute.name in known:
                _check_redeclared(base, known[attribute.name], attribute)
            else:
                known[attribute.name] = attribute
                default = msgspec.field(default_factory=attribute.default or _none)
                fields.append((attribute.name, attribute.annotation, default))
    indexes = tuple(
        index for extension in extensions for index in getattr(extension, "__indexes__", ())
    )
    if not fields and not indexes:
        return base
    made = msgspec.defstruct(  # pyright: ignore[reportCallIssue]
        base.__name__,
        fields,  # pyright: ignore[reportArgumentType]
        bases=(base,),
        module=base.__module__,
        kw_only=True,
        rename="camel",
    )
    extended = typing.cast("type[Record]", made)
    extended.__indexes__ = (*base.__indexes__, *indexes)
    return extended


def _check_redeclared(base: type[Record], own: Attribute, added: Attribute) -> None:
    """Raise `ConfigurationError` where an application opens a field that a plugin keeps closed."""
    for flag in ("input", "returned"):
        if getattr(own.column, flag) and not getattr(added.column, flag):
            raise ConfigurationError(
                f"{base.__name__}.{own.name}",
                f"a plugin has this field with {flag}=False, and it must stay so",
                f"Declare it with Annotated[..., Column({flag}=False)]",
            )


def _none() -> None:
    return None


def wire_names(cls: type[msgspec.Struct]) -> Mapping[str, str]:
    """Attribute name to wire name, `id` included."""
    names = {attribute.name: attribute.wire for attribute in attributes_of(cls)}
    return {"id": "id", **names}
