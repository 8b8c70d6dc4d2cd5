"""Encrypted tokens (RFC 7516, compact form): the key is given directly, AES-CBC with HMAC-SHA-512.

Each of the server's secrets has a key of its own per kind of token, named by its thumbprint
(RFC 7638). The current one encrypts; any of them decrypts, so secrets can be exchanged.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from watchword.http.json import encode

from .cbc_hmac import KEY_LENGTH, ContentKey
from .derivation import derive_key
from .jwt import TokenInvalid, check_lifetime, json_object, part_of_token
from .secrets_list import Secrets
from .signing import base64url

SESSION_SALT = "better-auth-session"
"""For the session cache."""
ACCOUNT_SALT = "better-auth-account"
"""For the account cookie."""
LEEWAY = 15
"""Seconds that a token is taken after its end."""

_INFO = b"BetterAuth.js Generated Encryption Key"
_HEADER_FIELDS = frozenset(("alg", "enc", "kid", "typ"))


class _Key:
    """A key with its name and the header of what it encrypts."""

    def __init__(self, secret: str, salt: str) -> None:
        key = derive_key(secret, salt.encode(), _INFO, KEY_LENGTH)
        described = b'{"k":"%b","kty":"oct"}' % base64url(key).encode("ascii")
        self.name = base64url(hashlib.sha256(described).digest())
        self.header = base64url(
            encode({"alg": "dir", "enc": "A256CBC-HS512", "kid": self.name}),
        )
        self.content = ContentKey(key)


class TokenKeys:
    """The keys of one kind of token, prepared once per configuration. Its repr shows none."""

    def __init__(self, secrets: Secrets, salt: str) -> None:
        values = [one.value for one in secrets.versions] or [secrets.current]
        if secrets.legacy is not None:
            values.append(secrets.legacy)
        self._keys = [_Key(value, salt) for value in values]
        self._by_header = {key.header: [key] for key in self._keys}

    @property
    def names(self) -> tuple[str, ...]:
        """The thumbprints, the current one first."""
        return tuple(key.name for key in self._keys)

    def encrypt(self, claims: Mapping[str, object]) -> str:
        """A token with these claims, encrypted with the current key."""
        key = self._keys[0]
        parts = key.content.encrypt(encode(claims), key.header.encode("ascii"))
        return ".".join((key.header, "", *map(base64url, parts)))

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
        parts = token.split(".")
        if len(parts) != 5 or parts[1]:
            raise TokenInvalid("not a directly encrypted token")
        header = parts[0]
        iv, text, tag = map(part_of_token, parts[2:])
        for key in self._by_header.get(header) or self._candidates(header):
            plain = key.content.decrypt(iv, text, tag, header.encode("ascii"))
            if plain is not None:
                return plain
        raise TokenInvalid("encrypted with another key")

    def _candidates(self, part: str) -> Sequence[_Key]:
        header = json_object(part_of_token(part))
        if header.get("alg") != "dir" or header.get("enc") != "A256CBC-HS512":
            raise TokenInvalid("only dir with A256CBC-HS512 is accepted")
        if not header.keys() <= _HEADER_FIELDS:
            raise TokenInvalid("the header asks for more than decryption")
        if "kid" not in header:
            return self._keys
        return [key for key in self._keys if key.name == header["kid"]]
