"""Records and their tables, the storage contract, and the database as a call sees it.

No SQL and no driver: those are in `watchword.storage`, behind the contract that is defined here.
"""
