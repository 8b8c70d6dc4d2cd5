"""Sign in with Apple (https://developer.apple.com/documentation/signinwithapple)."""

from __future__ import annotations

from dataclasses import dataclass

from watchword.oauth.client import Client
from watchword.oauth.client_authentication import PrivateKey
from watchword.oauth.description import Description
from watchword.oauth.id_tokens import IdTokenRules
from watchword.oauth.profile import Fields, text
from watchword.oauth.provider import Provider
from watchword.oauth.tokens import Profile, Tokens

_ISSUER = "https://appleid.apple.com"
_SECRET_LIFE = 300  # seconds; Apple takes them for six months at most


@dataclass(frozen=True, kw_only=True, repr=False)
class Apple(Provider):
    """Apple accounts.

    Register an App ID with Sign in with Apple, a Services ID below it (the client id) and a key
    at https://developer.apple.com/account/resources/identifiers/list. The callback URL is a
    "Return URL" of the Services ID, which wants the domain as well.

    - The client secret is a token that your key signs: give `team_id`, `key_id` and
      `private_key_pem`, and one is made for each request. A `client_secret` made elsewhere is
      taken, too; Apple lets it live for six months at most.
    - Apple answers by a POST from its own site (`form_post`). The callback sends the browser on
      by GET, because cookies do not come along with such a POST.
    - Return URLs have HTTPS and a name: neither `localhost` nor an IP address.
    - The name is told once, with the first consent, by the browser and not by Apple. It
      stays with later sign-ins, which have none.
    - Who hides the address gets one of `privaterelay.appleid.com`. It forwards mails of senders
      that are registered with Apple, and no others.
    - ID tokens of a native application are made for its bundle: name it with
      `app_bundle_identifier`.
    """

    team_id: str | None = None
    """Of the developer account."""
    key_id: str | None = None
    """Of the key."""
    private_key_pem: str | None = None
    """The text of the `.p8` file."""
    app_bundle_identifier: str | None = None
    """Of the native application whose ID tokens are accepted."""
    audience: tuple[str, ...] = ()
    """Of ID tokens that are accepted; goes before everything else."""

    def describe(self) -> Description:
        bundle = (self.app_bundle_identifier,) if self.app_bundle_identifier else ()
        return Description(
            id="apple",
            name="Apple",
            authorization_url="https://appleid.apple.com/auth/authorize",
            token_url="https://appleid.apple.com/auth/token",
            scopes=("email", "name"),
            response_type="code id_token",
            response_mode="form_post",
            fields=Fields(id="sub", email_verified="email_verified"),
            id_token=IdTokenRules(
                jwks_url="https://appleid.apple.com/auth/keys",
                issuers=(_ISSUER,),
                nonce="exact or SHA-256",
                audience=self.audience or bundle,
            ),
            needs_secret=self.private_key_pem is None,
        )

    def check(self) -> None:
        if self.private_key_pem is None:
            return
        if not self.team_id or not self.key_id:
            raise self.wrong("private_key_pem", "needs team_id and key_id", "Give all three")
        self._key()

    async def secret(self, client: Client) -> str | None:
        if self.private_key_pem is None:
            return self.client_secret
        issued = int(client.now.timestamp())
        return self._key().sign(
            {
                "iss": self.team_id,
                "iat": issued,
                "exp": issued + _SECRET_LIFE,
                "aud": _ISSUER,
                "sub": self.client_ids[0],
            }
        )

    async def fetch_profile(self, client: Client, tokens: Tokens) -> Profile | None:
        claims = await super().fetch_profile(client, tokens)
        if claims is None:
            return None
        posted = tokens.posted_user
        names = (text(posted, "name.firstName"), text(posted, "name.lastName"))
        name = " ".join(filter(None, names)) or text(claims, "name")
        return {**claims, "name": name}

    def _key(self) -> PrivateKey:
        return PrivateKey(pem=self.private_key_pem or "", algorithm="ES256", key_id=self.key_id)
