"""The errors of organizations, teams and roles (spec: plugin organization, (b))."""

from __future__ import annotations

from watchword.errors import ErrorCode, ErrorCodes


def _bad(code: str, message: str, field: str = "") -> ErrorCode:
    return ErrorCode(400, code, message, field=field or ())


def _denied(code: str, message: str) -> ErrorCode:
    return ErrorCode(403, code, message)


class OrganizationCodes(ErrorCodes):
    """Errors about organizations and their members."""

    ORGANIZATION_NOT_FOUND = _bad("ORGANIZATION_NOT_FOUND", "There is no such organization")
    NO_ACTIVE_ORGANIZATION = _bad(
        "NO_ACTIVE_ORGANIZATION", "Say which organization, or make one active"
    )
    ORGANIZATION_ALREADY_EXISTS = _bad(
        "ORGANIZATION_ALREADY_EXISTS", "Another organization has this slug", "slug"
    )
    ORGANIZATION_SLUG_ALREADY_TAKEN = _bad(
        "ORGANIZATION_SLUG_ALREADY_TAKEN", "Another organization has this slug", "slug"
    )
    ORGANIZATION_DELETION_DISABLED = ErrorCode(
        404, "ORGANIZATION_DELETION_DISABLED", "Organizations cannot be deleted here"
    )
    FAILED_TO_CREATE_ORGANIZATION = ErrorCode(
        422,
        "FAILED_TO_CREATE_ORGANIZATION",
        "A hook or a unique field of the database refused this",
    )
    FAILED_TO_UPDATE_ORGANIZATION = ErrorCode(
        422,
        "FAILED_TO_UPDATE_ORGANIZATION",
        "A hook or a unique field of the database refused this",
    )
    YOU_ARE_NOT_ALLOWED_TO_CREATE_A_NEW_ORGANIZATION = _denied(
        "YOU_ARE_NOT_ALLOWED_TO_CREATE_A_NEW_ORGANIZATION", "You may not create organizations"
    )
    YOU_HAVE_REACHED_THE_MAXIMUM_NUMBER_OF_ORGANIZATIONS = _denied(
        "YOU_HAVE_REACHED_THE_MAXIMUM_NUMBER_OF_ORGANIZATIONS",
        "You cannot have another organization",
    )
    YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_ORGANIZATION = _denied(
        "YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_ORGANIZATION", "You may not change this organization"
    )
    YOU_ARE_NOT_ALLOWED_TO_DELETE_THIS_ORGANIZATION = _denied(
        "YOU_ARE_NOT_ALLOWED_TO_DELETE_THIS_ORGANIZATION", "You may not delete this organization"
    )
    YOU_ARE_NOT_ALLOWED_TO_ACCESS_THIS_ORGANIZATION = _denied(
        "YOU_ARE_NOT_ALLOWED_TO_ACCESS_THIS_ORGANIZATION", "You may not look at this organization"
    )

    MEMBER_NOT_FOUND = _bad("MEMBER_NOT_FOUND", "There is no such member")
    USER_NOT_FOUND = _bad("USER_NOT_FOUND", "There is no such user")
    USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION = _bad(
        "USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION", "This user is no member of the organization"
    )
    YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION = _denied(
        "YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION", "You are no member of this organization"
    )
    USER_IS_ALREADY_A_MEMBER_OF_THIS_ORGANIZATION = _bad(
        "USER_IS_ALREADY_A_MEMBER_OF_THIS_ORGANIZATION", "This user is a member already", "email"
    )
    ORGANIZATION_MEMBERSHIP_LIMIT_REACHED = _denied(
        "ORGANIZATION_MEMBERSHIP_LIMIT_REACHED", "The organization has as many members as it may"
    )
    FAILED_TO_ADD_MEMBER = ErrorCode(
        422, "FAILED_TO_ADD_MEMBER", "A hook or a unique field of the database refused this"
    )
    FAILED_TO_CHANGE_MEMBER = ErrorCode(
        422, "FAILED_TO_CHANGE_MEMBER", "A hook or a unique field of the database refused this"
    )
    YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_MEMBER = _denied(
        "YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_MEMBER", "You may not change this member"
    )
    YOU_ARE_NOT_ALLOWED_TO_DELETE_THIS_MEMBER = ErrorCode(
        401, "YOU_ARE_NOT_ALLOWED_TO_DELETE_THIS_MEMBER", "You may not remove this member"
    )
    YOU_CANNOT_LEAVE_THE_ORGANIZATION_AS_THE_ONLY_OWNER = _bad(
        "YOU_CANNOT_LEAVE_THE_ORGANIZATION_AS_THE_ONLY_OWNER",
        "The organization needs an owner: make somebody else one first",
    )
    YOU_CANNOT_LEAVE_THE_ORGANIZATION_WITHOUT_AN_OWNER = _bad(
        "YOU_CANNOT_LEAVE_THE_ORGANIZATION_WITHOUT_AN_OWNER",
        "The organization needs an owner: make somebody else one first",
    )
    ROLE_NOT_FOUND = _bad("ROLE_NOT_FOUND", "There is no such role")
    UNKNOWN_ROLES = ErrorCode(400, None, "ROLE_NOT_FOUND: there are no such roles")
    NOTHING_SELECTED = ErrorCode(400, None, "Say which organization, or make one active")
    NOTHING_TO_UPDATE = ErrorCode(400, None, "No fields to update")
    ASKED_BY_NOBODY = ErrorCode(400, None, "Sign in, or say whose invitations are asked for")
    ASKED_FOR_OTHERS = ErrorCode(400, None, "Only the server may ask for those of somebody else")
    TEAMS_ARE_OFF = ErrorCode(400, None, "There are no teams here")


