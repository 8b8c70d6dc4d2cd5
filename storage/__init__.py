"""Databases behind the storage contract of `watchword.database.contract`.

What differs between SQL databases is in one table (`dialect`); what they share is compiled in
`queries` and `model_sql`, run in `sql_engine` and described in `ddl`. A database is one module
(`sqlite`) that brings its dialect, an inspector and its connections.
"""
