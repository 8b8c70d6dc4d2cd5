"""Encrypted tokens (RFC 7516, compact form): the key is given directly, AES-CBC with HMAC-SHA-512.

Each of the server's secrets has a key of its own per kind of token, named by its thumbprint
(RFC 7638). The current one encrypts; any of them decrypts, so secrets can be exchanged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from watchword.http.json import encode

from .derivation import derive_key
from .jwt import TokenInvalid, check_lifetime, json_object, part_of_token
from .secrets_list import Secrets

SESSION_SALT = "better-auth-session"
"""For the session cache."""
ACCOUNT_SALT = "better-auth-account"
"""For the account cookie."""
LEEWAY = 15
"""Seconds that a token is taken after its end."""

_INFO = b"BetterAuth.js Generated Encryption Key"
_ALGORITHMS = ["dir", "A256CBC-HS512"]
_HEADER_FIELDS = frozenset(("alg", "enc", "kid", "typ"))


@dataclass(frozen=True, slots=True)
class _Key:
    name: str
    key: OctKey


class TokenKeys:
    """The keys of one kind of token, prepared once per configuration. Its repr shows none."""

    def __init__(self, secrets: Secrets, salt: str) -> None:
        values = [one.value for one in secrets.versions] or [secrets.current]
        if secrets.legacy is not None:
            values.append(secrets.legacy)
        self._keys = [_key(value, salt) for value in values]

    @property
    def names(self) -> tuple[str, ...]:
        """The thumbprints, the current one first."""
        return tuple(key.name for key in self._keys)

    def encrypt(self, claims: Mapping[str, object]) -> str:
        """A token with these claims, encrypted with the current key."""
        key = self._keys[0]
        header = {"alg": "dir", "enc": "A256CBC-HS512", "kid": key.name}
        return jwe.encrypt_compact(header, encode(claims), key.key, algorithms=_ALGORITHMS)

    def decrypt(self, token: str, *, now: float, leeway: float = LEEWAY) -> dict[str, object]:
        """The claims of a token that has not ended. `now` is in Unix seconds.

        Raises `TokenInvalid` or its subclass `TokenExpired`.
        """
        claims = json_object(self.decrypted_claims(token))
        check_lifetime(claims, now=now, leeway=leeway)
        return claims

    def decrypted_claims(self, token: str) -> bytes:
        """The text of the claims of a token, ended or not. Raises `TokenInvalid`.

        What the header asks for is checked before any key is touched.
        """
        for key in self._candidates(_header(token)):
            plain = _opened(token, key.key)
            if plain is not None:
                return plain
        raise TokenInvalid("encrypted with another key")

    def _candidates(self, header: Mapping[str, object]) -> list[_Key]:
        if "kid" not in header:
            return self._keys
        return [key for key in self._keys if key.name == header["kid"]]


def _key(secret: str, salt: str) -> _Key:
    key = OctKey.import_key(derive_key(secret, salt.encode(), _INFO, 64))
    return _Key(key.thumbprint(), key)


def _header(token: str) -> dict[str, object]:
    parts = token.split(".")
    if len(parts) != 5 or parts[1]:
        raise TokenInvalid("not a directly encrypted token")
    for part in parts[2:]:
        part_of_token(part)
    header = json_object(part_of_token(parts[0]))
    if header.get("alg") != "dir" or header.get("enc") != "A256CBC-HS512":
        raise TokenInvalid("only dir with A256CBC-HS512 is accepted")
    if not header.keys() <= _HEADER_FIELDS:
        raise TokenInvalid("the header asks for more than decryption")
    return header


def _opened(token: str, key: OctKey) -> bytes | None:
    try:
        return jwe.decrypt_compact(token, key, algorithms=_ALGORITHMS).plaintext
    except (JoseError, ValueError):
        return None
