"""Certificates for the names of the site, as a test trusts them."""

from __future__ import annotations

import datetime
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NAMES = ("app.example.com", "*.example.com", "localhost")


@dataclass(frozen=True)
class Certificate:
    """Files of PEM."""

    chain: Path
    key: Path
    both: Path

    def trust(self) -> ssl.SSLContext:
        """What believes this one, and no other."""
        return ssl.create_default_context(cafile=str(self.chain))


def made_certificate(folder: Path) -> Certificate:
    """A certificate that is its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAMES[0])])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(one) for one in NAMES]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        .sign(key, hashes.SHA256())
    )
    chain = made.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    files = Certificate(folder / "site.pem", folder / "site.key", folder / "both.pem")
    files.chain.write_bytes(chain)
    files.key.write_bytes(secret)
    files.both.write_bytes(chain + secret)
    return files
