// The official client with several people signed in.
import assert from "node:assert/strict";
import { test } from "node:test";
import { multiSessionClient } from "better-auth/client/plugins";
import { browser, someone } from "./browser.mjs";

async function twoPeople() {
  const desk = browser([multiSessionClient()]);
  const tokens = [];
  for (const name of ["Ada", "Grace"]) {
    const { data, error } = await desk.client.signUp.email({ ...someone(), name });
    assert.equal(error, null);
    tokens.push(data.token);
  }
  return { ...desk, tokens };
}

const current = async (client) => (await client.getSession()).data?.user.name ?? null;

test("people switch, and see who else is there", async () => {
  const { client, tokens } = await twoPeople();
  const { data } = await client.multiSession.listDeviceSessions();
  assert.deepEqual(data.map(({ user }) => user.name).sort(), ["Ada", "Grace"]);
  assert.ok(data[0].session.expiresAt instanceof Date);
  const active = await client.multiSession.setActive({ sessionToken: tokens[0] });
  assert.equal(active.data.user.name, "Ada");
  assert.equal(await current(client), "Ada");
  const wrong = await client.multiSession.setActive({ sessionToken: "x".repeat(32) });
  assert.deepEqual([wrong.error.status, wrong.error.code], [401, "INVALID_SESSION_TOKEN"]);
});

test("an open page hears of the switch", async () => {
  const { client, tokens } = await twoPeople();
  const seen = [];
  const stop = client.useSession.subscribe(({ data }) => seen.push(data?.user.name));
  await client.multiSession.setActive({ sessionToken: tokens[0] });
  for (const end = Date.now() + 3000; !seen.includes("Ada") && Date.now() < end; ) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.equal(seen.at(-1), "Ada");
  stop();
});

test("a revoked session makes way for the other one, and a sign-out ends all", async () => {
  const { client, tokens, jar } = await twoPeople();
  assert.deepEqual((await client.multiSession.revoke({ sessionToken: tokens[1] })).data, { status: true });
  assert.equal(await current(client), "Ada");
  await client.signOut();
  assert.equal(await current(client), null);
  assert.deepEqual((await client.multiSession.listDeviceSessions()).data, []);
  assert.deepEqual([...jar.keys()].filter((name) => name.includes("session")), []);
});
