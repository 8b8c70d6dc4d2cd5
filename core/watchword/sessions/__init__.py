"""Sessions: who is asking, where sessions are kept, and how long they live.

Whoever needs a session asks `sessions`; only this folder knows of cookies' values, the cookie
cache and the places where sessions are stored.
"""
