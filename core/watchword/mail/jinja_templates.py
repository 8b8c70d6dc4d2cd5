"""An application's own templates, in a folder: Jinja's, by the kind of mail.

    reset-password.html      one kind, in all languages
    reset-password.de.html   in one
    layout.html              all kinds that have none of their own
    _signature.html          what others include

The same with `.txt`; a first line `Subject: ...` there is the subject.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection
from pathlib import Path

from watchword.errors import ConfigurationError

from .drafts import Content, Draft

try:
    import jinja2
except ModuleNotFoundError as error:
    raise ImportError(
        'templates of watchword.mail need Jinja2: pip install "watchword[mail]"'
    ) from error

_FILE = re.compile(r"([\w-]+)(?:\.([\w-]+))?\.(?:html|txt)", re.ASCII)
_OPTION = "Mailer.templates"


class Templates:
    """The templates of a folder, all compiled."""

    def __init__(self, folder: Path, kinds: Collection[str]) -> None:
        """`kinds` are those that there are words for. Raises `ConfigurationError`."""
        self._environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(folder),
            autoescape=jinja2.select_autoescape(["html"], default_for_string=False),
            undefined=jinja2.StrictUndefined,
            auto_reload=False,
        )
        self._known: dict[str, jinja2.Template] = {}
        for file in sorted([*folder.glob("*.html"), *folder.glob("*.txt")]):
            if not file.name.startswith("_"):
                _check_name(file.name, kinds)
                self._known[file.name] = self._compiled(file.name)

    def rendered(self, draft: Draft, content: Content) -> Content:
        """The mail as the templates have it; what has none stays as it is."""
        values = {one.name: getattr(draft, one.name) for one in dataclasses.fields(draft)}
        html, text = self._of(draft, "html"), self._of(draft, "txt")
        if html is not None:
            content = dataclasses.replace(content, html=html.render(values))
        if text is None:
            return content
        subject, body = _split(text.render(values))
        return dataclasses.replace(content, subject=subject or content.subject, text=body)

    def _of(self, draft: Draft, form: str) -> jinja2.Template | None:
        kind, language = draft.letter.kind, draft.language
        names = (f"{kind}.{language}", kind, f"layout.{language}", "layout")
        found = (self._known.get(f"{name}.{form}") for name in names)
        return next((one for one in found if one is not None), None)

    def _compiled(self, name: str) -> jinja2.Template:
        try:
            return self._environment.get_template(name)
        except jinja2.TemplateError as error:
            remedy = "Mend the template"
            raise ConfigurationError(_OPTION, f"{name}: {error.message}", remedy) from None


def _split(text: str) -> tuple[str, str]:
    first, _, rest = text.lstrip().partition("\n")
    label, colon, subject = first.partition(":")
    if colon and label.strip().lower() == "subject":
        return subject.strip(), rest.lstrip("\n")
    return "", text


def _check_name(name: str, kinds: Collection[str]) -> None:
    found = _FILE.fullmatch(name)
    if found is None or (found[1] != "layout" and found[1] not in kinds):
        remedy = f"Name it layout or after a mail ({', '.join(sorted(kinds))}), or begin with '_'"
        raise ConfigurationError(_OPTION, f"{name} is the template of no mail", remedy)
