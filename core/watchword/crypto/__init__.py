"""Signatures, hashes, tokens: thin layers over well-kept libraries, never our own primitives."""
