"""All sources by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .auth0 import Auth0
from .authjs import AuthJS
from .django import Django
from .fastapi_users import FastAPIUsers
from .firebase import firebase
from .flask_security import FlaskSecurity
from .imported import Source, SourceOptions
from .plain import plain_csv, plain_json, plain_ndjson
from .supabase import Supabase

SOURCES: Mapping[str, Callable[[SourceOptions], Source]] = {
    "authjs": AuthJS,
    "fastapi-users": FastAPIUsers,
    "django": Django,
    "flask-security": FlaskSecurity,
    "supabase": Supabase,
    "firebase": firebase,
    "auth0": Auth0,
    "csv": plain_csv,
    "json": plain_json,
    "ndjson": plain_ndjson,
}
