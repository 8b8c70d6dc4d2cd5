"""An issuer of tokens without a server: keys, and an address that tells them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import httpx2

from tests.support.browser import Clock
from watchword.crypto.signed_tokens import (
    Algorithm,
    new_key,
    public_part,
    sign_token,
    signing_key,
)
from watchword.resource import JWTVerifier

URL = "https://auth.example.com/api/auth/jwks"
ISSUER = "https://auth.example.com"
AUDIENCE = "https://api.example.com"


class Issuer:
    """Counts how often it is asked; `fails` and `says` are what it does instead."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.keys: dict[str, tuple[Algorithm, Mapping[str, Any]]] = {}
        self.more: list[Any] = []
        self.asked = 0
        self.slow = 0.0
        self.fails: Exception | None = None
        self.says: httpx2.Response | None = None
        self.rotate("first")

    def rotate(self, key_id: str, algorithm: Algorithm = "EdDSA") -> None:
        """Another key, which is published at once."""
        self.keys[key_id] = (algorithm, new_key(algorithm, 2048))

    def key_set(self) -> dict[str, Any]:
        keys = [
            {**public_part(jwk), "alg": algorithm, "kid": key_id}
            for key_id, (algorithm, jwk) in self.keys.items()
        ]
        return {"keys": [*keys, *self.more]}

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked += 1
        time.sleep(self.slow)
        if self.fails is not None:
            raise self.fails
        return self.says or httpx2.Response(200, json=self.key_set())

    def token(self, key_id: str = "first", **claims: Any) -> str:
        algorithm, jwk = self.keys[key_id]
        now = int(self.clock().timestamp())
        said = {"sub": "ada", "iat": now, "exp": now + 900, "iss": ISSUER, "aud": AUDIENCE}
        return sign_token(key_id, algorithm, signing_key(algorithm, jwk), {**said, **claims})

    def verifier(self, **options: Any) -> JWTVerifier:
        """Asks this issuer."""
        options.setdefault("transport", httpx2.MockTransport(self))
        return JWTVerifier(URL, ISSUER, AUDIENCE, clock=self.clock, **options)
