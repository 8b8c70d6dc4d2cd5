"""Providers of OAuth 2 that an API of their own describes: Slack, LINE, Patreon, HubSpot, Gumroad,
Yandex."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar
from urllib.parse import quote

from watchword.oauth.client import Client
from watchword.oauth.description import Description
from watchword.oauth.profile import Fields, Identity, found, text
from watchword.oauth.tokens import Profile, Tokens, json_object

from .provider import GenericProvider


@dataclass(frozen=True, kw_only=True, repr=False)
class _Plain(GenericProvider):
    """A provider whose API alone says who it is."""

    person: ClassVar[Fields]

    async def fetch_profile(self, client: Client, tokens: Tokens) -> Profile | None:
        return await self.ask_user_info(client, tokens)

    def identify(self, profile: Profile) -> Identity:
        return self.person.identify(profile)


@dataclass(frozen=True, kw_only=True, repr=False)
class Slack(_Plain):
    """Slack accounts, known by `sub`; `watchword.providers.Slack` knows them by Slack's user id."""

    person: ClassVar[Fields] = Fields(
        id="sub",
        image=("picture", "https://slack.com/user_image_512"),
        email_verified="email_verified",
    )

    provider_id: str = "slack"
    scope: Sequence[str] = ("openid", "profile", "email")
    authorization_endpoint: str | None = "https://slack.com/openid/connect/authorize"
    token_endpoint: str | None = "https://slack.com/api/openid.connect.token"
    userinfo_endpoint: str | None = "https://slack.com/api/openid.connect.userInfo"


@dataclass(frozen=True, kw_only=True, repr=False)
class Line(_Plain):
    """LINE accounts. Each country has a channel of its own: give each its own `provider_id`."""

    person: ClassVar[Fields] = Fields(id="sub", image=("picture",))

    provider_id: str = "line"
    scope: Sequence[str] = ("openid", "profile", "email")
    authorization_endpoint: str | None = "https://access.line.me/oauth2/v2.1/authorize"
    token_endpoint: str | None = "https://api.line.me/oauth2/v2.1/token"
    userinfo_endpoint: str | None = "https://api.line.me/oauth2/v2.1/userinfo"

    def describe(self) -> Description:
        return replace(super().describe(), prefers_id_token=True)


@dataclass(frozen=True, kw_only=True, repr=False)
class Patreon(_Plain):
    """Patreon accounts."""

    person: ClassVar[Fields] = Fields(
        id="data.id",
        name=("data.attributes.full_name",),
        email=("data.attributes.email",),
        image=("data.attributes.image_url",),
        email_verified="data.attributes.is_email_verified",
    )

    provider_id: str = "patreon"
    scope: Sequence[str] = ("identity[email]",)
    authorization_endpoint: str | None = "https://www.patreon.com/oauth2/authorize"
    token_endpoint: str | None = "https://www.patreon.com/api/oauth2/token"
    userinfo_endpoint: str | None = (
        "https://www.patreon.com/api/oauth2/v2/identity"
        "?fields[user]=email,full_name,image_url,is_email_verified"
    )


@dataclass(frozen=True, kw_only=True, repr=False)
class HubSpot(_Plain):
    """HubSpot accounts. Their addresses are never verified."""

    person: ClassVar[Fields] = Fields(id="user_id", name=("user",), email=("user",))

    provider_id: str = "hubspot"
    scope: Sequence[str] = ("oauth",)
    authorization_endpoint: str | None = "https://app.hubspot.com/oauth/authorize"
    token_endpoint: str | None = "https://api.hubapi.com/oauth/v1/token"
    userinfo_endpoint: str | None = "https://api.hubapi.com/oauth/v1/access-tokens"

    async def fetch_profile(self, client: Client, tokens: Tokens) -> Profile | None:
        if not tokens.access_token:
            return None
        # HubSpot tells whom a token is of under the token's own address.
        url = f"{self.description.user_info_url}/{quote(tokens.access_token, safe='')}"
        return json_object(await client.get(url), f"{self.id}: access token")

    def identify(self, profile: Profile) -> Identity:
        person = super().identify(profile)
        signed = found(profile, "signed_access_token.userId")
        return replace(person, id=person.id or signed)


@dataclass(frozen=True, kw_only=True, repr=False)
class Gumroad(_Plain):
    """Gumroad accounts. Their addresses are never verified."""

    person: ClassVar[Fields] = Fields(id="user_id", image=("profile_url",))

    provider_id: str = "gumroad"
    scope: Sequence[str] = ("view_profile",)
    authorization_endpoint: str | None = "https://gumroad.com/oauth/authorize"
    token_endpoint: str | None = "https://api.gumroad.com/oauth/token"
    userinfo_endpoint: str | None = "https://api.gumroad.com/v2/user"

    def describe(self) -> Description:
        requires = {"success": True}
        return replace(super().describe(), user_info_requires=requires, user_info_at="user")


@dataclass(frozen=True, kw_only=True, repr=False)
class Yandex(_Plain):
    """Yandex accounts. Their addresses are never verified."""

    person: ClassVar[Fields] = Fields(
        id="id",
        name=("display_name", "real_name", "first_name", "login"),
        email=("default_email", "emails.0"),
    )

    provider_id: str = "yandex"
    scope: Sequence[str] = ("login:info", "login:email", "login:avatar")
    authorization_endpoint: str | None = "https://oauth.yandex.com/authorize"
    token_endpoint: str | None = "https://oauth.yandex.com/token"
    userinfo_endpoint: str | None = "https://login.yandex.ru/info?format=json"

    async def fetch_profile(self, client: Client, tokens: Tokens) -> Profile | None:
        if not tokens.access_token or not (url := self.description.user_info_url):
            return None
        shown = {"authorization": f"OAuth {tokens.access_token}"}
        profile = json_object(await client.get(url, shown), f"{self.id}: user info")
        return profile if text(profile, *self.person.email) else None

    def identify(self, profile: Profile) -> Identity:
        avatar = text(profile, "default_avatar_id")
        if avatar is None or profile.get("is_avatar_empty"):
            return super().identify(profile)
        image = f"https://avatars.yandex.net/get-yapic/{quote(avatar)}/islands-200"
        return replace(super().identify(profile), image=image)
