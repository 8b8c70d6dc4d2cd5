// An authenticator app as a second factor: set up with a QR code, proven with a first code, backed up on paper.
import { $, ask, attempt, call, onClick, onSubmit, watch } from "../page.js";
import { hasPassword } from "./ways.js";

const card = $("two-factor");
let setUp = null; // while it lasts
let paper = []; // shown once

watch(({ user }) => {
  const on = Boolean(user.twoFactorEnabled);
  $("app-is-on").hidden = !on;
  $("app-is-off").hidden = $("set-up").hidden = on || Boolean(setUp);
  $("new-codes").hidden = $("turn-off").hidden = !on;
  $("proof-row").hidden = !hasPassword() || Boolean(setUp);
  $("app").hidden = !setUp;
  $("paper").hidden = !paper.length;
  $("backup-codes").replaceChildren(...paper.map((code) => {
    const item = document.createElement("li");
    item.textContent = code;
    return item;
  }));
});

// Who has a password proves it; who has none must have signed in lately.
function proven(path) {
  const password = $("proof").value;
  $("proof").value = "";
  return call(path, hasPassword() ? { password } : {});
}

onClick("set-up", () => attempt(card, async () => {
  const made = await proven("/two-factor/enable");
  $("qr").src = (await ask("/qr-code", { text: made.totpURI })).image;
  $("secret").textContent = new URL(made.totpURI).searchParams.get("secret");
  setUp = made;
}, "Scan it with the app, then give the code that the app shows."));

onSubmit("app", ({ code }, form) => attempt(card, async () => {
  await call("/two-factor/verify-totp", { code });
  form.reset();
  paper = setUp.backupCodes;
  $("qr").removeAttribute("src");
  $("secret").textContent = "";
  setUp = null;
}, "From now on signing in takes a code of the app."));

onClick("new-codes", () => attempt(card, async () => {
  paper = (await proven("/two-factor/generate-backup-codes")).backupCodes;
}, "The old backup codes are worth nothing now."));

onClick("turn-off", () => attempt(card, async () => {
  await proven("/two-factor/disable");
  paper = [];
}, "Signing in takes no code any more."));
