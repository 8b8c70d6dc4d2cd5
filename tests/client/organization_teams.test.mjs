// The official client of teams and of roles that are made at run time.
import assert from "node:assert/strict";
import { test } from "node:test";
import { organizationClient } from "better-auth/client/plugins";
import { createAccessControl } from "better-auth/plugins/access";
import {
  adminAc,
  defaultStatements,
  memberAc,
  ownerAc,
} from "better-auth/plugins/organization/access";
import { browser, someone } from "./browser.mjs";

const ac = createAccessControl({ ...defaultStatements, project: ["create", "update", "delete"] });
const roles = {
  owner: ac.newRole({ ...ownerAc.statements, project: ["create", "update", "delete"] }),
  admin: ac.newRole({ ...adminAc.statements, project: ["create", "update"] }),
  member: ac.newRole({ ...memberAc.statements, project: [] }),
  auditor: ac.newRole({ ...memberAc.statements, project: ["update"] }),
};
const organizations = () =>
  organizationClient({
    ac,
    roles,
    teams: { enabled: true },
    dynamicAccessControl: { enabled: true },
  });

async function person() {
  const made = browser([organizations()]);
  const given = someone();
  const { data, error } = await made.client.signUp.email(given);
  assert.equal(error, null);
  return { ...made, ...given, id: data.user.id, organization: made.client.organization };
}

let counter = 0;

async function company() {
  const ada = await person();
  const slug = `company-${process.pid}-${counter++}`;
  const { data, error } = await ada.organization.create({ name: "Company", slug });
  assert.equal(error, null);
  return { ada, id: data.id };
}

async function joined({ ada }, more = {}) {
  const bob = await person();
  const invited = await ada.organization.inviteMember({ email: bob.email, role: "member", ...more });
  assert.equal(invited.error, null);
  const accepted = await bob.organization.acceptInvitation({ invitationId: invited.data.id });
  assert.equal(accepted.error, null);
  return { ...bob, memberId: accepted.data.member.id };
}

const active = async ({ client }) => (await client.getSession()).data.session.activeTeamId;
const named = ({ data }) => data.map(({ name }) => name);

test("an organization begins with a team, in which its founder is", async () => {
  const { ada, id } = await company();
  const { data: teams } = await ada.organization.listTeams();
  assert.equal(teams.length, 1);
  assert.equal(teams[0].name, "Company");
  assert.equal(teams[0].organizationId, id);
  assert.ok(teams[0].createdAt instanceof Date);
  assert.equal("memberCount" in teams[0], false);
  assert.equal(await active(ada), teams[0].id);
  const members = await ada.organization.listTeamMembers({ query: { teamId: teams[0].id } });
  assert.deepEqual(
    members.data.map(({ userId }) => userId),
    [ada.id],
  );
  const full = await ada.organization.getFullOrganization();
  assert.equal(full.data.teams[0].memberCount, 1);
});

test("teams are made, renamed and removed", async () => {
  const { ada } = await company();
  const made = await ada.organization.createTeam({ name: "Sales" });
  assert.equal(made.data.name, "Sales");
  const teamId = made.data.id;
  const changed = await ada.organization.updateTeam({ teamId, data: { name: "Field" } });
  assert.equal(changed.data.name, "Field");
  assert.deepEqual(named(await ada.organization.listTeams()), ["Company", "Field"]);
  assert.equal((await ada.organization.createTeam({ name: "Three" })).error, null);
  const refused = await ada.organization.createTeam({ name: "Four" });
  assert.equal(refused.error.code, "YOU_HAVE_REACHED_THE_MAXIMUM_NUMBER_OF_TEAMS");
  assert.ok((await ada.organization.removeTeam({ teamId })).data.message);
  assert.deepEqual(named(await ada.organization.listTeams()), ["Company", "Three"]);
});

test("members come into teams and leave them", async () => {
  const made = await company();
  const { ada } = made;
  const bob = await joined(made);
  const { data: team } = await ada.organization.createTeam({ name: "Sales" });
  const seat = { teamId: team.id, userId: bob.id };
  const { data: added } = await ada.organization.addTeamMember(seat);
  assert.deepEqual([added.teamId, added.userId], [team.id, bob.id]);
  assert.equal("membershipKey" in added, false);
  assert.deepEqual(named(await bob.organization.listUserTeams()), ["Sales"]);
  const byId = await ada.organization.listUserTeams({ query: { userId: bob.id } });
  assert.deepEqual(named(byId), ["Sales"]);
  assert.equal((await bob.organization.setActiveTeam({ teamId: team.id })).data.id, team.id);
  assert.equal(await active(bob), team.id);
  assert.equal((await bob.organization.setActiveTeam({ teamId: null })).data, null);
  assert.equal(await active(bob), null);
  assert.ok((await ada.organization.removeTeamMember(seat)).data.message);
  const outside = await bob.organization.setActiveTeam({ teamId: team.id });
  assert.equal(outside.error.code, "USER_IS_NOT_A_MEMBER_OF_THE_TEAM");
});

test("an invitation leads into a team", async () => {
  const made = await company();
  const { data: team } = await made.ada.organization.createTeam({ name: "Sales" });
  const bob = await joined(made, { teamId: team.id });
  assert.equal(await active(bob), team.id);
  assert.deepEqual(named(await bob.organization.listUserTeams()), ["Sales"]);
});

test("a role that is made at run time is given, and allows what it says", async () => {
  const made = await company();
  const { ada } = made;
  const permission = { project: ["update"] };
  const { data } = await ada.organization.createRole({ role: "Editor", permission });
  assert.equal(data.success, true);
  assert.deepEqual([data.roleData.role, data.roleData.permission], ["editor", permission]);
  const bob = await joined(made);
  const may = async () =>
    (await bob.organization.hasPermission({ permissions: permission })).data.success;
  assert.equal(await may(), false);
  const { memberId } = bob;
  await ada.organization.updateMemberRole({ memberId, role: "editor" });
  assert.equal(await may(), true);
  const taken = await ada.organization.deleteRole({ roleName: "editor" });
  assert.equal(taken.error.code, "ROLE_IS_ASSIGNED_TO_MEMBERS");
  const changed = await ada.organization.updateRole({
    roleName: "editor",
    data: { permission: { project: ["create"] } },
  });
  assert.deepEqual(changed.data.roleData.permission, { project: ["create"] });
  assert.equal(await may(), false);
  const found = await ada.organization.getRole({ query: { roleName: "editor" } });
  assert.equal(found.data.id, data.roleData.id);
  assert.equal((await ada.organization.listRoles()).data.length, 1);
  await ada.organization.updateMemberRole({ memberId, role: "member" });
  assert.deepEqual((await ada.organization.deleteRole({ roleName: "editor" })).data, {
    success: true,
  });
  assert.deepEqual((await ada.organization.listRoles()).data, []);
});

test("nobody makes a role that allows more than his own", async () => {
  const made = await company();
  const bob = await joined(made);
  const { ada } = made;
  await ada.organization.updateMemberRole({ memberId: bob.memberId, role: "admin" });
  const permission = { project: ["delete"] };
  const { error } = await bob.organization.createRole({ role: "more", permission });
  assert.deepEqual(
    [error.code, error.missingPermissions],
    ["YOU_ARE_NOT_ALLOWED_TO_CREATE_A_ROLE", ["project:delete"]],
  );
});
