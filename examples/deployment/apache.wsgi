"""What mod_wsgi loads."""

from app import wsgi as application

__all__ = ["application"]
