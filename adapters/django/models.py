"""None: tables are watchword's own affair. Django tells of migrations whoever has this module."""
