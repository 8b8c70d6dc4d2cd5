"""Holding a response against what was asked for, with the library `webauthn`.

What the library leaves open is decided here. Whatever cannot be read or verified is refused in the
same way, whatever went wrong (security K1, K3).
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Annotated, Any, Literal, cast

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from webauthn import verify_authentication_response, verify_registration_response
from webauthn.helpers import decode_credential_public_key, decoded_public_key_to_cryptography
from webauthn.helpers.cose import COSEAlgorithmIdentifier

from watchword.crypto.signing import base64url, base64url_decode
from watchword.discreet import Discreet

from .ceremony import (
    ALGORITHMS,
    EDDSA,
    ES256,
    RS256,
    Asked,
    Authenticated,
    NotVerified,
    Registered,
)
from .records import DeviceType, StoredPasskey

_SUPPORTED = [COSEAlgorithmIdentifier(number) for number in ALGORITHMS]
_LONGEST_ID = 1364
"""Characters of a credential's id: 1023 bytes (WebAuthn Level 3, 5.8.3)."""
_MODULUS = range(2048, 8193)
"""Bits of an RSA key."""
_LONGEST_EXPONENT = 32
"""Bits of its exponent: whoever made it longer would make us compute."""
_DEVICE_TYPES: dict[str, DeviceType] = {
    "single_device": "singleDevice",
    "multi_device": "multiDevice",
}
_BINDINGS = ("present", "supported")

_Bytes = Annotated[str, msgspec.Meta(max_length=32_768)]
_CredentialId = Annotated[str, msgspec.Meta(min_length=1, max_length=_LONGEST_ID)]
_Transport = Annotated[str, msgspec.Meta(max_length=32, pattern=r"\A[A-Za-z0-9_-]*\Z")]


class _Attestation(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    client_data_json: _Bytes = msgspec.field(name="clientDataJSON")
    attestation_object: _Bytes = msgspec.field(name="attestationObject")
    transports: Annotated[list[_Transport], msgspec.Meta(max_length=16)] | None = None


class _Assertion(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    client_data_json: _Bytes = msgspec.field(name="clientDataJSON")
    authenticator_data: _Bytes = msgspec.field(name="authenticatorData")
    signature: _Bytes


class _Registration(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    id: _CredentialId
    raw_id: _CredentialId = msgspec.field(name="rawId")
    type: Literal["public-key"]
    response: _Attestation


class _Authentication(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    id: _CredentialId
    raw_id: _CredentialId = msgspec.field(name="rawId")
    type: Literal["public-key"]
    response: _Assertion


class _ClientData(Discreet, msgspec.Struct, frozen=True):
    cross_origin: bool = msgspec.field(default=False, name="crossOrigin")
    token_binding: object = msgspec.field(default=msgspec.UNSET, name="tokenBinding")


def registration(response: object, asked: Asked) -> Registered:
    """The new passkey that an authenticator vouches for. Raises `NotVerified`."""

    given = _read(response, _Registration)
    _check_client_data(given.response.client_data_json)
    try:
        found = verify_registration_response(
            credential=_plain(given),
            expected_challenge=base64url_decode(asked.challenge),
            expected_rp_id=asked.rp_id,
            expected_origin=asked.origins,
            require_user_verification=asked.must_verify_user,
            supported_pub_key_algs=_SUPPORTED,
        )
        _check_key(found.credential_public_key)
    except NotVerified:
        raise
    except Exception as error:
        raise NotVerified(type(error).__name__) from None
    if base64url(found.credential_id) != given.id:
        raise NotVerified("signed for another credential id")
    return Registered(
        credential_id=given.id,
        public_key=b64encode(found.credential_public_key).decode(),
        counter=found.sign_count,
        device_type=_DEVICE_TYPES[found.credential_device_type.value],
        backed_up=found.credential_backed_up,
        user_verified=found.user_verified,
        transports=",".join(given.response.transports or ()),
        aaguid=found.aaguid,
    )


def authentication(response: object, passkey: StoredPasskey, asked: Asked) -> Authenticated:
    """That the owner of a passkey was just there. Raises `NotVerified`."""

    given = _read(response, _Authentication)
    _check_client_data(given.response.client_data_json)
    try:
        found = verify_authentication_response(
            credential=_plain(given),
            expected_challenge=base64url_decode(asked.challenge),
            expected_rp_id=asked.rp_id,
            expected_origin=asked.origins,
            credential_public_key=b64decode(passkey.public_key, validate=True),
            credential_current_sign_count=passkey.counter,
            require_user_verification=asked.must_verify_user,
        )
    except Exception as error:
        forged = isinstance(error.__context__, InvalidSignature)
        raise NotVerified(type(error).__name__, forged=forged) from None
    return Authenticated(found.new_sign_count, found.user_verified)


def _read(response: object, kind: type[Any]) -> Any:
    try:
        return msgspec.convert(response, kind)
    except (msgspec.ValidationError, RecursionError):
        raise NotVerified("not of the form of a response") from None


def _plain(given: msgspec.Struct) -> dict[str, Any]:
    return msgspec.to_builtins(given)


def _check_client_data(text: str) -> None:
    """What the library does not look at."""
    try:
        data = msgspec.json.decode(base64url_decode(text), type=_ClientData)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise NotVerified("clientDataJSON cannot be read") from None
    if data.cross_origin:
        raise NotVerified("asked for in a frame of another site")
    binding: object = data.token_binding
    if binding is not msgspec.UNSET:
        status = (
            cast("dict[str, object]", binding).get("status") if isinstance(binding, dict) else None
        )
        if status not in _BINDINGS:
            raise NotVerified("odd token binding")


def _check_key(cose: bytes) -> None:
    """Refuse at registration what could never be signed in with, or makes verifying dear."""

    decoded = decode_credential_public_key(cose)
    key = decoded_public_key_to_cryptography(decoded)
    if isinstance(key, Ed25519PublicKey):
        fits = decoded.alg == EDDSA
    elif isinstance(key, EllipticCurvePublicKey):
        fits = decoded.alg == ES256 and isinstance(key.curve, SECP256R1)
    elif isinstance(key, RSAPublicKey):
        exponent = key.public_numbers().e.bit_length()
        fits = key.key_size in _MODULUS and exponent <= _LONGEST_EXPONENT
        fits = fits and decoded.alg == RS256
    else:
        fits = False
    if not fits:
        raise NotVerified("no key of this kind is taken")
