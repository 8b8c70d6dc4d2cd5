// The official client with its plugins for Google's prompt and for popups, in pages made of stubs.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import vm from "node:vm";
import { oauthPopupClient, oneTapClient } from "better-auth/client/plugins";
import { browser, origin, someone } from "./browser.mjs";

const provider = process.env.WATCHWORD_PROVIDER;
const app = "https://app.trusted.example";

afterEach(() => {
  delete globalThis.window;
});

const profileOf = ({ email, name }) => ({ sub: email, email, name, email_verified: true });

// ---- Google's prompt ----------------------------------------------------------------------------

async function credentialOf(profile, clientId = "google-client") {
  const body = JSON.stringify({ party: "google", clientId, profile });
  const answer = await fetch(`${provider}/__control/id-token`, { method: "POST", body });
  return (await answer.json()).token;
}

// A page on which Google's script hands out one credential.
function pageWithGoogle(credential) {
  const page = { went: null, asked: null };
  const id = {
    initialize: (options) => (page.asked = options),
    prompt: () => page.asked.callback({ credential }),
  };
  globalThis.window = {
    document: {},
    googleScriptInitialized: true,
    google: { accounts: { id } },
    location: {
      set href(target) {
        page.went = target;
      },
    },
  };
  return page;
}

test("a tap signs up, and the page goes on", async () => {
  const { client, calls } = browser([oneTapClient({ clientId: "google-client" })]);
  const person = someone();
  const page = pageWithGoogle(await credentialOf(profileOf(person)));
  await client.oneTap({ callbackURL: "/home", nonce: "n" });
  assert.deepEqual([calls.at(-1).method, calls.at(-1).path], ["POST", "/api/auth/one-tap/callback"]);
  assert.deepEqual([page.went, page.asked.client_id, page.asked.nonce], ["/home", "google-client", "n"]);
  const { user } = (await client.getSession()).data;
  assert.deepEqual([user.email, user.name, user.emailVerified], [person.email, person.name, true]);
});

test("a credential that is used, or another's, signs nobody in", async () => {
  const person = someone();
  const used = await credentialOf(profileOf(person));
  pageWithGoogle(used);
  await browser([oneTapClient({ clientId: "google-client" })]).client.oneTap();
  const others = await credentialOf(profileOf(person), "another-client");
  for (const credential of [used, others]) {
    const { client } = browser([oneTapClient({ clientId: "google-client" })]);
    const page = pageWithGoogle(credential);
    let status;
    await client.oneTap({ fetchOptions: { onError: ({ error }) => (status = error.status) } });
    assert.deepEqual([status, page.went], [400, null]);
    assert.equal((await client.getSession()).data, null);
  }
});

test("the page goes to no other site", async () => {
  const { client } = browser([oneTapClient({ clientId: "google-client" })]);
  const page = pageWithGoogle(await credentialOf(profileOf(someone())));
  let code;
  const fetchOptions = { onError: ({ error }) => (code = error.code) };
  await client.oneTap({ callbackURL: "https://evil.example", fetchOptions });
  assert.deepEqual([code, page.went], ["INVALID_CALLBACK_URL", null]);
});

// ---- popups -------------------------------------------------------------------------------------

// What a popup does: from the server to the provider and back, and then what its page says.
async function travel(send, url, told, page) {
  const begun = await send(url);
  let answer = begun;
  if (begun.status === 302) {
    const away = begun.headers.get("location").replace("https://", `${provider}/`);
    const header = Buffer.from(JSON.stringify(told)).toString("base64url");
    const consent = await fetch(away, { headers: { "x-oracle-user": header }, redirect: "manual" });
    answer = await send(consent.headers.get("location"));
  }
  assert.equal(answer.status, 200);
  const html = await answer.text();
  const [, data, script] = /<script[^>]*>(.*?)<\/script><script>(.*?)<\/script>/s.exec(html);
  const opener = {
    postMessage: (message, target) => {
      if (target === page.location.origin) page.hear({ origin, data: structuredClone(message) });
    },
  };
  const popup = { opener, close: () => (page.popup.closed = true) };
  const document = { getElementById: (id) => id === "better-auth-oauth-popup" && { textContent: data } };
  vm.runInNewContext(script, { window: popup, document });
}

// A page of the application; an embedded one may not look at the page around it.
function pageWithPopups(send, told, { embedded = false } = {}) {
  const listeners = new Set();
  const kept = new Map();
  const page = {
    location: { origin: app, href: `${app}/` },
    popup: { closed: false, close() {}, focus() {} },
    hear: (event) => [...listeners].forEach((listener) => listener(event)),
    addEventListener: (kind, listener) => listeners.add(listener),
    removeEventListener: (kind, listener) => listeners.delete(listener),
    open: (url) => {
      page.opened = travel(send, url, told, page);
      return page.popup;
    },
    localStorage: {
      getItem: (name) => kept.get(name) ?? null,
      setItem: (name, value) => kept.set(name, value),
      removeItem: (name) => kept.delete(name),
    },
    kept,
  };
  page.self = page;
  page.top = embedded
    ? {
        get location() {
          throw new Error("another site's");
        },
      }
    : page;
  globalThis.window = page;
  return page;
}

test("a popup signs in, and tells the page", async () => {
  const { client, send } = browser([oauthPopupClient()]);
  const person = someone();
  const page = pageWithPopups(send, { profile: profileOf(person) });
  const { data, error } = await client.signIn.popup({ provider: "google", callbackURL: "/home" });
  await page.opened;
  assert.deepEqual([data, error, page.kept.size], [{ success: true }, null, 0]);
  assert.equal((await client.getSession()).data.user.email, person.email);
});

test("an embedded page gets a token for its requests", async () => {
  const { client, jar } = browser([oauthPopupClient()]);
  const person = someone();
  const page = pageWithPopups(browser().send, { profile: profileOf(person) }, { embedded: true });
  const { error } = await client.signIn.popup({ provider: "google" });
  await page.opened;
  assert.equal(error, null);
  assert.match(page.kept.get("better-auth.popup_token"), /^[^.]+\.[^.]+=$/);
  jar.clear();
  assert.equal((await client.getSession()).data.user.email, person.email);
  await client.signOut();
  assert.equal(page.kept.size, 0);
});

test("a popup tells why it failed", async () => {
  const codeOf = async (told, asked = {}) => {
    const { client, send } = browser([oauthPopupClient()]);
    const page = pageWithPopups(send, told);
    const { data, error } = await client.signIn.popup({ provider: "google", ...asked });
    await page.opened;
    assert.equal(data, null);
    return error.code;
  };
  const denied = { quirks: { deny: "access_denied", denyDescription: "</script><script>throw 1" } };
  assert.equal(await codeOf(denied), "access_denied");
  assert.equal(await codeOf({}, { provider: "nobody" }), "provider_not_found");
  const elsewhere = { callbackURL: "https://evil.example" };
  assert.equal(await codeOf({}, elsewhere), "invalid_callback_url");
});
