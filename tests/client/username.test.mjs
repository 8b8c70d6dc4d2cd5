// The official client with its plugin for usernames.
import assert from "node:assert/strict";
import { test } from "node:test";
import { usernameClient } from "better-auth/client/plugins";
import { browser as plain, someone } from "./browser.mjs";

const browser = () => plain([usernameClient()]);
const refusal = ({ error }) => [error.status, error.code];
let counter = 0;
const named = () => ({ ...someone(), username: `Ada_${process.pid}.${counter++}` });

test("a username is chosen, and signs in", async () => {
  const person = named();
  const { username, password } = person;
  const made = await browser().client.signUp.email(person);
  assert.equal(made.error, null);
  const lower = username.toLowerCase();
  assert.deepEqual([made.data.user.username, made.data.user.displayUsername], [lower, username]);
  const { client, calls } = browser();
  const wrong = await client.signIn.username({ username, password: "wrong horse" });
  assert.deepEqual(refusal(wrong), [401, "INVALID_USERNAME_OR_PASSWORD"]);
  const { data, error } = await client.signIn.username({ username: username.toUpperCase(), password });
  assert.equal(error, null);
  assert.deepEqual([calls.at(-1).method, calls.at(-1).path], ["POST", "/api/auth/sign-in/username"]);
  assert.deepEqual([data.redirect, data.user.username], [false, lower]);
  assert.equal((await client.getSession()).data.user.id, made.data.user.id);
});

test("whether a username is free", async () => {
  const person = named();
  const { client } = browser();
  const free = await client.isUsernameAvailable({ username: person.username });
  assert.deepEqual(free.data, { available: true });
  await client.signUp.email(person);
  const taken = await client.isUsernameAvailable({ username: person.username.toLowerCase() });
  assert.deepEqual(taken.data, { available: false });
  assert.deepEqual(refusal(await client.isUsernameAvailable({ username: "a" })), [422, "USERNAME_TOO_SHORT"]);
  const again = await browser().client.signUp.email({ ...named(), username: person.username });
  assert.deepEqual(refusal(again), [400, "USERNAME_IS_ALREADY_TAKEN"]);
});

test("a username is changed", async () => {
  const { client } = browser();
  await client.signUp.email(someone());
  const { username } = named();
  assert.equal((await client.updateUser({ username, displayUsername: "The Countess" })).error, null);
  const { user } = (await client.getSession()).data;
  assert.deepEqual([user.username, user.displayUsername], [username.toLowerCase(), "The Countess"]);
});
