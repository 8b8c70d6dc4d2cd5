"""Short-lived secrets in the verification table: stored, looked up, taken exactly once.

What is promised with them is the business of `features` and `plugins`.
"""
