// The official client of administrators.
import assert from "node:assert/strict";
import { test } from "node:test";
import { adminClient } from "better-auth/client/plugins";
import { createAccessControl } from "better-auth/plugins/access";
import { adminAc, defaultStatements } from "better-auth/plugins/admin/access";
import { browser, someone } from "./browser.mjs";

const ac = createAccessControl({ ...defaultStatements, report: ["read", "write"] });
const roles = {
  admin: ac.newRole({ ...adminAc.statements, report: ["read", "write"] }),
  support: ac.newRole({ user: ["list", "get"], session: ["list"], report: ["read"] }),
};

async function person(start = "") {
  const made = browser([adminClient({ ac, roles })]);
  const given = someone();
  given.email = start + given.email;
  const { data, error } = await made.client.signUp.email(given);
  assert.equal(error, null);
  return { ...made, ...given, id: data.user.id };
}

const current = async (client) => (await client.getSession()).data?.user.id ?? null;

test("an administrator finds, changes and deletes users", async () => {
  const { client, id } = await person("root.");
  const bob = await person();
  const found = await client.admin.listUsers({
    query: { searchValue: bob.email, searchField: "email", limit: 5, sortBy: "createdAt", sortDirection: "desc" },
  });
  assert.deepEqual([found.data.total, found.data.limit, found.data.users[0].id], [1, 5, bob.id]);
  assert.equal((await client.admin.getUser({ query: { id } })).data.role, "admin");
  const role = await client.admin.setRole({ userId: bob.id, role: ["user", "support"] });
  assert.equal(role.data.user.role, "user,support");
  assert.equal((await client.admin.updateUser({ userId: bob.id, data: { name: "Bobby" } })).data.name, "Bobby");
  const set = await client.admin.setUserPassword({ userId: bob.id, newPassword: "another horse 1" });
  assert.deepEqual(set.data, { status: true });
  assert.equal((await bob.client.signIn.email({ email: bob.email, password: "another horse 1" })).error, null);
  assert.deepEqual((await client.admin.removeUser({ userId: bob.id })).data, { success: true });
  assert.equal((await client.admin.getUser({ query: { id: bob.id } })).error.status, 404);
});

test("new users", async () => {
  const { client } = await person("root.");
  const given = someone();
  const { data } = await client.admin.createUser({ ...given, role: "support", data: { nickname: "n" } });
  assert.deepEqual([data.user.role, data.user.nickname], ["support", "n"]);
  const again = await client.admin.createUser(given);
  assert.equal(again.error.code, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL");
});

test("a ban ends sessions and keeps out", async () => {
  const { client } = await person("root.");
  const bob = await person();
  const { data } = await client.admin.banUser({ userId: bob.id, banReason: "Spam", banExpiresIn: 3600 });
  assert.equal(data.user.banReason, "Spam");
  assert.ok(data.user.banExpires instanceof Date);
  assert.equal(await current(bob.client), null);
  const { error } = await bob.client.signIn.email({ email: bob.email, password: bob.password });
  assert.deepEqual([error.status, error.code, error.message], [403, "BANNED_USER", "You are banned"]);
  await client.admin.unbanUser({ userId: bob.id });
  assert.equal((await bob.client.signIn.email({ email: bob.email, password: bob.password })).error, null);
});

test("sessions of others", async () => {
  const { client } = await person("root.");
  const bob = await person();
  const { data } = await client.admin.listUserSessions({ userId: bob.id });
  assert.equal(data.sessions.length, 1);
  await client.admin.revokeUserSession({ sessionToken: data.sessions[0].token });
  assert.equal(await current(bob.client), null);
  assert.deepEqual((await client.admin.revokeUserSessions({ userId: bob.id })).data, { success: true });
});

test("in the place of a user, and back", async () => {
  const { client, id } = await person("root.");
  const bob = await person();
  const { data } = await client.admin.impersonateUser({ userId: bob.id });
  assert.equal(data.session.impersonatedBy, id);
  assert.equal(await current(client), bob.id);
  const refused = await client.changePassword({ currentPassword: bob.password, newPassword: "another horse 1" });
  assert.equal(refused.error.status, 403);
  assert.equal((await client.admin.stopImpersonating()).error, null);
  assert.equal(await current(client), id);
});

test("permissions", async () => {
  const { client } = await person("support.");
  const may = async (permissions) => (await client.admin.hasPermission({ permissions })).data.success;
  assert.equal(await may({ user: ["list"], report: ["read"] }), true);
  assert.equal(await may({ report: ["read", "write"] }), false);
  assert.equal(client.admin.checkRolePermission({ role: "support", permissions: { report: ["read"] } }), true);
  const { error } = await client.admin.banUser({ userId: "x" });
  assert.deepEqual([error.status, error.code], [403, "YOU_ARE_NOT_ALLOWED_TO_BAN_USERS"]);
});
