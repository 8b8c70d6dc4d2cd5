"""Captcha: some endpoints are only for whoever a provider takes for a person.

`providers` knows how each one is asked, `plugin` where and when (spec: plugin captcha).
"""

from __future__ import annotations

from .plugin import Captcha, CaptchaCodes
from .providers import CaptchaFox, CaptchaProvider, HCaptcha, ReCaptcha, Turnstile

__all__ = [
    "Captcha",
    "CaptchaCodes",
    "CaptchaFox",
    "CaptchaProvider",
    "HCaptcha",
    "ReCaptcha",
    "Turnstile",
]
