"""What all endpoints take and answer, as one OpenAPI document and as a page to read.

Both are made from the declarations of the core and of the plugins that are installed (spec: plugin
open-api; OpenAPI 3.1.1).
"""

from __future__ import annotations

from .merging import merged
from .plugin import OpenAPI, OpenAPIEndpoints

__all__ = ["OpenAPI", "OpenAPIEndpoints", "merged"]
