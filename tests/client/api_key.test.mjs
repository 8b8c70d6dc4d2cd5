// The published client of API keys.
import assert from "node:assert/strict";
import { test } from "node:test";
import { apiKeyClient } from "../reference/node_modules/@better-auth/api-key/dist/client.mjs";
import { browser, origin, someone } from "./browser.mjs";

async function person() {
  const made = browser([apiKeyClient()]);
  const given = someone();
  const { data, error } = await made.client.signUp.email(given);
  assert.equal(error, null);
  return { ...made, ...given, id: data.user.id };
}

const shown = async (path, key) => {
  const response = await fetch(`${origin}/api/auth${path}`, { headers: { "x-api-key": key } });
  return { status: response.status, body: await response.json() };
};

test("a key is made, listed, changed and deleted", async () => {
  const { client, id } = await person();
  const { data, error } = await client.apiKey.create({ name: "ci", expiresIn: 2 * 86400, metadata: { plan: "free" } });
  assert.equal(error, null);
  assert.match(data.key, /^orc_[A-Za-z]{64}$/);
  assert.deepEqual([data.name, data.referenceId, data.metadata], ["ci", id, { plan: "free" }]);
  assert.ok(data.expiresAt instanceof Date);
  const listed = await client.apiKey.list({ query: { sortBy: "name", limit: 5 } });
  assert.deepEqual([listed.data.total, listed.data.limit, listed.data.apiKeys[0].id], [1, 5, data.id]);
  assert.equal(listed.data.apiKeys[0].key, undefined);
  assert.equal((await client.apiKey.get({ query: { id: data.id } })).data.start, data.key.slice(0, 6));
  const changed = await client.apiKey.update({ keyId: data.id, name: "cd", enabled: false });
  assert.deepEqual([changed.data.name, changed.data.enabled], ["cd", false]);
  assert.deepEqual((await client.apiKey.delete({ keyId: data.id })).data, { success: true });
  assert.equal((await client.apiKey.get({ query: { id: data.id } })).error.code, "KEY_NOT_FOUND");
});

test("without arguments", async () => {
  const { client } = await person();
  const { data } = await client.apiKey.create();
  assert.equal(data.name, null);
  assert.equal((await client.apiKey.list()).data.total, 1);
});

test("a key stands for its user", async () => {
  const { client, email } = await person();
  const { data } = await client.apiKey.create({});
  const session = await shown("/get-session", data.key);
  assert.deepEqual([session.status, session.body.user.email], [200, email]);
  assert.equal((await shown("/list-sessions", data.key)).status, 401);
  assert.equal((await shown("/get-session", "x".repeat(68))).body.code, "INVALID_API_KEY");
  await client.apiKey.update({ keyId: data.id, enabled: false });
  assert.equal((await shown("/get-session", data.key)).body.code, "KEY_DISABLED");
});

test("what only the server sets", async () => {
  const { client } = await person();
  for (const more of [{ remaining: 5 }, { rateLimitMax: 5 }, { permissions: { files: ["read"] } }]) {
    assert.equal((await client.apiKey.create(more)).error.code, "SERVER_ONLY_PROPERTY");
  }
  const other = await person();
  const { data } = await other.client.apiKey.create({});
  assert.equal((await client.apiKey.delete({ keyId: data.id })).error.code, "KEY_NOT_FOUND");
});
