// The official client against the flows that use mail, passwords and accounts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { browser, mail, someone } from "./browser.mjs";

async function signedUp() {
  const laptop = browser();
  const person = someone();
  const { data, error } = await laptop.client.signUp.email(person);
  assert.equal(error, null);
  return { ...laptop, person, user: data.user };
}

test("the token of the verification mail verifies the address", async () => {
  const { client, person } = await signedUp();
  const { token } = await mail("verify-email", person.email);
  const { data, error } = await client.verifyEmail({ query: { token } });
  assert.equal(error, null);
  assert.equal(data.status, true);
  assert.equal((await client.getSession()).data.user.emailVerified, true);
  const wrong = await client.verifyEmail({ query: { token: "nonsense" } });
  assert.deepEqual([wrong.error.status, wrong.error.code], [401, "INVALID_TOKEN"]);
});

test("a forgotten password is replaced by a mailed token, once", async () => {
  const { person } = await signedUp();
  const { client } = browser();
  const asked = await client.requestPasswordReset({ email: person.email, redirectTo: "/new" });
  assert.equal(asked.data.status, true);
  const { token } = await mail("reset-password", person.email);
  const reset = await client.resetPassword({ newPassword: "another horse", token });
  assert.deepEqual(reset.data, { status: true });
  const again = await client.resetPassword({ newPassword: "third horse", token });
  assert.deepEqual([again.error.status, again.error.code], [400, "INVALID_TOKEN"]);
  const old = await client.signIn.email({ email: person.email, password: person.password });
  assert.equal(old.error.status, 401);
  const fresh = await client.signIn.email({ email: person.email, password: "another horse" });
  assert.equal(fresh.error, null);
});

test("changing the password ends the other sessions when asked to", async () => {
  const { client, person } = await signedUp();
  const phone = browser();
  await phone.client.signIn.email({ email: person.email, password: person.password });
  const change = { newPassword: "another horse", revokeOtherSessions: true };
  const wrong = await client.changePassword({ ...change, currentPassword: "wrong horse" });
  assert.deepEqual([wrong.error.status, wrong.error.code], [400, "INVALID_PASSWORD"]);
  const right = await client.changePassword({ ...change, currentPassword: person.password });
  assert.equal(right.error, null);
  assert.notEqual((await client.getSession()).data, null);
  assert.equal((await phone.client.getSession()).data, null);
});

test("updating the user shows in the session", async () => {
  const { client } = await signedUp();
  assert.deepEqual((await client.updateUser({ name: "Ada L.", age: 36 })).data, { status: true });
  const { user } = (await client.getSession()).data;
  assert.deepEqual([user.name, user.age], ["Ada L.", 36]);
  const refused = await client.updateUser({ tier: "gold" });
  assert.deepEqual([refused.error.status, refused.error.code], [400, "FIELD_NOT_ALLOWED"]);
});

test("a new address counts once both mails were answered", async () => {
  const { client, person } = await signedUp();
  const verify = async (kind, to) => client.verifyEmail({ query: { token: (await mail(kind, to)).token } });
  await verify("verify-email", person.email);
  const newEmail = `new.${person.email}`;
  assert.deepEqual((await client.changeEmail({ newEmail })).data, { status: true });
  await verify("change-email", person.email);
  assert.equal((await client.getSession()).data.user.email, person.email);
  await verify("verify-email", newEmail);
  assert.equal((await client.getSession()).data.user.email, newEmail);
});

test("the last way to sign in stays", async () => {
  const { client } = await signedUp();
  const { data } = await client.listAccounts();
  assert.deepEqual(data.map((account) => account.providerId), ["credential"]);
  assert.ok(data[0].createdAt instanceof Date);
  const refused = await client.unlinkAccount({ accountId: data[0].id });
  assert.equal(refused.error.status, 400);
  assert.equal((await client.listAccounts()).data.length, 1);
});

test("a deleted user is gone", async () => {
  const { client, person, kept } = await signedUp();
  const wrong = await client.deleteUser({ password: "wrong horse" });
  assert.equal(wrong.error.status, 400);
  assert.equal((await client.deleteUser({ password: person.password })).data.success, true);
  assert.deepEqual(kept(), []);
  const { error } = await client.signIn.email({ email: person.email, password: person.password });
  assert.equal(error.status, 401);
});
