"""Scripts: the plugin organization; its teams and roles have scripts of their own."""

from __future__ import annotations

from typing import Any

from tests.differential.recording import Browser, Recorder


def organization_making(server: Recorder) -> None:
    ada, nobody = _person(server, "making"), server.browser()
    new = {"name": "Acme", "slug": "making"}
    nobody.post("nobody", "/organization/create", new)
    nobody.post("nobody, for a user", "/organization/create", {**new, "userId": "x"})
    made = ada.post("create", "/organization/create", {**new, "metadata": {"a": [1]}}).json
    ada.get("session", "/get-session")
    ada.post("again", "/organization/create", new)
    for name, more in {
        "no name": {"name": ""},
        "no slug": {"slug": ""},
        "odd metadata": {"metadata": 5},
        "odd logo": {"logo": 5},
        "odd flag": {"keepCurrentActiveOrganization": "x"},
    }.items():
        ada.post(name, "/organization/create", {**new, "slug": "making2", **more})
    ada.post("nothing", "/organization/create", {})
    kept = {**new, "slug": "making2", "logo": "l", "keepCurrentActiveOrganization": True}
    ada.post("another", "/organization/create", kept)
    ada.post("a third", "/organization/create", {**new, "slug": "making3"})
    ada.post("too many", "/organization/create", {**new, "slug": "making4"})
    not_allowed = _person(server, "noorg.making")
    not_allowed.post("not allowed", "/organization/create", {**new, "slug": "making5"})
    ada.get("list", "/organization/list")
    nobody.get("nobody lists", "/organization/list")
    for browser, name in ((ada, "ada"), (nobody, "nobody")):
        for slug in ("making", "free"):
            browser.post(f"{name} checks {slug}", "/organization/check-slug", {"slug": slug})
    server.rows("organization", "slug", "making")
    server.rows("member", "organizationId", made["id"])


def organization_reading(server: Recorder) -> None:
    ada, eve, nobody = _person(server, "reading"), _person(server, "reader"), server.browser()
    acme = _organization(ada, "reading")
    eve.get("nothing active", "/organization/get-full-organization")
    eve.get("none at all", "/organization/get-organization")
    for path in ("get-organization", "get-full-organization"):
        for query in ("", "?organizationSlug=reading", f"?organizationId={acme}"):
            ada.get(f"{path}{query.partition('=')[0]}", f"/organization/{path}{query}")
        for query in ("?organizationSlug=x", "?organizationId=x"):
            ada.get(f"{path}{query}", f"/organization/{path}{query}")
        nobody.get(f"nobody: {path}", f"/organization/{path}")
        eve.get(f"stranger: {path}", f"/organization/{path}?organizationId={acme}")
    ada.get("members limited", "/organization/get-full-organization?membersLimit=1")
    for name, body in {
        "active": {"organizationId": acme},
        "active by slug": {"organizationSlug": "reading"},
        "kept": {},
        "unknown slug": {"organizationSlug": "x"},
        "unknown": {"organizationId": "x"},
        "active again": {"organizationId": acme},
        "none": {"organizationId": None},
        "none again": {"organizationId": None},
        "kept none": {},
    }.items():
        ada.post(name, "/organization/set-active", body)
        eve.post(f"stranger: {name}", "/organization/set-active", body)
        nobody.post(f"nobody: {name}", "/organization/set-active", body)
        ada.get(f"session: {name}", "/get-session")


def organization_changing(server: Recorder) -> None:
    ada, eve, nobody = _person(server, "changing"), _person(server, "changer"), server.browser()
    acme = _organization(ada, "changing")
    _organization(ada, "changed")
    for name, data in {
        "a name": {"name": "New"},
        "metadata": {"metadata": {"a": 1}},
        "no logo": {"logo": None},
        "an empty name": {"name": ""},
        "a taken slug": {"slug": "changed"},
        "its own slug": {"slug": "changing", "name": "Same"},
        "nothing": {},
        "odd": {"name": 5},
    }.items():
        body = {"data": data, "organizationId": acme}
        ada.post(name, "/organization/update", body)
    body = {"data": {"name": "New"}, "organizationId": acme}
    eve.post("stranger", "/organization/update", body)
    eve.post("none", "/organization/update", {"data": {"name": "New"}})
    nobody.post("nobody", "/organization/update", body)
    _member(server, eve, acme, "member")
    eve.post("member", "/organization/update", body)
    eve.post("member deletes", "/organization/delete", {"organizationId": acme})
    nobody.post("nobody deletes", "/organization/delete", {"organizationId": acme})
    ada.post("unknown", "/organization/delete", {"organizationId": "x"})
    ada.post("delete", "/organization/delete", {"organizationId": acme})
    ada.post("delete again", "/organization/delete", {"organizationId": acme})
    server.rows("member", "organizationId", acme)


