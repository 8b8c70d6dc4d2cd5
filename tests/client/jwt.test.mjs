// The official client fetches tokens, which a service verifies with the published keys.
import assert from "node:assert/strict";
import { createPublicKey, verify } from "node:crypto";
import { test } from "node:test";
import { jwtClient } from "better-auth/client/plugins";
import { browser, origin, someone } from "./browser.mjs";

const read = (part) => JSON.parse(Buffer.from(part, "base64url").toString());

async function claimsOf(token, client) {
  const [header, claims, signature] = token.split(".");
  const { alg, kid } = read(header);
  const { data, error } = await client.jwks();
  assert.equal(error, null);
  const key = data.keys.find((one) => one.kid === kid);
  assert.equal(key.alg, alg);
  const signed = Buffer.from(`${header}.${claims}`);
  const publicKey = createPublicKey({ key, format: "jwk" });
  assert.ok(verify(null, signed, publicKey, Buffer.from(signature, "base64url")));
  return read(claims);
}

test("a token says who is signed in", async () => {
  const { client } = browser([jwtClient()]);
  const person = someone();
  const { data: made } = await client.signUp.email(person);
  const { data, error } = await client.token();
  assert.equal(error, null);
  const claims = await claimsOf(data.token, client);
  assert.deepEqual([claims.sub, claims.email, claims.iss, claims.aud], [made.user.id, person.email, origin, origin]);
  assert.equal(claims.exp - claims.iat, 900);
});

test("a token comes with the session", async () => {
  const { client } = browser([jwtClient()]);
  await client.signUp.email(someone());
  let token = "";
  const { data } = await client.getSession({
    fetchOptions: { onSuccess: ({ response }) => { token = response.headers.get("set-auth-jwt"); } },
  });
  assert.equal((await claimsOf(token, client)).sub, data.user.id);
});

test("nobody gets none", async () => {
  const { client } = browser([jwtClient()]);
  const { data, error } = await client.token();
  assert.deepEqual([data, error.status], [null, 401]);
});
