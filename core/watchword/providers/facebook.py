"""Sign in with Facebook (https://developers.facebook.com/docs/facebook-login).

There are two kinds of it. The web's has an opaque access token, and Facebook has to be asked
whether it was made for us: a token of another application would sign its bearer in here. The
phones' "limited login" has an ID token, and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

from watchword.http.query import encode_form
from watchword.oauth.client import Client, bearer
from watchword.oauth.description import Description
from watchword.oauth.failures import OAuthFailed
from watchword.oauth.id_tokens import IdTokenRules
from watchword.oauth.profile import Fields, Identity, UserInfo, found
from watchword.oauth.provider import Provider
from watchword.oauth.tokens import Profile, Tokens, json_object, unverified_claims

_GRAPH = "https://graph.facebook.com"
_FIELDS = ("id", "name", "email", "picture")
_LIMITED = Fields(id="sub", image=("picture",))


@dataclass(frozen=True, kw_only=True, repr=False)
class Facebook(Provider):
    """Facebook accounts.

    Register an application with Facebook Login at https://developers.facebook.com/apps/. The
    callback URL is one of the "Valid OAuth Redirect URIs" in the settings of Facebook Login.

    - Facebook does not promise that an address is verified, and who registered with a telephone
      number has none: such a sign-in ends with `email_not_found`.
    - Access tokens are good here only if Facebook says that they were made for your
      application.
    - The phones' limited login has an ID token and nothing else: hand it in as `idToken`. Its
      claims are all that there is; the Graph API is not asked.
    - Ids are of the application: in another one the same person has another id.
    """

    fields: tuple[str, ...] = ()
    """Of the profile, beside id, name, email and picture."""
    config_id: str | None = None
    """Of Facebook Login for Business."""

    def describe(self) -> Description:
        return Description(
            id="facebook",
            name="Facebook",
            authorization_url="https://www.facebook.com/v24.0/dialog/oauth",
            token_url=f"{_GRAPH}/v24.0/oauth/access_token",
            scopes=("email", "public_profile"),
            pkce=False,
            takes_login_hint=True,
            parameters={"config_id": self.config_id} if self.config_id else {},
            fields=Fields(id="id", image=("picture.data.url",), email_verified="email_verified"),
            id_token=IdTokenRules(
                jwks_url="https://limited.facebook.com/.well-known/oauth/openid/jwks/",
                issuers=("https://www.facebook.com",),
                max_age=None,
            ),
            needs_secret=True,
        )

    async def check_id_token(self, client: Client, token: str, nonce: str | None) -> bool:
        # An opaque one is looked at when its bearer is asked for, and never goes by that.
        return not _is_limited(token) or await super().check_id_token(client, token, nonce)

    async def user_info(self, client: Client, tokens: Tokens) -> UserInfo | None:
        if self.get_user_info is not None and not _is_limited(tokens.id_token):
            await self._bearer(client, tokens)
        return await super().user_info(client, tokens)

    async def fetch_profile(self, client: Client, tokens: Tokens) -> Profile | None:
        if _is_limited(tokens.id_token):
            return unverified_claims(tokens.id_token)
        bearer_id = await self._bearer(client, tokens)
        asked = encode_form({"fields": ",".join(dict.fromkeys((*_FIELDS, *self.fields)))})
        answer = await client.get(f"{_GRAPH}/me?{asked}", bearer(_opaque(tokens)))
        profile = json_object(answer, "facebook: user info")
        if profile.get("id") != bearer_id:
            raise OAuthFailed("facebook: the profile of somebody else")
        return profile

    def identify(self, profile: Profile) -> Identity:
        return _LIMITED.identify(profile) if "sub" in profile else super().identify(profile)

    async def _bearer(self, client: Client, tokens: Tokens) -> object:
        """The id of whom the token was given to, by our application. Raises `OAuthFailed`."""
        ours = f"{self.client_ids[0]}|{self.client_secret}"
        asked = encode_form({"input_token": _opaque(tokens), "access_token": ours})
        answer = await client.get(f"{_GRAPH}/debug_token?{asked}")
        told = json_object(answer, "facebook: debug_token")
        bearer_id = found(told, "data.user_id")
        genuine = found(told, "data.is_valid") is True
        if not genuine or found(told, "data.app_id") not in self.client_ids or not bearer_id:
            raise OAuthFailed("facebook: a token that was not made for this application")
        return bearer_id


def _is_limited(token: str | None) -> bool:
    return token is not None and token.count(".") == 2


def _opaque(tokens: Tokens) -> str:
    token = tokens.access_token or tokens.id_token
    if not token:
        raise OAuthFailed("facebook: no token")
    return token