def organization_inviting(server: Recorder) -> None:
    ada, bob = _person(server, "inviting"), _person(server, "invited")
    eve, nobody = _person(server, "inviter"), server.browser()
    acme = _organization(ada, "inviting")
    body = {"email": "Invited@example.com", "role": "member"}
    nobody.post("nobody", "/organization/invite-member", body)
    eve.post("stranger", "/organization/invite-member", {**body, "organizationId": acme})
    eve.post("none", "/organization/invite-member", body)
    for name, more in {
        "no address": {"email": "x"},
        "no role": {"role": " , "},
        "unknown role": {"role": "x"},
        "odd role": {"role": 5},
        "oneself": {"email": "inviting@example.com"},
    }.items():
        ada.post(name, "/organization/invite-member", {**body, **more})
    made = ada.post("invite", "/organization/invite-member", body).json
    server.mail("invitation", "invited@example.com")
    ada.post("again", "/organization/invite-member", body)
    ada.post("resend", "/organization/invite-member", {**body, "role": "admin", "resend": True})
    ada.get("list", "/organization/list-invitations")
    eve.get("stranger lists", f"/organization/list-invitations?organizationId={acme}")
    eve.get("list of none", "/organization/list-invitations")
    asked = f"/organization/get-invitation?id={made['id']}"
    bob.get("look", asked)
    eve.get("another's", asked)
    nobody.get("nobody's", asked)
    bob.get("unknown", "/organization/get-invitation?id=x")
    bob.get("mine, unproven", "/organization/list-user-invitations")
    bob.get("of an address", "/organization/list-user-invitations?email=x@example.com")
    nobody.get("nobody's list", "/organization/list-user-invitations")
    given = {"invitationId": made["id"]}
    for path in ("accept", "reject", "cancel"):
        eve.post(f"{path} another's", f"/organization/{path}-invitation", given)
        nobody.post(f"nobody: {path}", f"/organization/{path}-invitation", given)
        bob.post(f"{path} unknown", f"/organization/{path}-invitation", {"invitationId": "x"})
    bob.post("accept", "/organization/accept-invitation", given)
    bob.get("session", "/get-session")
    bob.post("accept again", "/organization/accept-invitation", given)
    bob.post("reject accepted", "/organization/reject-invitation", given)
    ada.post("cancel accepted", "/organization/cancel-invitation", given)
    bob.post("member invites", "/organization/invite-member", body)
    bob.get("member lists", "/organization/list-invitations")
    ada.post("a member", "/organization/invite-member", body)
    other = {**body, "email": "inviter@example.com"}
    made = ada.post("reject", "/organization/invite-member", other).json
    eve.post("rejected", "/organization/reject-invitation", {"invitationId": made["id"]})
    made = ada.post("cancel", "/organization/invite-member", other).json
    bob.post("member cancels", "/organization/cancel-invitation", {"invitationId": made["id"]})
    ada.post("canceled", "/organization/cancel-invitation", {"invitationId": made["id"]})
    for number in range(4):
        many = {**body, "email": f"inviting{number}@example.com"}
        ada.post(f"invite {number}", "/organization/invite-member", many)
    with server.later(172_801):
        ada.sign_in("inviting@example.com")
        ada.post(
            "expired ones do not count",
            "/organization/invite-member",
            {
                **other,
                "organizationId": acme,
            },
        )


