"""Scripts: teams of the plugin organization."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.differential.recording import Browser, Recorder

ORG = "/organization"


@dataclass
class Person:
    """Somebody signed in."""

    browser: Browser
    id: str
    email: str


@dataclass
class Company:
    """An organization of the founder's."""

    id: str
    founder: Person


def teams_of_the_founder(server: Recorder) -> None:
    company = company_of(server, "founded")
    ada = company.founder.browser
    [first] = ada.get("list", f"{ORG}/list-teams").json
    ada.get("full", f"{ORG}/get-full-organization")
    server.rows("team", "organizationId", company.id)
    server.rows("teamMember", "teamId", first["id"])
    made = ada.post("create", f"{ORG}/create-team", {"name": "Sales"}).json
    for name, body in _NAMES.items():
        ada.post(f"create, {name}", f"{ORG}/create-team", body)
    named = {"name": "Ops", "organizationId": company.id}
    ada.post("create in an organization", f"{ORG}/create-team", named)
    ada.post("create too many", f"{ORG}/create-team", {"name": "Four"})
    for name, body in _CHANGES.items():
        ada.post(f"update, {name}", f"{ORG}/update-team", {"teamId": made["id"], "data": body})
    ada.post("update nothing", f"{ORG}/update-team", {"teamId": "nothing", "data": {"name": "X"}})
    ada.post("update, no team", f"{ORG}/update-team", {"data": {"name": "X"}})
    ada.get("list all", f"{ORG}/list-teams")
    ada.get("list by id", f"{ORG}/list-teams?organizationId={company.id}")
    ada.get("list unknown", f"{ORG}/list-teams?organizationId=unknown")


def teams_removed(server: Recorder) -> None:
    company = company_of(server, "removed")
    ada = company.founder.browser
    [first] = ada.get("list", f"{ORG}/list-teams").json
    ada.post("the active one", f"{ORG}/remove-team", {"teamId": first["id"]})
    made = ada.post("create", f"{ORG}/create-team", {"name": "Sales"}).json
    ada.post("nothing", f"{ORG}/remove-team", {"teamId": "nothing"})
    ada.post("no team", f"{ORG}/remove-team", {})
    ada.post("elsewhere", f"{ORG}/remove-team", {"teamId": made["id"], "organizationId": "none"})
    invited = {"email": "guest.removed@example.com", "role": "member"}
    both = {**invited, "teamId": [first["id"], made["id"]]}
    ada.post("invite", f"{ORG}/invite-member", both)
    alone = {**invited, "email": "alone.removed@example.com", "teamId": made["id"]}
    ada.post("invite to one", f"{ORG}/invite-member", alone)
    ada.post("remove", f"{ORG}/remove-team", {"teamId": made["id"]})
    ada.post("remove again", f"{ORG}/remove-team", {"teamId": made["id"]})
    _teamless(server, company, [first["id"]])
    ada.post("inactive", f"{ORG}/set-active-team", {"teamId": None})
    ada.post("the last one", f"{ORG}/remove-team", {"teamId": first["id"]})


