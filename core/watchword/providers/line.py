"""Sign in with LINE (https://developers.line.biz/en/docs/line-login)."""

from __future__ import annotations

from dataclasses import dataclass

from watchword.oauth.client import Client
from watchword.oauth.description import Description
from watchword.oauth.profile import Fields
from watchword.oauth.provider import Provider
from watchword.oauth.tokens import json_object

_API = "https://api.line.me/oauth2/v2.1"


@dataclass(frozen=True, kw_only=True, repr=False)
class Line(Provider):
    """LINE accounts.

    Register a LINE Login channel at https://developers.line.biz/console/. The channel id is the
    client id; the callback URL belongs to "LINE Login".

    - The address is in the ID token alone, and only if the channel has applied for the
      permission (OpenID Connect, "Email address permission"). Without one a sign-in ends with
      `email_not_found`.
    - The web's ID tokens are signed with the channel's secret. Those that an application hands
      in are checked by LINE itself.
    - Ids are of the channel's provider: channels of another one see another id.
    """

    def describe(self) -> Description:
        return Description(
            id="line",
            name="LINE",
            authorization_url="https://access.line.me/oauth2/v2.1/authorize",
            token_url=f"{_API}/token",
            scopes=("openid", "profile", "email"),
            takes_login_hint=True,
            user_info_url=f"{_API}/userinfo",
            prefers_id_token=True,
            fields=Fields(id="sub", image=("picture",)),
        )

    @property
    def takes_id_tokens(self) -> bool:
        return not self.disable_id_token_sign_in

    async def check_id_token(self, client: Client, token: str, nonce: str | None) -> bool:
        # They are signed with the channel's secret, not with a key that the world may know: LINE
        # itself looks at signature, issuer and times.
        asked = {"id_token": token, "client_id": self.client_ids[0]}
        if nonce is not None:
            asked["nonce"] = nonce
        claims = json_object(await client.post_form(f"{_API}/verify", asked), "line: verify")
        same_nonce = nonce is None or claims.get("nonce") == nonce
        return claims.get("aud") == self.client_ids[0] and same_nonce
