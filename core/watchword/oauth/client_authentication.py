"""How we prove to a token endpoint who we are (RFC 6749, 2.3; RFC 7523, 2.2)."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import import_key

from watchword.errors import ConfigurationError
from watchword.http.query import encode_part

Method = Literal["post", "basic", "none", "private_key_jwt"]

_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ASSERTION_LIFE = 120  # seconds
_KINDS: dict[str, Literal["RSA", "EC", "OKP"]] = {
    "RS256": "RSA",
    "PS256": "RSA",
    "ES256": "EC",
    "EdDSA": "OKP",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateKey:
    """A private key that signs for us."""

    pem: str = field(repr=False)
    """PKCS#8, as the provider's console gives it."""
    algorithm: Literal["RS256", "PS256", "ES256", "EdDSA"] = "RS256"
    key_id: str | None = None
    thumbprint: str | None = None
    """Of the certificate, SHA-256 in base64url, where keys are known by certificates."""

    def __post_init__(self) -> None:
        try:
            self.sign({})
        except (JoseError, ValueError, TypeError):
            raise ConfigurationError(
                "private key", f"is no key for {self.algorithm}", "Give the PEM text of the key"
            ) from None

    def sign(self, claims: dict[str, object]) -> str:
        """A signed token of these claims."""
        key = import_key(self.pem, _KINDS[self.algorithm])
        names = {"kid": self.key_id, "x5t#S256": self.thumbprint}
        header = {"alg": self.algorithm, **{name: of for name, of in names.items() if of}}
        return jwt.encode(header, claims, key, algorithms=[self.algorithm])


def basic_credentials(client_id: str, secret: str) -> str:
    """The Authorization header; both parts are form-encoded first (RFC 6749, 2.3.1)."""
    pair = f"{encode_part(client_id)}:{encode_part(secret)}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def client_assertion(
    key: PrivateKey, *, client_id: str, audience: str, now: datetime, jti: str
) -> dict[str, str]:
    """The form's fields that prove it with a signature instead of a secret."""
    issued = int(now.timestamp())
    claims: dict[str, object] = {
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "jti": jti,
        "iat": issued,
        "exp": issued + _ASSERTION_LIFE,
    }
    return {
        "client_id": client_id,
        "client_assertion_type": _ASSERTION,
        "client_assertion": key.sign(claims),
    }
