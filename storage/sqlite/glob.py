"""SQLite on connections of others, on which LIKE ignores case as it does by itself.

GLOB never does. `SQLiteStorage` says `case_sensitive_like` on its own connections instead.
"""

from __future__ import annotations

from msgspec.structs import replace

from watchword.database.contract import InvalidValue
from watchword.storage.sql.model_sql import ModelSQL
from watchword.storage.sql.queries import Queries

from .storage import DIALECT

GLOB_DIALECT = replace(DIALECT, like="GLOB", like_escape="")
_WILD = str.maketrans({"*": "[*]", "?": "[?]", "[": "[[]"})
_GLOB = {"contains": "*{}*", "starts_with": "{}*", "ends_with": "*{}"}
_LONGEST = 50_000


class GlobSQL(ModelSQL):
    """One model, in whose text is searched by GLOB."""

    def spelled(self, operator: str, text: str, pattern: str) -> str:
        made = _GLOB[operator].format(text.translate(_WILD))
        if len(made.encode("utf-8", "surrogatepass")) > _LONGEST:
            raise InvalidValue(f"at most {_LONGEST} bytes to search for")
        return made


class GlobQueries(Queries):
    """The statements of a schema for `GLOB_DIALECT`."""

    model_sql = GlobSQL
