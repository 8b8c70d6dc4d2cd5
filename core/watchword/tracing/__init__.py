"""OpenTelemetry spans for requests, database operations and hooks (docs/observability.md).

`opening` decides, when `Auth` is built, whether there are any; only then OpenTelemetry is imported
and requests, engines and hooks are wrapped. Without tracing nothing is wrapped.
"""