def teams_of_members(server: Recorder) -> None:
    company = company_of(server, "members")
    ada, team = company.founder.browser, _first_team(company)
    bob, cid = joined(server, company, "bob"), joined(server, company, "cid")
    eve = person(server, "eve.members@example.com")
    add, remove = f"{ORG}/add-team-member", f"{ORG}/remove-team-member"
    where = {"teamId": team}
    bob.browser.post("add oneself", add, {**where, "userId": bob.id})
    eve.browser.post("add from outside", add, {**where, "userId": eve.id})
    added = ada.post("add", add, {**where, "userId": bob.id}).json
    server.rows("teamMember", "id", added["id"])
    server.rows("team", "id", team)
    ada.post("add again", add, {**where, "userId": bob.id})
    ada.post("add one too many", add, {**where, "userId": cid.id})
    ada.post("add an outsider", add, {**where, "userId": eve.id})
    ada.post("add nobody", add, {**where, "userId": "nobody"})
    ada.post("add to nothing", add, {"teamId": "nothing", "userId": cid.id})
    ada.post("add elsewhere", add, {**where, "userId": cid.id, "organizationId": "none"})
    ada.post("add without user", add, where)
    ada.get("members", f"{ORG}/list-team-members?teamId={team}")
    ada.get("members of the active", f"{ORG}/list-team-members")
    bob.browser.get("bob's look", f"{ORG}/list-team-members?teamId={team}")
    cid.browser.get("cid's look", f"{ORG}/list-team-members?teamId={team}")
    eve.browser.get("eve's look", f"{ORG}/list-team-members?teamId={team}")
    ada.get("members of nothing", f"{ORG}/list-team-members?teamId=nothing")
    cid.browser.get("cid's active", f"{ORG}/list-team-members")
    bob.browser.post("remove by a member", remove, {**where, "userId": company.founder.id})
    eve.browser.post("remove from outside", remove, {**where, "userId": bob.id})
    ada.post("remove", remove, {**where, "userId": bob.id})
    ada.post("remove again", remove, {**where, "userId": bob.id})
    ada.post("remove an outsider", remove, {**where, "userId": eve.id})
    ada.post("remove from nothing", remove, {"teamId": "nothing", "userId": cid.id})
    ada.post("remove elsewhere", remove, {**where, "userId": cid.id, "organizationId": "none"})
    server.rows("team", "id", team)
    ada.post("add another", add, {**where, "userId": cid.id})
    member = ada.get("all", f"{ORG}/list-members").json["members"][-1]
    ada.post("dismiss", f"{ORG}/remove-member", {"memberIdOrEmail": member["id"]})
    server.rows("team", "id", team)
    ada.get("members left", f"{ORG}/list-team-members?teamId={team}")


def teams_that_are_active(server: Recorder) -> None:
    company = company_of(server, "active")
    ada, team = company.founder.browser, _first_team(company)
    ada.get("session", "/get-session")
    made = ada.post("create", f"{ORG}/create-team", {"name": "Sales"}).json
    ada.post("not mine", f"{ORG}/set-active-team", {"teamId": made["id"]})
    ada.post("nothing", f"{ORG}/set-active-team", {"teamId": "nothing"})
    ada.post("kept", f"{ORG}/set-active-team", {})
    ada.post("none", f"{ORG}/set-active-team", {"teamId": None})
    ada.get("session without", "/get-session")
    ada.post("kept none", f"{ORG}/set-active-team", {})
    ada.post("mine", f"{ORG}/set-active-team", {"teamId": team})
    ada.get("session with", "/get-session")
    ada.post("a number", f"{ORG}/set-active-team", {"teamId": 5})
    bob = person(server, "bob.active@example.com").browser
    bob.post("from outside", f"{ORG}/set-active-team", {"teamId": team})


def teams_of_users(server: Recorder) -> None:
    company = company_of(server, "users")
    ada, team = company.founder.browser, _first_team(company)
    bob, eve = joined(server, company, "bob"), person(server, "eve.users@example.com")
    mine, given = f"{ORG}/list-user-teams", f"organizationId={company.id}"
    ada.post("add", f"{ORG}/add-team-member", {"teamId": team, "userId": bob.id})
    ada.get("own", mine)
    ada.get("own here", f"{mine}?{given}")
    ada.get("own elsewhere", f"{mine}?organizationId=none")
    ada.get("bob's", f"{mine}?userId={bob.id}")
    ada.get("bob's here", f"{mine}?userId={bob.id}&{given}")
    ada.get("eve's", f"{mine}?userId={eve.id}")
    bob.browser.get("own of bob", mine)
    bob.browser.get("own of bob by id", f"{mine}?userId={bob.id}")
    bob.browser.get("ada's", f"{mine}?userId={company.founder.id}&{given}")
    eve.browser.get("own of eve", mine)
    eve.browser.get("own of eve here", f"{mine}?{given}")
    eve.browser.get("bob's by eve", f"{mine}?userId={bob.id}&{given}")
    eve.browser.get("bob's by eve nowhere", f"{mine}?userId={bob.id}")