class InvitationCodes(ErrorCodes):
    """Errors about invitations."""

    INVALID_EMAIL = _bad("INVALID_EMAIL", "This is not an e-mail address", "email")
    INVITATION_NOT_FOUND = _bad("INVITATION_NOT_FOUND", "There is no such invitation")
    FAILED_TO_INVITE = ErrorCode(
        422, "FAILED_TO_INVITE", "A hook or a unique field of the database refused this"
    )
    USER_IS_ALREADY_INVITED_TO_THIS_ORGANIZATION = _bad(
        "USER_IS_ALREADY_INVITED_TO_THIS_ORGANIZATION",
        "Somebody is invited by this address",
        "email",
    )
    YOU_ARE_NOT_ALLOWED_TO_INVITE_USERS_TO_THIS_ORGANIZATION = _denied(
        "YOU_ARE_NOT_ALLOWED_TO_INVITE_USERS_TO_THIS_ORGANIZATION", "You may not invite anybody"
    )
    YOU_ARE_NOT_ALLOWED_TO_INVITE_USER_WITH_THIS_ROLE = _denied(
        "YOU_ARE_NOT_ALLOWED_TO_INVITE_USER_WITH_THIS_ROLE", "You may not invite to this role"
    )
    INVITATION_LIMIT_REACHED = _denied(
        "INVITATION_LIMIT_REACHED", "As many invitations are open as may be"
    )
    YOU_ARE_NOT_THE_RECIPIENT_OF_THE_INVITATION = _denied(
        "YOU_ARE_NOT_THE_RECIPIENT_OF_THE_INVITATION", "The invitation is for another address"
    )
    EMAIL_VERIFICATION_REQUIRED_BEFORE_ACCEPTING_OR_REJECTING_INVITATION = _denied(
        "EMAIL_VERIFICATION_REQUIRED_BEFORE_ACCEPTING_OR_REJECTING_INVITATION",
        "Prove your e-mail address first",
    )
    EMAIL_VERIFICATION_REQUIRED_FOR_INVITATION = _denied(
        "EMAIL_VERIFICATION_REQUIRED_FOR_INVITATION", "Prove your e-mail address first"
    )
    YOU_ARE_NOT_ALLOWED_TO_CANCEL_THIS_INVITATION = _denied(
        "YOU_ARE_NOT_ALLOWED_TO_CANCEL_THIS_INVITATION", "You may not withdraw this invitation"
    )
    INVITER_IS_NO_LONGER_A_MEMBER_OF_THE_ORGANIZATION = _bad(
        "INVITER_IS_NO_LONGER_A_MEMBER_OF_THE_ORGANIZATION",
        "Who invited you has left the organization",
    )
    YOU_ARE_NOT_ALLOWED_TO_LIST_INVITATIONS = _denied(
        "YOU_ARE_NOT_ALLOWED_TO_LIST_INVITATIONS", "You may not look at invitations"
    )


