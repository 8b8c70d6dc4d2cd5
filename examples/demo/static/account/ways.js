// The accounts that a user signs in with: a password, and identity providers.
import { line } from "../lines.js";
import { $, attempt, call, leave, onClick, watch } from "../page.js";

const card = $("ways");
const NAMES = { credential: "Password", "demo-id": "Demo ID" };
let accounts = [];

export const hasPassword = () => accounts.some(({ providerId }) => providerId === "credential");

watch(async () => {
  accounts = await call("/list-accounts");
  $("accounts").replaceChildren(...accounts.map(listed));
  $("link-account").hidden = accounts.some(({ providerId }) => providerId === "demo-id");
});

function listed({ id, providerId }) {
  const unlink = () => attempt(
    card, () => call("/unlink-account", { accountId: id }), "It is no way to sign in any more.",
  );
  return line(NAMES[providerId] ?? providerId, { Unlink: accounts.length > 1 && unlink }); // the last one stays
}

onClick("link-account", () => leave(card, "/link-social", {
  callbackURL: "/account?said=linked", errorCallbackURL: "/account",
}));
