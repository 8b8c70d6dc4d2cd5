// Who is invited, for those who may invite.
import { $, attempt, call, onSubmit, watch } from "../page.js";
import { line } from "../lines.js";
import { active, mayManage } from "./active.js";

const card = $("invitations");

watch(() => {
  card.hidden = !active() || !mayManage();
  const waiting = card.hidden ? [] : active().invitations.filter(({ status }) => status === "pending");
  $("invitation-list").replaceChildren(...waiting.map(({ id, email, role }) => line(`${email}, as ${role}`, {
    Cancel: () => attempt(card, () => call("/organization/cancel-invitation", { invitationId: id }), "Canceled."),
  })));
});

onSubmit("invite", ({ email, role }, form) => attempt(card, async () => {
  await call("/organization/invite-member", { email, role });
  form.reset();
}, "The invitation is on its way to the mailbox."));
