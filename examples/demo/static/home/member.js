// Who is signed in.
import { $, attempt, call, onClick, watch } from "../page.js";

const card = $("member");
const time = (text) => new Date(text).toLocaleString();

watch((found) => {
  card.hidden = !found;
  if (!found) return;
  $("who").textContent = `${found.user.name} <${found.user.email}>`;
  $("since").textContent = time(found.session.createdAt);
  $("until").textContent = time(found.session.expiresAt);
});

onClick("sign-out", () => attempt(card, () => call("/sign-out", {}), "Signed out."));
