// The official client with its plugin for second factors.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { twoFactorClient } from "better-auth/client/plugins";
import { browser as plain, mail, someone } from "./browser.mjs";

const browser = (options = {}) => plain([twoFactorClient(options)]);

// RFC 6238, from what an app reads in the URI.
function app(totpURI) {
  const secret = new URL(totpURI).searchParams.get("secret");
  const bits = [...secret].map((one) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(one).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
  return (steps = 0) => {
    const count = Buffer.alloc(8);
    count.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000) + steps));
    const digest = createHmac("sha1", key).update(count).digest();
    const number = digest.readUInt32BE(digest.at(-1) & 15) & 0x7fffffff;
    return String(number % 1e6).padStart(6, "0");
  };
}

const refusal = ({ error }) => [error.status, error.code];

// Somebody whose app is set up; the code that ended that is the one of a step ago.
async function withApp() {
  const first = browser();
  const person = someone();
  await first.client.signUp.email(person);
  const { data, error } = await first.client.twoFactor.enable({ password: person.password });
  assert.equal(error, null);
  const code = app(data.totpURI);
  const verified = await first.client.twoFactor.verifyTotp({ code: code(-1) });
  assert.equal(verified.error, null);
  return { ...first, person, code, paper: data.backupCodes, enabled: data };
}

async function asked(person, options = {}) {
  const waiting = browser();
  const { email, password } = person;
  const { data, error } = await waiting.client.signIn.email({ email, password, ...options });
  assert.equal(error, null);
  assert.deepEqual(data, { twoFactorRedirect: true, twoFactorMethods: ["totp", "otp"] });
  assert.equal((await waiting.client.getSession()).data, null);
  return waiting;
}

test("an app is set up, and its code signs in once", async () => {
  const { client, person, code, enabled } = await withApp();
  assert.equal(enabled.method, "totp");
  assert.equal(enabled.backupCodes.length, 10);
  assert.equal((await client.getSession()).data.user.twoFactorEnabled, true);
  const waiting = await asked(person);
  const wrong = code() === "000000" ? "111111" : "000000";
  assert.deepEqual(refusal(await waiting.client.twoFactor.verifyTotp({ code: wrong })), [401, "INVALID_CODE"]);
  const used = code();
  const { data, error } = await waiting.client.twoFactor.verifyTotp({ code: used });
  assert.equal(error, null);
  assert.equal(data.user.email, person.email);
  assert.ok(data.user.createdAt instanceof Date);
  assert.equal((await waiting.client.getSession()).data.session.token, data.token);
  const again = await asked(person);
  assert.deepEqual(refusal(await again.client.twoFactor.verifyTotp({ code: used })), [401, "INVALID_CODE"]);
});

test("the application is told that a code is due", async () => {
  const { person } = await withApp();
  const told = [];
  const { client } = browser({ onTwoFactorRedirect: (context) => told.push(context.twoFactorMethods) });
  await client.signIn.email({ email: person.email, password: person.password });
  assert.deepEqual(told, [["totp", "otp"]]);
});

test("a code that is sent signs in", async () => {
  const { person } = await withApp();
  const { client, calls } = await asked(person);
  assert.deepEqual((await client.twoFactor.sendOtp()).data, { status: true });
  assert.deepEqual([calls.at(-1).method, calls.at(-1).path], ["POST", "/api/auth/two-factor/send-otp"]);
  const { code } = await mail("two-factor-otp", person.email);
  const { data } = await client.twoFactor.verifyOtp({ code });
  assert.equal(data.user.email, person.email);
  assert.equal((await client.getSession()).data.user.id, data.user.id);
});

test("codes that are sent may be all there is", async () => {
  const { client } = browser();
  const person = someone();
  await client.signUp.email(person);
  const { data } = await client.twoFactor.enable({ password: person.password, method: "otp" });
  assert.deepEqual(data, { method: "otp" });
  const { email, password } = person;
  const again = await browser().client.signIn.email({ email, password });
  assert.deepEqual(again.data.twoFactorMethods, ["otp"]);
});

test("backup codes work once, and are replaced", async () => {
  const { client, person, paper } = await withApp();
  const waiting = await asked(person);
  assert.equal((await waiting.client.twoFactor.verifyBackupCode({ code: paper[0] })).data.user.email, person.email);
  const again = await asked(person);
  assert.deepEqual(refusal(await again.client.twoFactor.verifyBackupCode({ code: paper[0] })), [401, "INVALID_BACKUP_CODE"]);
  const { data } = await client.twoFactor.generateBackupCodes({ password: person.password });
  assert.equal(data.backupCodes.length, 10);
  assert.deepEqual(refusal(await again.client.twoFactor.verifyBackupCode({ code: paper[1] })), [401, "INVALID_BACKUP_CODE"]);
  assert.equal((await again.client.twoFactor.verifyBackupCode({ code: data.backupCodes[9] })).error, null);
});

test("a trusted browser is asked for nothing", async () => {
  const { person, code } = await withApp();
  const { client, jar } = await asked(person);
  await client.twoFactor.verifyTotp({ code: code(), trustDevice: true });
  const before = jar.get("better-auth.trust_device");
  await client.signOut();
  const { email, password } = person;
  assert.equal((await client.signIn.email({ email, password })).data.user.email, email);
  assert.notEqual(jar.get("better-auth.trust_device"), before);
});

test("it is shown again and turned off with the password alone", async () => {
  const { client, person, enabled } = await withApp();
  const wrong = { password: "wrong horse" };
  assert.deepEqual(refusal(await client.twoFactor.getTotpUri(wrong)), [400, "INVALID_PASSWORD"]);
  assert.deepEqual(refusal(await client.twoFactor.disable(wrong)), [400, "INVALID_PASSWORD"]);
  const { password, email } = person;
  assert.equal((await client.twoFactor.getTotpUri({ password })).data.totpURI, enabled.totpURI);
  assert.deepEqual((await client.twoFactor.disable({ password })).data, { status: true });
  assert.equal((await client.getSession()).data.user.twoFactorEnabled, false);
  assert.equal((await browser().client.signIn.email({ email, password })).data.user.email, email);
});
