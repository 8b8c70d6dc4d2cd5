// The official client where linking is free: a provider that posts a form, people without an address.
import assert from "node:assert/strict";
import { test } from "node:test";
import { browser, someone } from "./browser.mjs";
import { accountAt, atApple, atGitHub, atGoogle, link, signedIn, signIn } from "./provider.mjs";

test("signing up and in again by a form that the browser posts", async () => {
  const { email } = someone();
  const person = atApple(email);
  const { user } = await signedIn(person);
  assert.deepEqual([user.email, user.name, user.emailVerified], [email, "Ada Lovelace", true]);
  const phone = browser();
  delete person.profile.posted; // Apple tells the name once.
  assert.equal(await signIn(phone, person), "/home");
  const again = (await phone.client.getSession()).data.user;
  assert.deepEqual([again.id, again.name], [user.id, "Ada Lovelace"]);
});

test("a denied form is an error like any other", async () => {
  const laptop = browser();
  const person = { ...atApple(someone().email), quirks: { deny: "user_cancelled_authorize" } };
  assert.equal(await signIn(laptop, person), "/sorry?error=user_cancelled_authorize");
  assert.equal((await laptop.client.getSession()).data, null);
});

test("a person without an address cannot sign in, but be linked, and asked about", async () => {
  const person = atApple(undefined);
  assert.equal(await signIn(browser(), person), "/sorry?error=email_not_found");
  const laptop = await signedIn(atGoogle(someone().email));
  assert.equal(await link(laptop, person), "/linked");
  const { id } = await accountAt(laptop, "apple");
  const { data } = await laptop.client.accountInfo({ query: { accountId: id } });
  assert.deepEqual([data.data.sub, data.user.email], [person.profile.sub, null]);
  assert.equal(await link(laptop, atGitHub(null)), "/sorry?error=unable_to_link_account");
});

test("an account is one user's alone", async () => {
  const person = atGoogle(someone().email);
  await signedIn(person);
  const stranger = await signedIn(atGitHub(someone().email));
  assert.equal(await link(stranger, person), "/sorry?error=account_already_linked_to_different_user");
});

test("the application may refuse people", async () => {
  const laptop = browser();
  const person = atGitHub(`barred.${someone().email}`);
  assert.equal(await signIn(laptop, person), "/sorry?error=user_is_barred&error_description=Ask+us+first");
});

test("the last way to sign in may be given up", async () => {
  const laptop = await signedIn(atGitHub(someone().email));
  const { id } = await accountAt(laptop, "github");
  assert.deepEqual((await laptop.client.unlinkAccount({ accountId: id })).data, { status: true });
  assert.deepEqual((await laptop.client.listAccounts()).data, []);
});
