// The official client on a device, and on the page of who lets it in.
import assert from "node:assert/strict";
import { test } from "node:test";
import { deviceAuthorizationClient } from "better-auth/client/plugins";
import { browser, origin, someone } from "./browser.mjs";

const CLIENT = "cli-tv";
const page = () => browser([deviceAuthorizationClient()]);
const grant = (device_code) => ({
  grant_type: "urn:ietf:params:oauth:grant-type:device_code",
  device_code,
  client_id: CLIENT,
});

async function asked() {
  const [device, person] = [page(), page()];
  assert.equal((await person.client.signUp.email(someone())).error, null);
  const { data, error } = await device.client.device.code({ client_id: CLIENT, scope: "read" });
  assert.equal(error, null);
  return { device, person, codes: data };
}

test("a device is let in", async () => {
  const { device, person, codes } = await asked();
  assert.equal(codes.verification_uri_complete, `${origin}/device?user_code=${codes.user_code}`);
  const found = await person.client.device({ query: { user_code: codes.user_code } });
  assert.deepEqual(found.data, {
    user_code: codes.user_code, status: "pending", client_id: CLIENT, scope: "read",
  });
  const done = await person.client.device.approve({ userCode: codes.user_code });
  assert.deepEqual(done.data, { success: true });
  const { data } = await device.client.device.token(grant(codes.device_code));
  assert.deepEqual([data.token_type, data.scope], ["Bearer", "read"]);
  const { data: session } = await device.client.getSession({
    fetchOptions: { headers: { authorization: `Bearer ${data.access_token}` } },
  });
  assert.equal(session.session.token, data.access_token);
  assert.deepEqual(
    device.calls.map(({ method, path }) => [method, path]),
    [["POST", "/api/auth/device/code"], ["POST", "/api/auth/device/token"], ["GET", "/api/auth/get-session"]],
  );
  assert.equal(device.jar.size, 0);
});

test("a device hears what to do", async () => {
  const { device, person, codes } = await asked();
  const poll = async () => (await device.client.device.token(grant(codes.device_code))).error;
  const { status, error, error_description } = await poll();
  assert.deepEqual([status, error], [400, "authorization_pending"]);
  assert.ok(error_description);
  assert.equal((await poll()).error, "slow_down");
  await person.client.device({ query: { user_code: codes.user_code } });
  assert.deepEqual((await person.client.device.deny({ userCode: codes.user_code })).data, { success: true });
  assert.equal((await device.client.device.token(grant("nothing"))).error.error, "invalid_grant");
});

test("people who are wrong here", async () => {
  const { person, device, codes } = await asked();
  const strange = await device.client.device.approve({ userCode: codes.user_code });
  assert.deepEqual([strange.error.status, strange.error.error], [401, "unauthorized"]);
  const unseen = await person.client.device.approve({ userCode: codes.user_code });
  assert.deepEqual([unseen.error.status, unseen.error.error], [400, "invalid_request"]);
  const unknown = await device.client.device.code({ client_id: "other" });
  assert.deepEqual([unknown.error.status, unknown.error.error], [400, "invalid_client"]);
  const missing = await device.client.device.token({ client_id: CLIENT });
  assert.deepEqual([missing.error.status, missing.error.code], [400, "VALIDATION_ERROR"]);
});
