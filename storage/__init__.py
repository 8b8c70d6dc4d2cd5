"""Databases behind the storage contract of `watchword.database.contract`, one folder each.

`sql` is what the SQL databases share, `connections` what all connections do; `sqlalchemy` runs on
engines of the application, `redis` and `memory` keep what is short-lived.
"""
