// The official client's hint about how somebody signed in last time.
import assert from "node:assert/strict";
import { test } from "node:test";
import { lastLoginMethodClient } from "better-auth/client/plugins";
import { browser, someone } from "./browser.mjs";

test("the client reads how somebody signed in, and forgets it", async () => {
  const { client, jar } = browser([lastLoginMethodClient()]);
  globalThis.document = {
    get cookie() {
      return [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    },
    set cookie(line) {
      jar.delete(line.slice(0, line.indexOf("=")));
    },
  };
  assert.equal(client.getLastUsedLoginMethod(), null);
  const person = someone();
  await client.signUp.email(person);
  assert.equal(client.getLastUsedLoginMethod(), "email");
  await client.signOut();
  assert.ok(client.isLastUsedLoginMethod("email"));
  assert.ok(!client.isLastUsedLoginMethod("google"));
  client.clearLastUsedLoginMethod();
  assert.equal(client.getLastUsedLoginMethod(), null);
  await client.signIn.email({ email: person.email, password: person.password });
  assert.equal(client.getLastUsedLoginMethod(), "email");
  delete globalThis.document;
});
