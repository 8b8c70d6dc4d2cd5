"""What the package says of itself that pyproject.toml cannot: the README, with links for others.

In the repository links of the README are relative. On the page of a package index they would lead
nowhere: there they lead to the repository, at the tag of this version. Its address is said once, as
`Repository` in [project.urls]; while there is none, a link is plain text.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_LINK = re.compile(r"(!?)\[([^\[\]]*)\]\((?!https?:|mailto:|#)([^)\s]+)\)")


class ReadmeHook(MetadataHookInterface):
    """Gives the README to the package; hatchling finds the class by itself."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Adds the field `readme`."""
        repository = metadata.get("urls", {}).get("Repository")
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        metadata["readme"] = {
            "content-type": "text/markdown",
            "text": published(text, repository, metadata["version"]),
        }


def published(text: str, repository: str | None, version: str) -> str:
    """The README with links that lead somewhere wherever it is read."""

    def link(found: re.Match[str]) -> str:
        picture, label, target = found.groups()
        if repository is None:
            return "" if picture else label
        kind = "raw" if picture else "blob"
        return f"{picture}[{label}]({repository.rstrip('/')}/{kind}/v{version}/{target})"

    return _LINK.sub(link, text)
