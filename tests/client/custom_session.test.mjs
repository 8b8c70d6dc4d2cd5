// The official client where the server says of a session what a function makes of it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { customSessionClient, multiSessionClient } from "better-auth/client/plugins";
import { browser, someone } from "./browser.mjs";

async function signedUp() {
  const page = browser([customSessionClient(), multiSessionClient()]);
  assert.equal((await page.client.signUp.email(someone())).error, null);
  return page;
}

test("the client sees what the function makes", async () => {
  const { client } = await signedUp();
  const { data, error } = await client.getSession();
  assert.equal(error, null);
  assert.deepEqual(Object.keys(data).sort(), ["until", "user", "who"]);
  assert.equal(data.who, "Ada");
  assert.ok(data.until instanceof Date);
  assert.equal("internalNote" in data.user, false);
  const listed = await client.multiSession.listDeviceSessions();
  assert.deepEqual(listed.data, [data]);
});

test("an open page follows", async () => {
  const { client } = await signedUp();
  const seen = [];
  const stop = client.useSession.subscribe(({ data }) => seen.push(data?.who ?? null));
  const waited = async (name) => {
    for (const end = Date.now() + 3000; seen.at(-1) !== name && Date.now() < end; ) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.equal(seen.at(-1), name);
  };
  await waited("Ada");
  await client.updateUser({ name: "Grace" });
  await waited("Grace");
  await client.signOut();
  await waited(null);
  assert.equal((await client.getSession()).data, null);
  stop();
});
