// The official client against codes for actions; it knows no plugin for them, its proxy makes the calls.
import assert from "node:assert/strict";
import { test } from "node:test";
import { browser, mail, someone } from "./browser.mjs";

const TYPE = "account-delete";

async function signedUp() {
  const laptop = browser();
  const person = someone();
  const { error } = await laptop.client.signUp.email(person);
  assert.equal(error, null);
  return { ...laptop, person };
}

test("a mailed code confirms the deletion of the account, once", async () => {
  const { client, person, calls, jar } = await signedUp();
  const early = await client.deleteUser({ password: person.password });
  assert.deepEqual([early.error.status, early.error.code], [403, "ACTION_CONFIRMATION_REQUIRED"]);

  const sent = await client.oneTimeToken.sendToken({ type: TYPE });
  assert.deepEqual([sent.data, sent.error], [{ status: true }, null]);
  assert.deepEqual([calls.at(-1).method, calls.at(-1).path], ["POST", "/api/auth/one-time-token/send-token"]);
  const { token, type } = await mail("action-token", person.email);
  assert.match(token, /^[1-9][0-9]{5}$/);
  assert.equal(type, TYPE);

  const other = await client.oneTimeToken.verifyToken({ token, type: "email-change" });
  assert.deepEqual([other.error.status, other.error.code], [400, "INVALID_TOKEN"]);
  const verified = await client.oneTimeToken.verifyToken({ token, type: TYPE });
  assert.deepEqual([verified.data, verified.error], [{ status: true }, null]);
  assert.equal(calls.at(-1).path, "/api/auth/one-time-token/verify-token");
  const again = await client.oneTimeToken.verifyToken({ token, type: TYPE });
  assert.deepEqual([again.error.status, again.error.message], [400, "Invalid or expired code"]);

  const deleted = await client.deleteUser({ password: person.password });
  assert.equal(deleted.error, null);
  assert.equal(jar.size, 0);
});

test("the next code must wait, and the client is told how long", async () => {
  const { client, calls } = await signedUp();
  await client.oneTimeToken.sendToken({ type: TYPE });
  const early = await client.oneTimeToken.sendToken({ type: TYPE });
  assert.equal(early.error.status, 429);
  const wait = Number(calls.at(-1).response.headers.get("x-retry-after"));
  assert.ok(wait > 0 && wait <= 30);
});

test("nobody gets a code", async () => {
  const { error } = await browser().client.oneTimeToken.sendToken({ type: TYPE });
  assert.deepEqual([error.status, error.code], [401, "UNAUTHORIZED"]);
});

test("the other tokens are generated and redeemed beside it", async () => {
  const { client } = await signedUp();
  const phone = browser();
  const { data } = await client.oneTimeToken.generate();
  const redeemed = await phone.client.oneTimeToken.verify({ token: data.token });
  assert.equal(redeemed.error, null);
  assert.notEqual((await phone.client.getSession()).data, null);
});
