// The official client with its plugin for codes by mail.
import assert from "node:assert/strict";
import { test } from "node:test";
import { browser, mail, someone } from "./browser.mjs";

// The newest code of a type to an address.
async function code(type, email) {
  for (const end = Date.now() + 5000; Date.now() < end; ) {
    const found = await mail("email-otp", email);
    if (found.type === type) return found.code;
  }
  throw new Error(`no ${type} to ${email}`);
}

const refusal = ({ error }) => [error.status, error.code];
const other = (otp) => otp.replace(/\d/g, (digit) => 9 - digit);

test("a mailed code signs up and in", async () => {
  const { client, calls } = browser();
  const { email } = someone();
  const sent = await client.emailOtp.sendVerificationOtp({ email, type: "sign-in" });
  assert.deepEqual(sent.data, { success: true });
  const otp = await code("sign-in", email);
  assert.deepEqual(refusal(await client.signIn.emailOtp({ email, otp: other(otp) })), [400, "INVALID_OTP"]);
  const { data, error } = await client.signIn.emailOtp({ email, otp, name: "Ada" });
  assert.equal(error, null);
  assert.equal(calls.at(-1).path, "/api/auth/sign-in/email-otp");
  assert.deepEqual([data.user.email, data.user.name, data.user.emailVerified], [email, "Ada", true]);
  assert.ok(data.user.createdAt instanceof Date);
  assert.equal((await client.getSession()).data.user.id, data.user.id);
});

test("a code can be checked, and verifies the address once", async () => {
  const { client } = browser();
  const person = someone();
  await client.signUp.email(person);
  const { email } = person;
  await client.emailOtp.sendVerificationOtp({ email, type: "email-verification" });
  const otp = await code("email-verification", email);
  const checked = await client.emailOtp.checkVerificationOtp({ email, type: "email-verification", otp });
  assert.deepEqual(checked.data, { success: true });
  const verified = await client.emailOtp.verifyEmail({ email, otp });
  assert.deepEqual([verified.data.status, verified.data.token], [true, null]);
  assert.equal((await client.getSession()).data.user.emailVerified, true);
  assert.deepEqual(refusal(await client.emailOtp.verifyEmail({ email, otp })), [400, "INVALID_OTP"]);
});

test("too many wrong codes end a code", async () => {
  const { client } = browser();
  const { email } = someone();
  await client.emailOtp.sendVerificationOtp({ email, type: "sign-in" });
  const otp = await code("sign-in", email);
  for (let guess = 0; guess < 3; guess++) {
    assert.deepEqual(refusal(await client.signIn.emailOtp({ email, otp: other(otp) })), [400, "INVALID_OTP"]);
  }
  assert.deepEqual(refusal(await client.signIn.emailOtp({ email, otp })), [403, "TOO_MANY_ATTEMPTS"]);
});

for (const ask of ["requestPasswordReset", "forgetPassword"]) {
  test(`a forgotten password is replaced by a code (${ask})`, async () => {
    const { client } = browser();
    const person = someone();
    const { email } = person;
    await client.signUp.email(person);
    const asked =
      ask === "forgetPassword"
        ? await client.forgetPassword.emailOtp({ email })
        : await client.emailOtp.requestPasswordReset({ email });
    assert.deepEqual(asked.data, { success: true });
    const otp = await code("forget-password", email);
    const password = "another horse";
    const short = await client.emailOtp.resetPassword({ email, otp, password: "short" });
    assert.deepEqual(refusal(short), [400, "PASSWORD_TOO_SHORT"]);
    assert.deepEqual((await client.emailOtp.resetPassword({ email, otp, password })).data, { success: true });
    const phone = browser();
    assert.equal((await phone.client.signIn.email(person)).error.status, 401);
    assert.equal((await phone.client.signIn.email({ email, password })).error, null);
  });
}

test("a new address counts once its code was typed", async () => {
  const { client } = browser();
  const person = someone();
  await client.signUp.email(person);
  const newEmail = `new.${person.email}`;
  assert.deepEqual((await client.emailOtp.requestEmailChange({ newEmail })).data, { success: true });
  assert.equal((await client.getSession()).data.user.email, person.email);
  const otp = await code("change-email", newEmail);
  assert.deepEqual((await client.emailOtp.changeEmail({ newEmail, otp })).data, { success: true });
  const { user } = (await client.getSession()).data;
  assert.deepEqual([user.email, user.emailVerified], [newEmail, true]);
});
