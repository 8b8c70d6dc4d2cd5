// A few lines of fetch; the official client (better-auth/client) does the same.
const $ = (id) => document.getElementById(id);
const state = { token: new URLSearchParams(location.hash.slice(1)).get("token") };
const back = new URLSearchParams(location.search);
if (state.token || back.size) history.replaceState(null, "", "/"); // not into the history

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
  $("member").hidden = $("ways").hidden = $("token").hidden = $("danger").hidden = !found;
  $("redeem").hidden = !state.token;
  if (!found) return;
  const time = (text) => new Date(text).toLocaleString();
  $("who").textContent = `${found.user.name} <${found.user.email}>`;
  $("since").textContent = time(found.session.createdAt);
  $("until").textContent = time(found.session.expiresAt);
  $("greeting").textContent = (await (await fetch("/greeting")).json()).greeting;
  listAccounts(await call("/list-accounts"));
}

const NAMES = { credential: "Password", "demo-id": "Demo ID" };

function listAccounts(accounts) {
  $("accounts").replaceChildren(...accounts.map(({ id, providerId }) => {
    const item = document.createElement("li");
    item.textContent = NAMES[providerId] ?? providerId;
    if (accounts.length > 1) { // the last one stays
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = "Unlink";
      button.ariaLabel = `Unlink ${item.textContent}`;
      button.addEventListener("click", () => attempt(
        $("ways"), () => call("/unlink-account", { accountId: id }), "It is no way to sign in any more.",
      ));
      item.append(" ", button);
    }
    return item;
  }));
  $("link-account").hidden = accounts.some(({ providerId }) => providerId === "demo-id");
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

// The browser leaves for the provider, and comes back with what became of it in the query.
async function leave(card, path, body) {
  say(card, "");
  try {
    const { url } = await call(path, { provider: "demo-id", errorCallbackURL: "/", ...body });
    location.assign(url);
  } catch (error) {
    say(card, error.message, true);
  }
}

const SAID = { "new": "Welcome!", again: "Welcome back!", linked: "Demo ID is a way to sign in now." };
const WRONG = {
  access_denied: "Demo ID let nobody through.",
  account_not_linked: "Somebody here has this address already. Sign in as before, and link Demo ID then.",
  email_does_not_match: "That is somebody else's Demo ID: its address is not yours.",
  account_already_linked_to_different_user: "Somebody else here signs in with this Demo ID.",
};

$("continue").addEventListener("click", () => leave(
  $("guest"), "/sign-in/social", { callbackURL: "/?said=again", newUserCallbackURL: "/?said=new" },
));

$("link-account").addEventListener("click", () => leave($("ways"), "/link-social", { callbackURL: "/?said=linked" }));

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
const wrong = back.get("error");
if (back.size) {
  const there = $("ways").hidden ? $("guest") : wrong || back.get("said") === "linked" ? $("ways") : $("member");
  say(there, wrong ? WRONG[wrong] ?? wrong : SAID[back.get("said")] ?? "", Boolean(wrong));
  $(`${there.id}-title`).focus();
}
