"""What is stored about keys (spec: plugin jwt, (c))."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar

from watchword.database.records import Column, Record


class SigningKey(Record, kw_only=True):
    """A pair of keys; tokens name it by its id (`kid`)."""

    __model__: ClassVar[str] = "jwks"
    __secrets__: ClassVar[frozenset[str]] = frozenset(("private_key",))
    public_key: Annotated[str, Column(input=False)]
    """A JWK as JSON, without `kid` and `alg`."""
    private_key: Annotated[str, Column(input=False, returned=False)]
    """A JWK as JSON, or that text encrypted and written as a JSON text."""
    created_at: Annotated[datetime, Column(now="create", now_in_database=False, input=False)]
    expires_at: Annotated[datetime | None, Column(input=False)] = None
    """When it stops signing; it is published for a while longer."""
    alg: Annotated[str | None, Column(input=False)] = None
    """None: what is configured."""
    crv: Annotated[str | None, Column(input=False)] = None
