"""Scripts: roles of the plugin organization that are made while it runs."""

from __future__ import annotations

from typing import Any

from tests.differential.organization_teams import ORG, company_of, joined, person
from tests.differential.recording import Recorder

EDITS = {"project": ["update"]}


def roles_made(server: Recorder) -> None:
    company = company_of(server, "made")
    ada = company.founder.browser
    ada.get("none", f"{ORG}/list-roles")
    for name, body in _NEW.items():
        ada.post(f"create, {name}", f"{ORG}/create-role", body)
    made = ada.post("create", f"{ORG}/create-role", {"role": "Editor", "permission": EDITS}).json
    server.rows("organizationRole", "id", made["roleData"]["id"])
    ada.post("create it again", f"{ORG}/create-role", {"role": "EDITOR", "permission": EDITS})
    idle = {"role": "idle", "permission": {"project": []}}
    ada.post("create, may do nothing", f"{ORG}/create-role", idle)
    ada.post("create too many", f"{ORG}/create-role", {"role": "third", "permission": EDITS})
    ada.get("list", f"{ORG}/list-roles")
    ada.get("list elsewhere", f"{ORG}/list-roles?organizationId=none")
    for query in (
        "roleName=editor",
        "roleName=EDITOR",
        "roleName=nothing",
        "roleName=admin",
        "roleId=nothing",
        f"roleId={made['roleData']['id']}",
        "roleName=",
        "",
    ):
        masked = "roleId of editor" if query.endswith(made["roleData"]["id"]) else query
        ada.get(f"get {masked}", f"{ORG}/get-role?{query}")


def roles_changed(server: Recorder) -> None:
    company = company_of(server, "changed")
    ada = company.founder.browser
    made = ada.post("create", f"{ORG}/create-role", {"role": "editor", "permission": EDITS}).json
    ada.post("another", f"{ORG}/create-role", {"role": "viewer", "permission": {}})
    for name, data in _CHANGES.items():
        body = {"roleName": "editor", "data": data}
        ada.post(f"update, {name}", f"{ORG}/update-role", body)
        ada.get(f"after {name}", f"{ORG}/get-role?roleId={made['roleData']['id']}")
    by_id = {"roleId": made["roleData"]["id"], "data": {"roleName": "Writer"}}
    ada.post("rename", f"{ORG}/update-role", by_id)
    ada.get("renamed", f"{ORG}/get-role?roleName=writer")
    for name, body in {
        "nothing": {"roleName": "nothing", "data": {"permission": {}}},
        "a static one": {"roleName": "admin", "data": {"permission": {}}},
        "no name": {"data": {"permission": {}}},
        "no data": {"roleName": "writer"},
        "elsewhere": {"roleName": "writer", "organizationId": "none", "data": {}},
    }.items():
        ada.post(f"update {name}", f"{ORG}/update-role", body)
    ada.get("list", f"{ORG}/list-roles")


def roles_deleted(server: Recorder) -> None:
    company = company_of(server, "deleted")
    ada, bob = company.founder.browser, joined(server, company, "bob")
    made = ada.post("create", f"{ORG}/create-role", {"role": "editor", "permission": EDITS}).json
    delete = f"{ORG}/delete-role"
    for name, body in {
        "a static one": {"roleName": "admin"},
        "of the application": {"roleName": "auditor"},
        "nothing": {"roleName": "nothing"},
        "no id": {"roleId": "nothing"},
        "neither": {},
        "elsewhere": {"roleName": "editor", "organizationId": "none"},
    }.items():
        ada.post(f"delete {name}", delete, body)
    member = ada.get("all", f"{ORG}/list-members").json["members"][-1]
    give = {"memberId": member["id"], "role": ["member", "editor"]}
    ada.post("give", f"{ORG}/update-member-role", give)
    may = {"permissions": EDITS}
    bob.browser.post("bob may", f"{ORG}/has-permission", may)
    ada.post("delete it while held", delete, {"roleName": "editor"})
    ada.post("take", f"{ORG}/update-member-role", {**give, "role": "member"})
    bob.browser.post("bob may not", f"{ORG}/has-permission", may)
    ada.post("delete", delete, {"roleId": made["roleData"]["id"]})
    ada.post("delete again", delete, {"roleName": "editor"})
    ada.post("give what is gone", f"{ORG}/update-member-role", give)


