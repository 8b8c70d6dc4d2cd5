// A few lines of fetch; the official client (better-auth/client) does the same.
const $ = (id) => document.getElementById(id);
const state = { token: new URLSearchParams(location.hash.slice(1)).get("token") };
if (state.token) history.replaceState(null, "", "/"); // not into the history

async function call(path, body) {
  const options = body === undefined ? {} : {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  };
  const response = await fetch(`/api/auth${path}`, options);
  const data = await response.json().catch(() => null);
  if (!response.ok) throw new Error(data?.message ?? `The server answered ${response.status}`);
  return data;
}

const cards = [...document.querySelectorAll(".card")];
const shown = () => cards.filter((card) => !card.hidden);

function say(card, text, bad = false) {
  for (const one of document.querySelectorAll(".status")) one.textContent = "";
  const status = $(`${card.id}-status`);
  status.textContent = text;
  status.classList.toggle("bad", bad);
}

// Whatever comes of it is said in the card that asked, or, if that is gone, in the one that took its place.
async function attempt(card, work, done) {
  let text = done, bad = false;
  say(card, "");
  try {
    await work();
  } catch (error) {
    [text, bad] = [error.message, true];
  }
  await show().catch((error) => { [text, bad] = [error.message, true]; });
  const there = card.hidden ? shown()[0] : card;
  say(there, text, bad);
  if (there !== card) $(`${there.id}-title`).focus();
}

async function show() {
  const found = await call("/get-session");
  $("guest").hidden = Boolean(found) || Boolean(state.token);
  $("member").hidden = $("token").hidden = $("danger").hidden = !found;
  $("redeem").hidden = !state.token;
  if (!found) return;
  const time = (text) => new Date(text).toLocaleString();
  $("who").textContent = `${found.user.name} <${found.user.email}>`;
  $("since").textContent = time(found.session.createdAt);
  $("until").textContent = time(found.session.expiresAt);
  $("greeting").textContent = (await (await fetch("/greeting")).json()).greeting;
}

const mode = () => new FormData($("credentials")).get("mode");

function chosen(value) {
  $("credentials").elements.mode.value = value;
  $("name-row").hidden = value === "sign-in";
  $("enter").textContent = value === "sign-in" ? "Sign in" : "Sign up";
}

for (const radio of $("credentials").elements.mode) radio.addEventListener("change", () => chosen(mode()));

$("credentials").addEventListener("submit", (event) => {
  event.preventDefault();
  const { name, email, password } = Object.fromEntries(new FormData(event.target));
  const signUp = mode() === "sign-up";
  attempt(
    $("guest"),
    async () => {
      await (signUp ? call("/sign-up/email", { name, email, password }) : call("/sign-in/email", { email, password }));
      $("password").value = "";
      chosen("sign-in"); // whoever comes back is not new
    },
    signUp ? "Welcome!" : "Welcome back!",
  );
});

// The address alone is enough here: whoever reads the mail is its owner.
const who = () => ({ name: $("name").value, email: $("email").value });

$("mail-link").addEventListener("click", () => attempt(
  $("guest"),
  () => call("/sign-in/magic-link", { ...who(), callbackURL: "/" }),
  "A link is on its way to the mailbox.",
));

$("mail-code").addEventListener("click", () => attempt($("guest"), async () => {
  await call("/email-otp/send-verification-otp", { email: who().email, type: "sign-in" });
  $("mailed-code").hidden = false;
}, "A code is on its way to the mailbox."));

$("mailed-code").addEventListener("submit", (event) => {
  event.preventDefault();
  const { otp } = Object.fromEntries(new FormData(event.target));
  attempt($("guest"), async () => {
    await call("/sign-in/email-otp", { ...who(), otp });
    event.target.reset();
    event.target.hidden = true;
  }, "Welcome!");
});

$("sign-out").addEventListener("click", () => {
  $("link-box").hidden = true;
  attempt($("member"), () => call("/sign-out", {}), "Signed out.");
});

$("generate").addEventListener("click", () => attempt($("token"), async () => {
  const { token } = await call("/one-time-token/generate");
  $("link").value = `${location.origin}/#token=${encodeURIComponent(token)}`;
  $("link-box").hidden = false;
}, "The link is good once, for three minutes."));

$("copy").addEventListener("click", () => attempt($("token"), async () => {
  $("link").select();
  await navigator.clipboard.writeText($("link").value);
}, "Copied. Open it in a private window."));

$("ask-code").addEventListener("click", () => attempt($("danger"), async () => {
  await call("/one-time-token/send-token", { type: "account-delete" });
  $("delete").hidden = false;
}, "A code is on its way to the mailbox."));

$("delete").addEventListener("submit", (event) => {
  event.preventDefault();
  const { code } = Object.fromEntries(new FormData(event.target));
  attempt($("danger"), async () => {
    await call("/one-time-token/verify-token", { token: code, type: "account-delete" });
    await call("/delete-user", {});
    event.target.reset();
    event.target.hidden = $("link-box").hidden = true;
  }, "The account is gone.");
});

$("redeem-button").addEventListener("click", () => {
  const { token } = state;
  state.token = null;
  attempt($("redeem"), () => call("/one-time-token/verify", { token }), "This browser has the session now.");
});

await show();
