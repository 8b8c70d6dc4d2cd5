"""Signing in with an identity provider, and the accounts that come of it.

`plugin` declares the endpoints and is all that a server without providers loads.
"""
