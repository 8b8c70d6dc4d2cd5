"""Sign in with VK ID (https://id.vk.com/about/business/go/docs/en/vkid/latest/vk-id)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from watchword.oauth.client import Client
from watchword.oauth.description import Description
from watchword.oauth.profile import Fields, Identity, found
from watchword.oauth.provider import Provider
from watchword.oauth.tokens import Profile, Tokens, json_object

_USER_INFO = "https://id.vk.com/oauth2/user_info"
_MORE = ("first_name", "last_name", "birthday", "sex")


@dataclass(frozen=True, kw_only=True, repr=False)
class VK(Provider):
    """VK accounts.

    Register an application for the web at https://id.vk.com/about/business/go. The callback URL
    is a trusted redirect URL.

    - Who has given no address to VK, or does not agree to tell it, cannot sign in.
    - Additional fields of the user called first_name, last_name, birthday and sex are filled
      in, where there are such.
    """

    def describe(self) -> Description:
        return Description(
            id="vk",
            name="VK",
            authorization_url="https://id.vk.com/authorize",
            token_url="https://id.vk.com/oauth2/auth",
            scopes=("email", "phone"),
            sends_device_id=True,
            user_info_url=_USER_INFO,
            fields=Fields(
                id="user.user_id",
                name=("user.first_name user.last_name",),
                email=("user.email",),
                image=("user.avatar",),
            ),
        )

    async def fetch_profile(self, client: Client, tokens: Tokens) -> Profile | None:
        if not tokens.access_token:
            return None
        form = {"access_token": tokens.access_token, "client_id": self.client_ids[0]}
        return json_object(await client.post_form(_USER_INFO, form), "vk: user info")

    def identify(self, profile: Profile) -> Identity:
        more = {name: found(profile, f"user.{name}") for name in _MORE}
        told = {name: value for name, value in more.items() if isinstance(value, str | int)}
        return replace(super().identify(profile), fields=told)
