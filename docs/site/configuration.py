"""What Zensical is told: build/zensical.toml."""

from __future__ import annotations

import json
from pathlib import Path

from .navigation import navigation
from .tree import ROOT, Pages

_CONFIGURATION = """[project]
site_name = "watchword"
site_description = "Authentication for Python back ends"
docs_dir = "pages"
site_dir = "site"
extra_css = ["style.css"]
nav = {nav}

[project.theme]
language = "en"
font = false
features = [
  "content.code.copy",
  "navigation.footer",
  "navigation.path",
  "navigation.prune",
  "navigation.top",
  "search.highlight",
]

[[project.theme.palette]]
media = "(prefers-color-scheme: light)"
scheme = "default"
toggle.icon = "lucide/sun"
toggle.name = "Dark"

[[project.theme.palette]]
media = "(prefers-color-scheme: dark)"
scheme = "slate"
toggle.icon = "lucide/moon"
toggle.name = "Light"

[project.extra]
generator = false

[project.markdown_extensions.attr_list]
[project.markdown_extensions.tables]
[project.markdown_extensions.toc]
permalink = true
[project.markdown_extensions.toc.slugify]
object = "pymdownx.slugs.slugify"
kwds = {{ case = "lower" }}
[project.markdown_extensions.pymdownx.highlight]
pygments_lang_class = true
[project.markdown_extensions.pymdownx.superfences]

[project.plugins.search]

[project.plugins.mkdocstrings.handlers.python]
paths = [{paths}]
[project.plugins.mkdocstrings.handlers.python.options]
docstring_style = "google"
filters = ["!^_", "!^safe$"]
heading_level = 2
members_order = "source"
separate_signature = true
show_bases = true
show_if_no_docstring = true
show_root_full_path = false
show_source = false
show_signature_annotations = true
show_symbol_type_heading = true
extensions = [{extension}]
"""


def configuration(pages: Pages) -> str:
    """The text of the file, for these pages."""
    core, extension = ROOT / "core", Path(__file__).with_name("spec_references.py")
    return _CONFIGURATION.format(
        nav=_listed(navigation(pages)),
        paths=json.dumps(str(core)),
        extension=json.dumps(str(extension)),
    )


def _listed(value: object) -> str:
    """A value as TOML writes it: JSON, but for tables in a list."""
    if isinstance(value, list):
        return f"[{', '.join(map(_listed, value))}]"
    if isinstance(value, dict):
        inside = (f"{json.dumps(key)} = {_listed(one)}" for key, one in value.items())
        return f"{{ {', '.join(inside)} }}"
    return json.dumps(value)