def roles_that_allow(server: Recorder) -> None:
    company = company_of(server, "allow")
    ada, bob = company.founder.browser, joined(server, company, "bob")
    member = ada.get("all", f"{ORG}/list-members").json["members"][-1]
    permission: dict[str, Any] = {"ac": ["create", "read", "update"], "project": ["update"]}
    ada.post("create", f"{ORG}/create-role", {"role": "keeper", "permission": permission})
    ada.post("give", f"{ORG}/update-member-role", {"memberId": member["id"], "role": "keeper"})
    for name, wanted in {
        "what he may": {"project": ["update"]},
        "more": {"project": ["create", "update"]},
        "much more": {"project": ["delete"], "organization": ["delete"]},
        "an unknown action": {"project": ["fly"]},
        "an unknown resource": {"planes": ["fly"]},
    }.items():
        body = {"role": "mine", "permission": wanted}
        bob.browser.post(f"create with {name}", f"{ORG}/create-role", body)
        change = {"roleName": "mine", "data": {"permission": wanted}}
        bob.browser.post(f"update to {name}", f"{ORG}/update-role", change)
    bob.browser.post("delete", f"{ORG}/delete-role", {"roleName": "mine"})
    invite = {"email": "x.allow@example.com", "role": "keeper"}
    ada.post("invite to it", f"{ORG}/invite-member", invite)


def roles_denied(server: Recorder) -> None:
    company = company_of(server, "locked")
    bob, eve = joined(server, company, "bob"), person(server, "eve.locked@example.com")
    here = {"organizationId": company.id}
    company.founder.browser.post(
        "create", f"{ORG}/create-role", {"role": "editor", "permission": EDITS}
    )
    for name, browser in {
        "bob": bob.browser,
        "eve": eve.browser,
        "nobody": server.browser(),
    }.items():
        for path, body in {
            "create-role": {"role": "x", "permission": EDITS},
            "update-role": {"roleName": "editor", "data": {"permission": {}}},
            "delete-role": {"roleName": "editor"},
        }.items():
            browser.post(f"{name}: {path}", f"{ORG}/{path}", {**body, **here})
            browser.post(f"{name}: {path} nowhere", f"{ORG}/{path}", body)
        for path in ("list-roles", "get-role"):
            query = f"roleName=editor&organizationId={company.id}"
            browser.get(f"{name}: {path}", f"{ORG}/{path}?{query}")
            browser.get(f"{name}: {path} nowhere", f"{ORG}/{path}?roleName=editor")


_NEW: dict[str, Any] = {
    "a static name": {"role": "Admin", "permission": EDITS},
    "a name of the application": {"role": "auditor", "permission": EDITS},
    "no permission": {"role": "x"},
    "no name": {"permission": EDITS},
    "a number": {"role": 5, "permission": EDITS},
    "odd permissions": {"role": "x", "permission": {"project": "update"}},
    "an unknown resource": {"role": "x", "permission": {"planes": ["fly"]}},
    "an unknown action": {"role": "x", "permission": {"project": ["fly"]}},
    "an inner name": {"role": "x", "permission": {"constructor": ["fly"]}},
}
_CHANGES: dict[str, Any] = {
    "more permissions": {"permission": {"project": ["create", "update"]}},
    "an unknown resource": {"permission": {"planes": ["fly"]}},
    "an unknown action": {"permission": {"project": ["fly"]}},
    "odd permissions": {"permission": {"project": "update"}},
    "a static name": {"roleName": "owner"},
    "a taken name": {"roleName": "Viewer"},
    "its own name": {"roleName": "editor"},
    "nothing": {},
}
SCRIPTS = (roles_made, roles_changed, roles_deleted, roles_that_allow, roles_denied)
