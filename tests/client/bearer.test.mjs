// The official client without cookies: it keeps the token of `set-auth-token` and sends it back.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createAuthClient } from "better-auth/client";
import { origin, someone } from "./browser.mjs";

function application() {
  const kept = { token: "" };
  const client = createAuthClient({
    baseURL: origin,
    fetchOptions: {
      headers: { origin }, // Node sends Fetch Metadata as browsers do, but no Origin
      auth: { type: "Bearer", token: () => kept.token },
      onSuccess: ({ response }) => {
        kept.token = response.headers.get("set-auth-token") ?? kept.token;
      },
    },
  });
  return { client, kept };
}

test("an application without cookies signs up, stays signed in and signs out", async () => {
  const { client, kept } = application();
  const person = someone();
  const { data, error } = await client.signUp.email(person);
  assert.equal(error, null);
  assert.match(kept.token, /^[A-Za-z0-9]{32}\.[A-Za-z0-9+/]{43}=$/);
  assert.equal(kept.token.split(".")[0], data.token);
  assert.equal((await client.getSession()).data.user.email, person.email);
  assert.equal((await client.updateUser({ name: "Countess" })).error, null);
  assert.equal((await client.getSession()).data.user.name, "Countess");
  assert.equal((await client.signOut()).error, null);
  assert.equal((await client.getSession()).data, null);
});

test("the bare session token is a credential too, a wrong one is nobody", async () => {
  const { client, kept } = application();
  const { data } = await client.signUp.email(someone());
  kept.token = data.token;
  assert.equal((await client.getSession()).data.user.id, data.user.id);
  kept.token = "x".repeat(32);
  assert.equal((await client.getSession()).data, null);
});
