// The official client and providers of each kind: sign-in, linking, the tokens of accounts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { browser, mail, origin, someone } from "./browser.mjs";
import { accountAt, agree, atGitHub, atGoogle, idToken, link, provider, refusal, signedIn, signIn, targets } from "./provider.mjs";


for (const [kind, make, name] of [
  ["OpenID Connect", atGoogle, "Ada Lovelace"],
  ["OAuth 2", atGitHub, "Ada"],
]) {
  test(`signing up and in again: ${kind}`, async () => {
    const { email } = someone();
    const person = make(email);
    const { user } = await signedIn(person);
    assert.deepEqual([user.email, user.name, user.emailVerified], [email, name, true]);
    const phone = browser();
    assert.equal(await signIn(phone, person), "/home");
    assert.equal((await phone.client.getSession()).data.user.id, user.id);
    const { accountId } = await accountAt(phone, person.provider);
    assert.equal(accountId, String(person.profile.sub ?? person.profile.id));
    await phone.client.signOut();
    assert.equal((await phone.client.getSession()).data, null);
  });
}

test("the client goes to the provider by itself", async () => {
  const { client } = browser();
  globalThis.window = { location: { href: "" } };
  try {
    const { data } = await client.signIn.social({ provider: "google" });
    assert.equal(globalThis.window.location.href, data.url);
    globalThis.window.location.href = "";
    const stays = await client.signIn.social({ provider: "google", disableRedirect: true });
    assert.deepEqual([stays.data.redirect, globalThis.window.location.href], [false, ""]);
  } finally {
    delete globalThis.window;
  }
});

test("signing out leads on to the provider's own page", async () => {
  const { client, visit } = browser();
  const arrive = async () => {
    const { data } = await client.signIn.social({ provider: "fakeoidc", callbackURL: "/home" });
    const person = { sub: `o-${process.pid}`, name: "Ada", email: someone().email, email_verified: true };
    const header = Buffer.from(JSON.stringify({ profile: person })).toString("base64url");
    const answer = await fetch(data.url, { headers: { "x-oracle-user": header }, redirect: "manual" });
    const back = await visit(answer.headers.get("location"));
    assert.equal(back.headers.get("location"), "/home");
  };
  await arrive();
  globalThis.window = { location: { href: "" } };
  try {
    const { data } = await client.signOut();
    assert.ok(data.url.startsWith(`${provider}/oidc/logout?id_token_hint=`), data.url);
    assert.deepEqual([data.redirect, globalThis.window.location.href], [true, data.url]);
    assert.equal((await client.getSession()).data, null);
  } finally {
    delete globalThis.window;
  }
  await arrive();
  const { data } = await client.signOut({ disableRedirect: true, callbackURL: `${origin}/bye`, state: "kept" });
  const asked = new URL(data.url).searchParams;
  assert.deepEqual([data.redirect, asked.get("post_logout_redirect_uri"), asked.get("state")], [false, `${origin}/bye`, "kept"]);
  assert.deepEqual(refusal(await client.signOut({ callbackURL: "https://evil.example" })), [403, "INVALID_CALLBACK_URL"]);
});

test("errors come back to the page that was asked for", async () => {
  const { email } = someone();
  const laptop = browser();
  const denied = { ...atGoogle(email), quirks: { deny: "access_denied", denyDescription: "Not today" } };
  assert.equal(await signIn(laptop, denied), "/sorry?error=access_denied&error_description=Not+today");
  const refused = { ...atGoogle(email), quirks: { tokenStatus: 400 } };
  assert.equal(await signIn(laptop, refused), "/sorry?error=invalid_code");
  assert.equal(await signIn(laptop, atGitHub(null)), "/sorry?error=email_not_found");
  assert.equal((await laptop.client.getSession()).data, null);
  const unknown = await laptop.client.signIn.social({ provider: "nowhere" });
  assert.deepEqual(refusal(unknown), [404, "PROVIDER_NOT_FOUND"]);
  const elsewhere = await laptop.client.signIn.social({ provider: "google", callbackURL: "https://evil.example" });
  assert.deepEqual(refusal(elsewhere), [403, "INVALID_CALLBACK_URL"]);
});

test("a flow is the browser's that began it", async () => {
  const person = atGoogle(someone().email);
  const laptop = browser();
  const { data } = await laptop.client.signIn.social({ provider: "google", ...targets });
  const stranger = browser();
  assert.match(await agree(data.url, person, stranger.visit), /error=state_mismatch/);
  assert.equal((await stranger.client.getSession()).data, null);
  assert.equal(await agree(data.url, person, laptop.visit), "/welcome");
});

