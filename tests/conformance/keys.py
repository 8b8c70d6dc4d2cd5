"""What the profile `plugins` says about API keys (PROFILES.md, section 6)."""

from __future__ import annotations

from watchword.plugins import ApiKey
from watchword.plugins.api_key import ApiKeyConfig, KeyExpiration, KeyRateLimit

DAY = 86_400


def api_keys() -> ApiKey:
    """Keys that stand for their users."""
    return ApiKey(
        config=ApiKeyConfig(
            enable_session_for_api_keys=True,
            enable_metadata=True,
            default_prefix="orc_",
            key_expiration=KeyExpiration(min_expires_in=DAY, max_expires_in=365 * DAY),
            rate_limit=KeyRateLimit(max_requests=1000, time_window=60),
        )
    )
