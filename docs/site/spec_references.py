"""For the builder alone: docstrings without "(spec: ...)", a document that readers do not have."""

from __future__ import annotations

from typing import Any

import griffe  # pyright: ignore[reportMissingImports] # comes with dependency group docs

from docs.site.markdown import without_specification


class WithoutSpecification(griffe.Extension):
    """Changes docstrings as they are read."""

    def on_object(self, *, obj: Any, **_: Any) -> None:
        """Called for each class, function and attribute."""
        if obj.docstring is not None:
            obj.docstring.value = without_specification(obj.docstring.value)
