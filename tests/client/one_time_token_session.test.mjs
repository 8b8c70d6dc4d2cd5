// The official client against tokens that beget a session; its proxy makes the calls.
import assert from "node:assert/strict";
import { test } from "node:test";
import { browser, someone } from "./browser.mjs";

async function signedUp() {
  const laptop = browser();
  const person = someone();
  const { error } = await laptop.client.signUp.email(person);
  assert.equal(error, null);
  return { ...laptop, person };
}

test("a token gives another browser a session of its own, once", async () => {
  const { client, calls } = await signedUp();
  const generated = await client.oneTimeTokenSession.generate();
  assert.equal(generated.error, null);
  assert.deepEqual([calls.at(-1).method, calls.at(-1).path], ["GET", "/api/auth/one-time-token-session/generate"]);
  const phone = browser();
  const { data, error } = await phone.client.oneTimeTokenSession.verify({ token: generated.data.token });
  assert.equal(error, null);
  assert.deepEqual([phone.calls.at(-1).method, phone.calls.at(-1).path], ["POST", "/api/auth/one-time-token-session/verify"]);
  const here = (await phone.client.getSession()).data;
  const there = (await client.getSession()).data;
  assert.equal(here.session.token, data.token);
  assert.equal(here.user.id, there.user.id);
  assert.notEqual(here.session.id, there.session.id);
  const again = await browser().client.oneTimeTokenSession.verify({ token: generated.data.token });
  assert.deepEqual([again.error.status, again.error.message], [400, "Invalid token"]);
});

test("the two sessions end one by one", async () => {
  const { client } = await signedUp();
  const { data } = await client.oneTimeTokenSession.generate();
  const phone = browser();
  await phone.client.oneTimeTokenSession.verify({ token: data.token });
  assert.equal((await client.listSessions()).data.length, 2);
  await client.signOut();
  assert.notEqual((await phone.client.getSession()).data, null);
});

test("nobody gets a token, and an empty one is no token", async () => {
  const nobody = browser();
  const none = await nobody.client.oneTimeTokenSession.generate();
  assert.deepEqual([none.error.status, none.error.code], [401, "UNAUTHORIZED"]);
  const empty = await nobody.client.oneTimeTokenSession.verify({ token: "" });
  assert.deepEqual([empty.error.status, empty.error.code], [400, "VALIDATION_ERROR"]);
});
