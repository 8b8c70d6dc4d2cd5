// A person at the fake identity provider (tests/reference/fake-provider.mjs), and the browser's way there and back.
import assert from "node:assert/strict";
import { browser } from "./browser.mjs";

export const provider = process.env.WATCHWORD_PROVIDER;

let counter = 0;
const subject = () => `${process.pid}${counter++}`;

// OpenID Connect: an ID token says who it is.
export function atGoogle(email, more = {}) {
  const profile = { sub: `g-${subject()}`, name: "Ada Lovelace", email, email_verified: true, ...more };
  return { provider: "google", profile };
}

// OAuth 2: the provider is asked who it is.
export function atGitHub(email, more = {}) {
  const emails = email ? [{ email, primary: true, verified: true }] : [];
  return { provider: "github", profile: { id: Number(subject()), login: "ada", name: "Ada", emails, ...more } };
}

// The browser posts the answer, which says the name once.
export function atApple(email) {
  const posted = { name: { firstName: "Ada", lastName: "Lovelace" }, email };
  return { provider: "apple", profile: { sub: `a-${subject()}`, email, email_verified: "true", posted } };
}

// Goes to the authorization URL as the person, and to the callback: where that sends the browser.
export async function agree(url, person, visit) {
  const header = Buffer.from(JSON.stringify(person)).toString("base64url");
  const there = `${provider}/${url.replace("https://", "")}`;
  const answer = await fetch(there, { headers: { "x-oracle-user": header }, redirect: "manual" });
  if (answer.status === 302) return back(await visit(answer.headers.get("location")));
  const page = await answer.text();
  const action = /action="([^"]+)"/.exec(page)[1];
  const inputs = [...page.matchAll(/name="([^"]+)" value="([^"]*)"/g)];
  const unquoted = (text) => text.replaceAll("&quot;", '"').replaceAll("&amp;", "&");
  const body = new URLSearchParams(inputs.map(([, name, value]) => [name, unquoted(value)]));
  // From another site, so that no cookie of ours comes along.
  const posted = await fetch(action, { method: "POST", body, redirect: "manual" });
  assert.deepEqual([posted.status, posted.headers.getSetCookie()], [302, []]);
  return back(await visit(posted.headers.get("location")));
}

function back(response) {
  assert.equal(response.status, 302);
  return response.headers.get("location");
}

export async function idToken({ provider: party, profile }, nonce) {
  const asked = { party, clientId: `${party}-client`, profile, nonce };
  const answer = await fetch(`${provider}/__control/id-token`, { method: "POST", body: JSON.stringify(asked) });
  return (await answer.json()).token;
}

export const refusal = ({ error }) => [error.status, error.code];
export const targets = { callbackURL: "/home", newUserCallbackURL: "/welcome", errorCallbackURL: "/sorry" };

export async function signIn({ client, visit }, person, more = targets) {
  const { data, error } = await client.signIn.social({ provider: person.provider, ...more });
  assert.equal(error, null);
  assert.equal(data.redirect, true);
  return agree(data.url, person, visit);
}

export async function link({ client, visit }, person, more = {}) {
  const body = { provider: person.provider, callbackURL: "/linked", errorCallbackURL: "/sorry", ...more };
  const { data, error } = await client.linkSocial(body);
  assert.equal(error, null);
  return agree(data.url, person, visit);
}

export async function signedIn(person) {
  const laptop = browser();
  assert.equal(await signIn(laptop, person), "/welcome");
  const { user } = (await laptop.client.getSession()).data;
  return { ...laptop, user };
}

export const accountAt = async ({ client }, provider) =>
  (await client.listAccounts()).data.find((account) => account.providerId === provider);