test("an ID token signs in without a redirect", async () => {
  const { email } = someone();
  const person = atGoogle(email);
  const { client } = browser();
  const given = { token: await idToken(person, "n-1"), nonce: "n-1", accessToken: "at-given" };
  const { data, error } = await client.signIn.social({ provider: "google", idToken: given });
  assert.equal(error, null);
  assert.deepEqual([data.redirect, data.user.email], [false, email]);
  assert.equal((await client.getSession()).data.session.token, data.token);
  const wrong = await client.signIn.social({ provider: "google", idToken: { ...given, nonce: "n-2" } });
  assert.deepEqual(refusal(wrong), [401, "INVALID_TOKEN"]);
  const none = await client.signIn.social({ provider: "github", idToken: given });
  assert.deepEqual(refusal(none), [404, "ID_TOKEN_NOT_SUPPORTED"]);
});

test("linking, listing, giving up", async () => {
  const { email } = someone();
  const laptop = await signedIn(atGitHub(email));
  const person = atGoogle(email);
  assert.equal(await link(laptop, person, { scopes: ["calendar"] }), "/linked");
  const accounts = (await laptop.client.listAccounts()).data;
  assert.deepEqual(accounts.map((one) => one.providerId).sort(), ["github", "google"]);
  assert.ok(accounts[0].createdAt instanceof Date);
  const phone = browser();
  assert.equal(await signIn(phone, person), "/home");
  assert.equal((await phone.client.getSession()).data.user.id, laptop.user.id);
  const stranger = await signedIn(atGitHub(someone().email));
  assert.equal(await link(stranger, { ...person, quirks: { deny: "access_denied" } }), "/sorry?error=access_denied");
  assert.equal(await link(stranger, atGoogle(stranger.user.email)), "/linked");
  const { id } = await accountAt(laptop, "google");
  const hers = await stranger.client.unlinkAccount({ accountId: id });
  assert.deepEqual(refusal(hers), [400, "ACCOUNT_NOT_FOUND"]);
  assert.deepEqual((await laptop.client.unlinkAccount({ accountId: id })).data, { status: true });
  assert.deepEqual((await laptop.client.listAccounts()).data.map((one) => one.providerId), ["github"]);
});

test("linking by an ID token, also to a user with a password", async () => {
  const laptop = browser();
  const person = someone();
  await laptop.client.signUp.email(person);
  await laptop.client.verifyEmail({ query: { token: (await mail("verify-email", person.email)).token } });
  const google = atGoogle(person.email);
  const { data, error } = await laptop.client.linkSocial({ provider: "google", idToken: { token: await idToken(google) } });
  assert.equal(error, null);
  assert.deepEqual([data.status, data.redirect], [true, false]);
  assert.equal((await accountAt(laptop, "google")).accountId, google.profile.sub);
  const nobody = await browser().client.linkSocial({ provider: "google" });
  assert.equal(nobody.error.status, 401);
});

test("the tokens of an account", async () => {
  const { email } = someone();
  const laptop = await signedIn(atGoogle(email));
  const { client } = laptop;
  const { id, accountId } = await accountAt(laptop, "google");
  const first = (await client.getAccessToken({ accountId: id })).data;
  assert.match(first.accessToken, /^at-/);
  assert.ok(new Date(first.accessTokenExpiresAt) > new Date());
  assert.deepEqual(first.scopes.sort(), ["email", "openid", "profile"]);
  const renewed = (await client.refreshToken({ accountId: id })).data;
  assert.match(renewed.accessToken, /^at-/);
  assert.notEqual(renewed.accessToken, first.accessToken);
  assert.equal((await client.getAccessToken({ accountId: id })).data.accessToken, renewed.accessToken);
  const { data } = await client.accountInfo({ query: { accountId: id } });
  assert.deepEqual([data.user.email, data.data.sub], [email, accountId]);
  assert.deepEqual(data.account, { id, providerId: "google", accountId });
  const stranger = await signedIn(atGitHub(someone().email));
  for (const answer of [
    await stranger.client.getAccessToken({ accountId: id }),
    await stranger.client.refreshToken({ accountId: id }),
    await stranger.client.accountInfo({ query: { accountId: id } }),
  ]) {
    assert.deepEqual(refusal(answer), [400, "ACCOUNT_NOT_FOUND"]);
  }
  assert.equal((await browser().client.getAccessToken({ accountId: id })).error.status, 401);
});
