"""Identity providers, each in a module of its own that is loaded when it is asked for.

from watchword.providers import GitHub, Google
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .apple import Apple as Apple
    from .atlassian import Atlassian as Atlassian
    from .cloudflare import Cloudflare as Cloudflare
    from .cognito import Cognito as Cognito
    from .discord import Discord as Discord
    from .dropbox import Dropbox as Dropbox
    from .facebook import Facebook as Facebook
    from .figma import Figma as Figma
    from .github import GitHub as GitHub
    from .gitlab import GitLab as GitLab
    from .google import Google as Google
    from .huggingface import HuggingFace as HuggingFace
    from .kakao import Kakao as Kakao
    from .kick import Kick as Kick
    from .line import Line as Line
    from .linear import Linear as Linear
    from .linkedin import LinkedIn as LinkedIn
    from .microsoft import Microsoft as Microsoft
    from .naver import Naver as Naver
    from .notion import Notion as Notion
    from .paybin import Paybin as Paybin
    from .paypal import PayPal as PayPal
    from .polar import Polar as Polar
    from .railway import Railway as Railway
    from .reddit import Reddit as Reddit
    from .roblox import Roblox as Roblox
    from .salesforce import Salesforce as Salesforce
    from .slack import Slack as Slack
    from .spotify import Spotify as Spotify
    from .tiktok import TikTok as TikTok
    from .twitch import Twitch as Twitch
    from .twitter import Twitter as Twitter
    from .vercel import Vercel as Vercel
    from .vk import VK as VK
    from .wechat import WeChat as WeChat
    from .zoom import Zoom as Zoom

__all__ = [
    "Apple",
    "Atlassian",
    "Cloudflare",
    "Cognito",
    "Discord",
    "Dropbox",
    "Facebook",
    "Figma",
    "GitHub",
    "GitLab",
    "Google",
    "HuggingFace",
    "Kakao",
    "Kick",
    "Line",
    "Linear",
    "LinkedIn",
    "Microsoft",
    "Naver",
    "Notion",
    "PayPal",
    "Paybin",
    "Polar",
    "Railway",
    "Reddit",
    "Roblox",
    "Salesforce",
    "Slack",
    "Spotify",
    "TikTok",
    "Twitch",
    "Twitter",
    "VK",
    "Vercel",
    "WeChat",
    "Zoom",
]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"watchword.providers has no {name}")
    return getattr(import_module(f".{name.lower()}", __name__), name)
