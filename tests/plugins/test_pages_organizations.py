"""Signed-in pages: organizations, invitations, and devices that want to be let in."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.account_site import AccountSite, done
from tests.plugins.pages_visitor import ADA, BASE, PagesVisitor, Shown, path_of
from tests.support.browser import ORIGIN, Clock
from tests.support.plugins import drop
from tests.support.social import parameters
from watchword.plugins import DeviceAuthorization, Organization, Pages
from watchword.plugins.organization import (
    ORGANIZATION_STATEMENTS,
    AccessControl,
    CreateRole,
    DynamicAccessControl,
)

EVE = "eve@example.com"


@pytest.fixture
def site(make_auth: MakeAuth, kind: str) -> AccountSite:
    return AccountSite(make_auth, kind)


def founded(visitor: PagesVisitor, name: str = "Engines") -> str:
    """The id of an organization that somebody just made."""
    page = visitor.see("organizations")
    shown = done(visitor, visitor.fill(page, "create", name=name))
    assert shown.notice == "The organization is created."
    return visitor.get("/organization/list").json[-1]["id"]


def members(visitor: PagesVisitor, organization: str) -> Shown:
    return visitor.see("organizations/members", {"organization": organization})


def invited(
    site: AccountSite, visitor: PagesVisitor, organization: str, email: str, role: str = "member"
) -> str:
    """The id of an invitation that was just mailed."""
    page = members(visitor, organization)
    shown = done(visitor, visitor.fill(page, "invite", email=email, role=role))
    assert shown.notice == "The invitation is on its way."
    return site.mail().invitation.id


def joined(
    site: AccountSite, visitor: PagesVisitor, organization: str, email: str, role: str = "member"
) -> PagesVisitor:
    """Somebody new who accepted an invitation."""
    invitation = invited(site, visitor, organization, email, role)
    other = site.signed_up(email)
    page = other.see("organizations/invitation", {"invitationId": invitation})
    assert done(other, other.fill(page, "accept")).notice == "Welcome! You are a member now."
    return other


# organizations


def test_one_is_created_and_active(site: AccountSite) -> None:
    visitor = site.signed_up()
    assert "You do not belong to any yet." in visitor.see("organizations").source
    first = founded(visitor, "Analytical Engines & Söhne")
    (made,) = visitor.get("/organization/list").json
    assert made["slug"] == "analytical-engines-sohne"
    second = founded(visitor, "差分機関")
    slug = visitor.get("/organization/list").json[-1]["slug"]
    assert re.fullmatch(r"org-[a-z0-9]{8}", slug)
    assert visitor.session()["session"]["activeOrganizationId"] == second
    switched = done(
        visitor, visitor.send_form("organizations", {"do": "switch", "organization": first})
    )
    assert switched.notice == "You have switched."
    assert visitor.session()["session"]["activeOrganizationId"] == first


def test_a_slug_that_is_taken_is_said_so_beside_it(site: AccountSite) -> None:
    visitor = site.signed_up()
    founded(visitor, "Engines")
    page = visitor.see("organizations")
    taken = visitor.fill(page, "create", name="Engines", slug="engines")
    assert (taken.status, taken.error("slug")) == (400, "Another organization has this slug")
    assert taken.field("name")["value"] == "Engines"
    empty = visitor.fill(page, "create", name=" ")
    assert empty.status == 400
    assert empty.error("name")


def test_members_are_invited_changed_and_removed(site: AccountSite) -> None:
    ada = site.signed_up()
    engines = founded(ada)
    eve = joined(site, ada, engines, EVE)
    shown = members(ada, engines)
    assert re.findall(r"([\w.]+@[\w.]+) · (\w+)", shown.source) == [(ADA, "Owner"), (EVE, "Member")]
    (mine,) = [form for form in shown.forms if form.fields.get("do") == "role"]
    changed = {**mine.fields, "member_role": "admin"}
    assert (
        done(ada, ada.send_form("organizations/members", changed)).notice == "The role is changed."
    )
    assert "Invite somebody" in members(eve, engines).source
    remove = members(ada, engines).form("remove").fields
    gone = done(ada, ada.send_form("organizations/members", remove))
    assert gone.notice == "The member is removed."
    away = members(eve, engines)
    assert away.status == 403
    assert "Engines" not in away.source


def test_what_a_member_may_not_do_is_not_offered(site: AccountSite) -> None:
    ada = site.signed_up()
    engines = founded(ada)
    eve = joined(site, ada, engines, EVE)
    forms = {form.fields.get("do") for form in members(eve, engines).forms}
    assert forms == {"leave"}
    for fields in (
        {"do": "invite", "email": "x@example.com", "role": "owner"},
        {"do": "remove", "member": ADA},
        {"do": "role", "member": ADA, "member_role": "member"},
    ):
        refused = eve.send_form("organizations/members", {**fields, "organization": engines})
        assert refused.status >= 400
        assert refused.alert
    assert len(ada.get("/organization/get-full-organization").json["members"]) == 2


def test_an_admin_makes_no_owners(site: AccountSite) -> None:
    ada = site.signed_up()
    engines = founded(ada)
    eve = joined(site, ada, engines, EVE, role="admin")
    shown = members(eve, engines)
    choices = re.findall(r'<option value="(\w+)"', shown.source.partition('name="role"')[2])
    assert choices == ["member", "admin"]


def test_roles_of_an_organization_can_be_given(make_auth: MakeAuth, kind: str) -> None:
    plugin = Organization(
        ac=AccessControl(ORGANIZATION_STATEMENTS),
        dynamic_access_control=DynamicAccessControl(),
        send_invitation_email=drop,
    )
    worded = Pages(texts={"en": {"role.billing": "Bookkeeper"}})
    site = AccountSite(make_auth, kind, without=("organization", "pages"), more=(plugin, worded))
    ada = site.signed_up()
    engines = founded(ada)
    role = CreateRole(
        role="billing", permission={"invitation": ["create"]}, organization_id=engines
    )
    cookie = "; ".join(f"{name}={value}" for name, value in ada.jar.items())
    site.auth.blocking.api.create_org_role(role, headers={"cookie": cookie})
    assert '<option value="billing">Bookkeeper</option>' in members(ada, engines).source


def test_invitations_are_withdrawn(site: AccountSite) -> None:
    ada = site.signed_up()
    engines = founded(ada)
    invitation = invited(site, ada, engines, EVE)
    again = ada.fill(members(ada, engines), "invite", email=EVE, role="member")
    assert (again.status, bool(again.error("email") or again.alert)) == (400, True)
    withdrawn = done(ada, ada.fill(members(ada, engines), "cancel"))
    assert withdrawn.notice == "The invitation is withdrawn."
    eve = site.signed_up(EVE)
    late = eve.see("organizations/invitation", {"invitationId": invitation})
    assert (late.status, late.heading) == (400, "This invitation is not open")


def test_members_leave_but_the_only_owner_stays(site: AccountSite) -> None:
    ada = site.signed_up()
    engines = founded(ada)
    eve = joined(site, ada, engines, EVE)
    left = done(eve, eve.fill(members(eve, engines), "leave"))
    assert left.notice == "You have left the organization."
    stays = ada.fill(members(ada, engines), "leave")
    assert stays.status == 400
    assert stays.alert


def test_no_organization_is_meant_by_chance(site: AccountSite) -> None:
    """A form without its organization would be about whichever is active."""
    ada = site.signed_up()
    founded(ada)
    assert path_of(ada.see("organizations/members").location) == f"{BASE}/organizations"
    away = ada.send_form("organizations/members", {"do": "leave"})
    assert away.status >= 300
    assert len(ada.get("/organization/list").json) == 1


# invitations


def test_a_mailed_invitation_waits_for_who_signs_in(site: AccountSite) -> None:
    ada = site.signed_up()
    engines = founded(ada)
    invitation = invited(site, ada, engines, EVE)
    site.signed_up(EVE)
    eve = site.visitor()
    assert site.mail().url == f"{ORIGIN}{BASE}/organizations/invitation?invitationId={invitation}"
    there = eve.follow(eve.open(site.mail().url))
    back = eve.fill(there, identifier=EVE, password="password1234")
    page = eve.follow(back)
    assert page.heading == "Join Engines"
    assert "ada@example.com invites you. Your role: Member." in page.source
    assert eve.get("/organization/list").json == [], "looking is not accepting"
    declined = done(eve, eve.fill(page, "reject"))
    assert declined.notice == "You have declined the invitation."
    assert eve.get("/organization/list").json == []


def test_invitations_are_listed_for_whom_they_are(site: AccountSite) -> None:
    ada = site.signed_up()
    invited(site, ada, founded(ada), EVE)
    eve = site.signed_up(EVE)
    assert "You are invited" not in eve.see("organizations").source, "the address is not proven"
    site.auth.blocking.users.verify_email(eve.session()["user"]["id"])
    eve = site.signed_in(EVE)
    assert "You are invited" in eve.see("organizations").source
    assert "You are invited" not in ada.see("organizations").source


def test_an_invitation_of_somebody_else_is_not_shown(site: AccountSite) -> None:
    ada = site.signed_up()
    invitation = invited(site, ada, founded(ada), EVE)
    mallory = site.signed_up("mallory@example.com")
    page = mallory.see("organizations/invitation", {"invitationId": invitation})
    assert page.status == 403
    assert "Engines" not in page.source
    assert parameters(page.links["Use another account"])["next"].endswith(
        f"?invitationId={invitation}"
    )
    refused = mallory.send_form(
        "organizations/invitation", {"do": "accept", "invitationId": invitation}
    )
    assert refused.status == 403


# devices


def asked(site: AccountSite, **body: str) -> dict[str, Any]:
    """What a device shows."""
    answer = site.visitor().post("/device/code", {"client_id": "TV", "scope": "read", **body})
    assert answer.status == 200, answer.json
    return answer.json


def test_a_device_is_let_in_by_its_code(site: AccountSite) -> None:
    told = asked(site)
    assert told["verification_uri"] == f"{ORIGIN}{BASE}/device"
    assert told["verification_uri_complete"].endswith(f"/device?user_code={told['user_code']}")
    visitor = site.signed_up()
    page = visitor.open(told["verification_uri_complete"])
    assert page.field("user_code")["value"] == told["user_code"]
    question = visitor.fill(page)
    assert "TV wants to sign in to your account." in question.source
    assert "<li>read</li>" in question.source
    assert told["user_code"] in question.source
    assert visitor.fill(question, "approve").heading == "The device is connected"
    grant = "urn:ietf:params:oauth:grant-type:device_code"
    poll = {"grant_type": grant, "device_code": told["device_code"], "client_id": "TV"}
    token = site.visitor().post("/device/token", poll)
    assert token.status == 200, token.json


def test_looking_at_a_link_claims_no_code(site: AccountSite) -> None:
    """A link in a mail is opened by machines as well."""
    told = asked(site)
    mallory = site.signed_up("mallory@example.com")
    for _ in range(20):
        mallory.open(told["verification_uri_complete"])
    ada = site.signed_up()
    page = ada.fill(ada.open(told["verification_uri_complete"]))
    assert "TV wants to sign in" in page.source


def test_a_device_is_turned_away(site: AccountSite) -> None:
    visitor = site.signed_up()
    question = visitor.send_form("device", {"user_code": asked(site)["user_code"].lower()})
    assert visitor.fill(question, "deny").heading == "The device was not let in"


def test_codes_that_are_no_use_are_said_to_be(site: AccountSite, clock: Clock) -> None:
    ada, mallory = site.signed_up(), site.signed_up("mallory@example.com")
    told = asked(site)
    unknown = ada.send_form("device", {"user_code": "ZZZZZZZZ"})
    assert (unknown.status, unknown.error("user_code")) == (422, "There is no such code")
    mallory.send_form("device", {"user_code": told["user_code"]})
    others = ada.send_form("device", {"user_code": told["user_code"]})
    assert others.error("user_code") == "Somebody else is looking at this code"
    assert "TV" not in others.source
    stolen = ada.send_form("device", {"do": "approve", "user_code": told["user_code"]})
    assert stolen.error("user_code") == "Somebody else is looking at this code"
    mine = asked(site)["user_code"]
    ada.send_form("device", {"user_code": mine})
    ada.send_form("device", {"do": "approve", "user_code": mine})
    again = ada.send_form("device", {"user_code": mine})
    assert again.error("user_code") == "This code was used already"
    clock.forward(1801)
    late = ada.send_form("device", {"user_code": mine})
    assert late.error("user_code").startswith("The code has expired")


def test_applications_with_a_page_of_their_own_keep_it(make_auth: MakeAuth, kind: str) -> None:
    own = DeviceAuthorization(verification_uri="/connect")
    site = AccountSite(make_auth, kind, without=("device-authorization",), more=(own,))
    assert asked(site)["verification_uri"] == f"{ORIGIN}/connect"
    site = AccountSite(make_auth, kind, without=("pages",), more=(Pages(take_links=False),))
    assert asked(site)["verification_uri"] == f"{ORIGIN}/device"
