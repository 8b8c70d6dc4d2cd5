"""`python -m watchword`, and the script `watchword`."""

from __future__ import annotations

import sys
from importlib import import_module

_EXTRA = frozenset(("cyclopts", "rich"))


def main() -> None:
    """Run the command line on `sys.argv` and exit with its status."""
    try:
        program = import_module("watchword.cli.program")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _EXTRA:
            raise
        print('The command line needs two packages: pip install "watchword[cli]"', file=sys.stderr)
        sys.exit(1)
    sys.exit(program.run(sys.argv[1:]))


if __name__ == "__main__":
    main()
