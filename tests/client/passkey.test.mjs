// The official client with its plugin for passkeys, in a page whose browser has an authenticator.
import assert from "node:assert/strict";
import { test } from "node:test";
import { passkeyClient } from "@better-auth/passkey/client";
import { Authenticator } from "./authenticator.mjs";
import { browser as plain, origin, someone } from "./browser.mjs";

const browser = () => plain([passkeyClient()]);
const refusal = ({ error }) => [error.status, error.code];

function device() {
  const one = new Authenticator(origin);
  one.plugIn();
  return one;
}

// Somebody signed in, with a passkey on a new device.
async function withPasskey(options = {}) {
  const first = browser();
  const person = someone();
  await first.client.signUp.email(person);
  const authenticator = device();
  const { data, error } = await first.client.passkey.addPasskey(options);
  assert.equal(error, null);
  return { ...first, person, authenticator, passkey: data };
}

test("a passkey is added, and signs in", async () => {
  const { client, calls, person, authenticator, passkey } = await withPasskey({ name: "My phone" });
  assert.equal(passkey.name, "My phone");
  assert.equal(passkey.transports, "internal,hybrid");
  assert.ok(passkey.createdAt instanceof Date);
  const paths = calls.slice(-2).map(({ method, path }) => `${method} ${path}`);
  assert.deepEqual(paths, ["GET /api/auth/passkey/generate-register-options", "POST /api/auth/passkey/verify-registration"]);
  const asked = authenticator.asked[0];
  assert.equal(asked.rp.id, "localhost");
  assert.equal(asked.user.name, "My phone");
  assert.equal(asked.user.displayName, person.email);
  assert.deepEqual((await client.passkey.listUserPasskeys()).data, [passkey]);

  const other = browser();
  const { data, error } = await other.client.signIn.passkey();
  assert.equal(error, null);
  assert.equal(data.user.email, person.email);
  assert.ok(data.user.createdAt instanceof Date);
  assert.equal((await other.client.getSession()).data.session.token, data.session.token);
  assert.equal(authenticator.asked.at(-1).allowCredentials, undefined);
});

test("conditional UI: the browser offers passkeys in a field", async () => {
  const { person, authenticator } = await withPasskey();
  const { client } = browser();
  const { data, error } = await client.signIn.passkey({ autoFill: true, returnWebAuthnResponse: true });
  assert.equal(error, null);
  assert.equal(data.user.email, person.email);
  assert.equal(authenticator.asked.at(-1).mediation, "conditional");
});

test("who is signed in is asked for their own passkeys, and offered no second one on a device", async () => {
  const { client, authenticator, passkey } = await withPasskey();
  const again = await client.passkey.addPasskey({ name: "twice" });
  assert.equal(again.error.code, "ERROR_AUTHENTICATOR_PREVIOUSLY_REGISTERED");
  await client.signIn.passkey();
  const [only] = authenticator.asked.at(-1).allowCredentials;
  assert.equal(Buffer.from(only.id).toString("base64url"), passkey.credentialID);
});

test("a passkey and a new session at once", async () => {
  const { client, passkey } = await withPasskey({ createSession: true, authenticatorAttachment: "platform" });
  assert.ok(passkey.session.token);
  assert.equal((await client.getSession()).data.session.token, passkey.session.token);
});

test("passkeys are renamed and deleted", async () => {
  const { client, passkey } = await withPasskey();
  const { data } = await client.passkey.updatePasskey({ id: passkey.id, name: "Key ring" });
  assert.equal(data.passkey.name, "Key ring");
  assert.deepEqual((await client.passkey.deletePasskey({ id: passkey.id })).data, { status: true });
  assert.deepEqual((await client.passkey.listUserPasskeys()).data, []);
  assert.deepEqual(refusal(await client.passkey.deletePasskey({ id: passkey.id })), [404, "PASSKEY_NOT_FOUND"]);
  assert.deepEqual(refusal(await browser().client.signIn.passkey()), [401, "PASSKEY_NOT_FOUND"]);
});

test("what goes wrong in the browser stays there", async () => {
  const { client, calls, authenticator } = await withPasskey();
  authenticator.cancels = true;
  const before = calls.length;
  assert.equal((await client.signIn.passkey()).error.code, "ERROR_PASSTHROUGH_SEE_CAUSE_PROPERTY");
  assert.equal(calls.length, before + 1);
});

test("another origin, a copied device, and nobody signed in", async () => {
  const { authenticator } = await withPasskey();
  authenticator.origin = "https://evil.example";
  assert.deepEqual(refusal(await browser().client.signIn.passkey()), [400, "AUTHENTICATION_FAILED"]);
  authenticator.origin = origin;
  assert.equal((await browser().client.signIn.passkey()).error, null);
  authenticator.keys[0].count = 0;
  assert.deepEqual(refusal(await browser().client.signIn.passkey()), [400, "AUTHENTICATION_FAILED"]);
  assert.deepEqual(refusal(await browser().client.passkey.addPasskey()), [401, "UNAUTHORIZED"]);
  assert.deepEqual(refusal(await browser().client.passkey.listUserPasskeys()), [401, "UNAUTHORIZED"]);
});
