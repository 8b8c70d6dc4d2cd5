"""Administrators: users, roles, bans, sessions of others, and being a user for a while.

Spec: plugin admin; access control; security X1 to X4.
"""

from __future__ import annotations

from watchword.features.access_control import AccessControl, Role

from .bans import BansAPI
from .guarding import GuardingAPI
from .impersonation import ImpersonationAPI
from .listing import ListedUsersAPI
from .managed_sessions import ManagedSessionsAPI
from .permissions import ADMIN_PERMISSIONS, ADMIN_STATEMENTS, DEFAULT_ROLES, AdminStatements
from .plugin import Admin
from .users import ManagedUsersAPI
from .wire import (
    AdminCodes,
    AdministeredUser,
    Administrated,
    AdminUpdateUser,
    BanUser,
    CreateUser,
    HasPermission,
    ListUsers,
    NeededPermission,
    NeededRole,
    OwnRights,
    Permitted,
    RevokeUserSession,
    SetRole,
    SetUserPassword,
    UserList,
    UserSessions,
    WhichUser,
)

__all__ = [
    "ADMIN_PERMISSIONS",
    "ADMIN_STATEMENTS",
    "AccessControl",
    "DEFAULT_ROLES",
    "Admin",
    "AdminCodes",
    "AdminStatements",
    "AdminUpdateUser",
    "AdministeredUser",
    "Administrated",
    "BanUser",
    "BansAPI",
    "CreateUser",
    "GuardingAPI",
    "HasPermission",
    "ImpersonationAPI",
    "ListUsers",
    "ListedUsersAPI",
    "ManagedSessionsAPI",
    "ManagedUsersAPI",
    "NeededPermission",
    "NeededRole",
    "OwnRights",
    "Permitted",
    "RevokeUserSession",
    "Role",
    "SetRole",
    "SetUserPassword",
    "UserList",
    "UserSessions",
    "WhichUser",
]
