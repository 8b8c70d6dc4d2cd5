"""Databases behind the storage contract of `watchword.database.contract`.

One file per database; what differs between SQL databases is in one table (`dialect`), what they
share is compiled in `queries`, run in `sql_engine` and described in `ddl`.
"""
