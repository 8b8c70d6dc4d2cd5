// What both pages share: asking the server, and saying in a card what came of it.
export const $ = (id) => document.getElementById(id);

// A few lines of fetch; the official client (better-auth/client) does the same.
export async function ask(url, body, method = body === undefined ? "GET" : "POST") {
  const response = await fetch(url, {
    method,
    headers: { "content-type": "application/json" },
    body: body && JSON.stringify(body),
  });
  const data = await response.json().catch(() => null);
  if (!response.ok) throw new Error(data?.message ?? data?.error_description ?? `The server answered ${response.status}`);
  return data;
}

export const call = (path, body) => ask(`/api/auth${path}`, body);

// Why the browser was sent here. It is not to stay in the address bar, nor in the history.
export const query = new URLSearchParams(location.search);
export const fragment = new URLSearchParams(location.hash.slice(1));
if (query.size || fragment.size) history.replaceState(null, "", location.pathname);

// Each card looks after itself: it is told who is signed in, whenever that may have changed.
const cards = [...document.querySelectorAll(".card")];
const watchers = [];
export const watch = (watcher) => watchers.push(watcher);

export async function show() {
  const found = await call("/get-session");
  for (const watcher of watchers) await watcher(found);
  return found;
}

const shown = () => cards.filter((card) => !card.hidden);

export function say(card, text, bad = false) {
  for (const one of document.querySelectorAll(".status")) one.textContent = "";
  const status = $(`${card.id}-status`);
  status.textContent = text;
  status.classList.toggle("bad", bad);
}

export function turnTo(card) {
  $(`${card.id}-title`).focus();
}

// Whatever comes of it is said in the card that it opened, else in the one that asked, if that is still there.
// What is said of a success may depend on the answer.
export async function attempt(card, work, done) {
  let text, bad = false;
  const before = shown();
  say(card, "");
  try {
    const answer = await work();
    text = typeof done === "function" ? done(answer) : done;
  } catch (error) {
    [text, bad] = [error.message, true];
  }
  await show().catch((error) => { [text, bad] = [error.message, true]; });
  const opened = shown().find((one) => !before.includes(one));
  const there = opened ?? (card.hidden ? shown()[0] : card);
  say(there, text, bad);
  if (there !== card) turnTo(there);
}

export function onClick(id, action) {
  $(id).addEventListener("click", action);
}

export function onSubmit(id, action) {
  $(id).addEventListener("submit", (event) => {
    event.preventDefault();
    action(Object.fromEntries(new FormData(event.target)), event.target);
  });
}

// The page ends here: whoever waits for this waits until it is gone.
export function goTo(url) {
  location.assign(url);
  return new Promise(() => {});
}

// The browser leaves for the provider, and comes back with what became of it in the query.
export function leave(card, path, body) {
  return attempt(card, async () => goTo((await call(path, { provider: "demo-id", ...body })).url), "");
}

const WRONG = {
  access_denied: "Demo ID let nobody through.",
  account_not_linked: "Somebody here has this address already. Sign in as before, and link Demo ID then.",
  email_does_not_match: "That is somebody else's Demo ID: its address is not yours.",
  account_already_linked_to_different_user: "Somebody else here signs in with this Demo ID.",
};

// What became of it.
export function sayWhy(card, said) {
  const wrong = query.get("error");
  const text = wrong ? WRONG[wrong] ?? wrong : said[query.get("said")];
  if (!text) return;
  say(card, text, Boolean(wrong));
  turnTo(card);
}
