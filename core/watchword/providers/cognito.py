"""Sign in with Amazon Cognito (https://docs.aws.amazon.com/cognito, "user pools")."""

from __future__ import annotations

from dataclasses import dataclass

from watchword.http.query import encode_part
from watchword.oauth.authorization import Authorization
from watchword.oauth.description import Description
from watchword.oauth.id_tokens import IdTokenRules
from watchword.oauth.profile import Fields
from watchword.oauth.provider import Provider


@dataclass(frozen=True, kw_only=True, repr=False)
class Cognito(Provider):
    """Accounts of a user pool.

    Register an application client in your user pool at https://console.aws.amazon.com/cognito/.
    Its login pages take the callback URL, the grant "Authorization code" and the scopes openid,
    email and profile; the pool needs a domain.

    - The domain is that of the pool's login pages, not the one of its tokens
      (`cognito-idp...`), which follows from `region` and `user_pool_id`.
    - With `identity_provider` the person goes straight on to a provider of the pool.
    """

    domain: str
    """Of the pool's pages: `my-pool.auth.eu-central-1.amazoncognito.com` or one of your own."""
    region: str
    """Of AWS: `eu-central-1`."""
    user_pool_id: str
    """`<region>_<letters and digits>`."""
    require_client_secret: bool = False
    """Refuse to start without a secret."""
    identity_provider: str | None = None
    """Of the pool's identity providers the one that users are sent on to."""

    def describe(self) -> Description:
        host = self.domain.removeprefix("https://").removeprefix("http://").rstrip("/")
        server = f"https://{host}/oauth2"
        pool = f"https://cognito-idp.{self.region}.amazonaws.com/{self.user_pool_id}"
        provider = self.identity_provider
        return Description(
            id="cognito",
            name="Cognito",
            authorization_url=f"{server}/authorize",
            token_url=f"{server}/token",
            scopes=("openid", "profile", "email"),
            sends_scopes=False,
            parameters={"identity_provider": provider} if provider else {},
            user_info_url=f"{server}/userinfo",
            prefers_id_token=True,
            fields=Fields(
                id="sub",
                name=("name", "given_name", "username"),
                image=("picture",),
                email_verified="email_verified",
            ),
            id_token=IdTokenRules(jwks_url=f"{pool}/.well-known/jwks.json", issuers=(pool,)),
            needs_secret=self.require_client_secret,
        )

    def check(self) -> None:
        for option in ("domain", "region", "user_pool_id"):
            if not getattr(self, option):
                raise self.wrong(option, "is missing", "Take it from the user pool")

    def authorization_url(self, asked: Authorization) -> str:
        url = super().authorization_url(asked)
        scopes = encode_part(" ".join(self.scopes_of(asked.scopes)))
        # Cognito does not read a plus as a blank.
        return f"{url}&scope={scopes.replace('+', '%20')}" if scopes else url