def teams_and_invitations(server: Recorder) -> None:
    company = company_of(server, "guests")
    ada, team = company.founder.browser, _first_team(company)
    made = ada.post("create", f"{ORG}/create-team", {"name": "Sales"}).json
    invite = f"{ORG}/invite-member"
    for name, given in {
        "unknown": "nothing",
        "one of two": [team, "nothing"],
        "with a comma": f"{team},{made['id']}",
        "a number": 5,
    }.items():
        body = {"email": "x.guests@example.com", "role": "member", "teamId": given}
        ada.post(f"invite, {name}", invite, body)
    for name, given in {"bob": team, "cid": [team, made["id"]], "dan": made["id"]}.items():
        someone = person(server, f"{name}.guests@example.com")
        body = {"email": someone.email, "role": "member", "teamId": given}
        invitation = ada.post(f"invite {name}", invite, body).json
        if "id" not in invitation:
            continue
        someone.browser.get("look", f"{ORG}/get-invitation?id={invitation['id']}")
        accept = {"invitationId": invitation["id"]}
        someone.browser.post(f"{name} accepts", f"{ORG}/accept-invitation", accept)
        someone.browser.get("session", "/get-session")
        server.rows("teamMember", "userId", someone.id)
    server.rows("team", "organizationId", company.id)


def teams_denied(server: Recorder) -> None:
    company = company_of(server, "denied")
    team = _first_team(company)
    bob, eve = joined(server, company, "bob"), person(server, "eve.denied@example.com")
    here = {"organizationId": company.id}
    for name, browser in {
        "bob": bob.browser,
        "eve": eve.browser,
        "nobody": server.browser(),
    }.items():
        for path, body in {
            "create-team": {"name": "X"},
            "update-team": {"teamId": team, "data": {"name": "X", **here}},
            "remove-team": {"teamId": team},
            "add-team-member": {"teamId": team, "userId": bob.id},
            "remove-team-member": {"teamId": team, "userId": bob.id},
        }.items():
            browser.post(f"{name}: {path}", f"{ORG}/{path}", {**body, **here})
        for path in ("list-teams", "list-user-teams"):
            browser.get(f"{name}: {path}", f"{ORG}/{path}?organizationId={company.id}")
        browser.get(f"{name}: members", f"{ORG}/list-team-members?teamId={team}")
        browser.post(f"{name}: active", f"{ORG}/set-active-team", {"teamId": team})
        for path in ("create-team", "update-team", "remove-team", "add-team-member"):
            body = {"teamId": team, "userId": bob.id, "name": "X", "data": {"name": "X"}}
            browser.post(f"{name}: {path} nowhere", f"{ORG}/{path}", body)
        browser.get(f"{name}: list nowhere", f"{ORG}/list-teams")


def person(server: Recorder, email: str) -> Person:
    browser = server.browser()
    return Person(browser, browser.sign_up(email).json["user"]["id"], email)


def company_of(server: Recorder, name: str) -> Company:
    ada = person(server, f"ada.{name}@example.com")
    body = {"name": name.title(), "slug": f"teams-{name}"}
    return Company(ada.browser.post("found", f"{ORG}/create", body).json["id"], ada)


def _first_team(company: Company) -> str:
    [team] = company.founder.browser.get("teams", f"{ORG}/list-teams").json
    return team["id"]


def joined(server: Recorder, company: Company, name: str) -> Person:
    """A member in no team, for whom the organization is active."""
    slug = company.founder.email.partition("@")[0].partition(".")[2]
    someone = person(server, f"{name}.{slug}@example.com")
    body: dict[str, Any] = {"email": someone.email, "role": "member"}
    invitation = company.founder.browser.post("invite", f"{ORG}/invite-member", body).json
    accept = {"invitationId": invitation["id"]}
    someone.browser.post("accept", f"{ORG}/accept-invitation", accept)
    return someone


def _teamless(server: Recorder, company: Company, teams: list[str]) -> None:
    """Which of the teams pending invitations still name, by its place in the list."""
    places = {team: f"team {place}" for place, team in enumerate(teams)}
    found = company.founder.browser.get("invitations", f"{ORG}/list-invitations").json
    assert [places.get(one["teamId"]) for one in found] == ["team 0", None], server.origin


_NAMES: dict[str, Any] = {"no name": {}, "a number": {"name": 5}, "null": {"name": None}}
_CHANGES: dict[str, Any] = {
    "a name": {"name": "Sold"},
    "an empty name": {"name": ""},
    "nothing": {},
    "another organization": {"name": "X", "organizationId": "none"},
    "unknown fields": {"nothing": 1, "name": "Known"},
    "its counter": {"memberCount": 0, "name": "Counted"},
}
SCRIPTS = (
    teams_of_the_founder,
    teams_removed,
    teams_of_members,
    teams_that_are_active,
    teams_of_users,
    teams_and_invitations,
    teams_denied,
)
