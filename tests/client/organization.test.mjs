// The official client of organizations, their members and invitations.
import assert from "node:assert/strict";
import { test } from "node:test";
import { organizationClient } from "better-auth/client/plugins";
import { browser, mail, someone } from "./browser.mjs";

async function person(start = "") {
  const made = browser([organizationClient()]);
  const given = someone();
  given.email = start + given.email;
  const { data, error } = await made.client.signUp.email(given);
  assert.equal(error, null);
  return { ...made, ...given, id: data.user.id, organization: made.client.organization };
}

let counter = 0;
const slugs = () => `acme-${process.pid}-${counter++}`;

async function company() {
  const ada = await person();
  const { data, error } = await ada.organization.create({ name: "Acme", slug: slugs(), metadata: { plan: "pro" } });
  assert.equal(error, null);
  return { ada, acme: data };
}

async function joined(ada, role = "member") {
  const bob = await person();
  const { data } = await ada.organization.inviteMember({ email: bob.email, role });
  const { error, data: accepted } = await bob.organization.acceptInvitation({ invitationId: data.id });
  assert.equal(error, null);
  return { ...bob, member: accepted.member };
}

test("an organization is made, looked at, changed and deleted", async () => {
  const { ada, acme } = await company();
  assert.deepEqual([acme.metadata.plan, acme.members[0].role], ["pro", "owner"]);
  assert.ok(acme.createdAt instanceof Date);
  assert.equal((await ada.client.getSession()).data.session.activeOrganizationId, acme.id);
  assert.equal((await ada.organization.list()).data[0].id, acme.id);
  assert.equal((await ada.organization.checkSlug({ slug: acme.slug })).error.code, "ORGANIZATION_SLUG_ALREADY_TAKEN");
  const slug = slugs();
  assert.deepEqual((await ada.organization.checkSlug({ slug })).data, { status: true });
  const changed = await ada.organization.update({ data: { name: "New", slug }, organizationId: acme.id });
  assert.deepEqual([changed.data.name, changed.data.slug], ["New", slug]);
  const query = { organizationSlug: slug };
  assert.equal((await ada.organization.getFullOrganization({ query })).data.members[0].user.email, ada.email);
  assert.equal((await ada.organization.getOrganization({ query })).data.id, acme.id);
  assert.equal((await ada.organization.delete({ organizationId: acme.id })).data.id, acme.id);
  assert.equal((await ada.client.getSession()).data.session.activeOrganizationId, null);
  assert.equal((await ada.organization.getFullOrganization()).data, null);
});

test("an invitation is mailed, looked at and accepted", async () => {
  const { ada, acme } = await company();
  const bob = await person();
  const made = (await ada.organization.inviteMember({ email: bob.email.toUpperCase(), role: ["admin", "member"] })).data;
  assert.deepEqual([made.email, made.role, made.status], [bob.email, "admin,member", "pending"]);
  const sent = await mail("invitation", bob.email);
  assert.deepEqual([sent.id, sent.organization, sent.inviter], [made.id, "Acme", ada.email]);
  assert.equal((await ada.organization.listInvitations()).data.length, 1);
  const shown = (await bob.organization.getInvitation({ query: { id: made.id } })).data;
  assert.deepEqual([shown.organizationName, shown.inviterEmail], ["Acme", ada.email]);
  const { invitation, member } = (await bob.organization.acceptInvitation({ invitationId: made.id })).data;
  assert.deepEqual([invitation.status, member.role, member.userId], ["accepted", "admin,member", bob.id]);
  assert.equal((await bob.client.getSession()).data.session.activeOrganizationId, acme.id);
  const again = await bob.organization.acceptInvitation({ invitationId: made.id });
  assert.deepEqual([again.error.status, again.error.code], [400, "INVITATION_NOT_FOUND"]);
});

test("an invitation is rejected or withdrawn", async () => {
  const { ada } = await company();
  const bob = await person();
  const invite = async () => (await ada.organization.inviteMember({ email: bob.email, role: "member" })).data.id;
  const rejected = await bob.organization.rejectInvitation({ invitationId: await invite() });
  assert.deepEqual([rejected.data.invitation.status, rejected.data.member], ["rejected", null]);
  const canceled = await ada.organization.cancelInvitation({ invitationId: await invite() });
  assert.equal(canceled.data.status, "canceled");
  assert.equal((await bob.organization.listUserInvitations()).error.code, "EMAIL_VERIFICATION_REQUIRED_FOR_INVITATION");
});

test("members are listed, given roles, and removed", async () => {
  const { ada, acme } = await company();
  const bob = await joined(ada);
  const listed = await ada.organization.listMembers({
    query: { limit: 10, sortBy: "role", sortDirection: "desc", filterField: "role", filterValue: "member" },
  });
  assert.deepEqual([listed.data.total, listed.data.members[0].user.email], [1, bob.email]);
  assert.equal((await bob.organization.getActiveMember()).data.role, "member");
  const given = await ada.organization.updateMemberRole({ memberId: bob.member.id, role: "admin" });
  assert.equal(given.data.role, "admin");
  assert.equal((await bob.organization.getActiveMemberRole()).data.role, "admin");
  const may = (permissions) => bob.organization.hasPermission({ permissions });
  assert.deepEqual((await may({ organization: ["update"] })).data, { error: null, success: true });
  assert.equal((await may({ organization: ["delete"] })).data.success, false);
  const owner = (await ada.organization.getActiveMember()).data.id;
  const refused = await bob.organization.removeMember({ memberIdOrEmail: owner });
  assert.equal(refused.error.code, "YOU_CANNOT_LEAVE_THE_ORGANIZATION_AS_THE_ONLY_OWNER");
  const removed = await ada.organization.removeMember({ memberIdOrEmail: bob.email });
  assert.equal(removed.data.member.user.email, bob.email);
  assert.equal((await bob.client.getSession()).data.session.activeOrganizationId, null);
  const eve = await joined(ada);
  assert.equal((await eve.organization.leave({ organizationId: acme.id })).data.user.email, eve.email);
});

test("limits of the server", async () => {
  const nobody = await person("noorg.");
  const { error } = await nobody.organization.create({ name: "No", slug: slugs() });
  assert.equal(error.code, "YOU_ARE_NOT_ALLOWED_TO_CREATE_A_NEW_ORGANIZATION");
  const { ada } = await company();
  for (let made = 1; made < 3; made++) await ada.organization.create({ name: "More", slug: slugs() });
  const last = await ada.organization.create({ name: "More", slug: slugs() });
  assert.equal(last.error.code, "YOU_HAVE_REACHED_THE_MAXIMUM_NUMBER_OF_ORGANIZATIONS");
});