class TeamCodes(ErrorCodes):
    """Errors about teams."""

    TEAM_NOT_FOUND = _bad("TEAM_NOT_FOUND", "There is no such team")
    INVALID_TEAM_ID = _bad("INVALID_TEAM_ID", "This is not the id of a team")
    TEAM_MEMBER_LIMIT_REACHED = _denied(
        "TEAM_MEMBER_LIMIT_REACHED", "The team has as many members as it may"
    )
    YOU_ARE_NOT_ALLOWED_TO_CREATE_TEAMS_IN_THIS_ORGANIZATION = _denied(
        "YOU_ARE_NOT_ALLOWED_TO_CREATE_TEAMS_IN_THIS_ORGANIZATION", "You may not create teams"
    )
    YOU_HAVE_REACHED_THE_MAXIMUM_NUMBER_OF_TEAMS = _bad(
        "YOU_HAVE_REACHED_THE_MAXIMUM_NUMBER_OF_TEAMS",
        "The organization has as many teams as it may",
    )
    YOU_ARE_NOT_ALLOWED_TO_DELETE_THIS_TEAM = _denied(
        "YOU_ARE_NOT_ALLOWED_TO_DELETE_THIS_TEAM", "You may not delete this team"
    )
    YOU_ARE_NOT_ALLOWED_TO_DELETE_TEAMS_IN_THIS_ORGANIZATION = _denied(
        "YOU_ARE_NOT_ALLOWED_TO_DELETE_TEAMS_IN_THIS_ORGANIZATION", "You may not delete teams"
    )
    UNABLE_TO_REMOVE_LAST_TEAM = _bad("UNABLE_TO_REMOVE_LAST_TEAM", "The organization needs a team")
    YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_TEAM = _denied(
        "YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_TEAM", "You may not change this team"
    )
    USER_IS_NOT_A_MEMBER_OF_THE_TEAM = _denied(
        "USER_IS_NOT_A_MEMBER_OF_THE_TEAM", "This user is no member of the team"
    )
    FAILED_TO_STORE_TEAM = ErrorCode(
        422, "FAILED_TO_STORE_TEAM", "A hook or a unique field of the database refused this"
    )
    YOU_DO_NOT_HAVE_AN_ACTIVE_TEAM = _bad(
        "YOU_DO_NOT_HAVE_AN_ACTIVE_TEAM", "Say which team, or make one active"
    )
    YOU_ARE_NOT_ALLOWED_TO_CREATE_A_NEW_TEAM_MEMBER = _denied(
        "YOU_ARE_NOT_ALLOWED_TO_CREATE_A_NEW_TEAM_MEMBER", "You may not add to this team"
    )
    YOU_ARE_NOT_ALLOWED_TO_REMOVE_A_TEAM_MEMBER = _denied(
        "YOU_ARE_NOT_ALLOWED_TO_REMOVE_A_TEAM_MEMBER", "You may not remove from this team"
    )


class RoleCodes(ErrorCodes):
    """Errors about roles that organizations make for themselves."""

    MISSING_AC_INSTANCE = ErrorCode(501, "MISSING_AC_INSTANCE", "There are no such roles here")
    YOU_MUST_BE_IN_AN_ORGANIZATION_TO_CREATE_A_ROLE = _bad(
        "YOU_MUST_BE_IN_AN_ORGANIZATION_TO_CREATE_A_ROLE",
        "Say which organization, or make one active",
    )
    ROLE_NAME_IS_ALREADY_TAKEN = _bad(
        "ROLE_NAME_IS_ALREADY_TAKEN", "There is a role with this name"
    )
    YOU_ARE_NOT_ALLOWED_TO_CREATE_A_ROLE = _denied(
        "YOU_ARE_NOT_ALLOWED_TO_CREATE_A_ROLE", "You may not create this role"
    )
    YOU_ARE_NOT_ALLOWED_TO_UPDATE_A_ROLE = _denied(
        "YOU_ARE_NOT_ALLOWED_TO_UPDATE_A_ROLE", "You may not change this role"
    )
    YOU_ARE_NOT_ALLOWED_TO_DELETE_A_ROLE = _denied(
        "YOU_ARE_NOT_ALLOWED_TO_DELETE_A_ROLE", "You may not delete roles"
    )
    YOU_ARE_NOT_ALLOWED_TO_LIST_A_ROLE = _denied(
        "YOU_ARE_NOT_ALLOWED_TO_LIST_A_ROLE", "You may not look at roles"
    )
    YOU_ARE_NOT_ALLOWED_TO_READ_A_ROLE = _denied(
        "YOU_ARE_NOT_ALLOWED_TO_READ_A_ROLE", "You may not look at roles"
    )
    TOO_MANY_ROLES = _bad("TOO_MANY_ROLES", "The organization has as many roles as it may")
    INVALID_RESOURCE = _bad("INVALID_RESOURCE", "There is no such resource")
    CANNOT_DELETE_A_PRE_DEFINED_ROLE = _bad(
        "CANNOT_DELETE_A_PRE_DEFINED_ROLE", "This role is always there"
    )
    ROLE_IS_ASSIGNED_TO_MEMBERS = _bad(
        "ROLE_IS_ASSIGNED_TO_MEMBERS", "Members or open invitations have this role"
    )
    FAILED_TO_STORE_ROLE = ErrorCode(
        422, "FAILED_TO_STORE_ROLE", "A hook or a unique field of the database refused this"
    )


class EveryOrganizationCode(OrganizationCodes, InvitationCodes, TeamCodes, RoleCodes):
    """All of them."""
