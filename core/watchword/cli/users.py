"""`watchword users`: the server's own hand on its users, for the shell."""

from __future__ import annotations

from cyclopts import App

from .users_changed import (
    create,
    delete,
    disable,
    enable,
    revoke_sessions,
    set_password,
    set_role,
    update,
)
from .users_shown import listed, sessions, show

users = App(name="users", help="Look at users; make, change, lock and delete them.")

users.command(listed, name="list")
for function in (show, create, update, set_password, set_role, disable, enable, delete):
    users.command(function)
for function in (sessions, revoke_sessions):
    users.command(function)
