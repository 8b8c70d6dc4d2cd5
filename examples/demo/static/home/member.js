// Who is signed in.
import { $, attempt, call, onClick, watch } from "../page.js";
import { isMember } from "./coming-in.js";

const card = $("member");
const time = (text) => new Date(text).toLocaleString();

watch((found) => {
  card.hidden = !found;
  if (!found) return;
  const guest = !isMember(found);
  $("who").textContent = guest ? "A guest" : `${found.user.name} <${found.user.email}>`;
  $("guests").hidden = !guest;
  $("to-account").hidden = guest;
  $("since").textContent = time(found.session.createdAt);
  $("until").textContent = time(found.session.expiresAt);
});

onClick("sign-out", () => attempt(card, () => call("/sign-out", {}), "Signed out."));
