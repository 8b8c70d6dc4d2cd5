"""Writes docs/providers.md from the providers: `python -m tests.docs.providers_page`."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import textwrap
from collections.abc import Iterator
from pathlib import Path

from tests.support.providers import provider, written_ids
from watchword.oauth.provider import Provider

PAGE = Path(__file__).parents[2] / "docs" / "providers.md"

INTRODUCTION = """# Identity providers

What is known of each provider in `watchword.providers` (`pip install 'watchword[social]'`). Each
is a class of its own, made from what the provider's console gives:
`GitHub(client_id=..., client_secret=...)`. Options that cannot work are refused when the object is
made. This page is made from the code; a test keeps it so.

| class | id | scopes by default | address | refreshes | ID tokens | PKCE |
|---|---|---|---|---|---|---|
"""

BELOW = """
- **Address**: *verified* where the provider's word is taken for it, if it gives it; *never
  verified* where it has none to give; *made up* where it tells no address: then it is
  `<account id>@<id>.placeholder.invalid`, where no mail arrives.
- **Refreshes**: whether new access tokens can be had for a refresh token. Some providers give one
  only with an option or a scope.
- **ID tokens**: whether an ID token that an application got by itself can be checked.

## Options of all providers

"""

OWN = "\n## Options of single providers\n"


def page() -> str:
    """The text of the page."""
    known = [provider(name) for name in written_ids()]
    rows = "".join(_row(one) for one in known)
    own = "".join(_section(one) for one in known)
    return f"{INTRODUCTION}{rows}{BELOW}{_table(_options(Provider))}{OWN}{own}"


def _row(one: Provider) -> str:
    known = one.description
    scopes = " ".join(f"`{scope}`" for scope in known.scopes) or "none"
    cells = (
        f"`{type(one).__name__}`",
        f"`{known.id}`",
        scopes,
        _address(one),
        "yes" if one.can_refresh else "no",
        "yes" if one.takes_id_tokens else "no",
        "yes" if known.pkce else "no",
    )
    return f"| {' | '.join(cells)} |\n"


def _address(one: Provider) -> str:
    fields = one.description.fields
    assert fields is not None
    if fields.placeholder is not None:
        return "verified, or made up" if fields.email_verified else "made up"
    return "verified" if fields.email_verified else "never verified"


def _section(one: Provider) -> str:
    bases = [kind for kind in type(one).__mro__ if issubclass(kind, Provider)]
    options = [option for kind in bases[:-1] for option in _options(kind)]
    remarks = " ".join((inspect.getdoc(type(one)) or "").split())
    _, _, pitfall = remarks.partition(". ")
    if not options and not pitfall:
        return ""
    intro = f"\n{pitfall}\n" if pitfall else ""
    return f"\n### {type(one).__name__}\n{intro}" + (f"\n{_table(options)}" if options else "")


def _table(options: list[tuple[str, str, str]]) -> str:
    rows = (f"| `{name}` | {default} | {text} |\n" for name, default, text in options)
    return "| option | default | |\n|---|---|---|\n" + "".join(rows)


def _options(kind: type[Provider]) -> list[tuple[str, str, str]]:
    """Name, default and text of the options that a class adds."""
    texts = dict(_texts(kind))
    own = inspect.get_annotations(kind)
    fields = [field for field in dataclasses.fields(kind) if field.name in own]
    return [(field.name, _default(field), texts[field.name]) for field in fields]


def _default(field: dataclasses.Field[object]) -> str:
    if field.default is dataclasses.MISSING:
        return "required"
    return f"`{field.default!r}`"


def _texts(kind: type) -> Iterator[tuple[str, str]]:
    """The docstrings below attributes, which are there for readers of the source alone."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    assert isinstance(tree, ast.ClassDef)
    for option, below in zip(tree.body, tree.body[1:], strict=False):
        if isinstance(option, ast.AnnAssign) and isinstance(option.target, ast.Name):
            yield option.target.id, " ".join(_text(below).split())


def _text(node: ast.stmt) -> str:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return str(node.value.value)
    return ""


if __name__ == "__main__":
    PAGE.write_text(page())
