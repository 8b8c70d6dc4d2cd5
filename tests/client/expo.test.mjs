// The published client of Expo applications, with stand-ins for the modules of a device.
import "./native/modules.mjs";
import assert from "node:assert/strict";
import { test } from "node:test";
import { origin, someone } from "./browser.mjs";
import { quiet, recordingFetch, system } from "./native/device.mjs";

globalThis.window = globalThis; // as React Native has it
const { createAuthClient } = await import("better-auth/client");
const { expoClient } = await import("@better-auth/expo/client");

// An installed application: what it stores stays when it is started again.
function installed() {
  const kept = new Map();
  const storage = {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    getItemAsync: async (key) => kept.get(key) ?? null,
    setItemAsync: async (key, value) => void kept.set(key, value),
  };
  const start = () => {
    const { calls, fetch } = recordingFetch();
    const client = createAuthClient({
      baseURL: origin,
      plugins: [expoClient({ scheme: "myapp", storage })],
      fetchOptions: { customFetchImpl: fetch },
    });
    return { client, calls };
  };
  return { start, kept };
}

// Lists the sessions whenever the session changes, as a settings page does.
function watching({ client }) {
  const seen = [];
  const stop = client.useSession.subscribe((state) => {
    seen.push(state.data?.user.email ?? null);
    if (state.data) client.listSessions();
  });
  return { seen, stop };
}

const profile = (name) => ({ profile: { sub: name, name, email: `${name}@example.com`, email_verified: true } });
let counter = 0;
const stranger = () => `grace-${process.pid}-${counter++}`;

test("an application signs up, is started again, and signs out", async () => {
  const phone = installed();
  const { client } = phone.start();
  const person = someone();
  const { data, error } = await client.signUp.email(person);
  assert.equal(error, null);
  assert.equal((await client.getSession()).data.user.id, data.user.id);
  assert.equal((await client.updateUser({ name: "Countess" })).error, null);

  const again = phone.start().client;
  assert.equal((await again.getSession()).data.user.name, "Countess");
  assert.match(await again.getCookie(), /better-auth\.session_token=/);
  assert.equal((await again.listSessions()).data.length, 1);
  assert.equal((await again.signOut()).error, null);
  assert.equal((await phone.start().client.getSession()).data, null);

  const back = await again.signIn.email({ email: person.email, password: person.password });
  assert.equal(back.error, null);
  assert.equal((await phone.start().client.getSession()).data.user.name, "Countess");
});

test("a wrong password signs nobody in", async () => {
  const { client } = installed().start();
  const person = someone();
  await client.signUp.email(person);
  const other = installed();
  const { error } = await other.start().client.signIn.email({ email: person.email, password: "wrong horse" });
  assert.equal(error.code, "INVALID_EMAIL_OR_PASSWORD");
  assert.equal((await other.start().client.getSession()).data, null);
});

test("an application signs in with a provider, in the system's browser", async () => {
  const phone = installed();
  const { client } = phone.start();
  const name = stranger();
  system.person = profile(name);
  system.visited.length = 0;
  const { error } = await client.signIn.social({ provider: "fakeoidc", callbackURL: "/home" });
  assert.equal(error, null);
  const paths = system.visited.map((url) => new URL(url).pathname);
  assert.deepEqual(paths, ["/api/auth/expo-authorization-proxy", "/oidc/authorize", "/api/auth/callback/fakeoidc"]);
  assert.equal((await client.getSession()).data.user.email, `${name}@example.com`);
  assert.equal((await phone.start().client.getSession()).data.user.email, `${name}@example.com`);
  const left = [...system.jar.get(new URL(origin).host).keys()];
  assert.deepEqual(left, []);
  assert.equal((await client.signOut()).error, null);
  assert.equal((await phone.start().client.getSession()).data, null);
});

test("somebody who declines at the provider is not signed in", async () => {
  const phone = installed();
  const { client } = phone.start();
  system.person = { ...profile(stranger()), quirks: { deny: "access_denied" } };
  await client.signIn.social({ provider: "fakeoidc", callbackURL: "/home", errorCallbackURL: "/failed" });
  assert.equal((await client.getSession()).data, null);
});

test("an application links a provider's account", async () => {
  const phone = installed();
  const { client } = phone.start();
  const person = someone();
  await client.signUp.email(person);
  system.person = { profile: { sub: person.email, name: "Ada", email: person.email, email_verified: true } };
  const { error } = await client.linkSocial({ provider: "fakeoidc", callbackURL: "/settings" });
  assert.equal(error, null);
  const { data } = await client.listAccounts();
  assert.deepEqual(data.map((account) => account.providerId).sort(), ["credential", "fakeoidc"]);
});

test("an application that lists sessions when the session changes comes to rest", async () => {
  const phone = installed();
  const first = phone.start();
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

  const second = phone.start();
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
  const started = installed().start();
  const { seen, stop } = watching(started);
  const name = stranger();
  system.person = profile(name);
  await started.client.signIn.social({ provider: "fakeoidc", callbackURL: "/home" });
  await quiet(started.calls);
  assert.equal(seen.at(-1), `${name}@example.com`);
  assert.ok(started.calls.length <= 12, started.calls.join(" "));
  stop();
});
