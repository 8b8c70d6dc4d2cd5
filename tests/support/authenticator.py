"""An authenticator in software: it makes passkeys and signs with them, as browsers hand it over.

It is written after WebAuthn Level 3, with nothing of the library that verifies: each of the two
would notice a mistake of the other.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

UP, UV, BE, BS, AT, ED = 0x01, 0x04, 0x08, 0x10, 0x40, 0x80
"""Flags of authenticator data: somebody was there; and proved who; the key may be copied; it is;
a new key follows; extensions follow."""

Algorithm = Literal["ES256", "RS256", "EdDSA"]


def b64(data: bytes) -> str:
    """base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    """The bytes of that."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Credential:
    """One passkey: its private key, and how often it was used."""

    id: bytes
    rp_id: str
    cose: dict[int, Any]
    sign: Callable[[bytes], bytes]
    counter: int = 0


@dataclass
class Authenticator:
    """Holds passkeys. Each field that a test changes is a lie, a fault, or another model."""

    origin: str = "http://localhost:3000"
    algorithm: Algorithm = "ES256"
    flags: int = UP | UV
    counts: bool = True
    """Whether it counts; those whose keys are copied do not."""
    transports: list[Any] | None = field(default_factory=lambda: ["internal"])
    aaguid: bytes = bytes(16)
    client_data: dict[str, Any] = field(default_factory=dict[str, Any])
    """Laid over what the browser says."""
    credentials: list[Credential] = field(default_factory=list[Credential])

    def create(self, options: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
        """What `navigator.credentials.create` gives, as `toJSON` writes it."""
        cose, sign = new_key(self.algorithm)
        rp_id = options["rp"]["id"]
        made = Credential(changes.pop("id", secrets.token_bytes(20)), rp_id, cose, sign)
        self.credentials.append(made)
        key = changes.pop("cose", cbor2.dumps(made.cose))
        data = (
            self._head(made, AT)
            + self.aaguid
            + len(made.id).to_bytes(2, "big")
            + made.id
            + key
            + changes.pop("extensions", b"")
        )
        statement = {"fmt": "none", "attStmt": {}, "authData": data}
        response: dict[str, Any] = {
            "clientDataJSON": self._client_data("webauthn.create", options["challenge"]),
            "attestationObject": b64(cbor2.dumps({**statement, **changes})),
        }
        if self.transports is not None:
            response["transports"] = self.transports
        return self._wrapped(made, response)

    def get(
        self, options: Mapping[str, Any], credential: Credential | None = None
    ) -> dict[str, Any]:
        """What `navigator.credentials.get` gives: signed with a passkey, the last one that fits."""
        allowed = {one["id"] for one in options.get("allowCredentials") or ()}
        fitting = [
            one
            for one in self.credentials
            if one.rp_id == options["rpId"] and (not allowed or b64(one.id) in allowed)
        ]
        used = credential or fitting[-1]
        if self.counts:
            used.counter += 1
        data = self._head(used)
        client_data = self._client_data("webauthn.get", options["challenge"])
        signed = data + hashlib.sha256(unb64(client_data)).digest()
        response = {
            "clientDataJSON": client_data,
            "authenticatorData": b64(data),
            "signature": b64(used.sign(signed)),
            "userHandle": None,
        }
        return self._wrapped(used, response)

    def _head(self, credential: Credential, more: int = 0) -> bytes:
        rp = hashlib.sha256(credential.rp_id.encode()).digest()
        return rp + bytes([self.flags | more]) + credential.counter.to_bytes(4, "big")

    def _client_data(self, kind: str, challenge: str) -> str:
        said = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return b64(json.dumps({**said, **self.client_data}).encode())

    def _wrapped(self, credential: Credential, response: dict[str, Any]) -> dict[str, Any]:
        name = b64(credential.id)
        return {
            "id": name,
            "rawId": name,
            "type": "public-key",
            "response": response,
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
        }


def new_key(algorithm: Algorithm) -> tuple[dict[int, Any], Callable[[bytes], bytes]]:
    """A COSE key (RFC 9052, 7), and what signs with its private half."""
    if algorithm == "ES256":
        private = ec.generate_private_key(ec.SECP256R1())
        point = private.public_key().public_numbers()
        x, y = (number.to_bytes(32, "big") for number in (point.x, point.y))
        cose = {1: 2, 3: -7, -1: 1, -2: x, -3: y}
        return cose, lambda data: private.sign(data, ec.ECDSA(SHA256()))
    if algorithm == "EdDSA":
        own = ed25519.Ed25519PrivateKey.generate()
        return {1: 1, 3: -8, -1: 6, -2: own.public_key().public_bytes_raw()}, own.sign
    return rsa_key(2048)


def rsa_key(bits: int) -> tuple[dict[int, Any], Callable[[bytes], bytes]]:
    """The same of RSA."""
    private = rsa.generate_private_key(65537, bits)
    modulus = private.public_key().public_numbers().n
    cose = {1: 3, 3: -257, -1: modulus.to_bytes(bits // 8, "big"), -2: b"\x01\x00\x01"}
    return cose, lambda data: private.sign(data, padding.PKCS1v15(), SHA256())
