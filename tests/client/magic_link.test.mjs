// The official client with its plugin for links by mail.
import assert from "node:assert/strict";
import { test } from "node:test";
import { browser, mail, origin, someone } from "./browser.mjs";

const tokenOf = async (email) => (await mail("magic-link", email)).token;

test("a mailed link signs up, and in when it is clicked", async () => {
  const { client, jar, calls } = browser();
  const { email } = someone();
  const asked = await client.signIn.magicLink({
    email,
    name: "Ada",
    callbackURL: "/home",
    newUserCallbackURL: "/welcome",
    errorCallbackURL: "/sorry",
    metadata: { from: "test" },
  });
  assert.deepEqual([asked.data, asked.error], [{ status: true }, null]);
  assert.deepEqual([calls.at(-1).method, calls.at(-1).path], ["POST", "/api/auth/sign-in/magic-link"]);
  const { url, metadata } = await mail("magic-link", email);
  assert.deepEqual(metadata, { from: "test" });
  const clicked = await fetch(url, { redirect: "manual" });
  assert.deepEqual([clicked.status, clicked.headers.get("location")], [302, `${origin}/welcome`]);
  const [pair] = clicked.headers.getSetCookie()[0].split("; ");
  jar.set(...pair.split("="));
  const { user } = (await client.getSession()).data;
  assert.deepEqual([user.email, user.name, user.emailVerified], [email, "Ada", true]);
  const again = await fetch(url, { redirect: "manual" });
  assert.equal(again.headers.get("location"), `${origin}/sorry?error=INVALID_TOKEN`);
});

test("the client itself can open a link", async () => {
  const { client, calls } = browser();
  const { email } = someone();
  await client.signIn.magicLink({ email });
  const { data, error } = await client.magicLink.verify({ query: { token: await tokenOf(email) } });
  assert.equal(error, null);
  assert.deepEqual([calls.at(-1).method, calls.at(-1).path], ["GET", "/api/auth/magic-link/verify"]);
  assert.deepEqual([data.user.email, data.token], [email, data.session.token]);
  assert.ok(data.session.expiresAt instanceof Date);
  assert.equal((await client.getSession()).data.user.id, data.user.id);
});

test("refusals of the client", async () => {
  const { client } = browser();
  const refusal = ({ error }) => [error.status, error.code];
  const wrong = await client.signIn.magicLink({ email: "nobody" });
  assert.deepEqual(refusal(wrong), [400, "VALIDATION_ERROR"]);
  const elsewhere = await client.signIn.magicLink({ ...someone(), callbackURL: "https://evil.example" });
  assert.deepEqual(refusal(elsewhere), [403, "INVALID_CALLBACK_URL"]);
});
