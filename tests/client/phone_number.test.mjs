// The official client with its plugin for phone numbers.
import assert from "node:assert/strict";
import { test } from "node:test";
import { phoneNumberClient } from "better-auth/client/plugins";
import { browser as plain, mail, someone } from "./browser.mjs";

const browser = () => plain([phoneNumberClient()]);
const refusal = ({ error }) => [error.status, error.code];
const other = (code) => code.replace(/\d/g, (digit) => 9 - digit);
let counter = 0;
const newNumber = () => `+1555${String(process.pid).padStart(7, "0")}${counter++}`;

test("a code signs up and in", async () => {
  const { client, calls } = browser();
  const phoneNumber = newNumber();
  assert.deepEqual((await client.phoneNumber.sendOtp({ phoneNumber })).data, { message: "code sent" });
  const { code } = await mail("phone-otp", phoneNumber);
  const wrong = await client.phoneNumber.verify({ phoneNumber, code: other(code) });
  assert.deepEqual(refusal(wrong), [400, "INVALID_OTP"]);
  const { data, error } = await client.phoneNumber.verify({ phoneNumber, code });
  assert.equal(error, null);
  assert.deepEqual([calls.at(-1).method, calls.at(-1).path], ["POST", "/api/auth/phone-number/verify"]);
  assert.deepEqual([data.status, data.user.phoneNumber, data.user.phoneNumberVerified], [true, phoneNumber, true]);
  assert.equal((await client.getSession()).data.user.id, data.user.id);
  assert.deepEqual(refusal(await client.phoneNumber.verify({ phoneNumber, code })), [400, "OTP_NOT_FOUND"]);
});

test("a number is given to who is signed in, and signs in with the password", async () => {
  const { client } = browser();
  const person = someone();
  const phoneNumber = newNumber();
  await client.signUp.email(person);
  await client.phoneNumber.sendOtp({ phoneNumber });
  const { code } = await mail("phone-otp", phoneNumber);
  const given = await client.phoneNumber.verify({ phoneNumber, code, updatePhoneNumber: true });
  assert.equal(given.data.user.email, person.email);
  assert.equal((await client.getSession()).data.user.phoneNumber, phoneNumber);
  const phone = browser();
  const { password } = person;
  const wrong = await phone.client.signIn.phoneNumber({ phoneNumber, password: "wrong horse" });
  assert.deepEqual(refusal(wrong), [401, "INVALID_PHONE_NUMBER_OR_PASSWORD"]);
  assert.equal((await phone.client.signIn.phoneNumber({ phoneNumber, password })).data.user.email, person.email);
});

test("a forgotten password is replaced by a code", async () => {
  const { client } = browser();
  const phoneNumber = newNumber();
  await client.phoneNumber.sendOtp({ phoneNumber });
  await client.phoneNumber.verify({ phoneNumber, code: (await mail("phone-otp", phoneNumber)).code });
  assert.deepEqual((await client.phoneNumber.requestPasswordReset({ phoneNumber })).data, { status: true });
  const { code: otp } = await mail("phone-reset-otp", phoneNumber);
  const newPassword = "another horse";
  const short = await client.phoneNumber.resetPassword({ phoneNumber, otp, newPassword: "short" });
  assert.deepEqual(refusal(short), [400, "PASSWORD_TOO_SHORT"]);
  assert.deepEqual((await client.phoneNumber.resetPassword({ phoneNumber, otp, newPassword })).data, { status: true });
  assert.equal((await browser().client.signIn.phoneNumber({ phoneNumber, password: newPassword })).error, null);
});