def organization_members(server: Recorder) -> None:
    ada, bob = _person(server, "members"), _person(server, "membered")
    eve, nobody = _person(server, "outside"), server.browser()
    acme = _organization(ada, "members")
    for more in ({"organizationId": "x"}, {"userId": "x"}):
        given = {"userId": _id(bob), "role": "member", "organizationId": acme}
        server.call("addMember", body={**given, **more})
    member = _member(server, bob, acme, "member")
    _member(server, bob, acme, "member")
    for query in (
        "",
        "?limit=1&offset=1",
        "?offset=5",
        "?sortBy=role&sortDirection=desc",
        "?filterField=role&filterValue=owner",
        "?filterField=role&filterValue=own&filterOperator=contains",
        "?organizationSlug=x",
        "?sortDirection=up",
        "?filterOperator=like&filterField=role&filterValue=x",
    ):
        ada.get(f"list {query}", f"/organization/list-members{query}")
    eve.get("stranger lists", f"/organization/list-members?organizationId={acme}")
    eve.get("list of none", "/organization/list-members")
    nobody.get("nobody lists", "/organization/list-members")
    for browser, name in ((ada, "ada"), (eve, "eve"), (nobody, "nobody")):
        browser.get(f"{name}: member", "/organization/get-active-member")
        browser.get(f"{name}: role", "/organization/get-active-member-role")
    of_bob = f"/organization/get-active-member-role?userId={_id(bob)}"
    ada.get("role of bob", of_bob)
    ada.get("role of eve", f"/organization/get-active-member-role?userId={_id(eve)}")
    bob.post("active", "/organization/set-active", {"organizationId": acme})
    _permissions(ada, bob, eve)
    path = "/organization/update-member-role"
    own = ada.get("own", "/organization/get-active-member").json["id"]
    for name, body in {
        "admin": {"memberId": member, "role": ["admin", "auditor"]},
        "no role": {"memberId": member, "role": ""},
        "blank role": {"memberId": member, "role": " , "},
        "unknown role": {"memberId": member, "role": "x"},
        "unknown member": {"memberId": "x", "role": "member"},
        "without an owner": {"memberId": own, "role": "member"},
    }.items():
        ada.post(name, path, body)
    bob.post("admin makes an owner", path, {"memberId": member, "role": "owner"})
    bob.post("admin unmakes an owner", path, {"memberId": own, "role": "member"})
    eve.post("stranger gives", path, {"memberId": member, "role": "member"})
    given = {"memberId": member, "role": "member", "organizationId": acme}
    eve.post("stranger gives there", path, given)
    ada.post("member", path, given)
    bob.post("member gives", path, given)
    path = "/organization/remove-member"
    for browser, name, who in (
        (bob, "member removes", own),
        (bob, "member removes himself", member),
        (ada, "unknown", "x"),
        (ada, "unknown address", "x@example.com"),
        (ada, "the only owner", own),
        (eve, "stranger", member),
    ):
        browser.post(name, path, {"memberIdOrEmail": who, "organizationId": acme})
    eve.post("of none", path, {"memberIdOrEmail": member})
    ada.post("remove", path, {"memberIdOrEmail": "membered@example.com"})
    again = _member(server, bob, acme, "member")
    ada.post("remove by id", path, {"memberIdOrEmail": again})
    _member(server, bob, acme, "member")
    bob.post("leave", "/organization/leave", {"organizationId": acme})
    bob.post("leave again", "/organization/leave", {"organizationId": acme})
    ada.post("the only owner leaves", "/organization/leave", {"organizationId": acme})
    nobody.post("nobody leaves", "/organization/leave", {"organizationId": acme})
    nobody.post("no route", "/organization/add-member", {})


def _permissions(ada: Browser, bob: Browser, eve: Browser) -> None:
    one: Any = {"project": ["update"]}
    for body in (
        {"permissions": one},
        {"permissions": {"organization": ["update", "delete"], "project": ["delete"]}},
        {"permissions": {"nothing": ["x"]}},
        {"permissions": {}},
        {"permission": one},
        {"permission": one, "permissions": one},
        {},
        {"permissions": one, "organizationId": "x"},
    ):
        for name, browser in (("ada", ada), ("bob", bob), ("eve", eve)):
            browser.post(f"{name}: {body}", "/organization/has-permission", body)


def _person(server: Recorder, name: str) -> Browser:
    browser = server.browser()
    browser.sign_up(f"{name}@example.com")
    return browser


def _id(browser: Browser) -> str:
    return browser.get("whose id", "/get-session").json["user"]["id"]


def _organization(browser: Browser, slug: str) -> str:
    body = {"name": slug.title(), "slug": slug}
    return browser.post(f"organization {slug}", "/organization/create", body).json["id"]


def _member(server: Recorder, browser: Browser, organization_id: str, role: str) -> str:
    given = {"userId": _id(browser), "role": role, "organizationId": organization_id}
    return (server.call("addMember", body=given) or {}).get("id", "")


SCRIPTS = (
    organization_making,
    organization_reading,
    organization_changing,
    organization_inviting,
    organization_members,
)
