// Who is in it. Who may invite may also send away; everybody may leave, but for the last owner.
import { $, attempt, call, watch } from "../page.js";
import { line } from "../lines.js";
import { active, isOwn, mayManage } from "./active.js";

const card = $("members");

watch(() => {
  card.hidden = !active();
  if (card.hidden) return;
  $("members-title").textContent = `Members of ${active().name}`;
  $("member-list").replaceChildren(...active().members.map(listed));
});

const listed = (member) => line(`${member.user.name} <${member.user.email}>, ${member.role}`, {
  Leave: isOwn(member) && (() => attempt(
    card, () => call("/organization/leave", { organizationId: active().id }), "You are none of them any more.",
  )),
  Remove: !isOwn(member) && mayManage() && member.role !== "owner" && (() => attempt(
    card, () => call("/organization/remove-member", { memberIdOrEmail: member.id }), "Removed.",
  )),
});
