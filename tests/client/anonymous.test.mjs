// The official client with guests.
import assert from "node:assert/strict";
import { test } from "node:test";
import { anonymousClient } from "better-auth/client/plugins";
import { browser, mail, someone } from "./browser.mjs";

const guests = () => browser([anonymousClient()]);
const current = async (client) => (await client.getSession()).data?.user ?? null;

test("a guest signs in, once", async () => {
  const { client } = guests();
  const { data, error } = await client.signIn.anonymous();
  assert.equal(error, null);
  assert.equal(data.user.isAnonymous, true);
  assert.match(data.user.email, /^temp-[a-z0-9]{32}@anon\.example\.test$/);
  assert.ok(data.user.createdAt instanceof Date);
  assert.equal((await current(client)).id, data.user.id);
  const again = await client.signIn.anonymous();
  const code = "ANONYMOUS_USERS_CANNOT_SIGN_IN_AGAIN_ANONYMOUSLY";
  assert.deepEqual([again.error.status, again.error.code], [400, code]);
});

test("an open page hears of the guest", async () => {
  const { client } = guests();
  const seen = [];
  const stop = client.useSession.subscribe(({ data }) => seen.push(data?.user.isAnonymous));
  await client.signIn.anonymous();
  for (const end = Date.now() + 3000; !seen.includes(true) && Date.now() < end; ) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.equal(seen.at(-1), true);
  stop();
});

test("a guest signs up, and is somebody from then on", async () => {
  const { client } = guests();
  const guest = (await client.signIn.anonymous()).data.user;
  const person = someone();
  const { data } = await client.signUp.email(person);
  const told = await mail("anonymous-linked", person.email);
  assert.deepEqual([told.anonymousUserId, told.newUserId], [guest.id, data.user.id]);
  const now = await current(client);
  assert.deepEqual([now.id, now.isAnonymous], [data.user.id, false]);
});

test("a guest leaves", async () => {
  const { client, jar } = guests();
  await client.signIn.anonymous();
  assert.deepEqual((await client.deleteAnonymousUser()).data, { success: true });
  assert.equal(await current(client), null);
  assert.ok(!jar.has("better-auth.session_token"));
  assert.equal((await client.deleteAnonymousUser()).error.status, 401);
  await client.signUp.email(someone());
  const member = await client.deleteAnonymousUser();
  assert.deepEqual([member.error.status, member.error.code], [403, "USER_IS_NOT_ANONYMOUS"]);
});
