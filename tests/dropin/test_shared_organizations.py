"""Organizations of the reference are served here, and the other way round."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.differential.recording import Browser, Recorder
from tests.support.reference import reference_server
from tests.support.services import conformance_server

both_ways = pytest.mark.parametrize(("here", "there"), [("ours", "theirs"), ("theirs", "ours")])
Servers = dict[str, Recorder]


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Both on one database, with one secret."""
    database = str(tmp_path_factory.mktemp("shared") / "shared.db")
    with (
        reference_server("plugins", database) as theirs,
        conformance_server("plugins", "asgi", database) as ours,
    ):
        yield {"theirs": Recorder(theirs, ""), "ours": Recorder(ours, "")}


def person(servers: Servers, name: str) -> dict[str, Browser]:
    """Somebody new, signed in before both servers; passwords of the reference are read by both."""
    browser = servers["theirs"].browser()
    browser.sign_up(f"{name}@example.com")
    other = servers["ours"].browser()
    other.jar.update(browser.jar)
    return {"theirs": browser, "ours": other}


def company(owner: Browser, slug: str) -> str:
    body = {"name": "Acme", "slug": slug, "metadata": {"plan": "pro"}}
    return owner.post("create", "/organization/create", body).json["id"]


@both_ways
def test_an_organization_is_active_and_managed_there(
    servers: Servers, here: str, there: str
) -> None:
    ada = person(servers, f"made-{here}")
    acme = company(ada[here], f"made-{here}")
    session = ada[there].get("session", "/get-session").json["session"]
    assert session["activeOrganizationId"] == acme
    seen = [ada[one].get("full", "/organization/get-full-organization").json for one in ada]
    assert seen[0] == seen[1]
    assert seen[0]["metadata"] == '{"plan":"pro"}'
    body = {"data": {"metadata": {"plan": "free"}}, "organizationId": acme}
    changed = ada[there].post("change", "/organization/update", body)
    assert changed.json["metadata"] == {"plan": "free"}
    taken = ada[here].post("slug", "/organization/check-slug", {"slug": f"made-{here}"})
    assert taken.json["code"] == "ORGANIZATION_SLUG_ALREADY_TAKEN"
    assert ada[there].post("delete", "/organization/delete", {"organizationId": acme}).status == 200
    assert ada[here].get("list", "/organization/list").json == []


@both_ways
def test_an_invitation_is_accepted_there(servers: Servers, here: str, there: str) -> None:
    ada, bob = person(servers, f"inviting-{here}"), person(servers, f"invited-{here}")
    company(ada[here], f"inviting-{here}")
    body = {"email": f"invited-{here}@example.com", "role": ["admin", "member"]}
    made = ada[here].post("invite", "/organization/invite-member", body).json
    again = ada[there].post("again", "/organization/invite-member", body)
    assert again.json["code"] == "USER_IS_ALREADY_INVITED_TO_THIS_ORGANIZATION"
    given = {"invitationId": made["id"]}
    accepted = bob[there].post("accept", "/organization/accept-invitation", given).json
    assert accepted["member"]["role"] == "admin,member"
    role = bob[here].get("role", "/organization/get-active-member-role").json
    assert role == {"role": "admin,member"}


@both_ways
def test_a_role_and_a_removal_count_there(servers: Servers, here: str, there: str) -> None:
    ada, bob = person(servers, f"giving-{here}"), person(servers, f"given-{here}")
    acme = company(ada[here], f"giving-{here}")
    given = {"userId": bob["ours"].get("id", "/get-session").json["user"]["id"]}
    member = servers[here].call(
        "addMember", body={**given, "role": "member", "organizationId": acme}
    )
    body = {"memberId": member["id"], "role": "auditor", "organizationId": acme}
    assert ada[here].post("give", "/organization/update-member-role", body).status == 200
    may = {"permissions": {"project": ["update"]}, "organizationId": acme}
    assert bob[there].post("may", "/organization/has-permission", may).json["success"] is True
    gone = {"memberIdOrEmail": member["id"], "organizationId": acme}
    assert ada[there].post("remove", "/organization/remove-member", gone).status == 200
    assert bob[here].post("may not", "/organization/has-permission", may).status == 401
