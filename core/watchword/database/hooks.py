"""Database hooks: what applications and plugins may do around each write of a record."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from .records import Record

Event: TypeAlias = Literal[
    "create_before",
    "create_after",
    "update_before",
    "update_after",
    "delete_before",
    "delete_after",
]

Values: TypeAlias = "Mapping[str, object]"
Answer: TypeAlias = "Values | Literal[False] | None"

CreateBefore: TypeAlias = "Callable[[Values, object], Answer | Awaitable[Answer]]"
"""Gets the values so far (snake_case) and the call. False refuses; a mapping is merged, and what is
`msgspec.UNSET` in it left out."""
UpdateBefore: TypeAlias = "Callable[[Values, object], Answer | Awaitable[Answer]]"
"""Gets the original changes and the call. False refuses; a mapping is merged, and what is
`msgspec.UNSET` in it left as it is."""
DeleteBefore: TypeAlias = "Callable[[Record, object], object]"
"""Gets the record and the call. False refuses the deletion."""
After: TypeAlias = "Callable[[Record, object], object]"
"""Gets the stored (or deleted) record and the call; runs after commit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelHooks:
    """Hooks of one model. Each may be `def` or `async def`; an `APIError` becomes the response."""

    create_before: CreateBefore | None = None
    """Asked before a row is created."""
    create_after: After | None = None
    """Told once a row is created."""
    update_before: UpdateBefore | None = None
    """Asked before a row is updated."""
    update_after: After | None = None
    """Told once a row is updated."""
    delete_before: DeleteBefore | None = None
    """Asked before a row is deleted."""
    delete_after: After | None = None
    """Told once a row is deleted."""


class HookTable:
    """All hooks, by model and event, in the order in which they run: plugins, then the user's;
    `delete_before` the other way round."""

    def __init__(self, layers: list[Mapping[str, ModelHooks]]) -> None:
        self._hooks: dict[tuple[str, Event], tuple[Callable[..., object], ...]] = {}
        events: tuple[Event, ...] = (
            "create_before",
            "create_after",
            "update_before",
            "update_after",
            "delete_before",
            "delete_after",
        )
        for model in {model for layer in layers for model in layer}:
            for event in events:
                # What a plugin deletes along with a row is not for one that the application keeps.
                ordered = reversed(layers) if event == "delete_before" else layers
                found = [getattr(layer[model], event) for layer in ordered if model in layer]
                hooks = tuple(hook for hook in found if hook is not None)
                if hooks:
                    self._hooks[model, event] = hooks

    def get(self, model: str, event: Event) -> tuple[Callable[..., object], ...]:
        return self._hooks.get((model, event), ())
