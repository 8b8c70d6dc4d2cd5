"""OAuth popup: sign in with a provider in a window that tells the outcome to who opened it."""

from __future__ import annotations

from .plugin import OAuthPopup, OAuthPopupAPI, StartPopup

__all__ = ["OAuthPopup", "OAuthPopupAPI", "StartPopup"]
