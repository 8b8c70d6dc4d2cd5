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
  $("to-account").hidden = $("to-organization").hidden = guest;
  $("to-users").hidden = found.user.role !== "admin";
  $("lent").hidden = $("be-yourself").hidden = !found.session.impersonatedBy;
  $("since").textContent = time(found.session.createdAt);
  $("until").textContent = time(found.session.expiresAt);
});

onClick("be-yourself", () => attempt(card, () => call("/admin/stop-impersonating", {}), "Yourself again."));

onClick("sign-out", () => attempt(card, () => call("/sign-out", {}), "Signed out."));
