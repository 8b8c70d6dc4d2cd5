// The official JavaScript client, unmodified, against a real server over HTTP.
import assert from "node:assert/strict";
import { test } from "node:test";
import { browser, origin, someone } from "./browser.mjs";

const SESSION = "better-auth.session_token";

async function signedUp() {
  const laptop = browser();
  const person = someone();
  const { data, error } = await laptop.client.signUp.email(person);
  assert.equal(error, null);
  return { ...laptop, person, user: data.user };
}

test("signing up signs in, and the session's dates come alive", async () => {
  const { client, person, user, jar } = await signedUp();
  assert.equal(user.email, person.email);
  assert.ok(jar.has(SESSION));
  const { data } = await client.getSession();
  assert.equal(data.user.id, user.id);
  assert.ok(data.session.expiresAt instanceof Date);
  const days = (data.session.expiresAt - Date.now()) / 86_400_000;
  assert.ok(days > 6.9 && days < 7.1);
});

test("nobody has no session", async () => {
  const { data, error } = await browser().client.getSession();
  assert.deepEqual([data, error], [null, null]);
});

test("signing in with the right and the wrong password", async () => {
  const { person, user } = await signedUp();
  const phone = browser();
  const wrong = await phone.client.signIn.email({ ...person, password: "wrong horse" });
  assert.equal(wrong.data, null);
  assert.equal(wrong.error.status, 401);
  assert.equal(wrong.error.code, "INVALID_EMAIL_OR_PASSWORD");
  assert.ok(wrong.error.message);
  const right = await phone.client.signIn.email({ email: person.email, password: person.password });
  assert.equal(right.data.user.id, user.id);
  assert.equal(right.data.redirect, false);
});

test("errors carry status and code", async () => {
  const { person } = await signedUp();
  const { client } = browser();
  const taken = await client.signUp.email(person);
  assert.deepEqual([taken.error.status, taken.error.code], [422, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL"]);
  const short = await client.signUp.email({ ...someone(), password: "short" });
  assert.deepEqual([short.error.status, short.error.code], [400, "PASSWORD_TOO_SHORT"]);
  const unknown = await client.$fetch("/no-such-endpoint");
  assert.equal(unknown.error.status, 404);
});

test("a session that is not remembered ends with the browser", async () => {
  const { person, calls } = await signedUp();
  const phone = browser();
  await phone.client.signIn.email({ email: person.email, password: person.password, rememberMe: false });
  const lines = phone.calls.at(-1).response.headers.getSetCookie();
  const hint = "better-auth.last_used_login_method=";
  assert.ok(lines.every((line) => line.startsWith(hint) || !line.includes("Max-Age")));
  assert.ok(phone.jar.has("better-auth.dont_remember"));
  assert.ok(calls.length > 0);
});

test("listing and revoking sessions", async () => {
  const { client, person } = await signedUp();
  const phone = browser();
  await phone.client.signIn.email({ email: person.email, password: person.password });
  const listed = await client.listSessions();
  assert.equal(listed.data.length, 2);
  const mine = (await client.getSession()).data.session.token;
  const other = listed.data.find((session) => session.token !== mine);
  assert.deepEqual((await client.revokeSession({ token: other.token })).data, { status: true });
  assert.equal((await phone.client.getSession()).data, null);
  assert.deepEqual((await client.revokeOtherSessions()).data, { status: true });
  assert.notEqual((await client.getSession()).data, null);
  assert.deepEqual((await client.revokeSessions()).data, { status: true });
  assert.equal((await client.getSession()).data, null);
});

test("signing out clears the cookies", async () => {
  const { client, kept } = await signedUp();
  assert.deepEqual((await client.signOut()).data, { success: true });
  assert.deepEqual(kept(), []);
  assert.equal((await client.getSession()).data, null);
});

test("a one-time token hands the session to another browser, once", async () => {
  const { client, user } = await signedUp();
  const { data } = await client.oneTimeToken.generate();
  assert.equal(data.token.length, 32);
  const phone = browser();
  const redeemed = await phone.client.oneTimeToken.verify({ token: data.token });
  assert.equal(redeemed.data.user.id, user.id);
  assert.ok(redeemed.data.session.expiresAt instanceof Date);
  assert.equal((await phone.client.getSession()).data.user.id, user.id);
  const again = await browser().client.oneTimeToken.verify({ token: data.token });
  assert.deepEqual([again.data, again.error.status, again.error.message], [null, 400, "Invalid token"]);
});

test("of fifty browsers that redeem one token, one wins", async () => {
  const { client } = await signedUp();
  const { data } = await client.oneTimeToken.generate();
  const tries = Array.from({ length: 50 }, () => browser().client.oneTimeToken.verify({ token: data.token }));
  const winners = (await Promise.all(tries)).filter((answer) => answer.data !== null);
  assert.equal(winners.length, 1);
});

test("a token needs a session", async () => {
  const { error } = await browser().client.oneTimeToken.generate();
  assert.deepEqual([error.status, error.code], [401, "UNAUTHORIZED"]);
});

test("the application's own route knows who is there", async () => {
  const { jar, user } = await signedUp();
  const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
  const me = await fetch(`${origin}/__me`, { headers: { cookie } });
  assert.equal(me.status, 200);
  assert.equal((await me.json()).user.id, user.id);
  assert.equal((await fetch(`${origin}/__me`)).status, 401);
});

test("requests from another site are refused", async () => {
  const { jar } = await signedUp();
  const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
  const response = await fetch(`${origin}/api/auth/sign-out`, {
    method: "POST",
    headers: { cookie, origin: "https://evil.example", "content-type": "application/json" },
    body: "{}",
  });
  assert.equal(response.status, 403);
  assert.equal((await response.json()).code, "INVALID_ORIGIN");
});
