"""A server with the fixed profiles of `tests/reference/PROFILES.md`, to be compared with."""
