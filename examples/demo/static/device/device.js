// The page where somebody who is signed in lets a device in that shows a code (RFC 8628, 3.3).
import { $, attempt, call, onClick, onSubmit, query, show, watch } from "../page.js";

const cards = { stranger: $("stranger"), type: $("type"), decide: $("decide") };
let found = null;

watch((session) => {
  cards.stranger.hidden = Boolean(session);
  cards.type.hidden = !session || Boolean(found);
  cards.decide.hidden = !session || !found;
  if (!session || !found) return;
  $("shown-code").textContent = found.user_code;
  $("program").textContent = found.client_id;
  $("account").textContent = session.user.email;
});

// To look is to claim it: nobody else decides about this code then.
onSubmit("look-up", ({ code }, form) => attempt(cards.type, async () => {
  const seen = await call(`/device?${new URLSearchParams({ user_code: code.trim() })}`);
  if (seen.status !== "pending") throw new Error("This was decided already.");
  if (!("client_id" in seen)) throw new Error("Somebody else looked at this code first.");
  found = seen;
  form.reset();
}, ""));

const decide = (path, done) => attempt(cards.decide, async () => {
  const userCode = found.user_code;
  found = null;
  await call(path, { userCode });
}, done);

onClick("approve", () => decide("/device/approve", "It is in. You can close this page."));
onClick("deny", () => decide("/device/deny", "It was turned away."));

// A link with the code in it spares the typing; the comparing it does not.
$("user-code").value = query.get("user_code") ?? "";
await show();
