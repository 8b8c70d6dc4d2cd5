"""A server with Google's ID tokens, signed by a key that the test has."""

from __future__ import annotations

from typing import Any

import httpx2
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.support.social import World

KEYS = "https://www.googleapis.com/oauth2/v3/certs"
KEY = RSAKey.generate_key(2048, {"kid": "one", "alg": "RS256", "use": "sig"})
NOW = 1_893_456_000
"""The test clock's moment."""
CLAIMS = {"iss": "https://accounts.google.com", "aud": "client", "iat": NOW, "exp": NOW + 600}


class Google(World):
    """Google with its public key."""

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        if str(request.url) == KEYS:
            self.asked.append(request)
            return httpx2.Response(200, json={"keys": [KEY.as_dict(private=False)]})
        return super().answer(request)

    def token(self, **changes: Any) -> str:
        """An ID token about the person, with some claims changed; None leaves one out."""
        claims = {**self.claims, **CLAIMS, **changes}
        kept = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode({"alg": "RS256", "kid": "one"}, kept, KEY, algorithms=["RS256"])
