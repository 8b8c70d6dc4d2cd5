"""A user who does not exist, for the answer to a sign-up with a taken address.

The answer must not differ from a real one: same fields in the same order, an id of the same form
and range (spec: sign-up, synthetic answer; security E2).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias, cast

from watchword.call import Call
from watchword.records import User

from .letters import Letter, proven_name

SyntheticUser: TypeAlias = "Callable[[Mapping[str, object]], object]"
"""Gets the fields of the invented user (snake_case, with `id`); returns fields to lay over them."""


async def synthetic_user(
    call: Call, values: Mapping[str, object], custom: SyntheticUser | None
) -> User:
    """What would have been stored had the address been free."""
    table = call.config.tables.of(User)
    fields: dict[str, object] = dict(values)
    user_id = await call.db.spare_id(User, **{**fields, "email": _nobody(call)})
    if custom is not None:
        answer = await call.run(custom, {**fields, "id": user_id})
        if isinstance(answer, Mapping):
            fields.update(cast("Mapping[str, object]", answer))
            user_id = str(fields.pop("id", user_id))
    return table.from_row(table.new_row(fields, user_id, call.now))


def word_to_owner(owner: User) -> Letter:
    """What the one who has the address is told instead, by the server's own mailer."""
    return Letter(
        kind="existing-account", to=owner.email, name=proven_name(owner), user_id=owner.id
    )


def _nobody(call: Call) -> str:
    return f"{call.random(32).lower()}@placeholder.invalid"
