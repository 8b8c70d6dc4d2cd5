"""What the server tells of itself: log records, the security log, OpenTelemetry spans.

Nothing here decides; nothing that names a secret or an address of mail goes through. `opening`
decides, when `Auth` is built, whether there are spans; only then OpenTelemetry is imported and
requests, engines and hooks are wrapped (docs/observability.md).
"""
