// An invitation into an organization, by a mailed link. Who is not signed in yet does that first.
import { $, attempt, call, fragment, goTo, onClick, watch } from "../page.js";
import { isMember } from "./coming-in.js";

const card = $("invitation");
const KEPT = "invitation"; // signing in may lead over other pages
if (fragment.has(KEPT)) sessionStorage.setItem(KEPT, fragment.get(KEPT));

const invited = () => sessionStorage.getItem(KEPT);
const done = () => sessionStorage.removeItem(KEPT);

watch(async (found) => {
  card.hidden = !invited();
  if (card.hidden) return;
  $("accept").hidden = !isMember(found);
  $("invitation-text").textContent = isMember(found) ? await told() : "Sign in, or sign up, with the address that it came to.";
});

async function told() {
  try {
    const { organizationName, inviterEmail, role } = await call(`/organization/get-invitation?id=${encodeURIComponent(invited())}`);
    return `${inviterEmail} invites you to be ${role} of ${organizationName}.`;
  } catch (error) {
    $("accept").hidden = true;
    return error.message;
  }
}

onClick("accept", () => attempt(card, async () => {
  await call("/organization/accept-invitation", { invitationId: invited() });
  done();
  await goTo("/organization?said=joined");
}, ""));

onClick("decline", () => attempt(card, async () => {
  const invitationId = invited();
  done();
  if (!$("accept").hidden) await call("/organization/reject-invitation", { invitationId });
}, "Declined."));
