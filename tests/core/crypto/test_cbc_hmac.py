"""AES-256-CBC with HMAC-SHA-512: the example of RFC 7518, appendix B.3, and what is refused."""

from __future__ import annotations

import hmac
from itertools import product

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from watchword.crypto.cbc_hmac import ContentKey

KEY = bytes(range(64))
IV = bytes.fromhex("1af38c2dc2b96ffdd86694092341bc04")
PLAIN = (
    b"A cipher system must not be required to be secret, and it must be able to fall into "
    b"the hands of the enemy without inconvenience"
)
BESIDE = b"The second principle of Auguste Kerckhoffs"
TAG = bytes.fromhex("4dd3b4c088a7f45c216839645b2012bf2e6269a8c56a816dbc1b267761955bc5")


def test_the_example_of_the_rfc() -> None:
    iv, text, tag = ContentKey(KEY).encrypt(PLAIN, BESIDE, IV)

    assert (iv, tag) == (IV, TAG)
    assert text.startswith(bytes.fromhex("4affaaadb78c31c5da4b1b590d10ffbd"))
    assert ContentKey(KEY).decrypt(iv, text, tag, BESIDE) == PLAIN


def test_a_vector_is_used_once() -> None:
    key = ContentKey(KEY)
    assert len({key.encrypt(b"", b"")[0] for _ in range(50)}) == 50


@pytest.mark.parametrize("part", range(4), ids=["vector", "text", "tag", "beside"])
def test_whatever_is_changed_nothing_is_decrypted(part: int) -> None:
    key = ContentKey(KEY)
    parts = [*key.encrypt(b"plain", b"beside"), b"beside"]
    whole = parts[part]
    changes = [whole[:-1], whole + b"\0", b""]
    changes += [
        whole[:at] + bytes([whole[at] ^ bit]) + whole[at + 1 :]
        for at, bit in product(range(len(whole)), (1, 128))
    ]
    for change in changes:
        parts[part] = change
        assert key.decrypt(*parts) is None


def test_bytes_do_not_move_between_parts() -> None:
    key = ContentKey(KEY)
    iv, text, tag = key.encrypt(b"plain", b"beside")
    assert key.decrypt(text[:16], text[16:], tag, b"beside" + iv) is None
    assert key.decrypt(iv[:15], iv[15:] + text, tag, b"beside") is None


@pytest.mark.parametrize("padded", [b"", b"x" * 15, b"x" * 16, b"x" * 15 + b"\0"], ids=repr)
def test_a_text_with_the_right_tag_and_no_padding_is_refused(padded: bytes) -> None:
    whole = padded[: len(padded) // 16 * 16]
    encryptor = Cipher(algorithms.AES(KEY[32:]), modes.CBC(IV)).encryptor()
    text = encryptor.update(whole) + encryptor.finalize() + padded[len(whole) :]
    tag = hmac.digest(KEY[:32], IV + text + bytes(8), "sha512")[:32]

    assert ContentKey(KEY).decrypt(IV, text, tag, b"") is None


@pytest.mark.parametrize("length", [0, 32, 63, 65])
def test_a_key_has_64_bytes_and_is_not_shown(length: int) -> None:
    with pytest.raises(ValueError, match=f"{length} bytes instead of 64"):
        ContentKey(bytes(length))
    assert KEY.hex()[:16] not in repr(ContentKey(KEY))
