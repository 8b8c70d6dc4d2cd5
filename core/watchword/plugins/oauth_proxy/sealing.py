"""What two servers tell one another through a browser: encrypted, each text for one purpose (spec:
plugin oauth-proxy, encryption).

Whoever can read one of these texts could also have written it. So only secrets that vouch are taken
(security W14): one that is older and merely decrypts must sign nobody in.
"""

from __future__ import annotations

from typing import Literal

from watchword.call import Call
from watchword.crypto.derivation import purpose_secrets
from watchword.crypto.secrets_list import Secrets
from watchword.crypto.symmetric import DecryptionFailed, decrypt, encrypt

Purpose = Literal["oauth-proxy-package", "oauth-proxy-state", "oauth-proxy-profile"]


def seal(call: Call, secrets: Secrets, purpose: Purpose, text: str) -> str:
    """The text, for the server that has the same secret."""
    token_bytes = call.config.options.token_bytes
    return encrypt(text, purpose_secrets(secrets, purpose), token_bytes)


def unseal(call: Call, secrets: Secrets, purpose: Purpose, sealed: str) -> str | None:
    """The text that such a server sealed; None for anything else."""
    vouching = secrets.believed(call.now)
    try:
        return decrypt(sealed, purpose_secrets(vouching, purpose))
    except DecryptionFailed:
        return None
