// What administrators do: find users, make administrators, shut out, let in, and see what a user sees.
import { $, attempt, call, goTo, onClick, onSubmit, show, watch } from "../page.js";
import { line } from "../lines.js";

const card = $("users");
const PAGE = 20;
let offset = 0;
let sought = "";
let own = "";

watch(async (found) => {
  if (!found) await goTo("/");
  own = found.user.id;
  const asked = new URLSearchParams({ limit: PAGE, offset, sortBy: "createdAt", sortDirection: "desc" });
  if (sought) asked.set("searchValue", sought);
  const { users, total } = await call(`/admin/list-users?${asked}`);
  $("user-list").replaceChildren(...users.map(listed));
  $("earlier").hidden = !offset;
  $("later").hidden = offset + PAGE >= total;
});

function listed({ id, name, email, role, banned }) {
  if (id === own) return line(`${name} <${email}>, you`);
  const isAdmin = role === "admin";
  const act = (path, body, said) => () => attempt(card, () => call(`/admin/${path}`, { userId: id, ...body }), said);
  return line(`${name} <${email}>, ${banned ? "banned" : role}`, {
    "Make administrator": !isAdmin && act("set-role", { role: "admin" }, `${name} administers now, too.`),
    "Make user": isAdmin && act("set-role", { role: "user" }, `${name} administers no more.`),
    Ban: !banned && act("ban-user", {}, `${name} is signed out and stays out.`),
    "Let in": banned && act("unban-user", {}, `${name} may come back.`),
    "See as": !isAdmin && !banned && (() => attempt(card, async () => {
      await call("/admin/impersonate-user", { userId: id });
      await goTo("/");
    }, "")),
  });
}

onSubmit("search", (given) => {
  ({ sought } = given);
  offset = 0;
  attempt(card, async () => {}, "");
});

const turn = (by) => () => { offset += by; attempt(card, async () => {}, ""); };
onClick("earlier", turn(-PAGE));
onClick("later", turn(PAGE));

await show();
