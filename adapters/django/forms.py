"""Forms of Django: what they hold goes to an endpoint, what it refuses stands beside their fields.

Fields may be named as on the wire (`newPassword`) or as in Python (`new_password`).
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.exceptions import NON_FIELD_ERRORS
from django.core.files import File
from django.forms import BaseForm

from watchword.pipeline.validation import ValidationCodes
from watchword.submitted import Submitted


def fields_of_form(form: BaseForm) -> dict[str, object]:
    """What a valid form holds, by the names on the wire; without files, and without what was left
    empty in a field that is not a text."""
    held = ((_wire(name), _plain(value)) for name, value in form.cleaned_data.items())
    return {name: value for name, value in held if value is not None}


def unsent(form: BaseForm) -> Submitted[Any]:
    """What came of a form that is not valid, or that nobody has sent yet: nothing was asked."""
    if not form.is_bound:
        return Submitted()
    refused = ValidationCodes.VALIDATION_ERROR
    return Submitted(
        status=refused.status,
        code=refused.code or "",
        message=refused.message,
        errors={
            "" if name == NON_FIELD_ERRORS else _wire(name): str(sentences[0])
            for name, sentences in form.errors.items()
        },
    )


def add_errors(form: BaseForm, done: Submitted[Any]) -> None:
    """Put what an endpoint refused onto the form: beside its fields, the rest in front of it.

    A field that only carries something, as a token does, is hidden: what is wrong with it stands
    in front of the form as well, in Django's own way.
    """
    names = {_wire(name): name for name in form.fields}
    for wire, sentence in done.errors.items():
        form.add_error(names.get(wire), sentence)


def _plain(value: object) -> object:
    """The text of what the wire has no type for."""
    if isinstance(value, File):
        return None
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal | UUID) else value


def _wire(name: str) -> str:
    first, *more = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in more)
