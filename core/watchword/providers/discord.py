"""Sign in with Discord (https://discord.com/developers/docs/topics/oauth2)."""

from __future__ import annotations

from dataclasses import dataclass

from watchword.oauth.authorization import Authorization
from watchword.oauth.client import Client
from watchword.oauth.description import Description
from watchword.oauth.profile import Fields, text
from watchword.oauth.provider import Provider
from watchword.oauth.tokens import Profile, Tokens

_IMAGES = "https://cdn.discordapp.com"
_MOST_DIGITS = 20  # of a 64 bit number


@dataclass(frozen=True, kw_only=True, repr=False)
class Discord(Provider):
    """Discord accounts.

    Register an application at https://discord.com/developers/applications. The callback URL is
    one of the redirects below "OAuth2".

    - Who has agreed before is not asked again; `prompt="consent"` asks every time.
    - Whoever has no picture gets one of Discord's own.
    """

    permissions: int | None = None
    """Of a bot that comes along: asked for together with the scope `bot` alone."""

    def describe(self) -> Description:
        return Description(
            id="discord",
            name="Discord",
            authorization_url="https://discord.com/api/oauth2/authorize",
            token_url="https://discord.com/api/oauth2/token",
            scopes=("identify", "email"),
            wanted_scopes_first=True,
            pkce=False,
            prompt="none",
            user_info_url="https://discord.com/api/users/@me",
            fields=Fields(
                id="id",
                name=("global_name", "username"),
                image=("image_url",),
                email_verified="verified",
            ),
        )

    def extra_parameters(self, asked: Authorization) -> dict[str, str | None]:
        if self.permissions is None or "bot" not in self.scopes_of(asked.scopes):
            return {}
        return {"permissions": str(self.permissions)}

    async def fetch_profile(self, client: Client, tokens: Tokens) -> Profile | None:
        profile = await super().fetch_profile(client, tokens)
        return None if profile is None else {**profile, "image_url": _image(profile)}


def _image(profile: Profile) -> str | None:
    """Whoever has no image gets one of the pale ones, as Discord's own pages have it
    (https://discord.com/developers/docs/reference#image-formatting)."""
    subject, chosen = text(profile, "id") or "", text(profile, "avatar")
    tag = text(profile, "discriminator") or "0"
    if not _is_number(subject) or not _is_number(tag):
        return None
    if chosen is not None:
        kind = "gif" if chosen.startswith("a_") else "png"
        return f"{_IMAGES}/avatars/{subject}/{chosen}.{kind}"
    number = (int(subject) >> 22) % 6 if tag == "0" else int(tag) % 5
    return f"{_IMAGES}/embed/avatars/{number}.png"


def _is_number(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS
