"""Bringing a database to the schema, and seeing that it got there."""

from __future__ import annotations

from collections.abc import Sequence

from .contract import Engine, StorageError


async def bring_up(engine: Engine, statements: Sequence[str]) -> None:
    """Run what `engine.plan()` gave.

    Raises `StorageError` for a statement that changed nothing: databases pass over an index whose
    name is taken, and what it was to hold, such as that a value is unique, would not hold.
    """
    await engine.apply(statements)
    left = await engine.plan()
    idle = [statement for statement in statements if statement in left]
    if idle:
        raise StorageError(
            "the name of a table or an index is taken by something else; rename that, and migrate "
            f"again. Without effect: {'; '.join(idle)}"
        )
