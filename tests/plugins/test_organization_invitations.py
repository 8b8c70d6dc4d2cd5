"""Invitations: who invites whom to what, and what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.organization_server import MakeServer, OrganizationServer, organization_server
from tests.support.browser import Browser, Clock
from watchword import Advanced, APIError, User
from watchword.plugins.organization import (
    AddMember,
    Invitation,
    ListUserInvitations,
    Member,
    OrganizationHooks,
    StoredOrganization,
)

DAY = 86_400


@pytest.fixture
def make(make_auth: MakeAuth, tmp_path: Path, kind: str) -> MakeServer:
    return organization_server(make_auth, tmp_path, kind)


@pytest.fixture
def server(make: MakeServer) -> OrganizationServer:
    return make()


@pytest.fixture
def ada(server: OrganizationServer) -> Browser:
    browser = server.person("ada")
    server.organization(browser)
    return browser


def accept(browser: Browser, invitation: Any) -> Any:
    return browser.post("/organization/accept-invitation", {"invitationId": invitation["id"]})


def test_an_invitation_is_mailed_and_accepted_once(
    server: OrganizationServer, ada: Browser
) -> None:
    body = {"email": "Bob@Example.com", "role": ["admin", " member ,"], "teamId": "ignored"}
    made = ada.post("/organization/invite-member", body).json
    assert (made["email"], made["role"], made["status"]) == (
        "bob@example.com",
        "admin,member",
        "pending",
    )
    assert made["inviterId"] == server.ids["ada"]
    assert "teamId" not in made
    server.auth.blocking.close()
    [mail] = server.mails
    assert (mail.email, mail.invitation.id) == ("bob@example.com", made["id"])
    assert (mail.organization.slug, mail.inviter.name, mail.member.role) == ("acme", "ada", "owner")
    bob = server.person("bob")
    shown = bob.get("/organization/get-invitation", {"id": made["id"]}).json
    assert (shown["organizationName"], shown["organizationSlug"]) == ("Acme", "acme")
    assert shown["inviterEmail"] == "ada@example.com"
    accepted = accept(bob, made).json
    assert accepted["invitation"]["status"] == "accepted"
    assert accepted["member"]["role"] == "admin,member"
    assert server.active(bob) == made["organizationId"]
    assert accept(bob, made).code == "INVITATION_NOT_FOUND"
    assert bob.get("/organization/get-invitation", {"id": made["id"]}).status == 400


def test_who_may_invite_and_to_what(server: OrganizationServer, ada: Browser) -> None:
    acme = server.active(ada) or ""
    bob, _ = server.member("bob", acme, "admin")
    eve, _ = server.member("eve", acme)
    cases = [
        (server.person("stranger"), {"organizationId": acme}, 400, "MEMBER_NOT_FOUND"),
        (server.person("alone"), {}, 400, "ORGANIZATION_NOT_FOUND"),
        (eve, {}, 403, "YOU_ARE_NOT_ALLOWED_TO_INVITE_USERS_TO_THIS_ORGANIZATION"),
        (ada, {"email": "no address"}, 400, "INVALID_EMAIL"),
        (ada, {"email": "x" * 300 + "@example.com"}, 400, "VALIDATION_ERROR"),
        (ada, {"role": " , "}, 400, "ROLE_NOT_FOUND"),
        (ada, {"role": "nobody"}, 400, None),
        (ada, {"role": [f"r{n}" for n in range(50)] * 2}, 400, "VALIDATION_ERROR"),
        (bob, {"role": "owner"}, 403, "YOU_ARE_NOT_ALLOWED_TO_INVITE_USER_WITH_THIS_ROLE"),
        (bob, {"role": "member, owner"}, 403, "YOU_ARE_NOT_ALLOWED_TO_INVITE_USER_WITH_THIS_ROLE"),
        (bob, {"email": "EVE@example.com"}, 400, "USER_IS_ALREADY_A_MEMBER_OF_THIS_ORGANIZATION"),
    ]
    for browser, more, status, code in cases:
        answer = server.invite(browser, "new", **more)
        assert (answer.status, answer.code) == (status, code), more
    assert "ROLE_NOT_FOUND: nobody" in server.invite(ada, "new", role="nobody").json["message"]
    assert server.sql("select count(*) from invitation") == [(0,)]


def test_one_invitation_is_open_for_an_address(
    server: OrganizationServer, ada: Browser, clock: Clock
) -> None:
    first = server.invite(ada, "bob").json
    again = server.invite(ada, "BOB")
    assert again.code == "USER_IS_ALREADY_INVITED_TO_THIS_ORGANIZATION"
    clock.forward(DAY)
    renewed = server.invite(ada, "bob", role="admin", resend=True).json
    assert (renewed["id"], renewed["role"]) == (first["id"], "member")
    assert renewed["expiresAt"] > first["expiresAt"]
    server.auth.blocking.close()
    assert len(server.mails) == 2
    clock.forward(2 * DAY)
    assert accept(server.person("bob"), first).code == "INVITATION_NOT_FOUND"
    assert server.invite(ada, "bob").status == 200


def test_inviting_again_may_withdraw_the_first(make: MakeServer) -> None:
    server = make(cancel_pending_invitations_on_re_invite=True, invitation_limit=1)
    ada = server.person("ada")
    server.organization(ada)
    first = server.invite(ada, "bob").json
    second = server.invite(ada, "bob").json
    listed = ada.get("/organization/list-invitations").json
    statuses = {one["id"]: one["status"] for one in listed}
    assert statuses == {first["id"]: "canceled", second["id"]: "pending"}


def test_an_invitation_to_owners_is_renewed_and_seen_by_owners(
    server: OrganizationServer, ada: Browser
) -> None:
    bob, _ = server.member("bob", server.active(ada) or "", "admin")
    server.invite(ada, "boss", role="owner")
    refused = server.invite(bob, "boss", resend=True)
    assert refused.code == "YOU_ARE_NOT_ALLOWED_TO_INVITE_USER_WITH_THIS_ROLE"
    assert bob.get("/organization/list-invitations").json == []
    assert len(ada.get("/organization/list-invitations").json) == 1


def test_no_more_are_open_than_may_be(make: MakeServer, clock: Clock) -> None:
    def limit(user: User, of: StoredOrganization, member: Member) -> int:
        return 2 if member.role == "owner" else 1

    server = make(invitation_limit=limit, invitation_expires_in=DAY)
    ada = server.person("ada")
    server.organization(ada)
    statuses = [server.invite(ada, f"p{number}").code for number in range(3)]
    assert statuses == [None, None, "INVITATION_LIMIT_REACHED"]
    clock.forward(DAY)
    assert server.invite(ada, "p2").status == 200


def test_only_the_recipient_answers(server: OrganizationServer, ada: Browser) -> None:
    made = server.invite(ada, "bob").json
    eve, body = server.person("eve"), {"invitationId": made["id"]}
    code = "YOU_ARE_NOT_THE_RECIPIENT_OF_THE_INVITATION"
    for path in ("accept-invitation", "reject-invitation"):
        answer = eve.post(f"/organization/{path}", body)
        assert (answer.status, answer.code) == (403, code)
        nobody = Browser(server.auth).post(f"/organization/{path}", body)
        assert (nobody.status, nobody.code) == (401, "UNAUTHORIZED")
    assert eve.get("/organization/get-invitation", {"id": made["id"]}).code == code
    answer = eve.post("/organization/cancel-invitation", body)
    assert (answer.status, answer.code) == (400, "MEMBER_NOT_FOUND")


def test_an_answer_is_final(server: OrganizationServer, ada: Browser, clock: Clock) -> None:
    body = {"invitationId": server.invite(ada, "bob").json["id"]}
    bob = server.person("bob")
    clock.forward(5 * DAY)
    bob.sign_in("bob@example.com")
    rejected = bob.post("/organization/reject-invitation", body).json
    assert (rejected["invitation"]["status"], rejected["member"]) == ("rejected", None)
    for path in ("accept-invitation", "reject-invitation"):
        assert bob.post(f"/organization/{path}", body).code == "INVITATION_NOT_FOUND"
    ada.sign_in("ada@example.com")
    canceled = ada.post("/organization/cancel-invitation", body)
    assert canceled.code == "INVITATION_NOT_FOUND"
    assert server.sql("select status from invitation") == [("rejected",)]


def test_members_with_the_permission_withdraw(server: OrganizationServer, ada: Browser) -> None:
    body = {"invitationId": server.invite(ada, "bob").json["id"]}
    eve, _ = server.member("eve", server.active(ada) or "")
    refused = eve.post("/organization/cancel-invitation", body)
    assert refused.code == "YOU_ARE_NOT_ALLOWED_TO_CANCEL_THIS_INVITATION"
    assert ada.post("/organization/cancel-invitation", body).json["status"] == "canceled"
    assert server.person("bob").post("/organization/accept-invitation", body).status == 400
    unknown = ada.post("/organization/cancel-invitation", {"invitationId": "x"})
    assert unknown.code == "INVITATION_NOT_FOUND"


@pytest.mark.parametrize(
    ("ids", "option", "needed"),
    [(None, None, False), ("uuid", None, False), ("serial", None, True), (None, True, True)],
)
def test_a_proven_address_is_asked_for_where_ids_can_be_guessed(
    make: MakeServer, ids: Any, option: bool | None, needed: bool
) -> None:
    advanced = Advanced(generate_id=ids)
    server = make(require_email_verification_on_invitation=option, auth={"advanced": advanced})
    ada, bob = server.person("ada"), server.person("bob")
    server.organization(ada)
    made = server.invite(ada, "bob").json
    answers = [
        bob.get("/organization/get-invitation", {"id": made["id"]}),
        accept(bob, made),
    ]
    codes = [one.code for one in answers]
    before = "EMAIL_VERIFICATION_REQUIRED_BEFORE_ACCEPTING_OR_REJECTING_INVITATION"
    wanted = ["EMAIL_VERIFICATION_REQUIRED_FOR_INVITATION", before] if needed else [None, None]
    assert codes == wanted
    if needed:
        server.sql("update user set emailVerified = 1")
        assert accept(bob, made).status == 200


def test_whoever_left_brings_nobody_in(server: OrganizationServer, ada: Browser) -> None:
    acme = server.active(ada) or ""
    bob, _ = server.member("bob", acme, "admin")
    made = server.invite(bob, "second-address-of-bob").json
    removed = {"memberIdOrEmail": "bob@example.com"}
    assert ada.post("/organization/remove-member", removed).status == 200
    again = server.person("second-address-of-bob")
    code = "INVITER_IS_NO_LONGER_A_MEMBER_OF_THE_ORGANIZATION"
    assert accept(again, made).code == code
    assert again.get("/organization/get-invitation", {"id": made["id"]}).code == code


def test_whoever_is_no_owner_any_more_makes_none(server: OrganizationServer, ada: Browser) -> None:
    bob, member = server.member("bob", server.active(ada) or "", "owner")
    made = server.invite(bob, "new", role="owner").json
    ada.post("/organization/update-member-role", {"memberId": member, "role": "admin"})
    answer = accept(server.person("new"), made)
    assert answer.code == "INVITER_IS_NO_LONGER_A_MEMBER_OF_THE_ORGANIZATION"


def test_a_full_organization_takes_nobody(make: MakeServer) -> None:
    server = make(membership_limit=2)
    ada = server.person("ada")
    server.organization(ada)
    first, second = server.invite(ada, "bob").json, server.invite(ada, "eve").json
    assert accept(server.person("bob"), first).status == 200
    eve = server.person("eve")
    answer = accept(eve, second)
    assert (answer.status, answer.code) == (403, "ORGANIZATION_MEMBERSHIP_LIMIT_REACHED")
    assert server.sql("select status from invitation where id = ?", second["id"]) == [("pending",)]


def test_who_is_a_member_already_accepts_and_keeps_his_roles(
    server: OrganizationServer, ada: Browser
) -> None:
    acme = server.active(ada) or ""
    made = server.invite(ada, "bob", role="admin").json
    bob = server.person("bob")
    given = AddMember(user_id=server.ids["bob"], role="member", organization_id=acme)
    server.auth.blocking.api.add_member(given)
    assert accept(bob, made).json["member"]["role"] == "member"
    rows = server.sql("select count(*) from member where userId = ?", server.ids["bob"])
    assert rows == [(1,)]


def test_what_somebody_is_invited_to(
    server: OrganizationServer, ada: Browser, clock: Clock
) -> None:
    server.invite(ada, "bob")
    bob = server.person("bob")
    path = "/organization/list-user-invitations"
    assert bob.get(path).code == "EMAIL_VERIFICATION_REQUIRED_FOR_INVITATION"
    server.sql("update user set emailVerified = 1")
    [mine] = bob.get(path).json
    assert (mine["organizationName"], mine["email"]) == ("Acme", "bob@example.com")
    assert (bob.get(path, {"email": "x@example.com"}).status, bob.get(path).status) == (400, 200)
    assert Browser(server.auth).get(path).status == 400
    api = server.auth.blocking.api
    assert len(api.list_user_invitations(ListUserInvitations(email="Bob@example.com"))) == 1
    with pytest.raises(APIError):
        api.list_user_invitations()
    clock.forward(2 * DAY)
    assert api.list_user_invitations(ListUserInvitations(email="bob@example.com")) == []


def test_who_sees_invitations(server: OrganizationServer, ada: Browser) -> None:
    acme = server.active(ada) or ""
    eve, _ = server.member("eve", acme)
    path, query = "/organization/list-invitations", {"organizationId": acme}
    answer = eve.get(path)
    assert (answer.status, answer.code) == (403, "YOU_ARE_NOT_ALLOWED_TO_LIST_INVITATIONS")
    stranger = server.person("stranger")
    assert (stranger.get(path).status, stranger.get(path, query).status) == (400, 403)
    assert stranger.get(path, query).code is None


class Noted(Invitation, kw_only=True):
    note: str | None = None


def test_hooks_of_invitations(make: MakeServer) -> None:
    told: list[str] = []

    def creating(values: Mapping[str, object], user: User, of: StoredOrganization) -> Any:
        told.append(f"creating for {values['email']} by {user.name} in {of.slug}")
        return {"role": "admin"}

    async def accepting(invitation: Invitation, user: User, of: StoredOrganization) -> None:
        told.append(f"accepting by {user.name}")
        if user.name == "eve":
            raise APIError(403, "NOT_EVE", "Not you")

    hooks = OrganizationHooks(
        before_create_invitation=creating,
        after_create_invitation=lambda one, user, of: told.append(f"created {one.role}"),
        before_accept_invitation=accepting,
        before_add_member=lambda values, user, of: told.append(f"adding {values['role']}"),
        after_add_member=lambda member, user, of: told.append(f"added {user.name}"),
        after_accept_invitation=lambda one, member, user, of: told.append(f"as {member.role}"),
        before_reject_invitation=lambda one, user, of: told.append(f"rejecting {one.status}"),
        after_reject_invitation=lambda one, user, of: told.append(one.status),
        before_cancel_invitation=lambda one, user, of: told.append(f"canceling {one.status}"),
        after_cancel_invitation=lambda one, user, of: told.append(f"{one.status} by {user.name}"),
    )
    server = make(organization_hooks=hooks, invitation_type=Noted)
    ada, bob, eve = server.person("ada"), server.person("bob"), server.person("eve")
    server.organization(ada)
    told.clear()
    made = server.invite(ada, "bob", note="Hello").json
    assert made["note"] == "Hello"
    assert accept(bob, made).status == 200
    assert told == [
        "creating for bob@example.com by ada in acme",
        "created admin",
        "accepting by bob",
        "adding admin",
        "added bob",
        "as admin",
    ]
    told.clear()
    made = server.invite(ada, "eve").json
    assert accept(eve, made).code == "NOT_EVE"
    assert eve.post("/organization/reject-invitation", {"invitationId": made["id"]}).status == 200
    made = server.invite(ada, "eve").json
    ada.post("/organization/cancel-invitation", {"invitationId": made["id"]})
    assert [one for one in told if "creat" not in one] == [
        "accepting by eve",
        "rejecting pending",
        "rejected",
        "canceling pending",
        "canceled by ada",
    ]
