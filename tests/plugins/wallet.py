"""A wallet that signs messages, made of libsecp256k1 itself."""

from __future__ import annotations

from dataclasses import dataclass

from coincurve import PrivateKey

from tests.support.browser import Answer, Browser
from watchword.plugins.siwe.wallets import checksummed, keccak

DOMAIN = "example.com"
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


@dataclass
class Wallet:
    """One with a key; `number` tells several apart."""

    number: int = 1

    @property
    def _key(self) -> PrivateKey:
        return PrivateKey.from_int(self.number)

    @property
    def address(self) -> str:
        point = self._key.public_key.format(compressed=False)[1:]
        found = checksummed("0x" + keccak(point)[12:].hex())
        assert found is not None
        return found

    def raw(self, message: str) -> bytes:
        """r, s and the recovery id."""
        text = message.encode()
        digest = keccak(b"\x19Ethereum Signed Message:\n%d%b" % (len(text), text))
        return self._key.sign_recoverable(digest, hasher=None)

    def sign(self, message: str) -> str:
        """As `personal_sign` does."""
        raw = self.raw(message)
        return "0x" + raw[:64].hex() + bytes([27 + raw[64]]).hex()

    def sign_compact(self, message: str) -> str:
        """As EIP-2098 has it."""
        raw = self.raw(message)
        s = int.from_bytes(raw[32:64]) | raw[64] << 255
        return "0x" + raw[:32].hex() + s.to_bytes(32).hex()

    def message(self, nonce: str, *, extra: str = "", chain: str = "1", **other: str) -> str:
        """A message as the official libraries write it."""
        return (
            f"{other.get('domain', DOMAIN)} wants you to sign in with your Ethereum account:\n"
            f"{other.get('address', self.address)}\n\n{other.get('statement', 'Sign in, please.')}"
            f"\n\nURI: https://{DOMAIN}/login\nVersion: 1\nChain ID: {chain}\nNonce: {nonce}\n"
            f"Issued At: 2030-01-01T00:00:00.000Z{extra}"
        )

    def sign_in(self, browser: Browser, *, email: str | None = None, **more: str) -> Answer:
        """Ask for a nonce, sign, and show it."""
        message = self.message(nonce_of(browser), **more)
        return show(browser, message, self.sign(message), email)


def nonce_of(browser: Browser) -> str:
    answer = browser.post("/siwe/nonce", {})
    assert answer.status == 200, answer.json
    return answer.json["nonce"]


def show(browser: Browser, message: str, signature: str, email: str | None = None) -> Answer:
    body = {"message": message, "signature": signature}
    return browser.post("/siwe/verify", body if email is None else {**body, "email": email})
