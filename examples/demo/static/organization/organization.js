// The page of organizations: which there are, who is in the one at work, and who is invited into it.
import { $, attempt, call, onSubmit, sayWhy, show, watch } from "../page.js";
import { line } from "../lines.js";
import { active } from "./active.js";
import "./members.js";
import "./invitations.js";

const card = $("organizations");

watch(async () => {
  const listed = await call("/organization/list");
  $("organization-list").replaceChildren(...listed.map(({ id, name }) => line(name, {
    "Work in": id !== active()?.id && (() => attempt(
      card, () => call("/organization/set-active", { organizationId: id }), `At work in ${name}.`,
    )),
  })));
});

// The name in an address has to be nobody else's.
const slugOf = (name) => `${name.toLowerCase().replace(/[^a-z0-9]+/g, "-")}-${crypto.randomUUID().slice(0, 8)}`;

onSubmit("found", ({ name }, form) => attempt(card, async () => {
  await call("/organization/create", { name, slug: slugOf(name) });
  form.reset();
}, "Founded. You are its owner."));

await show();
sayWhy(card, { joined: "Welcome among them!" });
