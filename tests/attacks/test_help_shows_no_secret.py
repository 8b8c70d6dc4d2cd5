"""W12: nothing that documents the package holds a value of the environment.

`help(Auth)` and `inspect.signature(Auth)` print defaults, and end in bug reports, generated
documentation and notebooks.
"""

from __future__ import annotations

import os
import subprocess
import sys

from tests.architecture.syntax import all_modules

PLANTED = "planted-0123456789-in-the-environment"
OF_A_PROJECT = {"watchword.adapters.django.urls"}  # the URLs of the server that settings name

PROGRAM = """
import dataclasses, importlib, inspect, os, pydoc, sys
import tests.support.django_project  # some modules need settings

planted, names = sys.argv[1], sys.argv[2:]
plain = pydoc.plaintext
found = set()


def look(place, text):
    if planted in text:
        found.add(place)


def signatures(value):
    yield value
    if inspect.isclass(value):
        yield from (one for one in vars(value).values() if callable(one))
        if dataclasses.is_dataclass(value):
            yield from (field.default for field in dataclasses.fields(value))


for name in names:
    module = importlib.import_module(name)
    look(name, pydoc.render_doc(module, renderer=plain))
    for label, value in vars(module).items():
        if value is os.environ:
            found.add(f"{name}.{label}")
        if getattr(value, "__module__", None) != name:
            continue
        for one in signatures(value):
            look(f"{name}.{label}", repr(one))
            defaults = getattr(one, "__defaults__", None) or ()
            named = (getattr(one, "__kwdefaults__", None) or {}).values()
            for default in (*defaults, *named):
                look(f"{name}.{label}", repr(default))
            try:
                look(f"{name}.{label}", str(inspect.signature(one)))
            except (TypeError, ValueError):
                pass
print("\\n".join(sorted(found)))
"""


def test_no_help_text_signature_or_default_shows_the_environment() -> None:
    command = [sys.executable, "-c", PROGRAM, PLANTED, *sorted(all_modules().keys() - OF_A_PROJECT)]
    environment = os.environ | {"BETTER_AUTH_SECRET": PLANTED}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.split() == []
