"""What the SQL databases share: queries compiled from conditions, tables and their migration.

What differs between the databases is one `Dialect`; no driver is imported here.
"""
