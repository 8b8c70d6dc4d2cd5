// The accounts that a user signs in with: a password, and identity providers.
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
  const item = document.createElement("li");
  item.textContent = NAMES[providerId] ?? providerId;
  if (accounts.length > 1) { // the last one stays
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Unlink";
    button.ariaLabel = `Unlink ${item.textContent}`;
    button.addEventListener("click", () => attempt(
      card, () => call("/unlink-account", { accountId: id }), "It is no way to sign in any more.",
    ));
    item.append(" ", button);
  }
  return item;
}

onClick("link-account", () => leave(card, "/link-social", {
  callbackURL: "/account?said=linked", errorCallbackURL: "/account",
}));
