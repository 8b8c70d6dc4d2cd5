// Somebody who was let through once, and has to give a code before there is a session.
import { $, attempt, call, onClick, onSubmit, watch } from "../page.js";
import { comingIn, isMember } from "./coming-in.js";

const card = $("second-factor");
const PATHS = { app: "/two-factor/verify-totp", paper: "/two-factor/verify-backup-code" };

watch((found) => {
  card.hidden = isMember(found) || !comingIn.lacksSecondFactor || Boolean(comingIn.token);
});

onSubmit("second-factor-form", ({ kind, code, trust }, form) => attempt(card, async () => {
  await call(PATHS[kind], { code: code.trim(), trustDevice: Boolean(trust) });
  comingIn.lacksSecondFactor = false;
  form.reset();
}, "Welcome back!"));

onClick("start-over", () => attempt(card, async () => {
  comingIn.lacksSecondFactor = false;
}, ""));
