// The published client of Capacitor applications, with stand-ins for the modules of a device.
import "./native/modules.mjs";
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { origin, someone } from "./browser.mjs";
import { preferences, quiet, recordingFetch, system } from "./native/device.mjs";

globalThis.window = Object.assign(globalThis, { Capacitor: { isNativePlatform: () => true }, dispatchEvent: () => true });
const { createAuthClient } = await import("better-auth/client");
const { getCapacitorAuthToken, withCapacitor } = await import("better-auth-capacitor/client");

// The application is started (again): what is in the preferences stays.
function start() {
  const { calls, fetch } = recordingFetch();
  const options = { baseURL: origin, fetchOptions: { customFetchImpl: fetch } };
  return { client: createAuthClient(withCapacitor(options, { scheme: "myapp" })), calls };
}

function watching({ client }) {
  const seen = [];
  const stop = client.useSession.subscribe((state) => {
    seen.push(state.data?.user.email ?? null);
    if (state.data) client.listSessions();
  });
  return { seen, stop };
}

let counter = 0;
function stranger() {
  const name = `hopper-${process.pid}-${counter++}`;
  system.person = { profile: { sub: name, name, email: `${name}@example.com`, email_verified: true } };
  return `${name}@example.com`;
}

beforeEach(() => preferences.clear());

test("an application signs up, is started again, and signs out", async () => {
  const { client } = start();
  const person = someone();
  const { data, error } = await client.signUp.email(person);
  assert.equal(error, null);
  assert.equal((await client.getSession()).data.user.id, data.user.id);
  assert.equal((await client.updateUser({ name: "Countess" })).error, null);

  const again = start().client;
  assert.equal((await again.getSession()).data.user.name, "Countess");
  assert.equal((await again.getCachedSession()).user.name, "Countess");
  const token = await getCapacitorAuthToken();
  const own = await fetch(`${origin}/__me`, { headers: { authorization: `Bearer ${token}` } });
  assert.equal((await own.json()).user.id, data.user.id);
  assert.equal((await again.signOut()).error, null);
  assert.equal((await start().client.getSession()).data, null);

  const back = await again.signIn.email({ email: person.email, password: person.password });
  assert.equal(back.error, null);
  assert.equal((await start().client.getSession()).data.user.name, "Countess");
});

test("an application signs in with a provider, in the system's browser", async () => {
  const { client } = start();
  const email = stranger();
  system.visited.length = 0;
  const { data, error } = await client.signIn.social({ provider: "fakeoidc", callbackURL: "/home" });
  assert.equal(error, null);
  assert.equal(data.redirect, false);
  const paths = system.visited.map((url) => new URL(url).pathname);
  assert.deepEqual(paths, ["/api/auth/capacitor-authorization-proxy", "/oidc/authorize", "/api/auth/callback/fakeoidc"]);
  assert.equal((await client.getSession()).data.user.email, email);
  assert.equal((await start().client.getSession()).data.user.email, email);
  assert.deepEqual([...system.jar.get(new URL(origin).host).keys()], []);
  assert.equal((await client.signOut()).error, null);
  assert.equal((await start().client.getSession()).data, null);
});

test("an application links a provider's account", async () => {
  const { client } = start();
  const person = someone();
  await client.signUp.email(person);
  system.person = { profile: { sub: person.email, name: "Ada", email: person.email, email_verified: true } };
  assert.equal((await client.linkSocial({ provider: "fakeoidc", callbackURL: "/settings" })).error, null);
  const { data } = await client.listAccounts();
  assert.deepEqual(data.map((account) => account.providerId).sort(), ["credential", "fakeoidc"]);
});

test("an application that lists sessions when the session changes comes to rest", async () => {
  const first = start();
  const person = someone();
  const { seen, stop } = watching(first);
  await first.client.signUp.email(person);
  await quiet(first.calls);
  assert.equal(seen.at(-1), person.email);
  assert.ok(first.calls.length <= 12, first.calls.join(" "));
  await first.client.updateUser({ name: "Countess" });
  await quiet(first.calls);
  assert.ok(first.calls.length <= 20, first.calls.join(" "));
  stop();

  const second = start();
  const later = watching(second);
  await quiet(second.calls);
  assert.equal(later.seen.at(-1), person.email);
  assert.ok(second.calls.length <= 8, second.calls.join(" "));
  await second.client.signOut();
  await quiet(second.calls);
  assert.equal(later.seen.at(-1), null);
  assert.ok(second.calls.length <= 14, second.calls.join(" "));
  later.stop();
});

test("so does one that signed in with a provider", async () => {
  const started = start();
  const { seen, stop } = watching(started);
  const email = stranger();
  await started.client.signIn.social({ provider: "fakeoidc", callbackURL: "/home" });
  await quiet(started.calls);
  assert.equal(seen.at(-1), email);
  assert.ok(started.calls.length <= 12, started.calls.join(" "));
  stop();
});
