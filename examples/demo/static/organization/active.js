// The organization at work, whole, and what who is signed in may do in it.
import { call, goTo, watch } from "../page.js";

let organization = null;
let own = null;

export const active = () => organization;
export const isOwn = (member) => member.id === own?.id;
export const mayManage = () => ["owner", "admin"].includes(own?.role);

watch(async (found) => {
  if (!found) await goTo("/"); // signed out meanwhile, here or elsewhere
  organization = await call("/organization/get-full-organization");
  own = organization?.members.find(({ userId }) => userId === found.user.id);
});
