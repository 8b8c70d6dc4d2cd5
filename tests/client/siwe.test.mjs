// The official client with a wallet that signs in.
import assert from "node:assert/strict";
import { test } from "node:test";
import { siweClient } from "better-auth/client/plugins";
import { browser } from "./browser.mjs";
import { wallet } from "./wallet.mjs";

const page = () => browser([siweClient()]);

async function signIn({ client }, own, domain) {
  const { data } = await client.siwe.nonce();
  const message = own.message(data.nonce, domain);
  return client.siwe.verify({ message, signature: own.sign(message) });
}

test("a wallet signs up, and in again", async () => {
  const [here, own] = [page(), wallet()];
  const { data, error } = await signIn(here, own);
  assert.equal(error, null);
  assert.deepEqual(data.user, { id: data.user.id, walletAddress: own.address, chainId: 1 });
  assert.deepEqual(
    here.calls.map(({ method, path }) => [method, path]),
    [["POST", "/api/auth/siwe/nonce"], ["POST", "/api/auth/siwe/verify"]],
  );
  const session = (await here.client.getSession()).data;
  assert.equal(session.session.token, data.token);
  assert.equal(session.user.name, own.address);
  const there = page();
  assert.equal((await signIn(there, own)).data.user.id, data.user.id);
});

test("a nonce of the older path is good, once", async () => {
  const [{ client }, own] = [page(), wallet()];
  const { data } = await client.siwe.getNonce();
  const message = own.message(data.nonce);
  const given = { message, signature: own.sign(message) };
  assert.equal((await client.siwe.verify(given)).error, null);
  const { error } = await client.siwe.verify(given);
  assert.deepEqual([error.status, error.code], [401, "UNAUTHORIZED_INVALID_OR_EXPIRED_NONCE"]);
});

test("another domain, another wallet, another shape", async () => {
  const [here, own] = [page(), wallet()];
  const elsewhere = await signIn(here, own, "evil.example");
  assert.deepEqual([elsewhere.error.status, elsewhere.error.code], [401, "UNAUTHORIZED_SIWE_MESSAGE_MISMATCH"]);
  const thief = await signIn(here, { ...own, sign: wallet().sign });
  assert.equal(thief.error.status, 401);
  const older = await here.client.siwe.verify({ message: "m", signature: "s", walletAddress: own.address });
  assert.deepEqual([older.error.status, older.error.code], [400, "VALIDATION_ERROR"]);
  assert.equal((await here.client.getSession()).data, null);
});
